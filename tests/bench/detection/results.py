"""What the benchmark found, family by family, and whether the goals are met."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from bench.detection.judging import Judged
from bench.detection.peers import PEERS, Peer
from bench.detection.scoring import LATEST_S, Figures, SessionScore, calibration_error, sum_up
from bench.detection.seeds import OTHER
from bench.detection.slowness import KNOWN_S
from bench.detection.speed import Speed

RESAMPLES: Final = 400
"""Of the sessions, for an interval (bootstrap; its seed is fixed)."""

BEYOND: Final = "(more than asked)"
"""Stands where the goal is the same for medians over families."""

SLOW_SESSIONS: Final = 500
"""A false `let_down_slow` in so many sessions, at most."""


@dataclass(frozen=True, slots=True)
class Goal:
    """One figure to reach."""

    what: str
    goal: str
    reached: str
    met: bool


@dataclass(frozen=True, slots=True)
class FamilyResult:
    """All recordings of one family."""

    family: str
    judged: Sequence[Judged]

    @property
    def scores(self) -> list[SessionScore]:
        """Return our scores."""
        return [each.score for each in self.judged]

    @property
    def figures(self) -> Figures:
        """Return our figures."""
        return sum_up(self.scores)

    def peer(self, peer: Peer) -> Figures:
        """Return a peer's figures, as it was tuned."""
        return sum_up([each.peers[peer.name] for each in self.judged])

    def curve(self, peer: Peer) -> list[list[SessionScore]]:
        """Return an online peer's scores, for each value of its threshold."""
        return [
            list(each) for each in zip(*(one.curves[peer.name] for one in self.judged), strict=True)
        ]


def delay_ratio(
    judged: Sequence[Judged],
    limit_name: str = "delay_s",
    *,
    quantile: float = 0.5,
    first: bool = False,
) -> tuple[float, float, float]:
    """Return our delay, the clairvoyant's, and their ratio; the median, or another quantile.

    Both are of the let-downs that both tell, or of the first of each session; see `Limit` for the
    names of its figures.
    """
    last = 1 if first else None
    ours, known = [], []
    for each in judged:
        for delay_s, limit in list(zip(each.score.delays_s, each.limits, strict=True))[:last]:
            limit_s = getattr(limit, limit_name)
            if delay_s is not None and limit_s is not None:
                ours.append(delay_s)
                known.append(limit_s)
    if not ours:
        return math.nan, math.nan, math.nan
    mine, least = (float(np.quantile(each, quantile)) for each in (ours, known))
    return mine, least, mine / least


def sober_delay_s(scores: Sequence[SessionScore]) -> float:
    """Return the median delay when what is missed counts as the longest that is not.

    Otherwise a detector that finds the easy ones only would seem fast.
    """
    return _sober_s(delay_s for each in scores for delay_s in each.delays_s)


def sober_limit_s(judged: Sequence[Judged]) -> float:
    """Return the same of the clairvoyant."""
    return _sober_s(limit.delay_s for each in judged for limit in each.limits)


def _sober_s(delays_s: Iterable[float | None]) -> float:
    counted = [LATEST_S if delay_s is None else delay_s for delay_s in delays_s]
    return float(np.median(counted)) if counted else math.nan


def interval(
    judged: Sequence[Judged], figure: Callable[[Sequence[Judged]], float]
) -> tuple[float, float]:
    """Return the middle 95 % of a figure over resampled sessions."""
    random = np.random.default_rng(1)
    values = [
        figure([judged[at] for at in random.integers(len(judged), size=len(judged))])
        for _ in range(RESAMPLES)
    ]
    known = [value for value in values if not math.isnan(value)]
    low, high = np.quantile(known, (0.025, 0.975)) if known else (math.nan, math.nan)
    return float(low), float(high)


