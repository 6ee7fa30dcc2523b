"""What all pressure sensors share: suction out of absolute pressure, faults, and recovery."""

from lullaflow_protocol import wire

from .ambient import Ambient

# What `_poll` returns instead of a pressure.
NOTHING_NEW = -1
SATURATED = -2
CORRUPT = -3

_PATIENCE = 5  # polls, 100 ms, without a new conversion until it is a fault
_RETRY = 50  # polls, 1 s, between two attempts to set the chip up anew
_STUCK = 25  # conversions of the very same 24-bit code: the chips' noise alone is many codes

# 1 mmHg is 133.322 Pa, so a step of the wire is 133,322 / 5,000 Pa.
_STEPS = 5_000
_PER_PA = 133_322
_ZERO = -wire.VACUUM_OFFSET_MMHG * wire.VACUUM_STEPS_PER_MMHG


class Gauge:
    """A pressure sensor on an I2C bus, as a `Sensor` of the application (see `board`).

    What a chip has of its own are three methods, any of which may raise OSError when the chip does
    not answer: `_begin` sets it up, `_poll` returns the pressure of a new conversion in Pa or one
    of the codes above and leaves the raw code in `_code`, `_doze` makes it save power while `look`
    still works.

    Args:
        i2c: a `machine.I2C`.
        address: of the chip, 7 bits.

    Attributes:
        fault: one of wire.FAULT_.
        ambient: the air's pressure.
    """

    def __init__(self, i2c, address):
        self._i2c = i2c
        self._address = address
        self._code = -1
        self._last_code = -1
        self._same = 0
        self._missed = 0
        self._wait = 1  # polls until the chip is set up anew; 0 while it works
        self.fault = wire.FAULT_NONE
        self.ambient = Ambient()

    def read(self):
        """Return the suction of this moment as a raw sample of the wire. Allocates nothing."""
        try:
            if self._wait:
                self._wait -= 1
                if self._wait == 0:
                    self._begin()
                    self._missed = 0
                return wire.VACUUM_NONE
            pa = self._poll()
        except OSError:
            self.fault = wire.FAULT_ABSENT
            self._wait = _RETRY
            return wire.VACUUM_NONE
        if pa == NOTHING_NEW:
            self._miss()
            return wire.VACUUM_NONE
        self._missed = 0
        if pa < 0:
            self.fault = wire.FAULT_SATURATED if pa == SATURATED else wire.FAULT_CHECKSUM
            return wire.VACUUM_NONE
        if self._is_stuck():
            self.fault = wire.FAULT_STUCK
            return wire.VACUUM_NONE
        return self._suction(pa)

    def doze(self):
        """Let the chip save power; from now on only `look` is called."""
        try:
            self._doze()
        except OSError:
            pass  # absent: it saves power by itself

    def look(self):
        """Return the pressure in Pa while dozing, None when there is none."""
        try:
            pa = self._poll()
        except OSError:
            return None
        return pa if pa >= 0 else None

    def _miss(self):
        self._missed += 1
        if self._missed >= _PATIENCE:
            self.fault = wire.FAULT_NOT_READY
        if self._missed >= _RETRY:
            # The chip may have lost its supply for a moment, and with it what it was told.
            self._wait = 1

    def _is_stuck(self):
        if self._code != self._last_code:
            self._last_code = self._code
            self._same = 0
            return False
        if self._same < _STUCK:
            self._same += 1
        return self._same == _STUCK

    def _suction(self, pa):
        self.ambient.add(pa)
        air = self.ambient.pa
        if air == 0:
            self.fault = wire.FAULT_NONE
            return wire.VACUUM_NONE
        value = _ZERO + ((air - pa) * _STEPS + _PER_PA // 2) // _PER_PA
        if value < 0 or value > wire.VACUUM_MAX:
            # Beyond what any pump reaches: no number rather than a wrong one.
            self.fault = wire.FAULT_SATURATED
            return wire.VACUUM_NONE
        self.fault = wire.FAULT_NONE
        return wire.VACUUM_GOOD | value
