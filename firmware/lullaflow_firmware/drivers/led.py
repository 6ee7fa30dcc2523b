"""The one LED. The timer hardware blinks it, so that it goes on whatever the program does."""

BLINKS_HZ = 5  # nearly the slowest that the chips make of their fastest clock (4.8 Hz)
_ALWAYS = 65_535
_HALF = 32_768


class Led:
    """An LED on a PWM pin.

    Args:
        pwm: a `machine.PWM` at BLINKS_HZ.
        lights_when_low: whether the LED hangs between the supply and the pin.
    """

    def __init__(self, pwm, lights_when_low=False):
        self._pwm = pwm
        self._dark = _ALWAYS if lights_when_low else 0
        self.blink(False)

    def blink(self, on):
        """Begin to blink, or be dark."""
        self._pwm.duty_u16(_HALF if on else self._dark)
