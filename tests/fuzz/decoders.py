"""Everything that takes bytes or text from somewhere else, as the fuzzer calls it.

Each decoder is given an input and may raise its named errors, nothing else. It returns True when it
accepted the input, so that a fuzzer which never gets that far is seen.
"""

from __future__ import annotations

import csv
import io
import struct
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pydantic import ValidationError

from lullaflow.config import Config, ConfigError, load, template
from lullaflow.daemon.knobs import Knobs
from lullaflow.daemon.wishes import Wishes
from lullaflow.link.commands import CommandChannel
from lullaflow.link.intake import Intake
from lullaflow.publish.commands import CommandLane
from lullaflow.session.frames import FrameReader
from lullaflow.session.replay import ReplayError, read_recording
from lullaflow_protocol import wire
from lullaflow_protocol.events import dump_event, parse_event
from lullaflow_protocol.topics import Topics
from lullaflow_sim import standin

standin.install()
from lullaflow_firmware.bonds import Bonds  # noqa: E402
from lullaflow_firmware.bthome import Bthome  # noqa: E402
from lullaflow_firmware.commands import Commands  # noqa: E402
from lullaflow_firmware.log import Log  # noqa: E402
from lullaflow_firmware.records import Record  # noqa: E402
from lullaflow_firmware.ring import Ring  # noqa: E402
from lullaflow_firmware.settings import Settings  # noqa: E402
from lullaflow_firmware.stream import Stream  # noqa: E402

HELD_BYTES = 2 * wire.MAX_FRAME_SIZE


@dataclass(frozen=True)
class Decoder:
    """One way in.

    Attributes:
        run: takes an input; True when it was accepted.
        errors: the named ones.
        seeds: inputs that are accepted.
        longest: bytes of the longest input tried.
    """

    run: Callable[[bytes], bool]
    errors: tuple[type[Exception], ...]
    seeds: tuple[bytes, ...]
    longest: int = 256


# -- the wire, both ends


def a_frame() -> bytes:
    buffer = bytearray(wire.MAX_FRAME_SIZE)
    vacuum, weight = [wire.vacuum_raw(100.0)] * 25, [wire.weight_raw(20.0)] * 5
    channels = (vacuum, weight, vacuum, weight)
    size = wire.encode_frame_into(buffer, wire.ALL_CHANNELS, 7, 41, 0, 20500, 0, channels, 25, 5)
    return bytes(buffer[:size])


def frame(data: bytes) -> bool:
    reader = FrameReader()
    decoded = wire.decode_frame(data)
    rows = reader.samples(decoded).t_s
    assert len(rows) <= wire.VACUUM_PER_FRAME
    assert encoded(decoded, data[12], data[13]) == data
    return True


def encoded(decoded: wire.Frame, vacuums: int, weights: int) -> bytes:
    buffer = bytearray(wire.MAX_FRAME_SIZE)
    halves = (decoded.seq & 0xFFFF, decoded.seq >> 16, decoded.t_ms & 0xFFFF, decoded.t_ms >> 16)
    size = wire.encode_frame_into(
        buffer, decoded.flags, decoded.boot_id, *halves, decoded.channels, vacuums, weights
    )
    return bytes(buffer[:size])


def sealed_frame(data: bytes) -> bool:
    """A frame whose check sum is made right, so that what lies behind it is reached."""
    crc = struct.pack("<H", wire.crc16(data, len(data)))
    decoded = wire.decode_frame(data + crc)
    FrameReader().samples(decoded)
    return True


def notifications(data: bytes) -> bool:
    """Length and notification, again and again."""
    reassembler = wire.Reassembler()
    whole = False
    for part in split(data):
        try:
            whole = reassembler.push(part) is not None or whole
        except wire.WireError:
            continue
        assert len(reassembler._parts) <= HELD_BYTES
    return whole


