"""What goes wrong on purpose: the radio is cut, the board loses its power."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from lullaflow_sim.clock import DeviceClock
from lullaflow_sim.radio import Radio, RadioError


class Faults:
    """Carries out faults now or at a moment of device time.

    Args:
        clock: device time.
        radio: what is cut.
        reboot: pulls the board's power and gives it back.
        say: told of each fault as it happens.
    """

    def __init__(
        self,
        clock: DeviceClock,
        radio: Radio,
        reboot: Callable[[], None],
        say: Callable[[dict[str, object]], None],
    ) -> None:
        self._clock = clock
        self._radio = radio
        self._reboot = reboot
        self._say = say
        self._silent_until_ms = 0

    def schedule(self, cuts: Iterable[tuple[float, float]], reboots: Iterable[float]) -> None:
        """Plan cuts `(at_s, for_s)` and reboots `at_s`, from now in device time."""
        now_ms = self._clock.now_ms
        for at_s, for_s in cuts:
            self._clock.call_at(now_ms + round(at_s * 1000), partial(self.cut, for_s))
        for at_s in reboots:
            self._clock.call_at(now_ms + round(at_s * 1000), self.reboot)

    def cut(self, for_s: float) -> None:
        """Cut the radio; a cut within a cut lasts until the later end; a real radio refuses."""
        try:
            self._radio.cut()
        except RadioError as error:
            self._say({"event": "refused", "why": str(error)})
            return
        end_ms = self._clock.now_ms + round(for_s * 1000)
        self._silent_until_ms = max(self._silent_until_ms, end_ms)
        self._clock.call_at(end_ms, self._restore)
        self._say({"event": "cut", "at_s": self._clock.now_s, "for_s": for_s})

    def miss(self, count: int) -> None:
        """Let the board miss the next requests to connect; a real radio refuses."""
        try:
            self._radio.miss(count)
        except RadioError as error:
            self._say({"event": "refused", "why": str(error)})
            return
        self._say({"event": "miss", "at_s": self._clock.now_s, "count": count})

    def reboot(self) -> None:
        """Pull the board's power and give it back."""
        self._reboot()
        self._say({"event": "reboot", "at_s": self._clock.now_s})

    def _restore(self) -> None:
        if self._clock.now_ms >= self._silent_until_ms:
            self._radio.restore()
            self._say({"event": "restored", "at_s": self._clock.now_s})
