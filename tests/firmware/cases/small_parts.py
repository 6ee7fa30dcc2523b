"""Battery, button and LED."""

import machine

from lullaflow_firmware.drivers.battery import Battery, percent_at
from lullaflow_firmware.drivers.button import HOLD, LONG, NOTHING, SHORT, Button
from lullaflow_firmware.drivers.led import Led

# The charge falls with the voltage, without a step up or a jump.
charges = [percent_at(millivolts) for millivolts in range(3000, 4300, 5)]
assert charges[0] == 0 and charges[-1] == 100
assert all(0 <= b - a <= 4 for a, b in zip(charges, charges[1:]))
assert percent_at(3800) == 50


class NoisyAdc:
    """Every fifth sample is a spike."""

    def __init__(self):
        self.count = 0

    def read_uv(self):
        self.count += 1
        return 3_100_000 if self.count % 5 == 0 else 1_900_000 + self.count % 3


assert Battery(NoisyAdc()).millivolts() == 3800
assert Battery(NoisyAdc()).percent() == 50


def presses(*stretches):
    """Play `(pressed, ms)` to a button, looked at every 50 ms; return what it told, and when."""
    button = Button()
    now_ms, told = 0, []
    for pressed, duration_ms in stretches:
        for _ in range(duration_ms // 50):
            press = button.look(now_ms, pressed)
            if press != NOTHING:
                told.append((press, now_ms))
            now_ms += 50
    return told


assert presses((False, 1000)) == []
assert [press for press, _ in presses((False, 500), (True, 300), (False, 500))] == [SHORT]
assert [press for press, _ in presses((False, 500), (True, 3000), (False, 500))] == [LONG]
told = presses((False, 500), (True, 12_000), (False, 500))
assert [press for press, _ in told] == [LONG, HOLD]
assert 2500 <= told[0][1] <= 2600 and 10_500 <= told[1][1] <= 10_600
# Two presses are two; a bounce between two looks is none.
assert len(presses((True, 200), (False, 200), (True, 200), (False, 200))) == 2
assert presses((True, 50), (False, 500)) == []

machine.world.duties.clear()
led = Led(machine.PWM(machine.Pin(1), freq=2, duty_u16=0))
led.blink(True)
led.blink(False)
assert machine.world.duties == [0, 32768, 0]
machine.world.duties.clear()
led = Led(machine.PWM(machine.Pin(1), freq=2, duty_u16=0), lights_when_low=True)
led.blink(True)
assert machine.world.duties == [65535, 32768]
print("passed")
