"""The wire between board and host, version 1: constants, layouts, and their codec.

Runs unchanged on MicroPython and CPython. What the board does for every sample and frame packs into
a buffer that it was given and allocates nothing: all arithmetic stays within 30 bits, the small
integers of a 32-bit board, which is why 32-bit numbers come as two halves there. All integers are
little endian.
"""

import struct

try:
    from binascii import crc_hqx  # the same check sum, in C
except ImportError:  # MicroPython
    crc_hqx = None

try:
    from micropython import const
except ImportError:  # CPython

    def const(value):
        """Return `value`; MicroPython's compiler folds it instead."""
        return value


VERSION = const(1)

# --- GATT -----------------------------------------------------------------------------------------

SERVICE_UUID = "6c750001-6c61-466c-8f77-4c657444776e"
STREAM_UUID = "6c750002-6c61-466c-8f77-4c657444776e"  # notify
CONTROL_UUID = "6c750003-6c61-466c-8f77-4c657444776e"  # write with response, indicate
STATUS_UUID = "6c750004-6c61-466c-8f77-4c657444776e"  # read, notify

# --- Frame ----------------------------------------------------------------------------------------

FRAME_MS = const(500)
VACUUM_PERIOD_MS = const(20)
WEIGHT_PERIOD_MS = const(100)
VACUUM_PER_FRAME = const(25)  # FRAME_MS / VACUUM_PERIOD_MS
WEIGHT_PER_FRAME = const(5)  # FRAME_MS / WEIGHT_PERIOD_MS

HAS_LEFT_VACUUM = const(0x01)
HAS_LEFT_WEIGHT = const(0x02)
HAS_RIGHT_VACUUM = const(0x04)
HAS_RIGHT_WEIGHT = const(0x08)
ALL_CHANNELS = const(0x0F)

CHANNELS = ("left_vacuum", "left_weight", "right_vacuum", "right_weight")

HEADER = "<BBHIIBB"  # version, flags, boot id, sequence number, device ms, vacuum and weight counts
HEADER_SIZE = const(14)
CRC_SIZE = const(2)
MAX_FRAME_SIZE = const(112)  # 14 + 2 * (38 + 10) + 2

# A vacuum sample has 12 bits: quality (1 = good) and an 11-bit value in steps of 0.2 mmHg from
# -40 mmHg, so 369.2 mmHg at most: the strongest pumps reach 285 +/- 20 mmHg (FDA K211024).
VACUUM_GOOD = const(0x800)
VACUUM_NONE = const(0x7FF)
VACUUM_MAX = const(0x7FE)
VACUUM_STEPS_PER_MMHG = const(5)
VACUUM_OFFSET_MMHG = const(-40)

# A weight sample has 16 bits: quality and a 15-bit value in steps of 0.02 g from -100 g, so 555 g
# at most: a full 240 ml bottle weighs about 330 g, a hand on it may add 200 g.
WEIGHT_GOOD = const(0x8000)
WEIGHT_NONE = const(0x7FFF)
WEIGHT_MAX = const(0x7FFE)
WEIGHT_STEPS_PER_G = const(50)
WEIGHT_OFFSET_G = const(-100)

# --- Notification ---------------------------------------------------------------------------------
# One byte, then as much of the frame as fits; the fragments of two frames never interleave.

FRAGMENT_INDEX = const(0x3F)
FRAGMENT_REPLAYED = const(0x40)
FRAGMENT_LAST = const(0x80)
ATT_NOTIFY_OVERHEAD = const(3)  # opcode and handle (Core 6.0, vol 3, part F, 3.4.7.1)
MIN_ATT_MTU = const(23)
MAX_ATT_MTU = const(247)

# --- Control --------------------------------------------------------------------------------------

CMD_STREAM = const(1)  # u8 on
CMD_REPLAY = const(2)  # u32 first sequence number, u16 count
CMD_STATISTICS = const(3)
CMD_IDENTIFY = const(4)  # u8 seconds
CMD_TARE = const(5)  # u8 sides
CMD_CALIBRATE = const(6)  # u8 side, u32 known mass in mg
CMD_SET_NAME = const(7)  # utf-8, 1 to MAX_NAME_SIZE bytes
CMD_LOGS = const(8)  # u8 how many of the newest entries to pass over
CMD_BTHOME = const(9)  # u8 0: off; or u8 1 and a bind key of 16 bytes

