from collections.abc import MutableSequence, Sequence

Buffer = bytes | bytearray | memoryview

VERSION: int
SERVICE_UUID: str
STREAM_UUID: str
CONTROL_UUID: str
STATUS_UUID: str
FRAME_MS: int
VACUUM_PERIOD_MS: int
WEIGHT_PERIOD_MS: int
VACUUM_PER_FRAME: int
WEIGHT_PER_FRAME: int
HAS_LEFT_VACUUM: int
HAS_LEFT_WEIGHT: int
HAS_RIGHT_VACUUM: int
HAS_RIGHT_WEIGHT: int
ALL_CHANNELS: int
CHANNELS: tuple[str, str, str, str]
HEADER: str
HEADER_SIZE: int
CRC_SIZE: int
MAX_FRAME_SIZE: int
VACUUM_GOOD: int
VACUUM_NONE: int
VACUUM_MAX: int
VACUUM_STEPS_PER_MMHG: int
VACUUM_OFFSET_MMHG: int
WEIGHT_GOOD: int
WEIGHT_NONE: int
WEIGHT_MAX: int
WEIGHT_STEPS_PER_G: int
WEIGHT_OFFSET_G: int
FRAGMENT_INDEX: int
FRAGMENT_REPLAYED: int
FRAGMENT_LAST: int
ATT_NOTIFY_OVERHEAD: int
MIN_ATT_MTU: int
MAX_ATT_MTU: int
CMD_STREAM: int
CMD_REPLAY: int
CMD_STATISTICS: int
CMD_IDENTIFY: int
CMD_TARE: int
CMD_CALIBRATE: int
CMD_SET_NAME: int
CMD_LOGS: int
CMD_BTHOME: int
REPLY: int
LEFT: int
RIGHT: int
BOTH: int
OK: int
BAD_VERSION: int
UNKNOWN_COMMAND: int
BAD_LENGTH: int
BAD_VALUE: int
BUSY: int
NOT_READY: int
NOT_IN_BUFFER: int
STORAGE_FAILED: int
COMMAND_HEADER_SIZE: int
REPLY_HEADER_SIZE: int
MAX_CONTROL_SIZE: int
MAX_NAME_SIZE: int
REPLAY_PAYLOAD: str
CALIBRATE_PAYLOAD: str
LOGS_PAYLOAD: str
LOG_RESET: int
LOG_FAULT: int
BIND_KEY_SIZE: int
STATISTICS_PAYLOAD: str
STATUS: str
STATUS_SIZE: int
RESET_UNKNOWN: int
RESET_POWER_ON: int
RESET_BUTTON: int
RESET_WATCHDOG: int
RESET_WAKE: int
RESET_SOFT: int
RESET_BROWN_OUT: int
FAULT_NONE: int
FAULT_ABSENT: int
FAULT_NOT_READY: int
FAULT_SATURATED: int
FAULT_STUCK: int
FAULT_CHECKSUM: int
FAULT_NAMES: tuple[str, ...]

class WireError(ValueError): ...
class LengthError(WireError): ...

class VersionError(WireError):
    version: int
    def __init__(self, version: int) -> None: ...

class CrcError(WireError): ...
class RangeError(WireError): ...
class OrderError(WireError): ...

def crc16(buf: Buffer, size: int) -> int: ...
def vacuum_size(count: int) -> int: ...
def frame_size(flags: int, vacuum_count: int, weight_count: int) -> int: ...
def encode_frame_into(
    buf: MutableSequence[int] | bytearray | memoryview,
    flags: int,
    boot_id: int,
    seq_low: int,
    seq_high: int,
    t_low: int,
    t_high: int,
    channels: Sequence[Sequence[int] | None],
    vacuum_count: int,
    weight_count: int,
) -> int: ...

class Frame:
    flags: int
    boot_id: int
    seq: int
    t_ms: int
    channels: tuple[list[int] | None, list[int] | None, list[int] | None, list[int] | None]
    def __init__(
        self,
        flags: int,
        boot_id: int,
        seq: int,
        t_ms: int,
        channels: tuple[list[int] | None, list[int] | None, list[int] | None, list[int] | None],
    ) -> None: ...

def decode_frame(data: Buffer) -> Frame: ...
def vacuum_mmhg(raw: int) -> float | None: ...
def weight_g(raw: int) -> float | None: ...
def vacuum_raw(mmhg: float) -> int: ...
def weight_raw(grams: float) -> int: ...
def fragment_into(
    out: bytearray | memoryview, frame: Buffer, size: int, index: int, att_mtu: int, replayed: bool
) -> int: ...

class Reassembler:
    def reset(self) -> None: ...
    def push(self, notification: Buffer) -> tuple[bytes, bool] | None: ...

class Status:
    firmware: tuple[int, int, int]
    boot_id: int
    oldest_seq: int
    newest_seq: int
    uptime_s: int
    reset_cause: int
    faults: tuple[int, int, int, int]
    def __init__(
        self,
        firmware: tuple[int, int, int],
        boot_id: int,
        oldest_seq: int,
        newest_seq: int,
        uptime_s: int,
        reset_cause: int,
        faults: tuple[int, int, int, int],
    ) -> None: ...

def encode_status(status: Status) -> bytes: ...
def decode_status(data: Buffer) -> Status: ...
def encode_command(opcode: int, token: int, payload: bytes = b"") -> bytes: ...
def decode_command(data: Buffer) -> tuple[int, int, bytes]: ...
def encode_reply(opcode: int, token: int, status: int, payload: bytes = b"") -> bytes: ...
def decode_reply(data: Buffer) -> tuple[int, int, int, bytes]: ...
def unpack_payload(layout: str, payload: Buffer) -> tuple[int, ...]: ...
