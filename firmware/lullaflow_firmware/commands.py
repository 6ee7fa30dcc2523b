"""What a host may ask of the board, each answered with a status."""

import struct

from lullaflow_protocol import wire

from .settings import SCALE_ONE, ZERO_RAW

MAX_IDENTIFY_S = 60
MIN_KNOWN_MG = 5_000  # lighter masses drown in the noise of a small load cell
_MAX_SCALE = 2 * SCALE_ONE - 1  # a load cell further off than this is another load cell


class Commands:
    """Carries commands out.

    Args:
        settings: what may be changed for good.
        sampler: for tare, calibration and statistics.
        stream: what is sent.
        peripheral: for the name on the air.
        identify: called with seconds; blinks the LED.
        refused: returns how many notifications the stack refused so far.
        log: the last resets and faults.
        bthome: what is broadcast to the house.
    """

    def __init__(self, settings, sampler, stream, peripheral, identify, refused, log, bthome):
        self._settings = settings
        self._sampler = sampler
        self._stream = stream
        self._peripheral = peripheral
        self._identify = identify
        self._refused = refused
        self._log = log
        self._bthome = bthome
        # opcode: (size of the payload, or None when it varies, and what carries it out)
        self._table = {
            wire.CMD_STREAM: (1, self._stream_on_off),
            wire.CMD_REPLAY: (6, self._replay),
            wire.CMD_STATISTICS: (0, self._statistics),
            wire.CMD_IDENTIFY: (1, self._blink),
            wire.CMD_TARE: (1, self._tare),
            wire.CMD_CALIBRATE: (5, self._calibrate),
            wire.CMD_SET_NAME: (None, self._set_name),
            wire.CMD_LOGS: (1, self._logs),
            wire.CMD_BTHOME: (None, self._broadcast),
        }

    def answer(self, data):
        """Carry out one command and return the bytes of its reply."""
        opcode = data[1] & 0x7F if len(data) > 1 else 0
        token = data[2] if len(data) > 2 else 0
        try:
            opcode, token, payload = wire.decode_command(data)
        except wire.VersionError:
            return wire.encode_reply(opcode, token, wire.BAD_VERSION)
        except wire.LengthError:
            return wire.encode_reply(opcode, token, wire.BAD_LENGTH)
        entry = self._table.get(opcode)
        if entry is None:
            return wire.encode_reply(opcode & 0x7F, token, wire.UNKNOWN_COMMAND)
        size, carry_out = entry
        if size is not None and len(payload) != size:
            return wire.encode_reply(opcode, token, wire.BAD_LENGTH)
        status, result = carry_out(payload)
        return wire.encode_reply(opcode, token, status, result)

    def _stream_on_off(self, payload):
        if payload[0] == 1:
            self._stream.start()
        elif payload[0] == 0:
            self._stream.stop()
        else:
            return wire.BAD_VALUE, b""
        return wire.OK, b""

    def _replay(self, payload):
        seq, count = struct.unpack(wire.REPLAY_PAYLOAD, payload)
        first, sent = self._stream.replay(seq, count)
        status = wire.OK if sent else wire.NOT_IN_BUFFER
        return status, struct.pack(wire.REPLAY_PAYLOAD, first, sent)

    def _statistics(self, _payload):
        sampler = self._sampler
        fields = (sampler.late_ticks, sampler.worst_late_ms, self._refused(), self._settings.boots)
        return wire.OK, struct.pack(wire.STATISTICS_PAYLOAD, *fields)

    def _blink(self, payload):
        if not 1 <= payload[0] <= MAX_IDENTIFY_S:
            return wire.BAD_VALUE, b""
        self._identify(payload[0])
        return wire.OK, b""

    def _tare(self, payload):
        asked = payload[0]
        sides = [side for side in (0, 1) if asked & (1 << side) and self._has_scale(side)]
        # 'Both' means those that there are: whoever asks need not know the board.
        if not sides or asked & ~wire.BOTH:
            return wire.BAD_VALUE, b""
        zeros = list(self._settings.zeros)
        for side in sides:
            raw = self._sampler.steady_raw(side)
            if raw is None:
                return wire.NOT_READY, b""
            zeros[side] = raw
        return self._keep("zeros", zeros)

    def _calibrate(self, payload):
        which, known_mg = struct.unpack(wire.CALIBRATE_PAYLOAD, payload)
        if which not in (wire.LEFT, wire.RIGHT) or known_mg < MIN_KNOWN_MG:
            return wire.BAD_VALUE, b""
        side = which - 1
        if not self._has_scale(side):
            return wire.BAD_VALUE, b""
        raw = self._sampler.steady_raw(side)
        if raw is None:
            return wire.NOT_READY, b""
        shown = raw - self._settings.zeros[side]
        true = known_mg * wire.WEIGHT_STEPS_PER_G // 1000
        if shown <= 0 or true > wire.WEIGHT_MAX - ZERO_RAW:
            return wire.BAD_VALUE, b""
        scale = (true * SCALE_ONE + shown // 2) // shown
        if not SCALE_ONE // 2 <= scale <= _MAX_SCALE:
            return wire.BAD_VALUE, b""
        scales = list(self._settings.scales)
        scales[side] = scale
        return self._keep("scales", scales)

    def _has_scale(self, side):
        return self._sampler.flags & (wire.HAS_LEFT_WEIGHT, wire.HAS_RIGHT_WEIGHT)[side]

    def _set_name(self, payload):
        try:
            name = payload.decode()
        except UnicodeError:
            return wire.BAD_VALUE, b""
        if not name or len(payload) > wire.MAX_NAME_SIZE or not is_printable(name):
            return wire.BAD_VALUE, b""
        result = self._keep("name", name)
        self._peripheral.rename()
        return result

    def _logs(self, payload):
        return wire.OK, self._log.reply(payload[0])

    def _broadcast(self, payload):
        on = bool(payload) and payload[0] == 1
        if len(payload) != (1 + wire.BIND_KEY_SIZE if on else 1):
            return wire.BAD_LENGTH, b""
        if payload[0] > 1:
            return wire.BAD_VALUE, b""
        try:
            self._bthome.set_key(payload[1:] if on else None)
        except OSError:
            return wire.STORAGE_FAILED, b""
        return wire.OK, b""

    def _keep(self, setting, value):
        before = getattr(self._settings, setting)
        setattr(self._settings, setting, value)
        try:
            self._settings.save()
        except OSError:
            setattr(self._settings, setting, before)
            return wire.STORAGE_FAILED, b""
        return wire.OK, b""


def is_printable(name):
    """Tell whether a name has no control characters."""
    return all(ord(character) >= 32 and ord(character) != 127 for character in name)