REPLY = const(0x80)  # set in the opcode of a reply

LEFT = const(0x01)
RIGHT = const(0x02)
BOTH = const(0x03)

OK = const(0)
BAD_VERSION = const(1)
UNKNOWN_COMMAND = const(2)
BAD_LENGTH = const(3)
BAD_VALUE = const(4)
BUSY = const(5)
NOT_READY = const(6)
NOT_IN_BUFFER = const(7)
STORAGE_FAILED = const(8)

COMMAND_HEADER_SIZE = const(3)  # version, opcode, token
REPLY_HEADER_SIZE = const(4)  # version, opcode with REPLY, token, status
MAX_CONTROL_SIZE = const(20)  # fits the smallest ATT MTU
MAX_NAME_SIZE = const(17)

REPLAY_PAYLOAD = "<IH"  # asked for, and what will be sent (count 0: nothing of it is kept)
CALIBRATE_PAYLOAD = "<BI"
# entries kept; then the one asked for, if there is one: kind, detail, boot id, uptime in s
LOGS_PAYLOAD = "<BBBHI"
LOG_RESET = const(1)  # detail: the cause, one of RESET_
LOG_FAULT = const(2)  # detail: the channel in the high half, FAULT_ in the low one
BIND_KEY_SIZE = const(16)
# ticks taken late, worst lateness (ms), notifications refused for want of memory, resets so far
STATISTICS_PAYLOAD = "<IHII"

# --- Status ---------------------------------------------------------------------------------------

# version, firmware major, minor, patch, boot id, oldest and newest buffered sequence number,
# uptime in s (24 bits, as u16 and u8), cause of the last reset, sensor faults (4 bits a channel)
STATUS = "<BBBBHIIHBBH"
STATUS_SIZE = const(20)

RESET_UNKNOWN = const(0)
RESET_POWER_ON = const(1)
RESET_BUTTON = const(2)
RESET_WATCHDOG = const(3)
RESET_WAKE = const(4)
RESET_SOFT = const(5)
RESET_BROWN_OUT = const(6)

FAULT_NONE = const(0)
FAULT_ABSENT = const(1)
FAULT_NOT_READY = const(2)
FAULT_SATURATED = const(3)
FAULT_STUCK = const(4)
FAULT_CHECKSUM = const(5)

FAULT_NAMES = ("none", "absent", "not_ready", "saturated", "stuck", "checksum")


class WireError(ValueError):
    """Bytes that this protocol does not allow."""


class LengthError(WireError):
    """Too short, or too long."""


class VersionError(WireError):
    """Another protocol version.

    Attributes:
        version: that of the other side.
    """

    def __init__(self, version):
        super().__init__("protocol version %d, expected %d" % (version, VERSION))
        self.version = version


class CrcError(WireError):
    """The check sum does not fit."""


class RangeError(WireError):
    """A field outside what this version defines."""


class OrderError(WireError):
    """A fragment is missing or out of order."""


# CRC-16/CCITT-FALSE (polynomial 0x1021, start 0xFFFF) by nibbles: a table of 16 costs 32 bytes.
_CRC = struct.pack(
    "<16H",
    *(0x0000, 0x1021, 0x2042, 0x3063, 0x4084, 0x50A5, 0x60C6, 0x70E7),
    *(0x8108, 0x9129, 0xA14A, 0xB16B, 0xC18C, 0xD1AD, 0xE1CE, 0xF1EF),
)


def crc16(buf, size):
    """Return the CRC-16/CCITT-FALSE of the first `size` bytes. Allocates nothing on a board."""
    if crc_hqx is not None:
        return crc_hqx(memoryview(buf)[:size], 0xFFFF)
    crc = 0xFFFF
    i = 0
    while i < size:
        byte = buf[i]
        at = ((crc >> 12) ^ (byte >> 4)) << 1
        crc = ((crc << 4) & 0xFFFF) ^ (_CRC[at] | (_CRC[at + 1] << 8))
        at = ((crc >> 12) ^ (byte & 15)) << 1
        crc = ((crc << 4) & 0xFFFF) ^ (_CRC[at] | (_CRC[at + 1] << 8))
        i += 1
    return crc


def vacuum_size(count):
    """Return the bytes that `count` packed vacuum samples take."""
    return (count * 3 + 1) >> 1


