"""What is done to a session on a real BlueZ; `docs/bluetooth.md` gets its words from here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from lullaflow_protocol import wire

from .conftest import SimulatedPump
from .follower import Follower
from .machine import Machine

STOP_BLUETOOTHD = "services stop bluetoothd; while pidof bluetoothd; do sleep 0.1; done"


def about(said: dict[str, Any]) -> dict[str, Any]:
    return dict(said.get("about", {}))


def connecting(said: dict[str, Any]) -> bool:
    return about(said).get("state") == "connecting"


def code_of(said: dict[str, Any]) -> str:
    return str(about(said).get("code", ""))


class Session:
    """A pump that streams to a link in the guest."""

    def __init__(self, machine: Machine, pump: SimulatedPump, follower: Follower) -> None:
        self.machine = machine
        self.pump = pump
        self.follower = follower


async def board_reboots(session: Session) -> None:
    """The board loses its power and gets it back."""
    await session.pump.tell("reboot")


async def device_is_removed(session: Session) -> None:
    """The pump is removed from BlueZ, bond and all."""
    # Pairing is open still, for the board has just begun.
    await session.machine.run("bluetoothctl remove $(bluetoothctl devices | cut -d' ' -f2)")


async def radio_is_cut(session: Session) -> None:
    """The radio is cut for ten seconds."""
    await session.pump.tell("cut 10")


async def link_is_killed(session: Session) -> None:
    """Our program is killed and started again; BlueZ keeps its link."""
    place = len(session.follower.said)
    await session.follower.kill()
    session.follower.start()
    # BlueZ keeps the link of a program that died, and a board with a link does not advertise.
    await session.follower.wait_for(
        lambda said: said.get("log") == "link left over from before is ended", place
    )


async def bluetoothd_is_killed(session: Session) -> None:
    """bluetoothd crashes, and is back after two seconds."""
    await session.machine.run("killall -9 bluetoothd; sleep 2; services start bluetoothd")


async def bluetoothd_is_restarted(session: Session) -> None:
    """bluetoothd is restarted."""
    await session.machine.run(f"{STOP_BLUETOOTHD}; services start bluetoothd")


async def dbus_is_lost(session: Session) -> None:
    """D-Bus is lost, and bluetoothd with it."""
    await session.machine.run(
        "services stop dbus; services stop bluetoothd; sleep 1; services start"
    )


async def adapter_is_pulled(session: Session) -> None:
    """The adapter is pulled out for three seconds."""
    await session.machine.pull_out()
    await asyncio.sleep(3)
    await session.machine.plug_in()


async def adapter_is_switched_off(session: Session) -> None:
    """The adapter is switched off for three seconds."""
    await session.machine.run("bluetoothctl power off; sleep 3; bluetoothctl power on")


async def radio_is_blocked(session: Session) -> None:
    """The radio is blocked (rfkill, flight mode) for three seconds."""
    switch = "$(echo /sys/class/rfkill/rfkill*/soft)"
    await session.machine.run(f"echo 1 >{switch}; sleep 3; echo 0 >{switch}")


async def connecting_fails(session: Session) -> None:
    """The radio is cut, and then eight links break as they are made (error 0x3e)."""
    follower = session.follower
    place = len(follower.said)
    # More than are tried at once, so that the link has to begin anew.
    await session.pump.tell("miss 8")
    await session.pump.tell("cut 1")
    place = await follower.wait_for(lambda said: code_of(said) == "connect_failed", place)
    await follower.wait_for(connecting, place)


async def firmware_is_updated(session: Session) -> None:
    """The firmware is updated, and what BlueZ remembers of its services is stale."""
    remembered = "/var/lib/bluetooth/*/cache/*"
    another = wire.STREAM_UUID[:6] + "fe" + wire.STREAM_UUID[8:]
    place = len(session.follower.said)
    await session.machine.run(
        f"{STOP_BLUETOOTHD}; sed -i s/{wire.STREAM_UUID}/{another}/ {remembered}; "
        f"grep -q {another} {remembered}"
    )
    await session.pump.tell("reboot")
    await session.machine.run("services start bluetoothd")
    await session.follower.wait_for(lambda said: code_of(said) == "firmware_changed", place)


async def somebody_else_scans(session: Session) -> None:
    """Another program scans while the radio is cut for five seconds."""
    await session.machine.run("bluetoothctl --timeout 30 scan on >/dev/null 2>&1 </dev/null &")
    await session.pump.tell("cut 5")


async def scanner_goes_deaf(session: Session) -> None:
    """The radio is cut for fifteen seconds, and the scan ends in the kernel unseen."""
    place = len(session.follower.said)
    await session.pump.tell("cut 15")
    await session.follower.wait_for(lambda said: about(said).get("state") == "searching", place)
    await session.machine.run("sleep 1; btmgmt stop-find -l")


FAULTS: list[Callable[[Session], Awaitable[None]]] = [
    board_reboots,
    device_is_removed,
    radio_is_cut,
    link_is_killed,
    bluetoothd_is_killed,
    bluetoothd_is_restarted,
    dbus_is_lost,
    adapter_is_pulled,
    adapter_is_switched_off,
    radio_is_blocked,
    connecting_fails,
    firmware_is_updated,
    somebody_else_scans,
    scanner_goes_deaf,
]
