"""Avia HX711 with a small load cell under the bottle: 24 bits at gain 128, ten times a second.

Data sheet "HX711" (English): serial interface with its timing in figure 2, reset and power-down
under that title, output data rate and settling in table "Key Electrical Characteristics". RATE is
low, as on the common module: the chip's own filter averages over 100 ms and rejects 50 and 60 Hz,
so nothing is averaged here.
"""

import machine
from micropython import const

from lullaflow_firmware.settings import ZERO_RAW
from lullaflow_protocol import wire

_BITS = const(24)
_LOWEST = const(-0x800000)  # what the chip says beyond its range
_HIGHEST = const(0x7FFFFF)

# Its clock and ours drift past each other, so a reading may find no new conversion once or twice:
# the last one still counts. It is a fault after 300 ms.
_PATIENCE = const(3)
_SETTLING = const(5)  # readings; the first conversion after power-up takes 400 ms
_RESET_AFTER = const(20)  # readings, 2 s without a conversion
_STUCK = const(20)  # conversions of the very same code: noise alone is a dozen codes


class Hx711:
    """The scale of one side, as a `Sensor` of the application (see `board`).

    Args:
        data: pin DOUT, an input with pull-up, so that a missing chip reads as not ready.
        clock: pin PD_SCK, an output.
        codes_per_step: nominal codes for a step of the wire (0.02 g); negative when the load cell
            is mounted upside down. A cell of 1 kg with 1 mV/V gives 0.001 / (0.5 / 128) of 2**23
            codes for 1 kg, that is 43 a step; calibration does the rest.

    Attributes:
        fault: one of wire.FAULT_.
    """

    def __init__(self, data, clock, codes_per_step=43):
        self._data = data
        self._clock = clock
        self._codes_per_step = codes_per_step
        self._raw = wire.WEIGHT_NONE
        self._code = 0
        self._same = 0
        self._missed = -_SETTLING
        self._ever = False
        self._resetting = False
        self.fault = wire.FAULT_NONE
        clock.init(hold=False)
        clock(0)

    def read(self):
        """Return the weight of this moment as a raw sample of the wire. Allocates nothing."""
        if self._resetting:
            # High since the last reading, far longer than the 60 us that power the chip down.
            self._clock(0)
            self._resetting = False
            return wire.WEIGHT_NONE
        if self._data():
            return self._miss()
        self._missed = 0
        code = self._shift_in()
        if code == 0 and not self._data():
            # The 25th pulse lets go of the line (figure 2): a short circuit holds it low.
            return self._fail(wire.FAULT_ABSENT)
        self._ever = True
        if not _LOWEST < code < _HIGHEST:
            return self._fail(wire.FAULT_SATURATED)
        if self._is_stuck(code):
            return self._fail(wire.FAULT_STUCK)
        value = code // self._codes_per_step + ZERO_RAW
        if value < 0 or value > wire.WEIGHT_MAX:
            return self._fail(wire.FAULT_SATURATED)
        self.fault = wire.FAULT_NONE
        self._raw = wire.WEIGHT_GOOD | value
        return self._raw

    def doze(self):
        """Power the chip and its load cell down; a new start wakes it up."""
        self._clock(1)
        self._clock.init(hold=True)  # the pin would let go in light sleep

    def _shift_in(self):
        code = 0
        i = 0
        while i <= _BITS:
            # An interrupt while the clock is high could last 60 us and power the chip down.
            state = machine.disable_irq()
            self._clock(1)
            self._clock(0)
            machine.enable_irq(state)
            if i < _BITS:  # the 25th chooses channel A with gain 128 for what comes next
                code = (code << 1) | self._data()
            i += 1
        return code - 0x1000000 if code & 0x800000 else code

    def _miss(self):
        self._missed += 1
        if self._missed < _PATIENCE:
            return self._raw
        if self._missed >= _RESET_AFTER:
            self._missed = _PATIENCE  # to settle is no excuse any more
            self._clock(1)
            self._resetting = True
        return self._fail(wire.FAULT_NOT_READY if self._ever else wire.FAULT_ABSENT)

    def _is_stuck(self, code):
        if code != self._code:
            self._code = code
            self._same = 0
            return False
        if self._same < _STUCK:
            self._same += 1
        return self._same == _STUCK

    def _fail(self, fault):
        self.fault = fault
        self._raw = wire.WEIGHT_NONE
        return wire.WEIGHT_NONE
