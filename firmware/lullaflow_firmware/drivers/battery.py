"""The cell's charge, from its voltage over a divider on an ADC pin."""

# The ESP32's ADC is noisy; its data sheets and Espressif's ADC guide ask for many samples (and for
# 100 nF at the pin). The median, for the noise has spikes.
_SAMPLES = 15

# A usual lithium polymer cell of 4.2 V under a light load: millivolts and percent, highest first.
# Between two points the line is straight. At 3.3 V the regulator begins to drop out: empty.
_CURVE = (
    (4150, 100),
    (4020, 90),
    (3870, 70),
    (3800, 50),
    (3730, 30),
    (3680, 15),
    (3550, 5),
    (3300, 0),
)


class Battery:
    """A cell behind a divider of two equal resistors.

    Args:
        adc: a `machine.ADC`.
    """

    def __init__(self, adc):
        self._adc = adc

    def percent(self):
        """Return the charge, 0 to 100."""
        return percent_at(self.millivolts())

    def millivolts(self):
        """Return the cell's voltage in mV."""
        samples = sorted(self._adc.read_uv() for _ in range(_SAMPLES))
        return 2 * samples[_SAMPLES // 2] // 1000


def percent_at(millivolts):
    """Return the charge of a cell at a voltage, 0 to 100."""
    above_mv, above_percent = _CURVE[0]
    if millivolts >= above_mv:
        return above_percent
    for point_mv, point_percent in _CURVE[1:]:
        if millivolts >= point_mv:
            rise = (above_percent - point_percent) * (millivolts - point_mv)
            return point_percent + rise // (above_mv - point_mv)
        above_mv, above_percent = point_mv, point_percent
    return 0
