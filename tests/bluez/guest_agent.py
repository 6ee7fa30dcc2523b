"""Runs in the guest: holds our pairing agent, and asks it as BlueZ does."""

import asyncio
import sys
from typing import Any

from bleak.exc import BleakDBusError

from lullaflow.link.bluez.agent import pairing_agent
from lullaflow.link.bluez.bus import BlueZ, bluez

OURS = "/org/bluez/hci0/dev_00_00_00_00_00_01"
STRANGER = "/org/bluez/hci0/dev_00_00_00_00_00_02"
QUESTIONS: tuple[tuple[str, str, tuple[Any, ...]], ...] = (
    ("RequestAuthorization", "o", ()),
    ("AuthorizeService", "os", ("0000180f-0000-1000-8000-00805f9b34fb",)),
    ("RequestConfirmation", "ou", (123456,)),
    ("RequestPasskey", "o", ()),
    ("RequestPinCode", "o", ()),
)


async def ask(bus: BlueZ, agent: str, device: str) -> None:
    """Ask everything about one device; print the answers."""
    for question, signature, more in QUESTIONS:
        try:
            await bus.call(
                "/org/lullaflow/agent",
                "org.bluez.Agent1",
                question,
                signature,
                (device, *more),
                destination=agent,
            )
        except BleakDBusError as error:
            print(device[-1], question, error.dbus_error)
        else:
            print(device[-1], question, "yes")


async def main() -> None:
    """Ask while the agent is there, and after."""
    seen = []

    def note(message: Any) -> None:
        if message.member == "NameOwnerChanged" and message.body[2]:
            seen.append(message.body[2])

    async with bluez() as bus:
        bus.bus.add_message_handler(note)
        await bus.call(
            *("/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch", "s"),
            ["type='signal',member='NameOwnerChanged'"],
            destination="org.freedesktop.DBus",
        )
        async with pairing_agent(OURS):
            (agent,) = [name for name in seen if name.startswith(":")]
            await ask(bus, agent, OURS)
            await ask(bus, agent, STRANGER)
        await ask(bus, agent, OURS)


asyncio.run(main(*sys.argv[1:]))
