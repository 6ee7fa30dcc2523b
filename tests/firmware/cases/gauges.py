"""Pressure sensors on a simulated bus: suction when all is well, a fault and no number when not."""

from chips import Bus, Lps33hwChip, MprChip, Time

from lullaflow_firmware.drivers.lps33hw import SA0_HIGH, SA0_LOW, Lps33hw
from lullaflow_firmware.drivers.mpr import ADDRESS, Mpr
from lullaflow_protocol import wire

PA_PER_MMHG = 133.322


class Bench:
    """One gauge on a bus, read every 20 ms as the application does."""

    def __init__(self, kind):
        self.time = Time()
        self.kind = kind
        if kind == "lps33hw":
            self.chip, address = Lps33hwChip(self.time), SA0_HIGH
            self.bus = Bus({address: self.chip})
            self.gauge = Lps33hw(self.bus, address)
        else:
            self.chip, address = MprChip(self.time), ADDRESS
            self.bus = Bus({address: self.chip})
            self.gauge = Mpr(self.bus)
        self.address = address
        self.suck(0)

    def suck(self, mmhg):
        pa = 101_325 - int(mmhg * PA_PER_MMHG + 0.5)
        if self.kind == "lps33hw":
            self.chip.hpa = Fraction(pa)
        else:
            self.chip.pa = pa

    def read(self, count=1):
        for _ in range(count):
            self.time.us += 20_000
            raw = self.gauge.read()
        return raw

    def mmhg(self):
        return wire.vacuum_mmhg(self.read())


class Fraction:
    """A pressure in hPa that is not a whole number, without floats: boards have but 24 bits."""

    def __init__(self, pa):
        self._pa = pa

    def __mul__(self, codes):
        return self._pa * codes // 100


for kind in ("lps33hw", "mpr"):
    bench = Bench(kind)
    gauge, chip = bench.gauge, bench.chip

    # Nothing is said until the air's pressure is known, two seconds after the start.
    assert bench.read(60) == wire.VACUUM_NONE and gauge.fault == wire.FAULT_NONE
    bench.read(100)
    assert abs(bench.mmhg()) <= 0.2
    for mmhg in (1, 20, 100, 250, 350):
        bench.suck(mmhg)
        bench.read(2)
        assert abs(bench.mmhg() - mmhg) <= 0.4, (kind, mmhg, bench.mmhg())

    # A pump that runs does not move zero, however long; a weather front while it rests does.
    for _ in range(60):
        for mmhg in (5, 60, 150, 150, 60, 5):
            bench.suck(mmhg)
            bench.read(5)
    bench.suck(0)
    bench.read(3)
    assert abs(bench.mmhg()) <= 0.4
    bench.suck(4)
    bench.read(250)
    assert abs(bench.mmhg()) <= 0.4
    # Suction that is held is no weather.
    bench.suck(54)
    bench.read(500)
    assert abs(bench.mmhg() - 50) <= 0.6

    # Absent, then there again.
    bench.bus.cut.add(bench.address)
    assert bench.read() == wire.VACUUM_NONE and gauge.fault == wire.FAULT_ABSENT
    transfers = bench.bus.transfers
    bench.read(100)
    assert bench.bus.transfers - transfers <= 3  # an empty bus is not asked at every sample
    bench.bus.cut.clear()
    if kind == "lps33hw":
        chip.power_up()
    bench.read(60)
    assert gauge.fault == wire.FAULT_NONE and bench.mmhg() is not None

    # Converts no more: no old value goes out as a new one, and 100 ms later it is a fault.
    if kind == "lps33hw":
        chip.frozen = True
    else:
        chip.busy = True
    bench.read()
    assert bench.read() == wire.VACUUM_NONE
    bench.read(5)
    assert gauge.fault == wire.FAULT_NOT_READY
    if kind == "lps33hw":
        # Its supply had gone for a moment: it knows nothing any more until it is set up anew.
        chip.frozen = False
        chip.power_up()
    else:
        chip.busy = False
    bench.read(60)
    assert gauge.fault == wire.FAULT_NONE and bench.mmhg() is not None

    # The same 24 bits again and again.
    chip.noise.on = False
    bench.read(40)
    assert bench.read() == wire.VACUUM_NONE and gauge.fault == wire.FAULT_STUCK
    chip.noise.on = True
    bench.read(2)
    assert gauge.fault == wire.FAULT_NONE and bench.mmhg() is not None

    # Beyond what the chip can tell, and beyond what the wire can.
    for mmhg in (600, -60) if kind == "lps33hw" else (760.5, -60):
        bench.suck(mmhg)
        bench.read(2)
        assert bench.read() == wire.VACUUM_NONE, mmhg
        assert gauge.fault == wire.FAULT_SATURATED
    bench.suck(100)
    bench.read(3)
    assert gauge.fault == wire.FAULT_NONE and bench.mmhg() is not None

    # Asleep it still tells the pressure, and afterwards works as before.
    bench.suck(0)
    gauge.doze()
    bench.time.us += 1_100_000
    gauge.look()
    bench.time.us += 1_100_000
    assert abs(gauge.look() - 101_325) < 20
    bench.bus.cut.add(bench.address)
    assert gauge.look() is None
    gauge.doze()

# What each chip says of itself.
bench = Bench("mpr")
bench.read(110)
bench.chip.flags = 0x04
assert bench.read() == wire.VACUUM_NONE and bench.gauge.fault == wire.FAULT_CHECKSUM
bench.chip.flags = 0x01
assert bench.read() == wire.VACUUM_NONE and bench.gauge.fault == wire.FAULT_SATURATED
bench.chip.flags = 0
assert bench.read() != wire.VACUUM_NONE and bench.gauge.fault == wire.FAULT_NONE

bench = Bench("lps33hw")
bench.chip.who_am_i = 0xBD  # an LPS25HB looks the same from outside
bench.read(3)
assert bench.gauge.fault == wire.FAULT_ABSENT

# Woken up by a pump that runs: zero is what was known before, or else its highest pressure.
for known_pa in (101_325, 0):
    bench = Bench("mpr")
    bench.gauge.ambient.resume(known_pa)
    first = None
    for i in range(700):
        bench.suck((2, 80, 140, 80)[i // 6 % 4])
        raw = bench.read()
        if raw != wire.VACUUM_NONE and first is None:
            first = i
    assert first is not None and (first < 5 if known_pa else first < 520), first
    bench.suck(140)
    bench.read(2)
    assert abs(bench.mmhg() - 140) <= 3
    # Once it rests, zero is what it is.
    bench.suck(0)
    bench.read(220)
    assert abs(bench.mmhg()) <= 0.2

# Two on one bus do not disturb each other.
time = Time()
bus = Bus({SA0_LOW: Lps33hwChip(time), SA0_HIGH: Lps33hwChip(time)})
gauges = [Lps33hw(bus, address) for address in (SA0_LOW, SA0_HIGH)]
for i in range(150):
    time.us += 20_000
    if i == 120:
        bus.chips[SA0_HIGH].hpa = 913
    left, right = [gauge.read() for gauge in gauges]
assert abs(wire.vacuum_mmhg(left)) <= 0.2
assert abs(wire.vacuum_mmhg(right) - 75.0) <= 0.3
print("passed")
