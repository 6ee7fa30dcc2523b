"""The golden vectors, byte for byte."""

import binascii
import json
import sys

from lullaflow_protocol import wire

with open(sys.argv[1]) as file:
    vectors = json.load(file)

for vector in vectors["frames"]:
    fields = vector["frame"]
    buf = bytearray(wire.MAX_FRAME_SIZE)
    counts = [
        max([len(c) for c in fields["channels"][first::2] if c is not None] or [0])
        for first in (0, 1)
    ]
    size = wire.encode_frame_into(
        buf,
        fields["flags"],
        fields["boot_id"],
        fields["seq"] & 0xFFFF,
        fields["seq"] >> 16,
        fields["t_ms"] & 0xFFFF,
        fields["t_ms"] >> 16,
        fields["channels"],
        counts[0],
        counts[1],
    )
    data = bytes(buf[:size])
    assert binascii.hexlify(data).decode() == vector["bytes"], vector["name"]
    frame = wire.decode_frame(data)
    assert (frame.flags, frame.boot_id, frame.seq, frame.t_ms) == (
        fields["flags"],
        fields["boot_id"],
        fields["seq"],
        fields["t_ms"],
    )
    assert list(frame.channels) == fields["channels"], vector["name"]

for vector in vectors["refused"]:
    try:
        wire.decode_frame(binascii.unhexlify(vector["bytes"]))
        raise AssertionError(vector["name"])
    except wire.WireError as error:
        assert type(error).__name__ == vector["error"], vector["name"]

for vector in vectors["statuses"]:
    f = vector["status"]
    status = wire.Status(
        tuple(f["firmware"]),
        f["boot_id"],
        f["oldest_seq"],
        f["newest_seq"],
        f["uptime_s"],
        f["reset_cause"],
        tuple(f["faults"]),
    )
    data = wire.encode_status(status)
    assert binascii.hexlify(data).decode() == vector["bytes"]
    again = wire.decode_status(data)
    assert (again.newest_seq, again.uptime_s) == (f["newest_seq"], f["uptime_s"])
    assert again.faults == tuple(f["faults"])

for vector in vectors["commands"]:
    data = wire.encode_command(
        vector["opcode"], vector["token"], binascii.unhexlify(vector["payload"])
    )
    assert binascii.hexlify(data).decode() == vector["bytes"]

for vector in vectors["replies"]:
    data = wire.encode_reply(
        vector["opcode"], vector["token"], vector["status"], binascii.unhexlify(vector["payload"])
    )
    assert binascii.hexlify(data).decode() == vector["bytes"]

for vector in vectors["fragments"]:
    frame = binascii.unhexlify(vector["frame"])
    out = bytearray(wire.MAX_ATT_MTU)
    for index, expected in enumerate(vector["parts"]):
        size = wire.fragment_into(
            out, frame, len(frame), index, vector["att_mtu"], vector["replayed"]
        )
        assert binascii.hexlify(bytes(out[:size])).decode() == expected
    assert not wire.fragment_into(out, frame, len(frame), index + 1, vector["att_mtu"], False)

print("passed")
