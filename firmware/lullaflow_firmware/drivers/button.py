"""The one button: a short press, a long one, and a hold."""

NOTHING = 0
SHORT = 1  # let go before LONG_MS
LONG = 2  # still down after LONG_MS
HOLD = 3  # still down after HOLD_MS; LONG came on the way

LONG_MS = 2_000
HOLD_MS = 10_000
_BOUNCE_MS = 30  # contacts of small buttons settle within 10 ms


class Button:
    """Debounces, and tells the three kinds of press apart. Knows no pin: it is told the level."""

    def __init__(self):
        self._down = False
        self._level = False
        self._since_ms = 0
        self._down_ms = 0
        self._told = NOTHING

    def look(self, now_ms, pressed):
        """Take the level of this moment; return what it completes, mostly `NOTHING`.

        Args:
            now_ms: rises, and does not wrap.
            pressed: whether the contact is closed now.
        """
        if pressed != self._level:
            self._level = pressed
            self._since_ms = now_ms
        if self._level != self._down and now_ms - self._since_ms >= _BOUNCE_MS:
            self._down = self._level
            if self._down:
                self._down_ms = self._since_ms
                self._told = NOTHING
            elif self._told == NOTHING:
                return SHORT
        if self._down and self._level:
            held_ms = now_ms - self._down_ms
            if held_ms >= HOLD_MS and self._told == LONG:
                self._told = HOLD
                return HOLD
            if held_ms >= LONG_MS and self._told == NOTHING:
                self._told = LONG
                return LONG
        return NOTHING
