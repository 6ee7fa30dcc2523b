"""Recordings as CSV: samples for everybody, and what else the core saw in a column of its own.

A plain file has the header `t_s,left_vacuum_mmhg,left_volume_ml,right_vacuum_mmhg,right_volume_ml`
(the right columns may be missing); an empty cell is 'no sample now'. A file written by
`lullaflow export` has one column more, `input`, with a JSON object in rows of its own: first the
recording's origin and settings, then link changes, wishes and faults where they came. So replay of
an export gives exactly the events that were published.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from lullaflow.detection.samples import LATEST_S, Samples
from lullaflow.session.inputs import (
    Asked,
    CoreSettings,
    Input,
    LadderSet,
    LinkCameBack,
    LinkWentDown,
    RecordingEnded,
    RecordingInfo,
    SensorChanged,
)

TIME: Final = "t_s"
CHANNELS: Final = (
    "left_vacuum_mmhg",
    "left_volume_ml",
    "right_vacuum_mmhg",
    "right_volume_ml",
)
INPUT: Final = "input"
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Row = tuple[int, list[str]]
"""Its number, which is its line where no cell holds line breaks, and its cells."""

_BLOCK_ROWS: Final = 4096
_NAMES: Final[dict[type[Any], str]] = {
    LinkWentDown: "link_went_down",
    LinkCameBack: "link_came_back",
    Asked: "asked",
    LadderSet: "ladder_set",
    SensorChanged: "sensor_changed",
    RecordingEnded: "recording_ended",
}
_KINDS: Final = {name: TypeAdapter[Any](kind) for kind, name in _NAMES.items()}
_SETTINGS: Final = TypeAdapter(CoreSettings)
_MOMENT: Final = TypeAdapter[float | None](float | None)

LONGEST_GAP_S: Final = 86_400.0
"""No bottle is followed for a day without a sample: the column is in another unit, or torn."""


class ReplayError(Exception):
    """A file that is no recording; the message says which line, what and how to mend it."""


def input_to_json(item: Input) -> str:
    """Write an input that is no samples as JSON."""
    return json.dumps({"kind": _NAMES[type(item)], **asdict(item)})


def input_from_json(text: str) -> Input:
    """Read back what `input_to_json` wrote.

    Raises:
        ReplayError: when it is no such text.
    """
    try:
        fields = json.loads(text)
        made: Input = _KINDS[fields.pop("kind")].validate_python(fields)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReplayError(f"{text!r} is no input of this version") from error
    return made


def info_to_json(info: RecordingInfo) -> str:
    """Write where a recording comes from as JSON."""
    return json.dumps(
        {
            "kind": "recording",
            "pump": info.pump,
            "started_at": info.started_at.isoformat(),
            "settings": asdict(info.settings),
            "milk_until_s": info.milk_until_s,
        }
    )


def info_from_json(text: str) -> RecordingInfo:
    """Read back what `info_to_json` wrote.

    Raises:
        ReplayError: when it is no such text.
    """
    try:
        fields = json.loads(text)
        started_at = datetime.fromisoformat(fields["started_at"])
        settings = _SETTINGS.validate_python(fields["settings"])
        milk_until_s = _MOMENT.validate_python(fields.get("milk_until_s"))
        return RecordingInfo(str(fields["pump"]), started_at, settings, milk_until_s)
    except (ValueError, KeyError, TypeError) as error:
        raise ReplayError(f"{text!r} is no recording's origin of this version") from error


def write_recording(out: TextIO, info: RecordingInfo, inputs: Iterable[Input]) -> None:
    """Write a recording so that reading it gives back the very same inputs."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow((TIME, *CHANNELS, INPUT))
    none = ("",) * len(CHANNELS)
    writer.writerow((0.0, *none, info_to_json(info)))
    for item in inputs:
        if isinstance(item, Samples):
            writer.writerows(_rows(item))
        else:
            writer.writerow((item.t_s, *none, input_to_json(item)))


def _rows(samples: Samples) -> Iterator[tuple[Any, ...]]:
    columns = (
        samples.left_vacuum_mmhg,
        samples.left_volume_ml,
        samples.right_vacuum_mmhg,
        samples.right_volume_ml,
    )
    # `repr` of a float, as csv writes it, reads back as the same float.
    cells = ([v if v == v else "" for v in column.tolist()] for column in columns)
    return zip(samples.t_s.tolist(), *cells, strict=True)


def read_recording(
    text: TextIO,
    *,
    settings: CoreSettings | None = None,
    started_at: datetime | None = None,
    volume_only: bool = False,
) -> tuple[RecordingInfo, Iterator[Input]]:
    """Read a recording.

    Args:
        text: the file, opened with `newline=""`.
        settings: for files that bring none.
        started_at: overrides the file's own beginning; the epoch when neither says.
        volume_only: ignore the vacuum columns.

    Returns:
        where it comes from, and its inputs; `RecordingEnded` is the last.

    Raises:
        ReplayError: at once or while iterating.
    """
    rows = enumerate(csv.reader(text), start=1)
    columns = _header(next(rows, (1, []))[1])
    first = next(rows, None)
    info = RecordingInfo("replay", EPOCH, settings or CoreSettings())
    if first is not None and INPUT in columns and _cell(first[1], columns[INPUT]):
        info = info_from_json(first[1][columns[INPUT]])
        first = None
    if started_at is not None:
        info = replace(info, started_at=started_at)
    if volume_only:
        info = replace(info, settings=replace(info.settings, volume_only=True))
    return info, _inputs(columns, first, rows)