def frame_size(flags, vacuum_count, weight_count):
    """Return the bytes of a frame with these channels."""
    size = HEADER_SIZE + CRC_SIZE
    for bit in (HAS_LEFT_VACUUM, HAS_RIGHT_VACUUM):
        if flags & bit:
            size += vacuum_size(vacuum_count)
    for bit in (HAS_LEFT_WEIGHT, HAS_RIGHT_WEIGHT):
        if flags & bit:
            size += 2 * weight_count
    return size


def _put16(buf, at, value):
    buf[at] = value & 0xFF
    buf[at + 1] = (value >> 8) & 0xFF


def _put_vacuum(buf, at, samples, count):
    i = 0
    while i < count:
        low = samples[i]
        high = samples[i + 1] if i + 1 < count else 0
        buf[at] = low & 0xFF
        buf[at + 1] = ((low >> 8) & 0x0F) | ((high & 0x0F) << 4)
        at += 2
        if i + 1 < count:
            buf[at] = (high >> 4) & 0xFF
            at += 1
        i += 2
    return at


def _put_weight(buf, at, samples, count):
    i = 0
    while i < count:
        _put16(buf, at, samples[i])
        at += 2
        i += 1
    return at


def encode_frame_into(
    buf, flags, boot_id, seq_low, seq_high, t_low, t_high, channels, vacuum_count, weight_count
):
    """Pack one frame into `buf` and return its size in bytes. Allocates nothing.

    `channels` holds four sequences of raw samples in the order of `CHANNELS`; those whose flag is
    not set are not looked at. Sequence number and device time (ms) come as 16-bit halves.
    """
    buf[0] = VERSION
    buf[1] = flags
    _put16(buf, 2, boot_id)
    _put16(buf, 4, seq_low)
    _put16(buf, 6, seq_high)
    _put16(buf, 8, t_low)
    _put16(buf, 10, t_high)
    buf[12] = vacuum_count
    buf[13] = weight_count
    at = HEADER_SIZE
    if flags & HAS_LEFT_VACUUM:
        at = _put_vacuum(buf, at, channels[0], vacuum_count)
    if flags & HAS_LEFT_WEIGHT:
        at = _put_weight(buf, at, channels[1], weight_count)
    if flags & HAS_RIGHT_VACUUM:
        at = _put_vacuum(buf, at, channels[2], vacuum_count)
    if flags & HAS_RIGHT_WEIGHT:
        at = _put_weight(buf, at, channels[3], weight_count)
    _put16(buf, at, crc16(buf, at))
    return at + CRC_SIZE


class Frame:
    """A decoded frame.

    Attributes:
        flags: which channels it has.
        boot_id: changes with every start of the board.
        seq: sequence number within the boot, modulo 2**32.
        t_ms: device time of the first sample, ms since the board's start, modulo 2**32.
        channels: raw samples of the four channels in the order of `CHANNELS`, None when absent.
    """

    def __init__(self, flags, boot_id, seq, t_ms, channels):
        self.flags = flags
        self.boot_id = boot_id
        self.seq = seq
        self.t_ms = t_ms
        self.channels = channels


def _get_vacuum(data, at, count):
    samples = []
    for i in range(count):
        byte = at + (i >> 1) * 3
        if i & 1:
            samples.append((data[byte + 1] >> 4) | (data[byte + 2] << 4))
        else:
            samples.append(data[byte] | ((data[byte + 1] & 0x0F) << 8))
    return samples


