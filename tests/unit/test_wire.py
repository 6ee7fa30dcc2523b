"""The wire's codec: what goes in comes out, and nothing else is taken."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lullaflow_protocol import wire

vacuum = st.lists(st.integers(0, 0xFFF), min_size=0, max_size=wire.VACUUM_PER_FRAME)
u16 = st.integers(0, 0xFFFF)
u32 = st.integers(0, 0xFFFFFFFF)


@st.composite
def frames(draw: st.DrawFn) -> wire.Frame:
    flags = draw(st.integers(0, wire.ALL_CHANNELS))
    counts = draw(st.integers(0, 25)), draw(st.integers(0, 5))
    channels = [
        draw(st.lists(u16 if i & 1 else st.integers(0, 0xFFF), min_size=n, max_size=n))
        if flags & (1 << i)
        else None
        for i, n in enumerate(counts * 2)
    ]
    a, b, c, d = channels
    return wire.Frame(flags, draw(u16), draw(u32), draw(u32), (a, b, c, d))


def encoded(frame: wire.Frame) -> bytes:
    counts = [
        max((len(c) for c in frame.channels[first::2] if c is not None), default=0)
        for first in (0, 1)
    ]
    buf = bytearray(wire.MAX_FRAME_SIZE)
    size = wire.encode_frame_into(
        buf,
        frame.flags,
        frame.boot_id,
        frame.seq & 0xFFFF,
        frame.seq >> 16,
        frame.t_ms & 0xFFFF,
        frame.t_ms >> 16,
        frame.channels,
        *counts,
    )
    return bytes(buf[:size])


@given(frames())
def test_a_frame_survives_the_wire(frame: wire.Frame) -> None:
    assert vars(wire.decode_frame(encoded(frame))) == vars(frame)


@given(frames(), st.integers(0, 8 * wire.MAX_FRAME_SIZE), st.integers(1, 0xFFFF))
def test_a_flipped_burst_of_bits_is_always_refused(frame: wire.Frame, at: int, burst: int) -> None:
    # A 16-bit CRC finds every burst of errors of up to 16 bits.
    data = int.from_bytes(encoded(frame), "little")
    size = len(encoded(frame))
    broken = (data ^ (burst << (at % (8 * size - 15)))).to_bytes(size, "little")
    with pytest.raises(wire.WireError):
        wire.decode_frame(broken)


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused_by_name(data: bytes) -> None:
    for decode in (
        wire.decode_frame,
        wire.decode_status,
        wire.decode_command,
        wire.decode_reply,
        wire.Reassembler().push,
    ):
        with contextlib.suppress(wire.WireError):
            decode(data)


@given(frames(), st.integers(wire.MIN_ATT_MTU, wire.MAX_ATT_MTU), st.booleans())
def test_fragments_of_any_att_mtu_become_the_frame_again(
    frame: wire.Frame, att_mtu: int, replayed: bool
) -> None:
    data = encoded(frame)
    reassembler = wire.Reassembler()
    out = bytearray(att_mtu - wire.ATT_NOTIFY_OVERHEAD)
    index, whole = 0, None
    while size := wire.fragment_into(out, data, len(data), index, att_mtu, replayed):
        assert whole is None
        whole = reassembler.push(out[:size])
        index += 1
    assert whole == (data, replayed)


def test_a_lost_fragment_costs_its_frame_alone() -> None:
    data = bytes(range(100))
    out = bytearray(20)
    parts = []
    for index in range(6):
        size = wire.fragment_into(out, data, len(data), index, 23, False)
        parts.append(bytes(out[:size]))
    reassembler = wire.Reassembler()
    for part in parts[:2]:
        assert reassembler.push(part) is None
    for part in parts[3:]:
        with pytest.raises(wire.OrderError):
            reassembler.push(part)
    assert [reassembler.push(part) for part in parts][-1] == (data, False)


def test_samples_keep_their_value_within_half_a_step() -> None:
    for mmhg in (-40.0, 0.0, 0.1, 199.9, 369.0):
        value = wire.vacuum_mmhg(wire.vacuum_raw(mmhg))
        assert value == pytest.approx(mmhg, abs=0.11)
    for grams in (-100.0, 0.0, 0.01, 123.456, 555.0):
        value = wire.weight_g(wire.weight_raw(grams))
        assert value == pytest.approx(grams, abs=0.011)
    assert wire.vacuum_mmhg(wire.VACUUM_NONE) is None
    assert wire.weight_g(wire.WEIGHT_NONE | wire.WEIGHT_GOOD) is None
    assert wire.weight_g(wire.weight_raw(5.0) & ~wire.WEIGHT_GOOD) is None


def test_out_of_range_is_clamped_not_wrapped() -> None:
    assert wire.vacuum_mmhg(wire.vacuum_raw(9999)) == pytest.approx(369.2)
    assert wire.weight_g(wire.weight_raw(-9999)) == -100


@given(
    st.builds(
        wire.Status,
        st.tuples(*[st.integers(0, 255)] * 3),
        u16,
        u32,
        u32,
        st.integers(0, 0xFFFFFF),
        st.integers(0, 255),
        st.tuples(*[st.integers(0, 15)] * 4),
    )
)
def test_a_status_survives_the_wire(status: wire.Status) -> None:
    data = wire.encode_status(status)
    assert len(data) == wire.STATUS_SIZE
    assert vars(wire.decode_status(data)) == vars(status)
    assert vars(wire.decode_status(data + b"newer")) == vars(status)


@given(st.integers(0, 127), st.integers(0, 255), st.integers(0, 255), st.binary(max_size=16))
def test_commands_and_replies_survive_the_wire(
    opcode: int, token: int, status: int, payload: bytes
) -> None:
    assert wire.decode_command(wire.encode_command(opcode, token, payload)) == (
        opcode,
        token,
        payload,
    )
    assert wire.decode_reply(wire.encode_reply(opcode, token, status, payload)) == (
        opcode,
        token,
        status,
        payload,
    )


def test_a_newer_version_is_named_as_such() -> None:
    frame = bytearray(encoded(wire.Frame(0, 1, 2, 3, (None, None, None, None))))
    frame[0] = 2
    with pytest.raises(wire.VersionError, match="version 2, expected 1"):
        wire.decode_frame(frame)


@given(st.binary(max_size=wire.MAX_FRAME_SIZE), st.integers(0, 4))
def test_the_board_sums_up_as_the_host_does(data: bytes, beyond: int) -> None:
    """The host has the check sum in C; what a board works out is tried with it here as well."""
    there = wire.crc16(data + bytes(beyond), len(data))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wire, "crc_hqx", None)
        assert wire.crc16(data + bytes(beyond), len(data)) == there
