"""Honeywell MPR, type MPRLS0025PA: absolute pressure, 0 to 25 psi, with a port for a tube.

Data sheet 32332628: the measurement command and the status byte under "I2C communications", the
transfer functions under "Output". Type A spreads 0 to 25 psi over 10 % to 90 % of 24 bits, so it
reads any suction at any altitude. The friendlier of our two to a line with food: the series is made
for medical and household devices, L stands for a long port that takes a tube, S for silicone gel.
Like every sensor here it stands behind a hydrophobic filter all the same, for milk must not get
into a port that cannot be cleaned. Common as a module. All modules have one address: two sides need
two buses.
"""

from micropython import const

from .gauge import CORRUPT, NOTHING_NEW, SATURATED, Gauge

ADDRESS = const(0x18)

_MEASURE = b"\xaa\x00\x00"  # takes 5 ms, then the chip falls into standby by itself

_POWERED = const(0x40)
_BUSY = const(0x20)
_MEMORY_FAILED = const(0x04)
_MATH_SATURATED = const(0x01)

_LOWEST = const(1_677_722)  # 10 % of 2**24: 0 psi
_HIGHEST = const(15_099_494)  # 90 % of 2**24: 25 psi

_NO_SUCH_DEVICE = const(19)


class Mpr(Gauge):
    """The sensor of one side: each poll fetches a conversion and starts the next."""

    def __init__(self, i2c, address=ADDRESS):
        super().__init__(i2c, address)
        self._data = bytearray(4)

    def _begin(self):
        self._i2c.writeto(self._address, _MEASURE)

    def _doze(self):
        pass

    def _poll(self):
        data = self._data
        self._i2c.readfrom_into(self._address, data)
        status = data[0]
        if not status & _POWERED:
            raise OSError(_NO_SUCH_DEVICE)
        if status & _BUSY:
            return NOTHING_NEW
        self._i2c.writeto(self._address, _MEASURE)
        if status & _MEMORY_FAILED:
            return CORRUPT
        code = (data[1] << 16) | (data[2] << 8) | data[3]
        self._code = code
        if status & _MATH_SATURATED or code < _LOWEST or code > _HIGHEST:
            return SATURATED
        # 25 psi are 172,369 Pa: 16 codes are 15 / 73 Pa, 2 in a million off, in 24 bits.
        return ((code - _LOWEST) >> 4) * 15 // 73
