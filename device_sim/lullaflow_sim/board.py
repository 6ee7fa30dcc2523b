"""The simulated board's parts: clock, sensors, timer, battery, LED and flash."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from lullaflow_protocol import wire
from lullaflow_sim.clock import DeviceClock, Timer

_TICKS_PERIOD_MS: Final = 1 << 30
"""MicroPython's `ticks_ms` wraps here on 32-bit boards (docs: time.ticks_ms)."""


class BoardClock:
    """Time as one boot of the board counts it.

    Args:
        clock: device time; the boot begins at its present moment.
    """

    def __init__(self, clock: DeviceClock) -> None:
        self._clock = clock
        self._boot_ms = clock.now_ms

    def ticks_ms(self) -> int:
        """Return milliseconds since the boot, wrapping as MicroPython's do."""
        return (self._clock.now_ms - self._boot_ms) % _TICKS_PERIOD_MS

    async def sleep_ms(self, duration_ms: int) -> None:
        """Return once this much device time has passed."""
        await self._clock.sleep_ms(duration_ms)


class Sensor:
    """A gauge or scale with its driver: hands out raw samples of the wire.

    Args:
        none: the raw sample for 'no sample now'.

    Attributes:
        raw: the sample of this moment.
        fault: one of `wire.FAULT_...`.
    """

    def __init__(self, none: int) -> None:
        self.raw = none
        self.fault: int = wire.FAULT_NONE

    def read(self) -> int:
        """Return the raw sample of this moment."""
        return self.raw


class SimulatedBoard:
    """The parts of one boot.

    Args:
        clock: device time.
        sensors: what hangs on the board, in channel order; None where nothing does.
        unique_id: six bytes.
        on_identify: told when the LED begins (True) and ends (False) to blink.

    Attributes:
        sleep_after_ms: None, for the wall socket feeds a simulated board.
        after_sampling: called after every interrupt of the sampling timer; looks, never touches.
        pressed: whether somebody presses the button.
    """

    sleep_after_ms: int | None = None

    def __init__(
        self,
        clock: DeviceClock,
        sensors: Sequence[Sensor | None],
        unique_id: bytes,
        on_identify: Callable[[bool], None],
    ) -> None:
        self._clock = clock
        self._timer: Timer | None = None
        self.sensors = sensors
        self.unique_id = unique_id
        self.identify = on_identify
        self.after_sampling: Callable[[], None] = lambda: None
        self.pressed = False

    def start_sampling(self, period_ms: int, callback: Callable[[Any], None]) -> None:
        """Call back from the sampling timer's interrupt every period of device time."""

        def interrupt() -> None:
            callback(self._timer)
            self.after_sampling()

        self.stop()
        self._timer = self._clock.every(period_ms, interrupt)

    def stop(self) -> None:
        """Stop the timer: the power goes."""
        if self._timer is not None:
            self._timer.cancel()

    def battery_percent(self) -> int:
        """Return the charge of a cell that never tires."""
        return 87

    def reset_cause(self) -> int:
        """Return the cause of every start here: its power came."""
        return int(wire.RESET_POWER_ON)

    def button_pressed(self) -> bool:
        """Tell whether the button is down at this moment."""
        return self.pressed

    def feed_watchdog(self) -> None:
        """Do nothing: a program that hangs here is seen by whoever runs it."""
