"""Half seconds: each is known with its last reading, however the readings come in pieces."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.detection.recording import COLUMNS
from lullaflow.detection import Samples
from lullaflow.detection.binning import BIN_S, Bin, Binner
from lullaflow.session.core import Core
from lullaflow.session.inputs import CoreSettings, RecordingInfo
from lullaflow_sim.generate import generate_session

STARTED = datetime(2026, 11, 23, 3, 0, 0, tzinfo=UTC)
FRAME_S = 0.5
STEP_S = 0.02


def readings(t_s) -> Samples:
    """Return readings whose figure is their number."""
    numbers = np.arange(float(len(t_s)))
    return Samples(np.array(t_s), numbers, numbers, numbers, numbers)


def cut(samples: Samples, cuts) -> list[Samples]:
    edges = [0, *sorted(cuts), len(samples.t_s)]
    return [
        Samples(*(getattr(samples, name)[first:last] for name in COLUMNS))
        for first, last in pairwise(edges)
    ]


def told(binner: Binner, samples: Samples) -> list[Bin]:
    return [*binner.push(samples)]


def test_what_a_frame_shows_is_known_with_that_frame():
    rows = readings(np.arange(0.0, 30.0, STEP_S))
    binner = Binner()
    for number, frame in enumerate(cut(rows, range(25, 1500, 25))):
        (each,) = told(binner, frame)
        assert each.index == number
        assert len(each.channels[0]) == 25
    assert not list(binner.flush())


def test_what_comes_seldom_is_known_with_the_next():
    rows = readings(np.arange(0.1, 20.0, 1.0))
    binner = Binner()
    found = 0
    for row in cut(rows, range(1, len(rows.t_s))):
        for each in told(binner, row):
            found += 1
            assert each.end_s <= row.t_s[0]
    assert found == len(rows.t_s) - 1


def test_after_a_gap_one_reading_makes_no_half_second():
    binner = Binner()
    told(binner, readings(np.arange(0.0, 5.0, STEP_S)))
    assert told(binner, readings([7.4])) == []
    (later,) = told(binner, readings(np.arange(7.42, 7.5, STEP_S)))
    assert (later.index, len(later.channels[0])) == (14, 5)


def test_a_reading_that_comes_all_the_same_is_counted_to_the_next():
    binner = Binner()
    (first,) = told(binner, readings(np.arange(0.0, 0.5, STEP_S)))
    assert told(binner, readings([0.499])) == []
    (second,) = told(binner, readings(np.arange(0.52, 1.0, STEP_S)))
    assert (first.index, second.index) == (0, 1)
    assert (len(first.channels[0]), len(second.channels[0])) == (25, 25)


STEPS_S = st.lists(st.sampled_from([0.001, 0.019, 0.02, 0.021, 0.1, 0.143, 0.5, 1.02]), min_size=1)


@given(steps_s=STEPS_S, repeated=st.integers(1, 40), data=st.data())
def test_how_readings_come_in_pieces_does_not_matter(steps_s, repeated, data):
    rows = readings(np.cumsum(steps_s * repeated).round(3))
    count = len(rows.t_s)
    cuts = data.draw(st.lists(st.integers(0, count), max_size=8))
    whole, parts = Binner(), Binner()
    at_once = [*whole.push(rows), *whole.flush()]
    in_pieces = [each for part in cut(rows, cuts) for each in parts.push(part)]
    assert [*in_pieces, *parts.flush()] == at_once
    assert [number for each in at_once for number in each.channels[1]] == list(range(count))
    indices = [each.index for each in at_once]
    assert indices == sorted(set(indices))
    for each in at_once:
        assert each.start_s - BIN_S / 4.0 <= each.moments[0][0]
        assert each.moments[0][-1] < each.end_s


def test_a_let_down_is_told_with_the_frame_that_shows_it():
    session = generate_session("clean", 7)
    rows = Samples(*(getattr(session, name) for name in COLUMNS))
    core = Core(RecordingInfo("pump", STARTED, CoreSettings()))
    edges_s = np.arange(FRAME_S, rows.t_s[-1], FRAME_S)
    frames = cut(rows, np.searchsorted(rows.t_s, edges_s - STEP_S / 2).tolist())
    said = [
        (event.at - STARTED).total_seconds() - end_s
        for frame, end_s in zip(frames, [*edges_s, edges_s[-1] + FRAME_S], strict=True)
        for event in core.step(frame)
        if event.type == "let_down"
    ]
    assert said
    assert said == pytest.approx([0.0] * len(said), abs=STEP_S)
