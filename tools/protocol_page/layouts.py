"""The names of the fields, the commands and the codes; their numbers come from the code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from drawing import Field, Layout

from lullaflow_firmware import commands
from lullaflow_protocol import wire

_VERSION: Final = Field("version", "of the protocol")

FRAME: Final = Layout(
    wire.HEADER,
    (
        _VERSION,
        Field("flags", "which channels it has, see below"),
        Field("boot id", "changes with every start of the board"),
        Field("sequence number", "0 for the first frame of a start, then one more with each"),
        Field("device time", "ms from the board's start to the first sample, modulo 2^32"),
        Field("vacuums", "samples of each vacuum channel that it has"),
        Field("weights", "samples of each weight channel that it has"),
    ),
    Field("samples", "channel after channel in the order of the flags' bits, then the CRC, u16"),
)

COMMAND: Final = Layout(
    "<BBB",
    (
        _VERSION,
        Field("opcode", "what is asked"),
        Field("token", "chosen by the host; comes back in the reply"),
    ),
    Field("payload", "by opcode"),
)

REPLY: Final = Layout(
    "<BBBB",
    (
        Field("version", "of the board's protocol"),
        Field("opcode", f"of the command, with {wire.REPLY:#04x} set"),
        Field("token", "of the command"),
        Field("status", "how it went"),
    ),
    Field("payload", "by opcode"),
)

STATUS: Final = Layout(
    wire.STATUS,
    (
        _VERSION,
        Field("major", "of the firmware's version"),
        Field("minor", "of the firmware's version"),
        Field("patch", "of the firmware's version"),
        Field("boot id", "of this start"),
        Field("oldest", "sequence number of the oldest frame that can be asked for"),
        Field("newest", "of the newest one; one less than `oldest` (modulo 2^32): none yet"),
        Field("uptime", "seconds since the start, low 16 bits"),
        Field("up high", "its high 8 bits; stays at 2^24 - 1"),
        Field("cause", "of the last reset"),
        Field("faults", "four bits for each sensor, see below"),
    ),
)


@dataclass(frozen=True)
class Command:
    """What a command does.

    Attributes:
        does: in a sentence or two.
        payload: its fields, None for none or text.
        answer: the fields of its reply's payload, None for none.
        text: what the payload is when it has no fixed layout.
    """

    does: str
    payload: Layout | None = None
    answer: Layout | None = None
    text: str = "none"


_REPLAY_ANSWER: Final = Layout(
    wire.REPLAY_PAYLOAD,
    (
        Field("first", "sequence number of the first frame that will be sent"),
        Field("count", "how many; 0 when nothing of it is kept"),
    ),
)

_COMMANDS: Final = {
    "CMD_STREAM": Command(
        "Sends each frame from the next one on (1), or no more of them (0). Off on every new link.",
        Layout("<B", (Field("on", "0 or 1"),)),
    ),
    "CMD_REPLAY": Command(
        "Sends kept frames again, see 'Replay'.",
        Layout(
            wire.REPLAY_PAYLOAD,
            (
                Field("first", "sequence number of the first frame wanted"),
                Field("count", "how many"),
            ),
        ),
        _REPLAY_ANSWER,
    ),
    "CMD_STATISTICS": Command(
        "Tells how well sampling and sending go.",
        answer=Layout(
            wire.STATISTICS_PAYLOAD,
            (
                Field("late ticks", "samplings that came a whole period late or more"),
                Field("worst", "worst lateness so far, ms"),
                Field("refused", "notifications that the Bluetooth stack had no room for"),
                Field("starts", "of the board so far, modulo 2^16"),
            ),
        ),
    ),
    "CMD_IDENTIFY": Command(
        f"Blinks the LED for 1 to {commands.MAX_IDENTIFY_S} s.",
        Layout("<B", (Field("seconds", "how long"),)),
    ),
    "CMD_TARE": Command(
        "Takes what the scales showed in the last second as zero, and keeps it over restarts. "
        "'Both' means those that the board has; `BAD_VALUE` when it has none of what is asked.",
        Layout("<B", (Field("sides", f"{wire.LEFT} left, {wire.RIGHT} right, {wire.BOTH} both"),)),
    ),
    "CMD_CALIBRATE": Command(
        "Takes what a scale shows now as this mass, and keeps it over restarts. Tare comes first. "
        f"`BAD_VALUE` below {commands.MIN_KNOWN_MG / 1000:g} g, when the scale would be off by a "
        "factor of 2, or when the board has none there.",
        Layout(
            wire.CALIBRATE_PAYLOAD,
            (
                Field("side", f"{wire.LEFT} left or {wire.RIGHT} right"),
                Field("mass", "known mass on the scale, mg"),
            ),
        ),
    ),
    "CMD_SET_NAME": Command(
        "Names the board; it is advertised from the next link's end on and kept over restarts.",
        text=f"UTF-8, 1 to {wire.MAX_NAME_SIZE} bytes, no control characters",
    ),
    "CMD_LOGS": Command(
        "Reads one entry of the board's log of resets and faults, the newest first.",
        Layout("<B", (Field("skip", "how many of the newest entries to pass over"),)),
        Layout(
            wire.LOGS_PAYLOAD,
            (
                Field("kept", "entries in the log; when there is none so old, all else is absent"),
                Field("kind", f"{wire.LOG_RESET} a reset, {wire.LOG_FAULT} a sensor's fault"),
                Field(
                    "detail",
                    "of a reset: its cause; of a fault: bits 4 to 7 the channel (0 to 3), bits 0 "
                    "to 3 the fault",
                ),
                Field("boot id", "of the start in which it was"),
                Field("uptime", "seconds from that start"),
            ),
        ),
    ),
    "CMD_BTHOME": Command(
        "Lets the board broadcast to the house (BTHome v2, encrypted) while no host is connected, "
        "or stops it.",
        text=f"one byte 0: off; or one byte 1 and the bind key of {wire.BIND_KEY_SIZE} bytes: on",
    ),
}

_STATUS_MEANINGS: Final = {
    "OK": "done",
    "BAD_VERSION": "the board speaks another version, which is byte 0 of this reply",
    "UNKNOWN_COMMAND": "this firmware has no such command",
    "BAD_LENGTH": "the payload has not the length that this command wants",
    "BAD_VALUE": "a field is outside what the command takes",
    "BUSY": "not now; try again",
    "NOT_READY": "the sensor gives nothing steady to go by; try again when it is at rest",
    "NOT_IN_BUFFER": "nothing of what was asked for is kept",
    "STORAGE_FAILED": "the flash refused; all is as it was",
}

RESET_MEANINGS: Final = {
    "RESET_UNKNOWN": "not told by the chip",
    "RESET_POWER_ON": "its power came",
    "RESET_BUTTON": "its button woke it from its sleep",
    "RESET_WATCHDOG": "the program hung",
    "RESET_WAKE": "suction woke it from its sleep",
    "RESET_SOFT": "the program asked for it",
    "RESET_BROWN_OUT": "the voltage fell too low",
}

FAULT_MEANINGS: Final = {
    "FAULT_NONE": "well, or no such sensor on this board",
    "FAULT_ABSENT": "does not answer",
    "FAULT_NOT_READY": "answers, but has no sample in time",
    "FAULT_SATURATED": "at the end of its range",
    "FAULT_STUCK": "has not moved for longer than a living one can",
    "FAULT_CHECKSUM": "answers with a wrong check sum",
}


def numbered(prefix: str, meanings: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return `(number, name, meaning)` of every constant of a family.

    Raises:
        KeyError: for a constant that nobody has described.
    """
    found = sorted(
        (number, name)
        for name, number in vars(wire).items()
        if name.startswith(prefix) and isinstance(number, int)
    )
    return [(str(number), name, meanings[name]) for number, name in found]


def commands_by_opcode() -> list[tuple[int, str, Command]]:
    """Return `(opcode, name, command)` of every command of the wire.

    Raises:
        KeyError: for a command that nobody has described.
    """
    found = sorted((vars(wire)[name], name) for name in vars(wire) if name.startswith("CMD_"))
    return [(opcode, name.removeprefix("CMD_"), _COMMANDS[name]) for opcode, name in found]


def statuses() -> list[tuple[str, str, str]]:
    """Return `(number, name, meaning)` of every status code."""
    return [(str(vars(wire)[name]), name, means) for name, means in _STATUS_MEANINGS.items()]
