"""The simulated pump board: boots the shipped firmware, again and again, on the simulated parts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from bumble.device import Device

from lullaflow_sim.board import BoardClock, SimulatedBoard
from lullaflow_sim.clock import DeviceClock
from lullaflow_sim.identity import Identity
from lullaflow_sim.radio import Radio
from lullaflow_sim.standin.bluetooth import BLE
from lullaflow_sim.transmit import TransmitQueue

DARK_MS: Final = 500
"""Device time without power in a reboot: about what an ESP32 takes to start MicroPython."""

_COMMAND_S: Final = 1.0
"""A controller that is there answers a command within milliseconds; a pulled dongle never."""


class Program(Protocol):
    """What the board runs: the firmware's application."""

    async def run(self) -> None:
        """Run until the power goes."""


Load = Callable[[BLE, BoardClock, SimulatedBoard], Program]


class SimulatedDevice:
    """One board with its radio; power cycles keep nothing but the flash.

    Args:
        radio: where it is heard.
        identity: who it is.
        clock: device time.
        transmit: its transmit buffers.
        new_board: gives the parts of one boot.
        load: makes the program of one boot.
        on_central: told whenever a central connects.
    """

    def __init__(
        self,
        radio: Radio,
        identity: Identity,
        clock: DeviceClock,
        transmit: TransmitQueue,
        new_board: Callable[[], SimulatedBoard],
        load: Load,
        on_central: Callable[[], None],
    ) -> None:
        self._radio = radio
        self._identity = identity
        self._clock = clock
        self._transmit = transmit
        self._new_board = new_board
        self._load = load
        self._on_central = on_central
        self._power_lost = asyncio.Event()
        self._crashed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def reboot(self) -> None:
        """Pull the power; it comes back after `DARK_MS`."""
        self._power_lost.set()

    async def run(self) -> None:
        """Boot and run until cancelled.

        Raises:
            Exception: whatever ended the program; on a board it would be a crash.
        """
        while True:
            await self._boot()
            await self._clock.sleep_ms(DARK_MS)
            # Not at the start of a boot: an order that came before the first one still counts.
            self._power_lost.clear()

    async def _boot(self) -> None:
        device = self._identity.new_device(self._radio.new_host())
        device.on(Device.EVENT_CONNECTION, lambda _: self._on_central())
        ble = BLE(device, self._transmit, lambda: self._clock.speed, self._on_crash)
        await device.power_on()
        board = self._new_board()
        program = self._load(ble, BoardClock(self._clock), board)
        radio = asyncio.create_task(ble.serve(), name="board.radio")
        running = asyncio.create_task(program.run(), name="board.program")
        power = asyncio.create_task(self._power_lost.wait(), name="board.power")
        try:
            done, _ = await asyncio.wait(
                (radio, running, power, self._crashed), return_when=asyncio.FIRST_COMPLETED
            )
            for ended in done:
                ended.result()
            if not self._power_lost.is_set():
                raise RuntimeError("The firmware's program ended by itself.")
        finally:
            board.stop()
            ble.retire()
            running.cancel()
            power.cancel()
            await asyncio.wait((radio,), timeout=_COMMAND_S)
            radio.cancel()
            await asyncio.gather(radio, running, power, return_exceptions=True)
            self._transmit.flush()
        await device.host.reset()

    def _on_crash(self, error: Exception) -> None:
        if not self._crashed.done():
            self._crashed.set_exception(error)
