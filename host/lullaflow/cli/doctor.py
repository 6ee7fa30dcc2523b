"""`lullaflow doctor`: what is wrong with this machine, and how to mend it."""

from __future__ import annotations

import asyncio
import platform
import shutil
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import miniaudio
import typer

from lullaflow.cli.shared import ConfigOption, console, run_async, settings
from lullaflow.config import Config

app = typer.Typer()

# A broker in the same house answers in ms; this leaves room for a sleeping Wi-Fi.
BROKER_PATIENCE_S = 3.0
# About 250 hours of sessions: a frame of 112 bytes twice a second, with SQLite's own share.
FREE_SPACE_MB = 250


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: the thing.
        well: whether it works.
        said: what was found, as a sentence.
        advice: what to do about it; beside a thing that works, it makes this a warning.
    """

    what: str
    well: bool
    said: str
    advice: str = ""

    @property
    def mark(self) -> str:
        """How it is told at a glance, as rich's markup."""
        if not self.well:
            return "[red]✗[/]"
        return "[yellow]![/]" if self.advice else "[green]✓[/]"


@app.command()
def doctor(config: ConfigOption = None) -> None:
    """Look at Bluetooth, sound, broker, disk and the page's port, and say how to mend them."""
    findings = run_async(examine(settings(config)))
    for finding in findings:
        console.print(f"{finding.mark} {finding.what}:", end=" ")
        console.print(f"{finding.said} {finding.advice}".rstrip(), markup=False)
    if not all(finding.well for finding in findings):
        raise typer.Exit(1)


async def examine(config: Config) -> list[Finding]:
    """Return what was found, in the order in which a session needs it."""
    look: tuple[Callable[[Config], Finding], ...] = (sound, disk, page)
    findings = [await asyncio.to_thread(check, config) for check in look]
    return [await bluetooth(config), *kernel(config), *findings, await broker(config)]


async def bluetooth(config: Config) -> Finding:
    """Is there a radio that we can use?"""
    if controller := config.bluetooth.controller:
        return Finding("Bluetooth", True, f"{controller} is used instead of this machine's own.")
    from lullaflow.link import find_trouble

    trouble = await find_trouble(config.bluetooth.adapter)
    if trouble is not None:
        return Finding("Bluetooth", False, trouble.what, trouble.advice)
    return Finding("Bluetooth", True, "This machine's own works, and can scan.")


def kernel(config: Config) -> list[Finding]:
    """Is the kernel one that Bluetooth can bring down? Nothing is told of any other."""
    if config.bluetooth.controller:
        return []  # our own stack has the controller, and the kernel only the wire to it
    from lullaflow.link.bluez.kernel import kernel_warning

    warning = kernel_warning(platform.version())
    return [] if warning is None else [Finding("Kernel", True, *warning)]


def sound(config: Config) -> Finding:
    """Is there a loudspeaker?"""
    del config
    with suppress(miniaudio.MiniaudioError):
        if speakers := miniaudio.Devices().get_playbacks():
            return Finding("Sound", True, f"{speakers[0]['name']} will play the music.")
    return Finding(
        "Sound",
        False,
        "This machine has no loudspeaker that can be used.",
        "Plug one in, or go on without music: the photo needs none.",
    )


def disk(config: Config) -> Finding:
    """Is there room for recordings?"""
    folder = config.store.path.parent
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free_mb = shutil.disk_usage(existing).free // 1_000_000
    if free_mb < FREE_SPACE_MB:
        return Finding(
            "Disk", False, f"Only {free_mb} MB are free for {folder}.", "Free some space there."
        )
    return Finding("Disk", True, f"{free_mb} MB are free for {folder}.")


def page(config: Config) -> Finding:
    """Is the page's port free, or served by us already?"""
    host, port = config.web.host, config.web.port
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return Finding(
                "Page",
                False,
                f"Port {port} on {host} cannot be used ({error.strerror}).",
                "When lullaflow runs already, that is right; otherwise set another web.port.",
            )
    return Finding("Page", True, f"Port {port} on {host} is free.")


async def broker(config: Config) -> Finding:
    """Does anybody listen where the broker should be?"""
    if not config.mqtt.enabled:
        return Finding("Broker", True, "MQTT is switched off.")
    place = f"{config.mqtt.host}:{config.mqtt.port}"
    try:
        async with asyncio.timeout(BROKER_PATIENCE_S):
            _, writer = await asyncio.open_connection(config.mqtt.host, config.mqtt.port)
    except (OSError, TimeoutError):
        return Finding(
            "Broker",
            False,
            f"Nobody answers at {place}.",
            "Start a broker (such as mosquitto) there, or correct mqtt.host and mqtt.port.",
        )
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return Finding("Broker", True, f"Somebody answers at {place}.")
