"""`lullaflow doctor`, `scan`, `pair` and `unpair` on a real BlueZ."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from .commands import doctor, lullaflow, refusal
from .conftest import Bench
from .follower import following
from .image import HERE
from .python import run_python

pytestmark = [
    pytest.mark.bluez,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(1800),
]

NOBODY = 65534
POLICY = "/etc/dbus-1/system.d/bluetooth.conf"


@asynccontextmanager
async def policy(bench: Bench, edit: str) -> AsyncIterator[None]:
    """D-Bus with other rules about BlueZ while the block runs."""
    reload = "killall -HUP dbus-daemon"
    await bench.machine.run(f"cp {POLICY} /tmp/policy; sed -i '{edit}' {POLICY}; {reload}")
    try:
        yield
    finally:
        await bench.machine.run(f"cp /tmp/policy {POLICY}; {reload}")


async def test_scan_pair_and_unpair(bench: Bench, tmp_path) -> None:
    async with bench.pump(tmp_path, "Commanded", "--stay"):
        status, lines = await lullaflow(bench, "scan", "--seconds", "3")
        assert status == 0
        name, address, signal = lines[1].rsplit(maxsplit=3)[:3]
        assert name.strip() == "Commanded"
        assert int(signal) < 0
        status, lines = await lullaflow(bench, "pair")
        assert status == 0
        assert lines[-1] == f"Paired with the pump at {address}."
        status, lines = await lullaflow(bench, "unpair")
        assert status == 0
        assert lines == [
            f"The bond with {address} is forgotten. To pair again, switch the board on."
        ]
        status, lines = await lullaflow(bench, "unpair")
        assert status == 2
        assert lines == ["There is no pump that this computer is paired with."]


async def test_looking_does_not_cut_the_link_that_another_process_follows(
    bench: Bench, tmp_path
) -> None:
    async with bench.pump(tmp_path, "Followed", "--stay"), following(bench.machine) as follower:
        follower.start()
        await follower.frames(2)
        assert (await doctor(bench)).startswith("✓")
        status, lines = await lullaflow(bench, "scan", "--seconds", "2")
        assert status == 2
        assert "disconnect it from anything else: it talks to one at a time." in " ".join(lines)
        await follower.frames(2)
        assert not any("down" in said for said in follower.said)


async def test_a_stranger_s_board_is_paired_only_when_a_person_asks(bench: Bench, tmp_path) -> None:
    folders = tmp_path / "ours", tmp_path / "theirs"
    for folder in folders:
        folder.mkdir()
    async with bench.pump(folders[0], "Ours", "--stay"):
        status, _ = await lullaflow(bench, "pair")
        assert status == 0
        async with bench.pump(folders[1], "Theirs", "--stay", adapter=2):
            async with following(bench.machine, "hci1") as follower:
                follower.start()
                await follower.wait_for(lambda said: "is left alone" in said.get("log", ""))
            assert not any("up" in said for said in follower.said)
            status, lines = await lullaflow(bench, "pair", adapter="hci1")
            assert status == 0
            assert lines[-1].startswith("Paired with the pump at ")


async def test_the_agent_says_yes_to_our_device_only_and_only_while_it_pairs(
    bench: Bench, tmp_path
) -> None:
    async with bench.pump(tmp_path, "Asked", "--stay"):
        status, printed = await run_python(bench.machine, HERE / "guest_agent.py")
    assert status == 0, printed
    rejected = "org.bluez.Error.Rejected"
    assert printed.splitlines() == [
        "1 RequestAuthorization yes",
        "1 AuthorizeService yes",
        *(f"1 {q} {rejected}" for q in ("RequestConfirmation", "RequestPasskey", "RequestPinCode")),
        *(
            f"2 {question} {rejected}"
            for question in (
                *("RequestAuthorization", "AuthorizeService", "RequestConfirmation"),
                *("RequestPasskey", "RequestPinCode"),
            )
        ),
        *(
            f"1 {question} org.freedesktop.DBus.Error.ServiceUnknown"
            for question in (
                *("RequestAuthorization", "AuthorizeService", "RequestConfirmation"),
                *("RequestPasskey", "RequestPinCode"),
            )
        ),
    ]


async def test_doctor_and_commands_tell_what_is_wrong_and_what_to_do(
    bench: Bench, tmp_path
) -> None:
    run, until = bench.machine.run, bench.machine.until
    missing = "no Bluetooth adapter. Plug in a USB dongle"
    assert missing in await doctor(bench)
    assert missing in await refusal(bench, "scan")
    async with bench.pump(tmp_path, "Healthy", "--stay"):
        assert await doctor(bench) == "✓ Bluetooth: This machine's own works, and can scan."
        switch = "$(echo /sys/class/rfkill/rfkill*/soft)"
        await run(f"echo 1 >{switch}")
        await until("btmgmt info | grep 'current settings' | grep -qv powered")
        blocked = "blocked on this machine, as in flight mode. Unblock it: rfkill"
        assert blocked in await doctor(bench)
        assert blocked in await refusal(bench, "pair")
        await run(f"echo 0 >{switch}")
        # BlueZ switches it on again by itself.
        await until("btmgmt info | grep -q 'current settings: powered'")
        await run("bluetoothctl power off")
        assert "switched off. Switch it on: bluetoothctl power on." in await doctor(bench)
        await run("bluetoothctl power on")
        await run("services stop bluetoothd; while pidof bluetoothd; do sleep 0.1; done")
        stopped = "service does not run. Install bluez if need be"
        assert stopped in await doctor(bench)
        assert stopped in await refusal(bench, "unpair")
        await run("services start bluetoothd")
        await until("btmgmt info | grep -q 'current settings: powered'")


async def test_doctor_and_commands_tell_kinds_of_refusal_apart(bench: Bench, tmp_path) -> None:
    nobody = "nobody:x:65534:65534::/tmp:/bin/false"
    await bench.machine.run(f"grep -q nobody /etc/passwd || echo {nobody} >>/etc/passwd")
    async with bench.pump(tmp_path, "Forbidden", "--stay"):
        assert (await doctor(bench, user=NOBODY)).startswith("✓")
        async with policy(bench, "/context=.default/,/policy>/d"):
            forbidden = "may not use Bluetooth. Add the user to the group bluetooth"
            assert forbidden in await doctor(bench, user=NOBODY)
            assert forbidden in await refusal(bench, "scan", user=NOBODY)
        # As AppArmor does in a container.
        device = '<deny send_destination="org.bluez" send_interface="org.bluez.Device1"/>'
        rule = f'<policy user="nobody">{device}</policy>'
        async with policy(bench, f"s,</busconfig>,{rule}</busconfig>,"):
            assert "may look for pumps, but not connect to them. In a container" in await doctor(
                bench, user=NOBODY
            )


async def test_the_doctor_tells_of_an_old_bluez(bench: Bench, tmp_path) -> None:
    conf = "/etc/bluetooth/main.conf"
    restart = (
        "services stop bluetoothd; while pidof bluetoothd; do sleep 0.1; done; "
        "services start bluetoothd"
    )
    async with bench.pump(tmp_path, "Dated", "--stay"):
        # The id that BlueZ 5.50 gives for itself.
        await bench.machine.run(f"sed -i 's/^.General.$/&\\nDeviceID=usb:1D6B:0246:0532/' {conf}")
        await bench.machine.run(restart)
        await bench.machine.until("btmgmt info | grep -q 'current settings: powered'")
        try:
            said = await doctor(bench)
        finally:
            await bench.machine.run(f"sed -i /DeviceID/d {conf}; {restart}")
    assert "is BlueZ 5.50, and 5.55 is the oldest that works. Upgrade the system" in said


async def test_the_doctor_tells_that_the_message_bus_is_gone(bench: Bench) -> None:
    await bench.machine.run("services stop dbus; while pidof bluetoothd; do sleep 0.1; done")
    try:
        assert "message bus (D-Bus) does not answer. Start it" in await doctor(bench)
    finally:
        await bench.machine.run("services start")