def goals(results: Sequence[FamilyResult], speed: Speed) -> list[Goal]:
    """Compare what was reached with what was to be reached; the other generator stands apart."""
    of = {each.family: each for each in results}
    own = [each for each in results if each.family != OTHER]
    typical, hard, dry = of["typical"], of["hard"], of["dry"]
    return [
        _found(typical, 0.995),
        _found(hard, 0.97),
        _ratio(typical, 1.5),
        _ratio(hard, 2.0),
        _at_most("delay, median, `typical`", typical.figures.delay_s, 4.0, "s"),
        _at_most("delay, 99th percentile, `typical`", typical.figures.delay_p99_s, 10.0, "s"),
        _at_most("onset error, median, `typical`", typical.figures.onset_error_s, 1.0, "s"),
        _f1(typical, 0.97),
        _f1(hard, 0.90),
        _false(dry, 0.1),
        _slowness(own),
        *_calibration(own),
        *_against_peers(own),
        *_speed(speed),
        Goal(
            "memory after the second ten minutes",
            "flat",
            f"{round(speed.grown_kb, 1) + 0.0:+.1f} KB",
            speed.grown_kb < 64.0,
        ),
    ]


def _speed(speed: Speed) -> list[Goal]:
    """Compare the core as it is, and compiled where it could be."""
    what = "20 minutes of both sides at 50 Hz replay in"
    taken = {what: (speed.core_s, speed.detector_s)}
    if speed.compiled:
        compiled = (speed.compiled.core_s, speed.compiled.detector_s)
        taken = {
            f"{what} (compiled)": compiled,
            f"{what} (as it is, without a compiler)": taken[what],
        }
    return [
        Goal(
            each,
            "under 0.3 s",
            f"{core_s:.3f} s (the detector alone: {detector_s:.3f} s)",
            core_s < 0.3,
        )
        for each, (core_s, detector_s) in taken.items()
    ]


def _found(result: FamilyResult, least: float) -> Goal:
    share = result.figures.first_found
    low, high = interval(result.judged, lambda js: sum_up([j.score for j in js]).first_found)
    return Goal(
        f"first let-down found, `{result.family}`",
        f"at least {100 * least:g} %",
        f"{100 * share:.1f} % ({100 * low:.1f} to {100 * high:.1f})",
        share >= least,
    )


def _f1(result: FamilyResult, least: float) -> Goal:
    f1 = result.figures.f1
    low, high = interval(result.judged, lambda js: sum_up([j.score for j in js]).f1)
    return Goal(
        f"all let-downs, F1, `{result.family}`",
        f"at least {least:.2f}",
        f"{f1:.3f} ({low:.3f} to {high:.3f})",
        f1 >= least,
    )


def _false(result: FamilyResult, most: float) -> Goal:
    figures = result.figures
    count = sum(len(each.false_s) for each in result.scores)
    return Goal(
        f"false let-downs an hour, `{result.family}`",
        f"under {most:g}",
        f"{figures.false_per_hour:.3f} ({count} in {figures.hours:.1f} h)",
        figures.false_per_hour < most,
    )


def _ratio(result: FamilyResult, most: float) -> Goal:
    mine, least, ratio = delay_ratio(result.judged)
    low, high = interval(result.judged, lambda js: delay_ratio(js)[2])
    return Goal(
        f"delay over the clairvoyant's, medians, `{result.family}`",
        f"at most {most:g}",
        f"{ratio:.2f} ({low:.2f} to {high:.2f}): {mine:.1f} s over {least:.1f} s",
        ratio <= most,
    )


def _at_most(what: str, value: float, most: float, unit: str, digits: int = 2) -> Goal:
    return Goal(
        what, f"under {most:g} {unit}".strip(), f"{value:.{digits}f} {unit}".strip(), value < most
    )


def _slowness(results: Sequence[FamilyResult]) -> Goal:
    judged = [each for result in results for each in result.judged]
    false = sum(each.slowness.false for each in judged)
    gone = sum(each.slowness.gone for each in judged)
    moment = sum(each.slowness.any_milk and not each.slowness.known_milk for each in judged)
    return Goal(
        "false `let_down_slow` (milk was flowing, or the pump was off)",
        f"under 1 in {SLOW_SESSIONS} sessions",
        f"{false} in {len(judged)} ({gone} more after a let-down that was missed and over, "
        f"{moment} within {KNOWN_S:g} s of the first onset)",
        false * SLOW_SESSIONS < len(judged),
    )


