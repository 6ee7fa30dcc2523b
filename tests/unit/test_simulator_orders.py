"""Orders to the simulator, and what its body hears."""

import asyncio
import io

import pytest

from lullaflow_sim.control import (
    Cell,
    Cut,
    Mass,
    Miss,
    OrderError,
    Reboot,
    Speed,
    Stop,
    parse_order,
    read_lines,
)
from lullaflow_sim.ears import heard


@pytest.mark.parametrize(
    ("line", "order"),
    [
        ("cut 10", Cut(10.0)),
        (" cut  0.5\n", Cut(0.5)),
        ("miss 3", Miss(3)),
        ("reboot", Reboot()),
        ("speed 2.5", Speed(2.5)),
        ("stop\n", Stop()),
        ("mass left 100", Mass(0, 100.0)),
        ("cell right -3.5 1.08", Cell(1, -3.5, 1.08)),
    ],
)
def test_orders(line, order):
    assert parse_order(line) == order


@pytest.mark.parametrize(
    "line",
    [
        *("", "cut", "cut -1", "cut 0", "cut nan", "cut inf", "miss", "miss -1", "dance"),
        *("speed", "speed 0", "speed fast", "speed inf"),
        *(
            "mass",
            "mass up 3",
            "mass left heavy",
            "mass left inf",
            "cell left 1",
            "cell left 1 nan",
        ),
    ],
)
def test_what_is_no_order_is_refused_in_words(line):
    with pytest.raises(OrderError, match=r"say 'cut SECONDS'|above 0|is no number"):
        parse_order(line)


async def test_lines_arrive_and_the_end_of_input_is_no_order():
    lines = read_lines(io.StringIO("cut 3\n\nstop\n"))
    assert [await asyncio.wait_for(lines.get(), 5) for _ in range(2)] == ["cut 3\n", "stop\n"]
    await asyncio.sleep(0)
    assert lines.empty()


@pytest.mark.parametrize(
    ("payload", "cue"),
    [
        (b'{"type": "cue_started", "kind": "music", "cue": "lullaby"}', ("music", True)),
        (b'{"type": "cue_ended", "kind": "photo"}', ("photo", False)),
        (b'{"type": "let_down", "kind": "music"}', None),
        (b'{"type": "cue_started"}', None),
        (b"[]", None),
        (b"", None),
        (b"\xff", None),
    ],
)
def test_the_body_hears_cues_only(payload, cue):
    assert heard(payload) == cue
