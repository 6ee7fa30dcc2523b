"""What was found against what is true.

Found and true let-downs are matched one to one: a let-down counts as found when it was told at most
`LATEST_S` after its true onset and not more than `EARLIEST_S` before it. What is told at a rise
that no ejection brought (see `Recording.resumptions_s`) counts neither way; all else that is told
is false. The same holds for every detector and every peer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from bench.detection.recording import Recording

EARLIEST_S: Final = 2.0
"""Drips may betray a let-down before its flow has risen by 0.03 g/s; no more than this is luck."""

LATEST_S: Final = 30.0
"""Later than this, she has seen it herself: it was missed."""

CONFIDENCE_BINS: Final = 10
"""Of equal width from 0 to 1, as is usual for the expected calibration error."""


@dataclass(frozen=True, slots=True)
class Told:
    """One let-down as a detector tells it; times are seconds of the recording.

    Attributes:
        detected_s: when it could be told, with all samples up to then.
        onset_s: when it began, as the detector thinks.
        confidence: probability that it is one; None where a detector has no such figure.
    """

    detected_s: float
    onset_s: float
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class SessionScore:
    """How one detector did on one recording.

    Attributes:
        family, seed, hours: of the recording.
        true_onsets_s: the moments of all that there was to be found.
        delays_s: from true onset to detection, for each true let-down; None where it was missed.
        onset_errors_s: estimated less true onset, likewise.
        false_s: when something false was told.
        resumptions_told: told at milk that no ejection brought.
        confidences: `(confidence, true)` of all told but those.
    """

    family: str
    seed: int
    hours: float
    true_onsets_s: tuple[float, ...]
    delays_s: tuple[float | None, ...]
    onset_errors_s: tuple[float | None, ...]
    false_s: tuple[float, ...]
    resumptions_told: int
    confidences: tuple[tuple[float, bool], ...]


def pair(moments_s: Sequence[float], onsets_s: Sequence[float]) -> list[int | None]:
    """Return for each onset which moment was told for it.

    Both rise. Windows are of one length, so taking the first that fits pairs as many as can be.
    """
    pairs: list[int | None] = []
    at = 0
    for onset_s in onsets_s:
        while at < len(moments_s) and moments_s[at] < onset_s - EARLIEST_S:
            at += 1
        if at < len(moments_s) and moments_s[at] <= onset_s + LATEST_S:
            pairs.append(at)
            at += 1
        else:
            pairs.append(None)
    return pairs


def score_session(made: Recording, told: Sequence[Told]) -> SessionScore:
    """Score what one detector told about one recording."""
    told = sorted(told, key=lambda each: each.detected_s)
    onsets_s = [each.onset_s for each in made.let_downs]
    pairs = pair([each.detected_s for each in told], onsets_s)
    hits = {at for at in pairs if at is not None}
    rest = [at for at in range(len(told)) if at not in hits]
    excused = pair([told[at].detected_s for at in rest], sorted(made.resumptions_s))
    neutral = {rest[at] for at in excused if at is not None}
    return SessionScore(
        family=made.family,
        seed=made.seed,
        hours=made.hours,
        true_onsets_s=tuple(onsets_s),
        delays_s=tuple(
            None if at is None else told[at].detected_s - onset_s
            for at, onset_s in zip(pairs, onsets_s, strict=True)
        ),
        onset_errors_s=tuple(
            None if at is None else told[at].onset_s - onset_s
            for at, onset_s in zip(pairs, onsets_s, strict=True)
        ),
        false_s=tuple(told[at].detected_s for at in rest if at not in neutral),
        resumptions_told=len(neutral),
        confidences=tuple(
            (each.confidence, at in hits)
            for at, each in enumerate(told)
            if at not in neutral and each.confidence is not None
        ),
    )


@dataclass(frozen=True, slots=True)
class Figures:
    """How one detector did on many recordings. NaN where there is nothing to tell it from.

    Attributes:
        sessions, hours: how many recordings, and how long they are together.
        let_downs: how many there were to be found.
        first_found: share of the sessions with a let-down in which the first one was found.
        precision, recall, f1: of all let-downs, all sessions together.
        false_per_hour: false let-downs an hour.
        delay_s, delay_p90_s, delay_p99_s: median and percentiles, of those found.
        first_delay_s: median for the first let-down of each session.
        onset_error_s: median of its amount, of those found.
        calibration_error: expected calibration error of the confidence.
        resumptions_told: told at milk that no ejection brought; counted neither way.
    """

    sessions: int
    hours: float
    let_downs: int
    first_found: float
    precision: float
    recall: float
    f1: float
    false_per_hour: float
    delay_s: float
    delay_p90_s: float
    delay_p99_s: float
    first_delay_s: float
    onset_error_s: float
    calibration_error: float
    resumptions_told: int


def sum_up(scores: Sequence[SessionScore]) -> Figures:
    """Put the scores of many recordings together."""
    delays = [delay for each in scores for delay in each.delays_s]
    found = [delay for delay in delays if delay is not None]
    firsts = [each.delays_s[0] for each in scores if each.delays_s]
    firsts_found = [delay for delay in firsts if delay is not None]
    errors = [abs(off) for each in scores for off in each.onset_errors_s if off is not None]
    false = sum(len(each.false_s) for each in scores)
    hours = sum(each.hours for each in scores)
    return Figures(
        sessions=len(scores),
        hours=hours,
        let_downs=len(delays),
        first_found=_ratio(len(firsts_found), len(firsts)),
        precision=_ratio(len(found), len(found) + false),
        recall=_ratio(len(found), len(delays)),
        f1=_ratio(2 * len(found), len(found) + false + len(delays)),
        false_per_hour=_ratio(false, hours),
        delay_s=_quantile(found, 0.5),
        delay_p90_s=_quantile(found, 0.9),
        delay_p99_s=_quantile(found, 0.99),
        first_delay_s=_quantile(firsts_found, 0.5),
        onset_error_s=_quantile(errors, 0.5),
        calibration_error=calibration_error(
            [pair for each in scores for pair in each.confidences],
        ),
        resumptions_told=sum(each.resumptions_told for each in scores),
    )


def calibration_error(told: Sequence[tuple[float, bool]]) -> float:
    """Return the expected calibration error of `(confidence, true)`; NaN for none.

    It is the mean over all told of how far, within a tenth of the scale, the mean confidence lies
    from the share that was true (Naeini 2015).
    """
    if not told:
        return float("nan")
    confidence = np.array([each for each, _ in told])
    true = np.array([each for _, each in told], dtype=np.float64)
    which = np.minimum((confidence * CONFIDENCE_BINS).astype(int), CONFIDENCE_BINS - 1)
    off = [
        abs(float((confidence[which == one] - true[which == one]).sum()))
        for one in range(CONFIDENCE_BINS)
    ]
    return sum(off) / len(told)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


def _quantile(values: Sequence[float], share: float) -> float:
    return float(np.quantile(np.array(values), share)) if values else float("nan")