def _header(row: list[str]) -> dict[str, int]:
    if len(row) == 1 and ";" in row[0]:
        raise ReplayError("line 1: the columns are apart by semicolons; save it with commas")
    columns = {name.strip(): index for index, name in enumerate(row)}
    wanted = (TIME, *CHANNELS[:2])
    missing = [name for name in wanted if name not in columns]
    if missing:
        raise ReplayError(
            f"line 1: the header lacks {', '.join(missing)}; it should be "
            f"{','.join((TIME, *CHANNELS))} (the right columns may be missing)"
        )
    return columns


def _inputs(
    columns: dict[str, int],
    first: Row | None,
    rows: Iterator[Row],
) -> Iterator[Input]:
    indices = (columns[TIME], *(columns.get(name) for name in CHANNELS))
    waiting = _Waiting(indices, 1 + max(columns.values()))
    input_at = columns.get(INPUT)
    ended = False
    if first is not None:
        rows = _chain(first, rows)
    try:
        for number, row in rows:
            if not row:
                continue
            said = _cell(row, input_at)
            if not said:
                waiting.rows.append((number, row))
            if said or len(waiting.rows) == _BLOCK_ROWS:
                yield from waiting.samples()
            if said:
                item = input_from_json(said)
                ended = isinstance(item, RecordingEnded)
                yield item
    except (csv.Error, UnicodeDecodeError):
        # A mistake in a row before comes first, and so do the samples that came before.
        yield from waiting.samples()
        raise
    yield from waiting.samples()
    if not ended:
        yield RecordingEnded(max(waiting.last_s, 0.0), "recording_ended")


class _Waiting:
    """Rows that wait to be read together, which takes a fraction of the time.

    Args:
        indices: of the columns of time and channels; None for one that is missing.
        width: how many cells a row may have.

    Attributes:
        rows: those that wait.
        last_s: time of the last row that was read.
    """

    def __init__(self, indices: Sequence[int | None], width: int) -> None:
        self._indices = indices
        self._width = width
        self.rows: list[Row] = []
        self.last_s = -math.inf

    def samples(self) -> list[Samples]:
        """Return the samples of all that wait, as one piece; nothing where nothing waits."""
        rows, self.rows = self.rows, []
        if not rows:
            return []
        broad = any(len(row) > self._width for _, row in rows)
        channels = None if broad else _at_once(rows, self._indices, self.last_s)
        if channels is None:
            each = _one_by_one(rows, self._indices, self._width, self.last_s)
            channels = np.array(list(each)).T.copy()
        self.last_s = channels.item(0, -1)
        return [Samples(*channels)]


def _at_once(
    rows: list[Row], indices: Sequence[int | None], before_s: float
) -> NDArray[np.float64] | None:
    """Return time and channels of some rows, `(5, rows)`; None where one of them is wrong."""
    width = 1 + max(index for index in indices if index is not None)
    cells = [row + [""] * (width - len(row)) for _, row in rows]
    channels = np.full((len(indices), len(rows)), np.nan)
    try:
        for channel, index in zip(channels, indices, strict=True):
            if index is not None:
                channel[:] = [float(row[index] or "nan") for row in cells]
    except ValueError:
        return None
    t_s = channels[0]
    if np.isnan(t_s).any() or np.isinf(channels).any() or t_s.min() < 0.0 or t_s.max() > LATEST_S:
        return None
    passed_s = np.diff(t_s, prepend=before_s if before_s >= 0.0 else t_s[0] - 1.0)
    return channels if passed_s.min() > 0.0 and passed_s.max() <= LONGEST_GAP_S else None


def _one_by_one(
    rows: list[Row], indices: Sequence[int | None], width: int, before_s: float
) -> Iterator[tuple[float, ...]]:
    """Yield the figures of each row, until one of them is wrong."""
    for line, row in rows:
        if any(cell.strip() for cell in row[width:]):
            raise ReplayError(
                f"line {line} has {len(row)} cells, and the header {width}; is there a comma in a "
                "number? Write points"
            )
        values = _numbers(line, row, indices)
        if not values[0] > before_s:
            raise ReplayError(
                f"line {line}: t_s is {row[indices[0] or 0]}, which does not come after the row "
                "before; sort the rows by time and drop repeats"
            )
        _check_time(line, values[0], before_s)
        before_s = values[0]
        yield values


def _check_time(line: int, t_s: float, before_s: float) -> None:
    if t_s < 0.0:
        raise ReplayError(
            f"line {line}: t_s is {t_s:g}; time counts from 0, so add the same number to every row"
        )
    if t_s > LATEST_S:
        raise ReplayError(f"line {line}: t_s is {t_s:g}, which is too large for seconds")
    if t_s - before_s > LONGEST_GAP_S and before_s >= 0.0:
        raise ReplayError(
            f"line {line}: t_s jumps by {t_s - before_s:g} s, more than a day; is it in seconds?"
        )


def _chain(first: Row, rest: Iterator[Row]) -> Iterator[Row]:
    yield first
    yield from rest


def _cell(row: list[str], index: int | None) -> str:
    return row[index] if index is not None and index < len(row) else ""


def _numbers(line: int, row: list[str], indices: Sequence[int | None]) -> tuple[float, ...]:
    values = []
    for name, index in zip((TIME, *CHANNELS), indices, strict=True):
        cell = _cell(row, index)
        try:
            value = float(cell) if cell else np.nan
        except ValueError:
            raise ReplayError(f"line {line}: {name} is {cell!r}, which is no number") from None
        if np.isinf(value) or (name == TIME and np.isnan(value)):
            raise ReplayError(f"line {line}: {name} is {cell!r}; it must be a finite number")
        values.append(value)
    return tuple(values)
