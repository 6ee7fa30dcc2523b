"""The HX711 on simulated pins: grams when all is well, a fault and no number when not."""

import machine
from chips import ClockPin, DataPin, Hx711Chip, Time

from lullaflow_firmware.drivers.hx711 import Hx711
from lullaflow_protocol import wire

time = Time()
chip = Hx711Chip(time)
clock = ClockPin(chip)
scale = Hx711(DataPin(chip), clock)


def read(count=1, every_us=100_000):
    for _ in range(count):
        time.us += every_us
        raw = scale.read()
    return raw


def load(grams):
    # 0.02 g a step, 43 codes a step.
    chip.code = grams * 50 * 43


# It settles for 400 ms after power-on; until then there is nothing to say.
for _ in range(3):
    assert read() == wire.WEIGHT_NONE and scale.fault == wire.FAULT_NONE
assert read(4) & wire.WEIGHT_GOOD and scale.fault == wire.FAULT_NONE
for grams in (0, 12, 240, 500, -50):
    load(grams)
    assert abs(wire.weight_g(read(3)) - grams) <= 0.05, grams

# Its clock is not ours: with 9.3 or 11 conversions a second no reading is missed.
for every_us in (93_000, 110_000):
    load(100)
    read(2, every_us)
    for _ in range(40):
        assert abs(wire.weight_g(read(1, every_us)) - 100) <= 0.05
assert machine.world.masked == 0

# A cell mounted upside down.
upside_down = Hx711(DataPin(chip), clock, codes_per_step=-43)
load(-80)
time.us += 200_000
assert abs(wire.weight_g(upside_down.read()) - 80) <= 0.05

# Beyond its range, and beyond the wire's.
load(0)
for code in (0x7FFFFF, -0x800000, 700 * 50 * 43, -200 * 50 * 43):
    chip.code = code
    assert read(2) == wire.WEIGHT_NONE and scale.fault == wire.FAULT_SATURATED, code
load(33)
assert abs(wire.weight_g(read(2)) - 33) <= 0.05 and scale.fault == wire.FAULT_NONE

# The same code again and again.
chip.noise.on = False
assert read(30) == wire.WEIGHT_NONE and scale.fault == wire.FAULT_STUCK
chip.noise.on = True
assert read(2) & wire.WEIGHT_GOOD and scale.fault == wire.FAULT_NONE

# A conversion that is late once is none: the last still counts; then it is a fault.
chip.dead = True
last = read()
assert last & wire.WEIGHT_GOOD
assert read(3) == wire.WEIGHT_NONE and scale.fault == wire.FAULT_NOT_READY
# The driver resets it until it works again.
read(30)
chip.dead = False
assert abs(wire.weight_g(read(40)) - 33) <= 0.05 and scale.fault == wire.FAULT_NONE

# Its line is shorted to ground: that is no weight of zero.
chip.shorted = True
assert read(2) == wire.WEIGHT_NONE and scale.fault == wire.FAULT_ABSENT
chip.shorted = False
assert read(40) & wire.WEIGHT_GOOD

# Never there at all.
nobody = Hx711Chip(time)
nobody.dead = True
absent = Hx711(DataPin(nobody), ClockPin(nobody))
for _ in range(50):
    time.us += 100_000
    assert absent.read() == wire.WEIGHT_NONE
assert absent.fault == wire.FAULT_ABSENT

# Asleep it is powered down, and its pin is held; a new start wakes it up.
scale.doze()
time.us += 1000
assert chip.held and chip.data() == 1
again = Hx711(DataPin(chip), clock)
assert not chip.held
for _ in range(6):
    time.us += 100_000
    raw = again.read()
assert abs(wire.weight_g(raw) - 33) <= 0.05
print("passed")
