"""Recordings as files: whatever stands in them is read, or refused with its line."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lullaflow.detection import Samples
from lullaflow.session.inputs import Input, RecordingEnded
from lullaflow.session.replay import CHANNELS, TIME, ReplayError, read_recording

HEADER = ",".join((TIME, *CHANNELS))
LONG = 10_000
PIECE = 4096
"""Rows of a file that is read in several pieces, and of a piece."""


def inputs(text: str) -> list[Input]:
    return list(read_recording(io.StringIO(text))[1])


def rows(text: str) -> list[tuple[float | None, ...]]:
    """Return the rows of a file as they were read, in whatever pieces; None for 'no sample'."""
    read = [item for item in inputs(text) if isinstance(item, Samples)]
    tables = [np.stack([item.t_s, *(getattr(item, name) for name in CHANNELS)]).T for item in read]
    return [tuple(None if np.isnan(v) else v for v in row) for row in np.concatenate(tables)]


def long_file(wrong_line: int | None = None, wrong: str = "", later_s: float = 0.0) -> str:
    """Return a long file, wrong in a line; from the second piece on its time is later."""
    shifts = (later_s if row >= PIECE else 0.0 for row in range(LONG))
    lines = [HEADER, *(f"{row / 50 + shift},1.5,,2.5,0.25" for row, shift in enumerate(shifts))]
    if wrong_line is not None:
        lines[wrong_line - 1] = wrong
    return "\n".join(lines) + "\n"


def test_a_plain_file_needs_no_right_side() -> None:
    text = "t_s,left_vacuum_mmhg,left_volume_ml\n0,,1.5\n0.5,100,\n"
    assert read_recording(io.StringIO(text))[0].pump == "replay"
    samples, ended = inputs(text)
    assert isinstance(samples, Samples)
    assert np.isnan(samples.right_volume_ml).all()
    assert samples.left_volume_ml[0] == 1.5
    assert ended == RecordingEnded(0.5, "recording_ended")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "line 1: the header lacks t_s"),
        ("t_s,left_vacuum_mmhg,left_volume_ml\n0,x,1\n", "line 2: left_vacuum_mmhg is 'x'"),
        ("t_s,left_vacuum_mmhg,left_volume_ml\n0,,1,\n1,,1,5\n", "line 3 has 4 cells, and the"),
        ("t_s,left_vacuum_mmhg,left_volume_ml\n1,,\n1,,\n", "line 3: t_s is 1, which does not"),
        ("t_s,left_vacuum_mmhg,left_volume_ml\n,,\n", "line 2: t_s is ''"),
        ("t_s,left_vacuum_mmhg,left_volume_ml\n0,inf,\n", "line 2: left_vacuum_mmhg is 'inf'"),
    ],
)
def test_a_mistake_in_a_file_is_named_with_its_line(text: str, says: str) -> None:
    with pytest.raises(ReplayError, match=says):
        inputs(text)


@pytest.mark.parametrize("line", [2, 3, 4097, 4098, LONG + 1])
@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ("{t},1.5,,2.5,much", "right_volume_ml is 'much', which is no number"),
        ("{t},1.5,,1e999,0.25", "right_vacuum_mmhg is '1e999'; it must be a finite number"),
        ("nan,1.5,,2.5,0.25", "t_s is 'nan'; it must be a finite number"),
        ("inf,1.5,,2.5,0.25", "t_s is 'inf'; it must be a finite number"),
        ("-1e308,1.5,,2.5,0.25", "t_s is -1e"),
        ("-1,1.5,,2.5,0.25", "t_s is -1"),
    ],
)
def test_the_wrong_row_of_a_long_file_is_found(line: int, cells: str, says: str) -> None:
    text = long_file(line, cells.format(t=(line - 2) / 50))
    with pytest.raises(ReplayError, match=f"^line {line}: {says}"):
        inputs(text)


@pytest.mark.parametrize(
    ("later_s", "says"),
    [
        (100_000.0, f"line {PIECE + 2}: t_s jumps by 100000 s"),
        (-80.0, f"line {PIECE + 2}: t_s is .* which does not come after the row before"),
        (2e11, f"line {PIECE + 2}: t_s is 2e\\+11, which is too large for seconds"),
    ],
)
def test_time_is_watched_between_two_pieces_too(later_s: float, says: str) -> None:
    with pytest.raises(ReplayError, match=says):
        inputs(long_file(later_s=later_s))


def test_a_time_of_no_date_is_refused_in_the_first_row_too() -> None:
    with pytest.raises(ReplayError, match="line 2: t_s is 1e\\+12, which is too large"):
        inputs(f"{HEADER}\n1e12,1,2,3,4\n")


def test_the_first_mistake_is_named_though_a_later_one_ends_the_reading() -> None:
    too_long = "x" * (csv.field_size_limit() + 1)
    with pytest.raises(ReplayError, match="line 3: left_volume_ml is 'much'"):
        inputs(f"{HEADER}\n0,1,2,3,4\n1,1,much,3,4\n2,1,{too_long},3,4\n")


def test_what_was_read_before_the_reading_ended_is_not_lost() -> None:
    too_long = "x" * (csv.field_size_limit() + 1)
    reading = read_recording(io.StringIO(f"{HEADER}\n0,1,2,3,4\n1,1,{too_long},3,4\n"))[1]
    first = next(reading)
    assert isinstance(first, Samples)
    assert first.t_s.tolist() == [0.0]
    with pytest.raises(csv.Error):
        next(reading)


def test_a_recording_may_begin_late() -> None:
    assert rows(f"{HEADER}\n1000000,1,2,3,4\n") == [(1e6, 1.0, 2.0, 3.0, 4.0)]


cells = st.one_of(st.just(""), st.floats(-1e9, 1e9).map(repr))


@given(st.lists(st.lists(cells, min_size=0, max_size=4), min_size=1, max_size=40))
def test_a_cell_that_is_empty_or_not_there_is_no_sample(table: list[list[str]]) -> None:
    lines = [",".join((str(t), *row)) for t, row in enumerate(table)]
    expected = [
        (float(t), *(float(cell) if cell else None for cell in (*row, *[""] * (4 - len(row)))))
        for t, row in enumerate(table)
    ]
    assert rows("\n".join((HEADER, *lines))) == expected