def decode_frame(data):
    """Take one frame apart.

    Raises:
        LengthError, VersionError, CrcError, RangeError: what is wrong with it.
    """
    size = len(data)
    if size < HEADER_SIZE + CRC_SIZE:
        raise LengthError("a frame has at least 16 bytes, this one has %d" % size)
    version, flags, boot_id, seq, t_ms, vacuum_count, weight_count = struct.unpack_from(
        HEADER, data, 0
    )
    if version != VERSION:
        raise VersionError(version)
    if size != frame_size(flags, vacuum_count, weight_count):
        raise LengthError("the header does not fit a frame of %d bytes" % size)
    if crc16(data, size - CRC_SIZE) != data[size - 2] | (data[size - 1] << 8):
        raise CrcError("the frame's check sum does not fit")
    if flags & ~ALL_CHANNELS:
        raise RangeError("unknown frame flags 0x%02x" % flags)
    if vacuum_count > VACUUM_PER_FRAME or weight_count > WEIGHT_PER_FRAME:
        raise RangeError(
            "a frame holds at most %d + %d samples" % (VACUUM_PER_FRAME, WEIGHT_PER_FRAME)
        )
    channels = []
    at = HEADER_SIZE
    for i in range(4):
        if not flags & (1 << i):
            channels.append(None)
        elif i & 1:
            channels.append(list(struct.unpack_from("<%dH" % weight_count, data, at)))
            at += 2 * weight_count
        else:
            channels.append(_get_vacuum(data, at, vacuum_count))
            at += vacuum_size(vacuum_count)
    return Frame(flags, boot_id, seq, t_ms, tuple(channels))


def vacuum_mmhg(raw):
    """Return a raw vacuum sample in mmHg of suction, None when it is no sample or a bad one."""
    value = raw & 0x7FF
    if value == VACUUM_NONE or not raw & VACUUM_GOOD:
        return None
    return value / VACUUM_STEPS_PER_MMHG + VACUUM_OFFSET_MMHG


def weight_g(raw):
    """Return a raw weight sample in g, None when it is no sample or a bad one."""
    value = raw & 0x7FFF
    if value == WEIGHT_NONE or not raw & WEIGHT_GOOD:
        return None
    return value / WEIGHT_STEPS_PER_G + WEIGHT_OFFSET_G


def vacuum_raw(mmhg):
    """Return a good raw vacuum sample for a suction in mmHg, clamped to the range of the wire."""
    value = int((mmhg - VACUUM_OFFSET_MMHG) * VACUUM_STEPS_PER_MMHG + 0.5)
    return VACUUM_GOOD | min(max(value, 0), VACUUM_MAX)


def weight_raw(grams):
    """Return a good raw weight sample for a mass in g, clamped to the range of the wire."""
    value = int((grams - WEIGHT_OFFSET_G) * WEIGHT_STEPS_PER_G + 0.5)
    return WEIGHT_GOOD | min(max(value, 0), WEIGHT_MAX)


def fragment_into(out, frame, size, index, att_mtu, replayed):
    """Put fragment `index` of a frame of `size` bytes into `out`; return its length.

    The last one has `FRAGMENT_LAST` set; asking further returns 0. Allocates nothing.
    """
    room = att_mtu - ATT_NOTIFY_OVERHEAD - 1
    start = index * room
    if start >= size:
        return 0
    length = size - start
    head = index | (FRAGMENT_REPLAYED if replayed else 0)
    if length > room:
        length = room
    else:
        head |= FRAGMENT_LAST
    out[0] = head
    i = 0
    while i < length:
        out[1 + i] = frame[start + i]
        i += 1
    return length + 1


class Reassembler:
    """Puts notifications together to frames again."""

    def __init__(self):
        self._parts = bytearray()
        self._next = 0
        self._replayed = 0

    def reset(self):
        """Forget what was begun; a new link starts afresh."""
        self._parts = bytearray()
        self._next = 0

    def push(self, notification):
        """Take one notification; return `(frame bytes, replayed)`, or None while more must come.

        Raises:
            LengthError: it is empty, or the parts are longer than any frame.
            OrderError: a fragment before it is missing; what was begun is dropped, and frames that
                begin after this one are whole again.
        """
        if len(notification) < 2:
            self.reset()
            raise LengthError("a notification has at least 2 bytes")
        head = notification[0]
        index = head & FRAGMENT_INDEX
        replayed = head & FRAGMENT_REPLAYED
        torn = self._next != 0 and (index != self._next or replayed != self._replayed)
        if index == 0:
            self.reset()
            self._replayed = replayed
        elif torn or self._next == 0:
            self.reset()
            raise OrderError("fragment %d came without those before it" % index)
        self._parts.extend(notification[1:])
        if len(self._parts) > MAX_FRAME_SIZE:
            self.reset()
            raise LengthError("fragments longer than any frame")
        if head & FRAGMENT_LAST:
            frame = bytes(self._parts)
            self.reset()
            return frame, bool(replayed)
        self._next = index + 1
        return None


