"""The page's text."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Final

from board_facts import advertising, app, bonds, characteristics, peripheral
from drawing import bit_map, drawn, filled, in_hex, listed, table
from layouts import (
    COMMAND,
    FAULT_MEANINGS,
    FRAME,
    REPLY,
    RESET_MEANINGS,
    STATUS,
    Command,
    commands_by_opcode,
    numbered,
    statuses,
)

from lullaflow_protocol import wire

VECTORS: Final = "protocols/vectors/v1.json"
_ROOT: Final = Path(__file__).parents[2]
_NAMES: Final = {
    wire.SERVICE_UUID: "lullaflow",
    wire.STREAM_UUID: "Stream",
    wire.CONTROL_UUID: "Control",
    wire.STATUS_UUID: "Status",
    "0x180A": "Device Information",
    "0x2A29": "Manufacturer Name",
    "0x2A24": "Model Number",
    "0x2A26": "Firmware Revision",
    "0x180F": "Battery",
    "0x2A19": "Battery Level",
}
_ROOM: Final = wire.MIN_ATT_MTU - wire.ATT_NOTIFY_OVERHEAD - 1
_RING_S: Final = (app.RING_FRAMES - 1) * wire.FRAME_MS // 1000


def page() -> str:
    """Return the whole page."""
    sections = (
        _introduction(),
        _finding(),
        _services(),
        _numbers(),
        _stream(),
        _samples(),
        _counting(),
        _control(),
        _replay(),
        _status(),
        _session(),
        _example(),
        _versions(),
    )
    return "\n".join(filled(section) for section in sections)


def _introduction() -> str:
    return f"""
# The wire

Between board and host, by Bluetooth LE: version {wire.VERSION} of the protocol. This page is
made from the code by `make protocol` and says enough to write another host or another board. What
it calls *the host* is the GATT client and link-layer central; *the board* is server and
peripheral.

The board samples suction and milk weight, packs half a second of both into a *frame*, keeps the
frames of the last minutes, sends new ones as they come, and sends any kept one again when asked. A
host that lost its link asks for what it missed. Nothing drives the pump.
"""


def _finding() -> str:
    said = advertising.advertisement()
    return f"""
## Finding and pairing

The board advertises, connectable and scannable, on legacy channels: every
{advertising.FAST_US / 1000:g} ms for {advertising.FAST_FOR_MS // 1000} s after its start and after
every link's end, then every {advertising.SLOW_US / 1000:g} ms. Its advertising data are the flags
and the service's UUID; its scan response is its name (`Lullaflow` and four hexadecimal digits,
until somebody names it otherwise).

```text
{in_hex(said, 32)}
```

