"""What is wrong with this machine's Bluetooth, found by looking rather than from error texts."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Final

from bleak.exc import BleakDBusError

from lullaflow.link.bluez.bus import BlueZ, bluez, is_refusal
from lullaflow.link.errors import LinkCode, LinkError

OLDEST_BLUEZ: Final = (5, 55)
"""bleak 3.1 works from this version on."""

_RFKILL: Final = Path("/sys/class/rfkill")
_VERSION_TIMEOUT_S: Final = 5.0


async def find_trouble(adapter: str) -> LinkError | None:
    """Look at bus, service, adapter and its switches, version, permission, in this order.

    Args:
        adapter: the one to use, by address or name (`hci1`), or empty for any.

    Returns:
        The first thing that is wrong, or None.
    """
    try:
        async with bluez() as service:
            if not await service.is_running():
                return LinkError(
                    LinkCode.NO_SERVICE,
                    "The system's Bluetooth service does not run.",
                    "Install bluez if need be, then: systemctl start bluetooth.",
                )
            return await _adapter_trouble(service, adapter) or await _use_trouble(service)
    except PermissionError:
        return _not_allowed()
    except (OSError, EOFError):
        return LinkError(
            LinkCode.NO_BUS,
            "Bluetooth cannot be reached, for the system's message bus (D-Bus) does not answer.",
            "Start it; in a container, mount /run/dbus from its host.",
        )
    except BleakDBusError as error:
        if is_refusal(error):
            return _not_allowed()
        return LinkError(
            LinkCode.NO_SERVICE,
            f"The system's Bluetooth service does not answer ({error}).",
            "Restart it: systemctl restart bluetooth.",
        )


async def _adapter_trouble(service: BlueZ, adapter: str) -> LinkError | None:
    every = await service.adapters()
    if not every:
        return LinkError(
            LinkCode.NO_ADAPTER,
            "This machine has no Bluetooth adapter.",
            "Plug in a USB dongle for Bluetooth 4.2 or newer, or switch the built-in one on.",
        )
    usable = await service.adapters(adapter)
    if not usable:
        there = ", ".join(
            f"{path.rpartition('/')[2]} ({each['Address']})" for path, each in sorted(every.items())
        )
        return LinkError(
            LinkCode.NO_ADAPTER,
            f"This machine has no Bluetooth adapter {adapter}.",
            f"There is {there}. Plug it in, or correct bluetooth.adapter.",
        )
    if any(each.get("Powered") for each in usable.values()):
        return None
    return blocked() or LinkError(
        LinkCode.ADAPTER_OFF,
        "Bluetooth is switched off.",
        "Switch it on: bluetoothctl power on.",
    )


async def _use_trouble(service: BlueZ) -> LinkError | None:
    """Look at what an adapter that works may still be no good for."""
    path, adapter = next(iter((await service.adapters()).items()))
    version = modalias_version(adapter.get("Modalias", "")) or await _tool_version()
    if version is not None and version < OLDEST_BLUEZ:
        has, needs = (".".join(map(str, each)) for each in (version, OLDEST_BLUEZ))
        return LinkError(
            LinkCode.SERVICE_TOO_OLD,
            f"The system's Bluetooth service is BlueZ {has}, and {needs} is the oldest that works.",
            "Upgrade the system, or use an adapter of its own: bluetooth.controller = 'usb:0'.",
        )
    if await service.may_use_devices(path):
        return None
    return LinkError(
        LinkCode.NO_PERMISSION,
        "This program may look for pumps, but not connect to them.",
        "In a container, AppArmor forbids it: see docs/bluetooth.md.",
    )


def modalias_version(modalias: str) -> tuple[int, int] | None:
    """Return the version that bluetoothd gives as the host's own device id (src/main.c there)."""
    found = re.fullmatch(r"usb:v1D6Bp0246d([0-9A-F]{2})([0-9A-F]{2})", modalias)
    return None if found is None else (int(found[1], 16), int(found[2], 16))


async def _tool_version() -> tuple[int, int] | None:
    """Return BlueZ's version as its own tool tells it; None where there is no such tool."""
    try:
        tool = await asyncio.create_subprocess_exec(
            "bluetoothctl",
            "--version",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(_VERSION_TIMEOUT_S):
            said, _ = await tool.communicate()
    except (OSError, TimeoutError):
        return None
    found = re.search(rb"(\d+)\.(\d+)", said)
    return None if found is None else (int(found[1]), int(found[2]))


def blocked(rfkill: Path = _RFKILL) -> LinkError | None:
    """Tell whether a switch of the kernel's keeps Bluetooth radios off.

    Args:
        rfkill: the kernel's list of radio switches.

    Source: Documentation/ABI/stable/sysfs-class-rfkill of the Linux kernel.
    """
    for switch in sorted(rfkill.glob("rfkill*")):
        try:
            kind, soft, hard = (
                (switch / name).read_text().strip() for name in ("type", "soft", "hard")
            )
        except OSError:
            continue  # it went while we looked
        if kind == "bluetooth" and hard == "1":
            return LinkError(
                LinkCode.RADIO_BLOCKED,
                "Bluetooth is switched off by a switch on this machine.",
                "Turn the switch or key for wireless (flight mode) on the machine itself.",
            )
        if kind == "bluetooth" and soft == "1":
            return LinkError(
                LinkCode.RADIO_BLOCKED,
                "Bluetooth is blocked on this machine, as in flight mode.",
                "Unblock it: rfkill unblock bluetooth.",
            )
    return None


def _not_allowed() -> LinkError:
    return LinkError(
        LinkCode.NO_PERMISSION,
        "This user may not use Bluetooth.",
        "Add the user to the group bluetooth and log in again (containers: see docs/bluetooth.md).",
    )