def _calibration(results: Sequence[FamilyResult]) -> list[Goal]:
    milky = [each for each in results if each.figures.let_downs]
    median = float(np.median([each.figures.calibration_error for each in milky]))
    together = calibration_error(
        [told for each in results for score in each.scores for told in score.confidences]
    )
    return [
        _at_most("calibration error of the confidence, median of families", median, 0.03, "", 3),
        _at_most("the same, all sessions together", together, 0.03, "", 3),
    ]


def _against_peers(results: Sequence[FamilyResult]) -> list[Goal]:
    """Compare with the peers as is asked, by medians over families, and then in each family."""
    milky = [each for each in results if each.figures.let_downs]
    f1 = _median(each.figures.f1 for each in milky)
    rate = _median(each.figures.false_per_hour for each in results)
    better, calmer, sooner = [], [], []
    for peer in PEERS:
        if _median(each.peer(peer).f1 for each in milky) >= f1:
            better.append(peer.name)
        # Two that are never wrong are equally good.
        if _median(each.peer(peer).false_per_hour for each in results) <= rate > 0.0:
            calmer.append(peer.name)
        ours = [_delay_at_rate_s(each, each.peer(peer).false_per_hour) for each in milky]
        if peer.online and _median(_delay_s(each, peer) for each in milky) <= _median(ours):
            sooner.append(peer.name)
    return [
        _but("F1 better than every peer's, median over families", "yes", better),
        _but("fewer false alarms than every peer, median over families", "yes", calmer),
        _but(
            "less delay than every online peer, at its rate of false alarms, median over families",
            "yes",
            sooner,
        ),
        *_in_every_family(results),
    ]


def _in_every_family(results: Sequence[FamilyResult]) -> list[Goal]:
    best, most, slow = [], [], []
    for result in results:
        ours = result.figures
        for peer in PEERS:
            theirs = result.peer(peer)
            where = f"{peer.name} in `{result.family}`"
            if theirs.false_per_hour <= ours.false_per_hour > 0.0:
                most.append(where)
            if ours.let_downs and theirs.f1 >= ours.f1:
                best.append(where)
            if ours.let_downs and peer.online and _faster(result, peer):
                slow.append(where)
    return [
        _but("F1 better than every peer's, in every family", BEYOND, best),
        _but("fewer false alarms than every peer, in every family", BEYOND, most),
        _but(
            "less delay than every online peer, at every threshold, in every family", BEYOND, slow
        ),
    ]


def _ways(result: FamilyResult) -> list[tuple[float, float]]:
    """Return our false alarms an hour and delay: as it is, sooner, hasty, and ever more rash."""
    ways = (
        result.scores,
        [each.soon for each in result.judged],
        [each.hasty for each in result.judged],
        *zip(*(each.rash for each in result.judged), strict=True),
    )
    return [(sum_up(each).false_per_hour, sober_delay_s(each)) for each in ways]


def _delay_at_rate_s(result: FamilyResult, rate: float) -> float:
    """Return our delay at no more than so many false alarms an hour; the longest for none."""
    return min((delay_s for mine, delay_s in _ways(result) if mine <= rate), default=LATEST_S)


def _delay_s(result: FamilyResult, peer: Peer) -> float:
    return sober_delay_s([each.peers[peer.name] for each in result.judged])


def _faster(result: FamilyResult, peer: Peer) -> bool:
    """Tell whether a peer beats our delay: as it was tuned, or where it is as sober as ours.

    Ours is the delay at the peer's own rate of false alarms: as it is, sooner, hasty or rash, where
    these, too, raise no more false alarms than the peer. The peer's other thresholds count as far
    as ours reach.
    """
    ours = _ways(result)
    tuned = [each.peers[peer.name] for each in result.judged]
    others = [
        each
        for each in (result.curve(peer) if peer.threshold else [])
        if sum_up(each).false_per_hour <= max(rate for rate, _ in ours)
    ]
    for scores in (tuned, *others):
        rate, delay_s = sum_up(scores).false_per_hour, sober_delay_s(scores)
        no_more_false = [mine_s for mine, mine_s in ours if mine <= rate]
        if delay_s <= min(no_more_false, default=ours[0][1]):
            return True
    return False


def _median(figures: Iterable[float]) -> float:
    return float(np.median(list(figures)))


def _but(what: str, goal: str, but: list[str]) -> Goal:
    return Goal(what, goal, "yes" if not but else "not than " + ", ".join(but), not but)
