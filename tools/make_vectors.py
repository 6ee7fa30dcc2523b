"""Writes the golden vectors of the wire, `protocols/vectors/v1.json`.

They are the protocol's memory: once published, a version's vectors never change. Run it only to add
some: `python tools/make_vectors.py`.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

from lullaflow_protocol import wire

OUT = Path(__file__).parents[1] / "protocols" / "vectors" / "v1.json"

Raw = list[int] | None


def frame_vector(
    name: str, flags: int, boot_id: int, seq: int, t_ms: int, channels: tuple[Raw, Raw, Raw, Raw]
) -> dict[str, Any]:
    """Return one frame and its bytes."""
    counts = [max((len(c) for c in channels[i::2] if c is not None), default=0) for i in (0, 1)]
    buf = bytearray(wire.MAX_FRAME_SIZE)
    size = wire.encode_frame_into(
        buf,
        flags,
        boot_id,
        seq & 0xFFFF,
        seq >> 16,
        t_ms & 0xFFFF,
        t_ms >> 16,
        channels,
        counts[0],
        counts[1],
    )
    return {
        "name": name,
        "frame": {
            "flags": flags,
            "boot_id": boot_id,
            "seq": seq,
            "t_ms": t_ms,
            "channels": list(channels),
        },
        "bytes": buf[:size].hex(),
    }


def frames() -> list[dict[str, Any]]:
    """Return frames of every shape and at every bound."""
    ramp = [wire.vacuum_raw(10.0 * i) for i in range(25)]
    rest = [wire.vacuum_raw(0.0)] * 25
    milk = [wire.weight_raw(20.0 + 0.04 * i) for i in range(5)]
    none_vacuum = [wire.VACUUM_NONE] * 25
    none_weight = [wire.WEIGHT_NONE] * 5
    bounds = [wire.weight_raw(g) for g in (-100.0, 0.0, 555.0)] + [0, 0xFFFF]
    return [
        frame_vector("both sides", 0x0F, 7, 41, 20_500, (ramp, milk, rest, milk)),
        frame_vector("left only", 0x03, 1, 0, 20, (ramp, milk, None, None)),
        frame_vector("right scale only", 0x08, 2, 1, 500, (None, None, None, milk)),
        frame_vector("nothing", 0x00, 3, 2, 1000, (None, None, None, None)),
        frame_vector(
            "no samples", 0x0F, 4, 3, 1500, (none_vacuum, none_weight, none_vacuum, none_weight)
        ),
        frame_vector(
            "numbers about to wrap",
            0x0F,
            0xFFFF,
            0xFFFFFFFF,
            0xFFFFFF00,
            ([0xFFF] * 25, bounds, [0] * 25, bounds),
        ),
    ]


def refused() -> list[dict[str, str]]:
    """Return bytes that no decoder may take, and the error's name."""
    good = bytes.fromhex(frames()[0]["bytes"])

    def sealed(data: bytes) -> bytes:
        return data + struct.pack("<H", wire.crc16(data, len(data)))

    body = good[:-2]
    cases = {
        "empty": (b"", "LengthError"),
        "cut short": (good[:-1], "LengthError"),
        "one byte more": (good + b"\0", "LengthError"),
        "another version": (b"\x02" + good[1:], "VersionError"),
        "one bit flipped": (good[:20] + bytes([good[20] ^ 1]) + good[21:], "CrcError"),
        "unknown flag": (sealed(body[:1] + b"\x1f" + body[2:]), "RangeError"),
    }
    return [
        {"name": name, "bytes": data.hex(), "error": error} for name, (data, error) in cases.items()
    ]


def statuses() -> list[dict[str, Any]]:
    """Return statuses."""
    found = []
    for fields in (
        ((0, 1, 0), 7, 0, 0xFFFFFFFF, 0, wire.RESET_POWER_ON, (0, 0, 0, 0)),
        ((1, 2, 3), 65535, 4294967290, 5, 16_777_215, wire.RESET_BROWN_OUT, (1, 2, 3, 5)),
    ):
        status = wire.Status(*fields)
        found.append({"status": vars(status), "bytes": wire.encode_status(status).hex()})
    return found


def commands() -> list[dict[str, Any]]:
    """Return one command of each kind."""
    found = []
    for token, (opcode, payload) in enumerate(
        (
            (wire.CMD_STREAM, b"\x01"),
            (wire.CMD_REPLAY, struct.pack(wire.REPLAY_PAYLOAD, 0xFFFFFFF0, 64)),
            (wire.CMD_STATISTICS, b""),
            (wire.CMD_IDENTIFY, b"\x0a"),
            (wire.CMD_TARE, bytes([wire.BOTH])),
            (wire.CMD_CALIBRATE, struct.pack(wire.CALIBRATE_PAYLOAD, wire.LEFT, 100_000)),
            (wire.CMD_SET_NAME, b"Lullaflow CAFE"),
        ),
        start=1,
    ):
        data = wire.encode_command(opcode, token, payload)
        found.append(
            {"opcode": opcode, "token": token, "payload": payload.hex(), "bytes": data.hex()}
        )
    return found


def replies() -> list[dict[str, Any]]:
    """Return replies, accepted and refused."""
    found = []
    for opcode, status, payload in (
        (wire.CMD_STREAM, wire.OK, b""),
        (wire.CMD_REPLAY, wire.OK, struct.pack(wire.REPLAY_PAYLOAD, 100, 20)),
        (wire.CMD_TARE, wire.NOT_READY, b""),
    ):
        data = wire.encode_reply(opcode, 9, status, payload)
        found.append(
            {
                "opcode": opcode,
                "token": 9,
                "status": status,
                "payload": payload.hex(),
                "bytes": data.hex(),
            }
        )
    return found


def fragments() -> list[dict[str, Any]]:
    """Return a frame in the notifications of several MTUs."""
    data = bytes.fromhex(frames()[0]["bytes"])
    found = []
    for att_mtu, replayed in ((23, False), (64, True), (247, False)):
        out = bytearray(wire.MAX_ATT_MTU)
        parts = []
        while size := wire.fragment_into(out, data, len(data), len(parts), att_mtu, replayed):
            parts.append(out[:size].hex())
        found.append(
            {"frame": data.hex(), "att_mtu": att_mtu, "replayed": replayed, "parts": parts}
        )
    return found


def main() -> None:
    """Write the file."""
    vectors = {
        "version": wire.VERSION,
        "frames": frames(),
        "refused": refused(),
        "statuses": statuses(),
        "commands": commands(),
        "replies": replies(),
        "fragments": fragments(),
    }
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(vectors, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