It takes one link at a time, and stops advertising with it. Until they bond, two sides know no
secret: the host pairs by LE Secure Connections, 'Just Works' (no input, no output), **with
bonding**: one that pairs without is disconnected. A new host may bond for
{app.PAIRING_OPEN_MS // 1000} s after power-on or a long press of the button; later ones are
disconnected at once, also one that pairs anew because it lost its key. The board keeps
{bonds.MAX_BONDS} bonds; one more takes the place of the oldest. A bonded host encrypts
with its key as soon as it is connected.

A link that is encrypted *and* bonded is called *secure* here. On any other link the board answers
reads of its name (Device Name, 0x2A00) and Battery Level, refuses all else with an ATT error, sends
nothing and obeys nothing.
"""


def _services() -> str:
    rows = []
    for service, uuid, properties, secret in characteristics():
        who = "a secure link" if secret else "anybody"
        rows.append((_NAMES[service], f"`{service}`", _NAMES[uuid], f"`{uuid}`", properties, who))
    head = ("service", "UUID", "characteristic", "UUID", "properties", "for")
    return f"""
## Services

{table(head, rows)}

The UUIDs hold for every version. A client characteristic configuration may be written on any link;
it does not open anything. Battery Level is one byte, percent. The host may ask for any ATT MTU; the
board grants up to {wire.MAX_ATT_MTU} and does with {wire.MIN_ATT_MTU}.
"""


def _numbers() -> str:
    poly = struct.unpack("<16H", wire._CRC)[1]  # noqa: SLF001 - its table begins 0, polynomial
    return f"""
## Numbers

All integers are unsigned and little endian: `u8`, `u16`, `u32` have 1, 2, 4 bytes. Bit 0 is the
lowest.

The CRC is CRC-16/CCITT-FALSE: polynomial {poly:#06x}, start {wire.crc16(b"", 0):#06x}, bits from
the highest down, nothing reflected or inverted at the end. Of the nine bytes `123456789` it is
{wire.crc16(b"123456789", 9):#06x}.
"""


def _stream() -> str:
    heads = (
        (f"{wire.FRAGMENT_INDEX:#04x}", "index of the part: 0, 1, 2, …"),
        (f"{wire.FRAGMENT_REPLAYED:#04x}", "set: this frame was asked for by replay; clear: live"),
        (f"{wire.FRAGMENT_LAST:#04x}", "set: the last part of its frame"),
    )
    flags = [
        (f"{1 << i:#04x}", name.replace("_", " "), "u16 each" if i & 1 else "packed, see below")
        for i, name in enumerate(wire.CHANNELS)
    ]
    longest = wire.frame_size(wire.ALL_CHANNELS, wire.VACUUM_PER_FRAME, wire.WEIGHT_PER_FRAME)
    parts = -(-longest // _ROOM)
    return f"""
## Stream

Each notification carries one byte and then as much of a frame as fits: the ATT MTU less
{wire.ATT_NOTIFY_OVERHEAD} bytes of ATT's own and this one. At the smallest ATT MTU that is {_ROOM}
bytes, so the longest frame of {longest} bytes takes {parts} parts; from {longest + 4} on it takes
one.

{table(("bits of byte 0", "meaning"), heads)}

The parts of a frame come in order, and those of two frames never mix. A host puts them together
from a part of index 0 to one marked last. When a part does not continue the one before (index or
replay bit), what was begun is dropped; so is anything longer than {wire.MAX_FRAME_SIZE} bytes.

### Frame

{drawn(FRAME)}

{listed(FRAME)}

A frame has {FRAME.size} bytes of header, the samples, and the CRC of all before it as its last
{wire.CRC_SIZE} bytes. Its length follows from flags and counts; any other length is an error, as
are flags not named here and counts above {wire.VACUUM_PER_FRAME} and {wire.WEIGHT_PER_FRAME}.

{table(("flag", "channel", "samples"), flags)}

A board without a sensor leaves its flag clear and sends nothing for it. This firmware always sends
{wire.VACUUM_PER_FRAME} vacuum and {wire.WEIGHT_PER_FRAME} weight samples of each channel that it
has; a host takes fewer as well.
"""


def _samples() -> str:
    good, none = wire.VACUUM_GOOD, wire.VACUUM_NONE
    return f"""
## Samples

Vacuum sample `i` of a frame was taken {wire.VACUUM_PERIOD_MS} ms times `i` after the frame's device
time, weight sample `j` {wire.WEIGHT_PERIOD_MS} ms times `j` after it.

A **vacuum** sample has 12 bits. Bit 11 ({good:#05x}) is its quality: set when the sensor vouches
for it. Bits 0 to 10 are the value `v`: {none} (all set) is 'no sample', else the suction is
`v / {wire.VACUUM_STEPS_PER_MMHG} - {-wire.VACUUM_OFFSET_MMHG}` mmHg below the air:
{wire.vacuum_mmhg(good)} to {wire.vacuum_mmhg(good | wire.VACUUM_MAX)} mmHg. Two samples, `a` then
`b`, share three bytes:

{bit_map("ab", 12, _packed)}

An odd last sample takes two bytes, with the high half of the second clear.

A **weight** sample has 16 bits. Bit 15 ({wire.WEIGHT_GOOD:#06x}) is its quality. Bits 0 to 14 are
the value `w`: {wire.WEIGHT_NONE} is 'no sample', else the scale shows
`w / {wire.WEIGHT_STEPS_PER_G} - {-wire.WEIGHT_OFFSET_G}` g, after tare and calibration:
{wire.weight_g(wire.WEIGHT_GOOD)} to {wire.weight_g(wire.WEIGHT_GOOD | wire.WEIGHT_MAX)} g. Milk has
1.03 g/ml.

'No sample' and a clear quality bit both mean: do not compute with it. A sensor that fails is marked
so, and told in the status; it never sends a number.
"""


def _packed(index: int, bit: int) -> bytes:
    samples = [0, 0]
    samples[index] = 1 << bit
    frame = bytearray(wire.MAX_FRAME_SIZE)
    channels = (samples, None, None, None)
    size = wire.encode_frame_into(
        frame, wire.HAS_LEFT_VACUUM, 0, 0, 0, 0, 0, channels, len(samples), 0
    )
    return bytes(frame[wire.HEADER_SIZE : size - wire.CRC_SIZE])


def _counting() -> str:
    return f"""
## Frames, starts and time

- Frames of one start are numbered without a gap from 0, modulo 2^32: compare numbers by their
  difference modulo 2^32, as a signed 32-bit number. At {1000 // wire.FRAME_MS} frames a second the
  counter wraps after 68 years, but a host must not care.
- A frame lasts {wire.FRAME_MS} ms: within a start, its device time is that of the first frame plus
  {wire.FRAME_MS} times its number. Where the board was late, samples are marked missing, never
  moved.
- The boot id counts starts modulo 2^16. Another boot id is another recording: numbers and time
  begin anew, and what the former start still kept is gone. A board whose flash fails may start
  twice with the same one; then `newest` in its status lies behind what the host has.
- The last {app.RING_FRAMES - 1} frames ({_RING_S} s) are kept; other boards keep 120 s at least.
  What can be asked for stands in the status.
- A host drops a frame whose number it has; live and replayed copies are the same bytes.
"""


def _control() -> str:
    rows = [
        (str(opcode), f"`{name}`", command.does, _fields(command), _answer(command))
        for opcode, name, command in commands_by_opcode()
    ]
    codes = [(number, f"`{name}`", meaning) for number, name, meaning in statuses()]
    return f"""
## Control

The host writes a command (with response) and gets its reply as an indication, so it subscribes
first. Commands are carried out one after the other. A host waits for each reply before it sends the
next command; the board lets {peripheral.MAX_QUEUED_COMMANDS} wait and drops more.

{drawn(COMMAND)}

{listed(COMMAND)}

{drawn(REPLY)}

{listed(REPLY)}

Neither is longer than {wire.MAX_CONTROL_SIZE} bytes, so that they fit every ATT MTU.

{table(("opcode", "command", "what it does", "payload", "payload of the reply"), rows)}

Payloads in order of their bytes. A reply that refuses has none, except `REPLAY`'s.

{table(("status", "name", "meaning"), codes)}
"""


def _fields(command: Command) -> str:
    if command.payload is None:
        return command.text
    return "; ".join(f"{kind} {f.name}: {f.meaning}" for _, _, kind, f in command.payload.places())


def _answer(command: Command) -> str:
    if command.answer is None:
        return "none"
    return "; ".join(f"{kind} {f.name}: {f.meaning}" for _, _, kind, f in command.answer.places())


def _replay() -> str:
    return """
## Replay

- The reply says which frames will come: it begins at the oldest kept when what was asked for begins
  before it, and ends with the newest there is. `NOT_IN_BUFFER` and count 0: nothing of it is kept,
  or it is not sampled yet.
- The frames then come on Stream, in order, marked as replayed, live ones in between: as long as
  both wait, one of each in turn. Replay works with the live stream on or off.
- A further `REPLAY` takes the place of what the former has not sent yet.
- A frame that is overwritten before its turn is left out without a word; asking again tells.
- When a link is slower than the sensors, live frames wait in the same memory, oldest first. When
  even that overflows, the live stream goes on with the newest: the host sees the gap by the
  numbers, and asks for what is still kept of it.
- Sampling never waits for the link.
"""


def _status() -> str:
    resets = numbered("RESET_", RESET_MEANINGS)
    faults = numbered("FAULT_", FAULT_MEANINGS)
    sensors = ", ".join(name.replace("_", " ") for name in wire.CHANNELS)
    return f"""
## Status

Read at any time; renewed every {wire.FRAME_MS} ms, so that it may be a frame behind; notified when
a sensor's fault changes and when the link becomes secure.

{drawn(STATUS)}

{listed(STATUS)}

Four bits of the last field for each sensor: {sensors} (`a`, `b`, `c`, `d` below).

{bit_map("abcd", 4, _fault_bits)}

{table(("cause", "name", "meaning"), [(n, f"`{name}`", m) for n, name, m in resets])}

{table(("fault", "name", "meaning"), [(n, f"`{name}`", m) for n, name, m in faults])}
"""


def _fault_bits(index: int, bit: int) -> bytes:
    faults = [0, 0, 0, 0]
    faults[index] = 1 << bit
    status = wire.encode_status(wire.Status((0, 0, 0), 0, 0, 0, 0, 0, tuple(faults)))
    return status[wire.STATUS_SIZE - struct.calcsize(wire.STATUS[-1]) :]


def _session() -> str:
    return f"""
## A session, step by step

1. Scan for the service's UUID, connect, ask for an ATT MTU of {wire.MAX_ATT_MTU}.
2. Encrypt by the bond; pair and bond when there is none. When the link breaks right after pairing,
   pairing was closed: let a person switch the board off and on.
3. Read Status. Another version: stop, see below.
4. Subscribe to Control (indications), Status and Stream (notifications); write `STREAM` 1.
5. Read Status again, and wait for the first live frame. Its boot id is known: ask by `REPLAY` for
   what lies between the last frame of the former link and this one. It is not: for everything from
   `oldest` on. A gap in the numbers later on is asked for in the same way.
6. Ask in portions of at most a few dozen frames, so that a link that breaks again costs little.
   Take frames in the order of their numbers, whichever way they came. What `REPLAY` says is not
   kept is lost: count it.
7. No frame for {20 * wire.FRAME_MS // 1000} s: the link is dead, whatever it says; connect anew.
"""


def _example() -> str:
    vectors = json.loads((_ROOT / VECTORS).read_text("utf-8"))
    vector = next(v for v in vectors["fragments"] if v["att_mtu"] == wire.MIN_ATT_MTU)
    raw = bytes.fromhex(vector["frame"])
    frame = wire.decode_frame(raw)
    parts = "\n".join(bytes.fromhex(part).hex(" ") for part in vector["parts"])
    fields = struct.unpack_from(wire.HEADER, raw)
    rows = [
        (str(at), f"`{raw[at : at + size].hex(' ')}`", field.name, f"{value} ({value:#x})")
        for (at, size, _, field), value in zip(FRAME.places(), fields, strict=True)
    ]
    pair = (frame.channels[0] or [])[:2]
    at = FRAME.size
    rows.append(
        (
            str(at),
            f"`{raw[at : at + 3].hex(' ')}`",
            "left vacuum",
            " ".join(f"{raw:#05x}: {wire.vacuum_mmhg(raw)} mmHg;" for raw in pair) + " and so on",
        )
    )
    at += wire.vacuum_size(wire.VACUUM_PER_FRAME)
    weight = (frame.channels[1] or [])[0]
    rows.append(
        (
            str(at),
            f"`{raw[at : at + 2].hex(' ')}`",
            "left weight",
            f"{weight:#06x}: {wire.weight_g(weight)} g; and so on",
        )
    )
    rows.append(
        (
            str(len(raw) - wire.CRC_SIZE),
            f"`{raw[-wire.CRC_SIZE :].hex(' ')}`",
            "CRC",
            f"{wire.crc16(raw, len(raw) - wire.CRC_SIZE):#06x}",
        )
    )
    asked = wire.encode_command(wire.CMD_REPLAY, 7, struct.pack(wire.REPLAY_PAYLOAD, frame.seq, 20))
    answer = wire.encode_reply(
        wire.CMD_REPLAY, 7, wire.OK, struct.pack(wire.REPLAY_PAYLOAD, frame.seq, 20)
    )
    return f"""
## A worked example

Six notifications at ATT MTU {wire.MIN_ATT_MTU}; the first byte of each counts up, and the last has
{wire.FRAGMENT_LAST:#04x} set:

```text
{parts}
```

They are this frame of {len(raw)} bytes:

```text
{in_hex(raw)}
```

{table(("byte", "bytes", "field", "value"), rows)}

Asking, with token 7, for 20 frames from this one on, and a board that has them all:

```text
host   {asked.hex(" ")}
board  {answer.hex(" ")}
```

More, with what must be refused: [`{VECTORS}`](../{VECTORS}). Once published, a version's vectors
never change.
"""


def _versions() -> str:
    return f"""
## Versions

Byte 0 of every frame, status, command and reply is the protocol's version, in every version, and
the UUIDs stay. So two sides of different versions can always tell, and say, which is older.

Within version {wire.VERSION}:

- A status may grow at its end, and so may a reply's payload up to {wire.MAX_CONTROL_SIZE} bytes. A
  host ignores what it does not know, and takes an unknown reset cause, fault or status code as
  'unknown', not as an error.
- Commands are added. A board answers one that it does not know with `UNKNOWN_COMMAND`; a host then
  says that the firmware is too old for this, and goes on. Opcodes and codes are never given anew.
- Frames do not change: flags, counts, packing and CRC are as here. A host refuses any others.

All else is a new version. A host reads Status first; when its byte 0 is higher than the host's
version, the host is to be updated, when lower, the board. It tells that and asks for nothing more.
A
board answers a command of another version with `BAD_VERSION`, its own version in byte 0, and does
nothing else.
"""
