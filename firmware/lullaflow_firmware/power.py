"""When the board goes to sleep, and what wakes it up. Pure policy: the board does the sleeping.

The board dozes in light sleep and looks at its gauges once a second. Deep sleep would need less
current while asleep, but every look would start the whole firmware anew, half a second at full
current: docs/power.md has the sum.
"""

SLEEP_AFTER_MS = 600_000
LOOK_EVERY_MS = 1_000
# 10 mmHg within a second: more than weather, stairs or a door bring, less than the gentlest pump.
_SUCTION_PA = 1_333


class Idle:
    """Decides when there has been nothing to do for long enough.

    Args:
        after_ms: how long; None never sleeps.
    """

    def __init__(self, after_ms):
        self._after_ms = after_ms
        self._busy_ms = 0

    def is_over(self, now_ms, suction, linked):
        """Tell whether to sleep now.

        Args:
            now_ms: since the start; does not wrap.
            suction: whether there was any since the last call.
            linked: whether a host is connected; what is unsent is on its way to it.
        """
        if suction or linked:
            self._busy_ms = now_ms
        return self._after_ms is not None and now_ms - self._busy_ms >= self._after_ms

    def stir(self, now_ms):
        """Begin to wait anew: somebody pressed the button."""
        self._busy_ms = now_ms


class Doze:
    """Decides at each look whether the pump has begun.

    Args:
        sides: how many gauges are looked at.
    """

    def __init__(self, sides):
        self._before_pa = [0] * sides

    def is_over(self, side, pa):
        """Take a gauge's pressure in Pa, None when it has none; tell whether to wake up."""
        if pa is None:
            return False
        before = self._before_pa[side]
        self._before_pa[side] = pa
        # Falls alone count, and from one look to the next: slow changes are the weather's.
        return before - pa >= _SUCTION_PA
