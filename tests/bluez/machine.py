"""Boots the guest under software emulation, and talks to it."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .image import Image

PATIENCE_S: Final = 600.0
"""For booting, and for any step later on. Ten seconds do on an idle machine; but emulation is slow,
and other work on the machine makes it many times slower."""

TURNS: Final = 3
LOOKS: Final = 150
"""So often an adapter is plugged in, and is looked at each time, five times a second of the guest's
clock: it takes two seconds mostly."""

SHELL_PORT: Final = 80
"""Where the guest takes shell scripts."""

PYTHON_PORT: Final = 9000
"""Where it takes Python programs; see `python`."""

OUTSIDE: Final = "10.0.2.2"
"""The testing machine, as the guest sees it (QEMU's user-mode network)."""


SCRATCH: Final = "/var/tmp"
"""Where programs in the guest may write."""


class GuestError(AssertionError):
    """The guest did not do as told; the message holds what it said."""


@dataclass
class Machine:
    """A running guest.

    Attributes:
        folder: for what it says.
        ports: the testing machine's ports that lead to the guest's, by the latter.
        radio_ports: those where virtual controllers will be, of adapter 1 and so on.
    """

    folder: Path
    ports: dict[int, int]
    radio_ports: tuple[int, ...]

    async def follow(self, script: str) -> AsyncIterator[str]:
        """Run a shell script in the guest and yield its lines as they come.

        The last is 'exit' and its status. The script goes on when nobody follows any more.
        """
        reader, writer = await asyncio.open_connection("127.0.0.1", self.ports[SHELL_PORT])
        try:
            body = script.encode()
            writer.write(b"POST /cgi-bin/run HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(body))
            writer.write(body)
            while (await reader.readline()).strip():
                pass
            while line := await reader.readline():
                yield line.decode(errors="replace").rstrip("\n")
        finally:
            writer.close()

    async def try_run(self, script: str) -> tuple[int, str]:
        """Run a shell script in the guest; return its exit status and what it printed.

        Raises:
            GuestError: the guest hung up.
        """
        async with asyncio.timeout(PATIENCE_S):
            printed = [line async for line in self.follow(script)]
        if not printed or not printed[-1].startswith("exit "):
            raise GuestError(f"the guest hung up on:\n{script}\nand said:\n{printed}")
        return int(printed.pop().removeprefix("exit ")), "\n".join(printed).rstrip("\n")

    async def run(self, script: str) -> str:
        """Run a shell script in the guest; return what it printed.

        Raises:
            GuestError: its exit status is not 0.
        """
        status, printed = await self.try_run(script)
        if status:
            raise GuestError(f"{script}\nended with {status} and said:\n{printed}")
        return printed

    async def plug_in(self, number: int = 1) -> None:
        """Give the guest an adapter, once the simulated pump's radio listens.

        Raises:
            GuestError: it never came up.
        """
        # About once in a thousand times the kernel hears no answer to its first command ('Opcode
        # 0x0c03 failed: -110'), and gives the adapter up. It is plugged in anew, as a dongle would
        # be.
        for _ in range(TURNS):
            async with asyncio.timeout(PATIENCE_S):
                while "<->" not in await self._radio_wire(number):  # noqa: ASYNC110 - QEMU only answers
                    await asyncio.sleep(0.1)
            await self.run(f"services start adapter{number}")
            up = f"[ $(btmgmt info | grep -c 'current settings: powered') -ge {number} ]"
            status, _ = await self.try_run(
                f"for look in $(seq {LOOKS}); do if {up}; then exit 0; fi; sleep 0.2; done; exit 1"
            )
            if not status:
                return
            await self.pull_out(number)
        raise GuestError(f"adapter{number} never came up:\n{await self.run('dmesg | tail')}")

    async def pull_out(self, number: int = 1) -> None:
        """Take an adapter away, whoever uses it."""
        await self.run(f"services stop adapter{number}")
        # The wire breaks with it: half a packet on either side would garble what comes later.
        await self._ask_qemu(
            "chardev-change", id=f"radio{number}", backend=_radio(self.radio_ports[number - 1])
        )

    async def put_away(self, number: int = 1) -> None:
        """Take an adapter away in good order, which spares the kernel a race.

        While bluetoothd still switches an adapter on, it is busy.
        """
        await self.run(
            "for each in /sys/class/bluetooth/hci?; do "
            "while btmgmt --index ${each##*/} power off | grep -q Busy; do sleep 0.2; done; done; "
            f"services stop adapter{number}"
        )

    async def until(self, condition: str) -> None:
        """Wait until a shell command succeeds in the guest."""
        await self.run(f"until {condition}; do sleep 0.2; done")

    async def _radio_wire(self, number: int) -> str:
        """Return how QEMU describes an adapter's wire; arrows mean that it is connected."""
        wires = await self._ask_qemu("query-chardev")
        return next(str(w["filename"]) for w in wires if w["label"] == f"radio{number}")

    async def _ask_qemu(self, command: str, **arguments: Any) -> Any:
        """Return QEMU's answer to a command (QEMU Machine Protocol).

        Raises:
            GuestError: it refuses.
        """
        reader, writer = await asyncio.open_unix_connection(self.folder / "qmp")
        try:
            await reader.readline()  # its greeting
            for request in (
                {"execute": "qmp_capabilities"},
                {"execute": command, "arguments": arguments},
            ):
                writer.write(json.dumps(request).encode() + b"\n")
                answer = {"event": ""}
                while "event" in answer:
                    answer = json.loads(await reader.readline())
        finally:
            writer.close()
        if "error" in answer:
            raise GuestError(f"QEMU refuses {command}: {answer['error']}")
        return answer["return"]


def _radio(port: int) -> dict[str, Any]:
    """Return an adapter's wire: taken up anew whenever a simulator begins to listen there."""
    address = {"type": "inet", "data": {"host": "127.0.0.1", "port": str(port)}}
    return {"type": "socket", "data": {"addr": address, "server": False, "reconnect": 1}}


@asynccontextmanager
async def boot(
    image: Image, folder: Path, ports: dict[int, int], radio_ports: tuple[int, ...]
) -> AsyncIterator[Machine]:
    """Run a guest while the block runs.

    Args:
        image: what to boot.
        folder: for the console's log.
        ports: see `Machine`.
        radio_ports: see `Machine`.
    """
    console = folder / "console.log"
    forwarded = "".join(f",hostfwd=tcp:127.0.0.1:{ours}-:{its}" for its, ours in ports.items())
    command = [
        # Tests that are stopped, and cannot clean up, leave no guest behind.
        *("setpriv", "--pdeathsig", "KILL"),
        "qemu-system-x86_64",
        # Never KVM: its device node can exist where it does not work.
        *("-accel", "tcg,thread=single", "-cpu", "max", "-smp", "1", "-m", "1024"),
        # The guest's clock counts its instructions, 2 ns each, about as fast as a quiet machine
        # emulates them. On a busy one it slows down with the guest: else the kernel's and our own
        # patience would run out while the guest is not let run at all.
        *("-icount", "shift=1,sleep=on"),
        *("-nodefaults", "-display", "none", "-no-reboot"),
        *("-qmp", f"unix:{folder / 'qmp'},server=on,wait=off"),
        *("-kernel", str(image.kernel), "-initrd", str(image.initrd)),
        "-append",
        "console=ttyS0 quiet oops=panic panic=-1 mitigations=off cryptomgr.notests=1 rdinit=/init",
        *("-serial", f"file:{console}"),
        # The adapters' wires; see `_radio`.
        *(
            option
            for number, port in enumerate(radio_ports, 1)
            for option in (
                *("-chardev", f"socket,id=radio{number},host=127.0.0.1,port={port},reconnect=1"),
                *("-serial", f"chardev:radio{number}"),
            )
        ),
        *("-netdev", f"user,id=net{forwarded}"),
        *("-device", "virtio-net-pci,netdev=net,romfile="),
        "-virtfs",
        "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap",
    ]
    with (folder / "qemu.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            async with asyncio.timeout(PATIENCE_S):
                while "guest: ready" not in _read(console):
                    if process.returncode is not None:
                        raise GuestError(f"QEMU ended: {_read(folder / 'qemu.log')}")
                    await asyncio.sleep(0.1)
            yield Machine(folder, ports, radio_ports)
            if process.returncode is not None:
                raise GuestError(f"the guest died; its last words:\n{_read(console)[-4000:]}")
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


def _read(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""
