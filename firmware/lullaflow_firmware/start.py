"""From power-on to a running application, and what follows when it ends."""

import asyncio
import sys
import time

import bluetooth
import machine
import micropython

from lullaflow_protocol import wire

from .app import VERSION, Application, TimeToSleep
from .boards.esp32 import Clock, Storage

# Time to read the error on the console, and to interrupt before the same happens again.
_AFTER_CRASH_MS = 3_000
_WORKS_AFTER_FRAMES = 10  # 5 s


def main(report):
    """Run the board for ever: asleep or awake, and after an error from the beginning.

    Args:
        report: called with version and boot id once the firmware has shown that it works.
    """
    # A chip that does not answer makes an error within the timer's call, where nothing should be
    # allocated. Ports without this function have the buffer built in.
    if hasattr(micropython, "alloc_emergency_exception_buf"):
        micropython.alloc_emergency_exception_buf(100)
    board = find_board(sys.implementation._machine)  # noqa: SLF001 - documented, dash and all
    try:
        run(board, report)
    except KeyboardInterrupt:
        # Somebody sits at the console: the prompt is theirs.
        board.hand_over()
        raise


def run(board, report):
    """Run the application on a board; what follows is a new start."""
    ble = bluetooth.BLE()
    try:
        asyncio.run(_run(Application(ble, Clock(), board, Storage()), report))
    except TimeToSleep:
        ble.active(False)  # the port does not sleep with the radio on
        board.doze()
    except Exception as error:  # noqa: BLE001 - whatever it is, a new start is all that helps
        sys.print_exception(error)
        time.sleep_ms(_AFTER_CRASH_MS)
    machine.reset()


async def _run(app, report):
    await asyncio.gather(app.run(), _report(app, report))


async def _report(app, report):
    """Wait until sampling has gone on for a while, with the radio on, and say so."""
    while app.ring.next_seq() < _WORKS_AFTER_FRAMES:
        await asyncio.sleep_ms(wire.FRAME_MS)
    report("%d.%d.%d" % VERSION, app.boot_id)


def find_board(name):
    """Return the board with its parts.

    Args:
        name: what MicroPython calls the machine, such as 'ESP32C3 module with ESP32C3'.

    Raises:
        RuntimeError: for a chip that we have no board for.
    """
    if "ESP32S3" in name:
        from .boards import esp32_s3 as board
    elif "ESP32C3" in name:
        from .boards import esp32_c3 as board
    else:
        raise RuntimeError("lullaflow runs on an ESP32-S3 or ESP32-C3, this is: " + name)
    return board.make()