class Status:
    """The board's state.

    Attributes:
        firmware: version as `(major, minor, patch)`.
        boot_id: changes with every start.
        oldest_seq: oldest frame that can still be asked for.
        newest_seq: newest frame; before `oldest_seq` (modulo 2**32) when there is none yet.
        uptime_s: seconds since the start.
        reset_cause: one of the RESET_ constants.
        faults: one FAULT_ constant per channel in the order of `CHANNELS`.
    """

    def __init__(self, firmware, boot_id, oldest_seq, newest_seq, uptime_s, reset_cause, faults):
        self.firmware = firmware
        self.boot_id = boot_id
        self.oldest_seq = oldest_seq
        self.newest_seq = newest_seq
        self.uptime_s = uptime_s
        self.reset_cause = reset_cause
        self.faults = faults


def encode_status(status):
    """Return the bytes of a status."""
    faults = 0
    for i in range(4):
        faults |= (status.faults[i] & 15) << (4 * i)
    uptime_s = min(status.uptime_s, 0xFFFFFF)
    return struct.pack(
        STATUS,
        VERSION,
        *status.firmware,
        status.boot_id & 0xFFFF,
        status.oldest_seq & 0xFFFFFFFF,
        status.newest_seq & 0xFFFFFFFF,
        uptime_s & 0xFFFF,
        uptime_s >> 16,
        status.reset_cause & 0xFF,
        faults,
    )


def decode_status(data):
    """Take a status apart. Bytes after the known ones belong to newer boards and are ignored.

    Raises:
        LengthError, VersionError: what is wrong with it.
    """
    if len(data) < 1:
        raise LengthError("an empty status")
    if data[0] != VERSION:
        raise VersionError(data[0])
    if len(data) < STATUS_SIZE:
        raise LengthError("a status has %d bytes, this one has %d" % (STATUS_SIZE, len(data)))
    fields = struct.unpack_from(STATUS, data, 0)
    faults = fields[10]
    return Status(
        fields[1:4],
        fields[4],
        fields[5],
        fields[6],
        fields[7] | (fields[8] << 16),
        fields[9],
        tuple((faults >> (4 * i)) & 15 for i in range(4)),
    )


def encode_command(opcode, token, payload=b""):
    """Return the bytes of a command.

    Raises:
        LengthError: the payload is longer than the smallest ATT MTU carries.
    """
    if len(payload) > MAX_CONTROL_SIZE - COMMAND_HEADER_SIZE:
        raise LengthError("a command's payload has at most 17 bytes")
    return bytes((VERSION, opcode, token & 0xFF)) + payload


def decode_command(data):
    """Return `(opcode, token, payload)` of a command.

    Raises:
        LengthError, VersionError: what is wrong with it.
    """
    if not COMMAND_HEADER_SIZE <= len(data) <= MAX_CONTROL_SIZE:
        raise LengthError("a command has 3 to 20 bytes, this one has %d" % len(data))
    if data[0] != VERSION:
        raise VersionError(data[0])
    return data[1], data[2], bytes(data[3:])


def encode_reply(opcode, token, status, payload=b""):
    """Return the bytes of the reply to a command."""
    if len(payload) > MAX_CONTROL_SIZE - REPLY_HEADER_SIZE:
        raise LengthError("a reply's payload has at most 16 bytes")
    return bytes((VERSION, opcode | REPLY, token & 0xFF, status)) + payload


def decode_reply(data):
    """Return `(opcode, token, status, payload)` of a reply.

    Raises:
        LengthError, VersionError, RangeError: what is wrong with it.
    """
    if not REPLY_HEADER_SIZE <= len(data) <= MAX_CONTROL_SIZE:
        raise LengthError("a reply has 4 to 20 bytes, this one has %d" % len(data))
    if data[0] != VERSION:
        raise VersionError(data[0])
    if not data[1] & REPLY:
        raise RangeError("opcode 0x%02x is no reply" % data[1])
    return data[1] & ~REPLY & 0xFF, data[2], data[3], bytes(data[4:])


def unpack_payload(layout, payload):
    """Return the fields of a payload. Bytes after the known ones are ignored, as in a status.

    Raises:
        LengthError: it is too short.
    """
    size = struct.calcsize(layout)
    if len(payload) < size:
        raise LengthError("a payload of %d bytes, this one has %d" % (size, len(payload)))
    return struct.unpack_from(layout, payload, 0)