def split(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        yield data[at + 1 : at + 1 + data[at]]
        at += 1 + data[at]


def status(data: bytes) -> bool:
    told = wire.decode_status(data)
    assert wire.encode_status(told) == data[: wire.STATUS_SIZE]
    return True


def command(data: bytes) -> bool:
    assert wire.encode_command(*wire.decode_command(data)) == data
    return True


def reply(data: bytes) -> bool:
    assert wire.encode_reply(*wire.decode_reply(data)) == data
    return True


# -- the board


class Flash:
    """Flash of which each slot holds what it is given."""

    def __init__(self, **slots: bytes) -> None:
        self.slots = dict(slots)

    def read(self, name: str) -> bytes | None:
        return self.slots.get(name.replace(".", "_"))

    def write(self, name: str, data: bytes) -> None:
        self.slots[name.replace(".", "_")] = bytes(data)


def commands_of(flash: Flash) -> Commands:
    ring = Ring(8, 16)
    settings = Settings(flash, "Lullaflow CAFE")
    sampler = SimpleNamespace(
        flags=wire.ALL_CHANNELS,
        late_ticks=0,
        worst_late_ms=0,
        steady_raw=lambda side: 5000 + 1000 * side,
    )
    air = SimpleNamespace(rename=lambda: None)
    log, bthome = Log(flash, 1), Bthome(flash, bytes(6))
    return Commands(settings, sampler, Stream(ring), air, lambda _: None, lambda: 0, log, bthome)


BOARD = commands_of(Flash())


def board_command(data: bytes) -> bool:
    """Any bytes written to Control are answered, by a reply that the host can read."""
    answer = BOARD.answer(data)
    opcode, token, status, _ = wire.decode_reply(answer)
    if len(data) > 2:
        assert (opcode, token) == (data[1] & 0x7F, data[2])
    return status == wire.OK


def record_slots(data: bytes) -> bool:
    """Both slots of a record hold anything at all."""
    parts = [*split(data), b"", b""]
    flash = Flash(x_0=parts[0], x_1=parts[1])
    record = Record(flash, "x", 1)
    found = record.load()
    record.save(b"new")
    assert Record(flash, "x", 1).load() == b"new"
    return found is not None


def slot(payload: bytes) -> bytes:
    flash = Flash()
    Record(flash, "x", 1).save(payload)
    return flash.slots["x_0"]


def settings_record(data: bytes) -> bool:
    """A settings record whose check sum is right, whatever it says."""
    flash = Flash(settings_0=slot(data))
    before = Settings(Flash(), "plain")
    read = Settings(flash, "plain")
    assert 0 < len(read.name.encode()) <= wire.MAX_NAME_SIZE
    read.save()
    return vars(read)["zeros"] != before.zeros


def bonds_record(data: bytes) -> bool:
    """A bonds record whose check sum is right, whatever it says."""
    bonds = Bonds(Flash(bonds_0=slot(data)))
    found = bonds.get(1, 0, None)
    bonds.set(1, b"\1" * 7, b"key")
    assert bonds.get(1, 0, b"\1" * 7) == b"key"
    return found is not None


def a_bond() -> bytes:
    key, value = b"\2" * 7, b"secret" * 4
    return bytes((1, len(key), len(value))) + key + value


def a_setting() -> bytes:
    flash = Flash()
    settings = Settings(flash, "Nachtlicht")
    settings.zeros = [5123, 5200]
    settings.save()
    payload = Record(flash, "settings", 1).load()
    assert payload is not None
    return payload


# -- the host


def host_reply(data: bytes) -> bool:
    """An indication of any bytes while somebody waits for an answer."""

    class Waiting:
        answer: Any = None

        def done(self) -> bool:
            return self.answer is not None

        def set_result(self, answer: tuple[int, bytes]) -> None:
            self.answer = answer

    channel = CommandChannel.__new__(CommandChannel)
    waiting = Waiting()
    channel._waiting = waiting  # type: ignore[assignment]
    channel._waiting_for = (wire.CMD_REPLAY, 9)
    channel.on_reply(None, bytearray(data))  # type: ignore[arg-type]
    if waiting.answer is None or waiting.answer[0] != wire.OK:
        return False
    wire.unpack_payload(wire.REPLAY_PAYLOAD, waiting.answer[1])
    return True


def host_stream(data: bytes) -> bool:
    """A status, then notifications: what is handed on is in order and once."""
    intake = Intake()
    intake.begin(wire.decode_status(data[: wire.STATUS_SIZE]))
    reassembler = wire.Reassembler()
    got = []
    for part in split(data[wire.STATUS_SIZE :]):
        try:
            whole = reassembler.push(part)
            if whole is not None:
                seen = intake.take(whole[0], replayed=whole[1])
                got += [item.frame.seq for item in seen]
        except wire.WireError:
            continue
    assert len(got) == len(set(got))
    return bool(got)


def a_stream() -> bytes:
    told = wire.encode_status(wire.Status((0, 1, 0), 7, 41, 41, 20, 1, (0, 0, 0, 0)))
    raw = b"\x80" + a_frame()
    return told + bytes([len(raw)]) + raw


def recording(data: bytes) -> bool:
    """The file that `lullaflow replay` is given."""
    _, inputs = read_recording(io.StringIO(data.decode("utf-8", "replace"), newline=""))
    return len(list(inputs)) > 1


RECORDING = (
    b"t_s,left_vacuum_mmhg,left_volume_ml,right_vacuum_mmhg,right_volume_ml,input\n"
    b"0.02,100.0,1.5,,,\n0.04,101,,99.5,2.0,\n"
    b'0.04,,,,,"{""kind"": ""asked"", ""t_s"": 0.0, ""command"": ""snooze"", ""cue"": null}"\n'
)


class Silent:
    """A loudspeaker, a runner and a board that take everything."""

    muted = False
    has_speaker = True

    def mute(self, muted: bool) -> None: ...
    def set_volume(self, volume: float) -> None:
        assert 0 <= volume <= 1

    def choose(self, folder: Path | None) -> None: ...
    def ask(self, command: str, cue: str | None) -> bool:
        return True

    async def command(self, opcode: int, payload: bytes = b"") -> bytes:
        wire.encode_command(opcode, 0, payload)
        return b""


class House:
    """The way of an MQTT message, from the topic to the knob or the board."""

    def __init__(self) -> None:
        silent = Silent()
        self._knobs = Knobs(Config(), silent, {"own": None, "Night/": Path("Night")})
        self._wishes = Wishes(silent, silent, frozenset({"music"}))  # type: ignore[arg-type]
        self._topics = Topics("lullaflow")

    async def on_command(self, pump: str, command: str, payload: str) -> str:
        refusal = self._knobs.command(pump, command, payload)
        return await self._wishes.fulfil(command, payload) if refusal is None else refusal

    def take(self, data: bytes) -> bool:
        topic, _, payload = data.partition(b"\n")
        lane = CommandLane(self._topics, ("pump",), self.on_command)
        if not lane.on_message(topic.decode("utf-8", "replace"), payload, False):
            return False
        try:
            # Nothing in it waits, so one step carries it out.
            lane._carry_out(*lane._asked.get_nowait()).send(None)
        except StopIteration as ended:
            return ended.value == ""
        raise AssertionError("a command waited")


HOUSE = House()
COMMANDS = tuple(
    f"lullaflow/pump/command/{line}".encode()
    for line in (
        *("set_volume\n37", "set_music\nNight/", "set_scene\nall", "set_quiet\nON"),
        *("tare\nleft", "identify\n12", "start_cue\nmusic", "snooze\n", "end_session\n"),
        "identify\n" + 5000 * "9",
    )
)


def event(data: bytes) -> bool:
    """An event as a consumer reads it."""
    return parse_event(dump_event(parse_event(data))) == parse_event(data)


EVENT = (
    b'{"id":"1","schema":1,"type":"let_down","at":"2026-01-01T00:00:00Z","pump":"p","session":"s",'
    b'"t_s":90.0,"index":1,"side":"left","onset_s":85.0,"detected_s":90.0,"flow_ml_min":9.0,'
    b'"confidence":0.9}'
)


class SettingsFile:
    """A settings file of any bytes."""

    def __init__(self) -> None:
        # In memory where there is such a place: a million files wear a disk.
        shm = Path("/dev/shm")
        self._folder = tempfile.TemporaryDirectory(dir=shm if shm.is_dir() else None)
        self._path = Path(self._folder.name, "lullaflow.toml")

    def take(self, data: bytes) -> bool:
        self._path.write_bytes(data)
        try:
            load(self._path, {})
        except ConfigError as error:
            told = error.problems
        else:
            return True
        assert told
        assert all(problem.message and problem.fix for problem in told)
        return False


SETTINGS = SettingsFile()

WIRE = (wire.WireError,)
DECODERS = {
    "frame": Decoder(frame, WIRE, (a_frame(),)),
    "sealed_frame": Decoder(sealed_frame, WIRE, (a_frame()[:-2],)),
    "notifications": Decoder(notifications, (), (a_stream()[20:], b"\x03\0ab\x03\x81cd"), 1024),
    "status": Decoder(status, WIRE, (a_stream()[:20],), 40),
    "command": Decoder(command, WIRE, (b"\x01\x01\x01\x01",), 40),
    "reply": Decoder(reply, WIRE, (b"\x01\x82\x09\0d\0\0\0\x14\0",), 40),
    "board_command": Decoder(
        board_command,
        (),
        (
            *(b"\x01\x01\x01\x01", b"\x01\x02\x02\0\0\0\0\x08\0", b"\x01\x03\x03", b"\x01\x04\4\n"),
            *(b"\x01\x05\x05\x03", b"\x01\x06\x06\x01\xa0\x86\x01\0", b"\x01\x07\x07Nachtlicht"),
            *(b"\x01\x08\x08\0", b"\x01\x09\x09\x01" + b"k" * 16),
        ),
        40,
    ),
    "record_slots": Decoder(record_slots, (), (bytes([14]) + slot(b"abc") + b"\0",), 128),
    "settings_record": Decoder(settings_record, (), (a_setting(),), 64),
    "bonds_record": Decoder(bonds_record, (), (a_bond(),), 256),
    "host_reply": Decoder(host_reply, WIRE, (b"\x01\x82\x09\0d\0\0\0\x14\0",), 40),
    "host_stream": Decoder(host_stream, WIRE, (a_stream(),), 1024),
    "recording": Decoder(recording, (ReplayError, csv.Error), (RECORDING,), 1024),
    "house_command": Decoder(HOUSE.take, (), COMMANDS, 8192),
    "event": Decoder(event, (ValidationError,), (EVENT,), 512),
    "settings_file": Decoder(
        SETTINGS.take,
        (ConfigError,),
        (b'[mqtt]\nhost = "broker"\nport = 1883\n', template().encode()[:512]),
        512,
    ),
}


def accepts(name: str, data: bytes) -> bool:
    """Give a decoder an input; False when it refused it by one of its named errors."""
    decoder = DECODERS[name]
    try:
        return decoder.run(data)
    except decoder.errors:
        return False
