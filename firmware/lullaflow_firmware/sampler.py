"""The sampling timer's work: read the sensors, fill frames. It allocates nothing."""

from array import array

from lullaflow_protocol import wire

from .settings import SCALE_ONE, ZERO_RAW

_TICKS_MASK = (1 << 30) - 1  # time.ticks_ms wraps here
_PERIOD = wire.VACUUM_PERIOD_MS
_WEIGHT_EVERY = wire.WEIGHT_PERIOD_MS // wire.VACUUM_PERIOD_MS
_STEADY_READINGS = 10  # one second of weight: longer than a pump's stroke
_STEADY_RAW = 50  # 1 g: a bottle at rest on a pump that runs moves less
# 20 mmHg: no pump is gentler at its strongest, and no hand on the flange is as strong.
_SUCTION_RAW = (20 - wire.VACUUM_OFFSET_MMHG) * wire.VACUUM_STEPS_PER_MMHG


class Sampler:
    """Turns the ticks of the timer into frames in the ring.

    Args:
        clock: see `board`.
        sensors: four, in channel order, None where nothing hangs.
        ring: where frames go.
        settings: tare and calibration.
        boot_id: of this start.
        on_frame: called, still in the timer's interrupt, when a frame is whole.

    Attributes:
        late_ticks: ticks that came a whole period or more after their time; what should have been
            sampled meanwhile is marked as missing.
        worst_late_ms: the worst lateness so far.
        suction: set when there was any; whoever looks clears it.
    """

    def __init__(self, clock, sensors, ring, settings, boot_id, on_frame):
        self._clock = clock
        self._sensors = sensors
        self._ring = ring
        self._settings = settings
        self._boot_id = boot_id
        self._on_frame = on_frame
        self.flags = channel_flags(sensors)
        self._vacuum = (
            array("H", [0] * wire.VACUUM_PER_FRAME),
            array("H", [0] * wire.VACUUM_PER_FRAME),
        )
        self._weight = (
            array("H", [0] * wire.WEIGHT_PER_FRAME),
            array("H", [0] * wire.WEIGHT_PER_FRAME),
        )
        self._channels = (self._vacuum[0], self._weight[0], self._vacuum[1], self._weight[1])
        # The last raw readings of each scale as its driver gave them, for tare and calibration.
        self._recent = (array("H", [0] * _STEADY_READINGS), array("H", [0] * _STEADY_READINGS))
        self._recent_at = 0
        self._latest = array("H", [wire.WEIGHT_NONE, wire.WEIGHT_NONE])
        self._tick = 0  # of the frame being filled
        self._last_ticks = 0
        self._ahead_ms = 0  # how far the samples taken so far are behind the clock
        self._t_low = 0
        self._t_high = 0
        self.late_ticks = 0
        self.worst_late_ms = 0
        self.suction = False
        self.tick = self.tick  # bound once: binding allocates

    def start(self):
        """Begin: the first sample is due with the first tick of the timer."""
        self._last_ticks = self._clock.ticks_ms()
        first_ms = self._last_ticks + _PERIOD
        self._t_low = first_ms & 0xFFFF
        self._t_high = first_ms >> 16

    def tick(self, _timer):
        """Take the samples that are due. Called by the timer every 20 ms."""
        now = self._clock.ticks_ms()
        self._ahead_ms += (now - self._last_ticks) & _TICKS_MASK
        self._last_ticks = now
        late = self._ahead_ms - _PERIOD
        if late >= _PERIOD:
            self.late_ticks += 1
        if late > self.worst_late_ms:
            self.worst_late_ms = late if late < 0xFFFF else 0xFFFF
        while self._ahead_ms >= 2 * _PERIOD:
            self._take(False)
        if self._ahead_ms >= _PERIOD // 2:  # half a period early still counts as in time
            self._take(True)

    def weight_g(self, side):
        """Return what a calibrated scale shows now, in whole g; None when it has no good reading.

        Args:
            side: 0 left, 1 right.
        """
        grams = wire.weight_g(self._latest[side])
        return None if grams is None else int(grams)

    def steady_raw(self, side):
        """Return the mean raw reading of a scale at rest over the last second.

        Args:
            side: 0 left, 1 right.

        Returns:
            None when the scale is absent, has no good readings, or moves.
        """
        if self._sensors[2 * side + 1] is None:
            return None
        lowest, highest, total = 0x7FFF, 0, 0
        for raw in self._recent[side]:
            value = raw & 0x7FFF
            if not raw & wire.WEIGHT_GOOD or value == wire.WEIGHT_NONE:
                return None
            lowest = min(lowest, value)
            highest = max(highest, value)
            total += value
        if highest - lowest > _STEADY_RAW:
            return None
        return (total + _STEADY_READINGS // 2) // _STEADY_READINGS

    def _take(self, present):
        tick = self._tick
        sensors = self._sensors
        side = 0
        while side < 2:
            sensor = sensors[2 * side]
            if sensor is not None:
                raw = sensor.read() if present else wire.VACUUM_NONE
                self._vacuum[side][tick] = raw
                if raw & wire.VACUUM_GOOD and raw & 0x7FF >= _SUCTION_RAW:
                    self.suction = True
            side += 1
        if tick % _WEIGHT_EVERY == 0:
            self._take_weight(tick // _WEIGHT_EVERY, present)
        self._ahead_ms -= _PERIOD
        self._tick = tick + 1
        if self._tick == wire.VACUUM_PER_FRAME:
            self._tick = 0
            self._finish()

    def _take_weight(self, index, present):
        side = 0
        while side < 2:
            sensor = self._sensors[2 * side + 1]
            if sensor is not None:
                raw = sensor.read() if present else wire.WEIGHT_NONE
                self._recent[side][self._recent_at] = raw
                raw = self._calibrated(side, raw)
                self._weight[side][index] = raw
                self._latest[side] = raw
            side += 1
        self._recent_at += 1
        if self._recent_at == _STEADY_READINGS:
            self._recent_at = 0

    def _calibrated(self, side, raw):
        value = raw & 0x7FFF
        if value == wire.WEIGHT_NONE:
            return raw
        value = ((value - self._settings.zeros[side]) * self._settings.scales[side]) // SCALE_ONE
        value += ZERO_RAW
        if value < 0 or value > wire.WEIGHT_MAX:
            # Beyond the wire's range: no number at all, rather than a wrong one.
            return wire.WEIGHT_NONE
        return (raw & wire.WEIGHT_GOOD) | value

    def _finish(self):
        ring = self._ring
        wire.encode_frame_into(
            ring.slot(),
            self.flags,
            self._boot_id,
            ring.next_low,
            ring.next_high,
            self._t_low,
            self._t_high,
            self._channels,
            wire.VACUUM_PER_FRAME,
            wire.WEIGHT_PER_FRAME,
        )
        ring.commit()
        self._t_low += wire.FRAME_MS
        if self._t_low > 0xFFFF:
            self._t_low -= 0x10000
            self._t_high = (self._t_high + 1) & 0xFFFF
        self._on_frame()


def channel_flags(sensors):
    """Return the frame flags for the sensors that a board has."""
    flags = 0
    for i in range(4):
        if sensors[i] is not None:
            flags |= 1 << i
    return flags
