"""Chips that answer as their data sheets say, on a bus or on pins, in the rig's time.

Nothing here allocates in an answer: the drivers run against it with the heap locked.
"""

from array import array

ENODEV = 19


class Bus:
    """`machine.I2C`, as far as the drivers use it. A chip that is not there does not acknowledge.

    Attributes:
        transfers: how many there were.
        cut: chips that are unplugged.
    """

    def __init__(self, chips):
        self.chips = chips
        self.cut = set()
        self.transfers = 0

    def readfrom_mem_into(self, address, register, buffer):
        self._chip(address).read_registers(register, buffer)

    def writeto_mem(self, address, register, data):
        self._chip(address).write_registers(register, data)

    def readfrom_into(self, address, buffer):
        self._chip(address).read(buffer)

    def writeto(self, address, data):
        self._chip(address).write(data)

    def _chip(self, address):
        self.transfers += 1
        if address in self.cut or address not in self.chips:
            raise OSError(ENODEV)
        return self.chips[address]


class Time:
    def __init__(self):
        self.us = 0


class Noise:
    """A rising and falling few codes: real chips never say the same 24 bits for long."""

    def __init__(self):
        self._state = 1
        self.on = True

    def next(self):
        self._state = (self._state * 75 + 74) % 65537
        return (self._state & 63) - 32 if self.on else 0


class Lps33hwChip:
    """ST LPS33HW: its registers, and its output data rates (CTRL_REG1).

    Attributes:
        hpa: the pressure that its membrane feels.
        frozen: it converts no more.
    """

    _PERIODS_US = (0, 1_000_000, 100_000, 40_000, 20_000, 13_333)

    def __init__(self, time, hpa=1013):
        self._time = time
        self.hpa = hpa
        self.frozen = False
        self.noise = Noise()
        self.who_am_i = 0xB1
        self.power_up()

    def power_up(self):
        """All registers as after power-on: the chip converts nothing until told to."""
        self.registers = array("B", [0] * 64)
        self.registers[0x11] = 0x10
        self._converted_us = self._time.us

    def write_registers(self, register, data):
        assert len(data) == 1
        if register == 0x1A:
            # "LC_EN may only be changed in power-down mode."
            assert self.registers[0x10] & 0x70 == 0
        self.registers[register] = data[0]
        if register == 0x10:
            assert data[0] & 0x02 or not data[0] & 0x70, (
                "without BDU the three bytes may belong to two conversions"
            )
            self._converted_us = self._time.us

    def read_registers(self, register, buffer):
        self._convert()
        i = 0
        while i < len(buffer):
            at = register + i
            buffer[i] = self.who_am_i if at == 0x0F else self.registers[at]
            if at == 0x2A:  # PRESS_OUT_H, read last
                self.registers[0x27] &= 0xFE
            i += 1

    def _convert(self):
        period_us = self._PERIODS_US[(self.registers[0x10] >> 4) & 7]
        if self.frozen or not period_us or self._time.us - self._converted_us < period_us:
            return
        self._converted_us = self._time.us
        code = (self.hpa * 4096 + self.noise.next()) & 0xFFFFFF
        self.registers[0x28] = code & 0xFF
        self.registers[0x29] = (code >> 8) & 0xFF
        self.registers[0x2A] = code >> 16
        self.registers[0x27] |= 0x01


class MprChip:
    """Honeywell MPRLS0025PA: a command starts a conversion of 5 ms; then standby.

    Attributes:
        pa: the pressure that its membrane feels.
        busy: the conversion never ends.
        flags: further status bits: 0x04 memory integrity, 0x01 math saturation.
    """

    def __init__(self, time, pa=101_325):
        self._time = time
        self.pa = pa
        self.busy = False
        self.flags = 0
        self.noise = Noise()
        self._code = 0
        self._ready_us = -1

    def write(self, data):
        assert len(data) == 3 and data[0] == 0xAA and data[1] == 0 and data[2] == 0
        assert self._ready_us <= self._time.us, "a command during a conversion"
        self._code = 1_677_722 + self.pa * 10_000_000 // 128_425 + self.noise.next()
        self._ready_us = self._time.us + 5_000

    def read(self, buffer):
        busy = self.busy or self._time.us < self._ready_us
        buffer[0] = 0x40 | (0x20 if busy else 0) | self.flags
        if len(buffer) > 1:
            buffer[1] = (self._code >> 16) & 0xFF
            buffer[2] = (self._code >> 8) & 0xFF
            buffer[3] = self._code & 0xFF


class Hx711Chip:
    """Avia HX711 on two pins: figure 2 (serial), figure 3 (power-down), 10 conversions a second.

    Attributes:
        code: what the load cell makes of its load, signed, 24 bits.
        dead: it drives its line no more, which the pull-up holds high.
        shorted: its line is shorted to ground.
    """

    PERIOD_US = 100_000
    SETTLING_US = 400_000

    def __init__(self, time, code=0):
        self._time = time
        self.code = code
        self.dead = False
        self.shorted = False
        self.noise = Noise()
        self.held = False
        self._word = 0
        self._pulses = 0
        self._clock = 0
        self._rose_us = 0
        self._ready_us = time.us + self.SETTLING_US

    def data(self):
        """Return the level of DOUT."""
        if self.shorted:
            return 0
        if self.dead or self._is_down():
            return 1
        if self._pulses == 0:
            return 0 if self._time.us >= self._ready_us else 1
        if self._pulses <= 24:
            return (self._word >> (24 - self._pulses)) & 1
        return 1

    def clock(self, level):
        """Set the level of PD_SCK."""
        if level and not self._clock:
            self._rose_us = self._time.us
            if self._pulses == 0 and self._time.us >= self._ready_us:
                self._word = (self.code + self.noise.next()) & 0xFFFFFF
                if self.code in (0x7FFFFF, -0x800000):
                    self._word = self.code & 0xFFFFFF
            if self._time.us >= self._ready_us:
                self._pulses += 1
        if self._clock and not level:
            if self._is_down():
                self._pulses = 0
                self._ready_us = self._time.us + self.SETTLING_US
            elif self._pulses == 25:
                self._pulses = 0
                self._ready_us += self.PERIOD_US
                if self._ready_us < self._time.us:
                    self._ready_us = self._time.us + self.PERIOD_US
        self._clock = level

    def _is_down(self):
        return self._clock == 1 and self._time.us - self._rose_us > 60


class DataPin:
    def __init__(self, chip):
        self._chip = chip

    def __call__(self):
        return self._chip.data()


class ClockPin:
    def __init__(self, chip):
        self._chip = chip

    def __call__(self, level):
        self._chip.clock(level)

    def init(self, hold):
        self._chip.held = hold
