"""ST LPS33HW: absolute pressure, 260 to 1260 hPa, behind a gel that water does not harm.

Data sheet DocID030522 Rev 1, "Register mapping" and "Register description"; addresses and bits as
in ST's own lps33hw-pid driver. 350 mmHg of suction leave 546 hPa at sea level and 290 hPa at
2,400 m, still inside its range. Its gel is made for splashes, not for milk: it stands behind the
hydrophobic filter, as every sensor here. Common as a module with a port for tubing. SA0 chooses
between two addresses, so both sides share one bus.
"""

from micropython import const

from .gauge import NOTHING_NEW, SATURATED, Gauge

SA0_LOW = const(0x5C)
SA0_HIGH = const(0x5D)

_WHO_AM_I = const(0x0F)
_LPS33HW = const(0xB1)
_CTRL_REG1 = const(0x10)
_RES_CONF = const(0x1A)
_STATUS = const(0x27)  # and the three bytes of PRESS_OUT after it, highest last
_PRESSURE_READY = const(0x01)

_POWER_DOWN = b"\x00"
# Block data update, so that the three bytes belong together. The filter stays off: unfiltered noise
# is below a step of the wire, and a filter would round the pump's edges.
_ODR_75_HZ = b"\x52"
_ODR_1_HZ = b"\x12"
_LOW_NOISE = b"\x00"
_LOW_CURRENT = b"\x01"

# 4,096 codes a hPa ("Interpreting pressure readings").
_LOWEST = const(260 * 4096)
_HIGHEST = const(1260 * 4096)

_NO_SUCH_DEVICE = const(19)


class Lps33hw(Gauge):
    """The sensor of one side; it converts by itself, faster than it is asked."""

    def __init__(self, i2c, address):
        super().__init__(i2c, address)
        self._byte = bytearray(1)
        self._data = bytearray(4)

    def _begin(self):
        self._i2c.readfrom_mem_into(self._address, _WHO_AM_I, self._byte)
        if self._byte[0] != _LPS33HW:
            raise OSError(_NO_SUCH_DEVICE)
        self._set_up(_LOW_NOISE, _ODR_75_HZ)

    def _doze(self):
        self._set_up(_LOW_CURRENT, _ODR_1_HZ)

    def _set_up(self, current, rate):
        # RES_CONF may only be changed in power-down mode.
        self._i2c.writeto_mem(self._address, _CTRL_REG1, _POWER_DOWN)
        self._i2c.writeto_mem(self._address, _RES_CONF, current)
        self._i2c.writeto_mem(self._address, _CTRL_REG1, rate)

    def _poll(self):
        data = self._data
        self._i2c.readfrom_mem_into(self._address, _STATUS, data)
        if not data[0] & _PRESSURE_READY:
            return NOTHING_NEW
        code = data[1] | (data[2] << 8) | (data[3] << 16)
        self._code = code
        if code < _LOWEST or code > _HIGHEST:  # negative codes count as above
            return SATURATED
        return code * 25 >> 10  # 100 / 4096 Pa a code; 28 bits at most
