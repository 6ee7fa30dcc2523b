"""The pressure of the air around an absolute sensor: what suction is counted from."""

_WINDOW = 100  # readings, 2 s: longer than any pump's cycle, so a pump that runs is never steady
_STEADY_PA = 133  # 1 mmHg: twenty times a gauge's noise
_DRIFT_PA = 1_333  # 10 mmHg, as weather and stairs bring; a steady suction is more than that
_GUESS_AFTER = 5  # windows without a steady one: the board has woken up to a pump that runs


class Ambient:
    """Follows the air's pressure while the pump rests. All its numbers stay within 30 bits.

    Attributes:
        pa: the air's pressure in Pa; 0 while it is not known.
    """

    def __init__(self):
        self.pa = 0
        self._guessed = False
        self._highest_ever = 0
        self._windows = 0
        self._clear()

    def resume(self, pa):
        """Begin with what is known from before, until the pump rests; 0 changes nothing."""
        self.pa = pa
        self._guessed = True

    def add(self, pa):
        """Take one good reading in Pa. Allocates nothing."""
        if pa < self._lowest:
            self._lowest = pa
        if pa > self._highest:
            self._highest = pa
        self._total += pa
        self._count += 1
        if self._count == _WINDOW:
            self._conclude(self._total // _WINDOW)
            self._clear()

    def _conclude(self, mean):
        if self._highest - self._lowest <= _STEADY_PA:
            if self.pa == 0 or mean > self.pa - _DRIFT_PA:
                self.pa = mean
                self._guessed = False
            return
        # A pump that runs lets go once a cycle: its highest pressure is nearly the air's.
        if self._highest > self._highest_ever:
            self._highest_ever = self._highest
        self._windows += 1
        if self._guessed and self._highest > self.pa:
            self.pa = self._highest
        elif self.pa == 0 and self._windows >= _GUESS_AFTER:
            self.pa = self._highest_ever
            self._guessed = True

    def _clear(self):
        self._lowest = 0x3FFFFFFF
        self._highest = 0
        self._total = 0
        self._count = 0
