"""What constants of the program lose in one recording, in seconds, by what they decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from bench.detection.following import Followed, follow
from bench.detection.ours import find, findings
from bench.detection.playing import play
from bench.detection.recording import recording
from bench.detection.scoring import LATEST_S, SessionScore, score_session, sum_up
from bench.detection.seeds import Use
from bench.detection.slowness import Slowness, judge_slowness
from bench.detection.suction import SuctionScore, judge_suction, suction_cells
from bench.detection.swept import Move, moved
from lullaflow.session.inputs import CoreSettings
from lullaflow_protocol.events import LetDown, LetDownSlow

FALSE_S: Final = 600.0
"""To be told that let-down is slow while milk flows is as bad as to wait ten minutes longer for
help. Assumed."""

LEAK_S: Final = 60.0
"""A leak that is missed, or told where there is none, is as bad as a minute in the wrong phase.
Assumed."""

Task = tuple[Move, str, int]


class Told(NamedTuple):
    """What was told as a let-down in one session."""

    score: SessionScore

    @property
    def family(self) -> str:
        """Return the recording's family."""
        return self.score.family

    @property
    def lost_s(self) -> float:
        """Return delays and errors of the onset, and `LATEST_S` for each missed or false."""
        errors = len(self.score.false_s) + self.score.delays_s.count(None)
        late_s = sum(max(0.0, each) for each in self.score.delays_s if each is not None)
        off_s = sum(abs(each) for each in self.score.onset_errors_s if each is not None)
        return LATEST_S * errors + late_s + off_s


class Ended(NamedTuple):
    """What was told of the ends of one session's let-downs."""

    family: str
    followed: tuple[Followed, ...]

    @property
    def lost_s(self) -> float:
        """Return by how much their ends are off."""
        return sum(abs(each.end_off_s) for each in self.followed)


class Waited(NamedTuple):
    """What was told of slowness in one session.

    Attributes:
        family: of the recording.
        slowness: what was told.
        late_s: how much longer she waited than is slow, for help or for a let-down.
    """

    family: str
    slowness: Slowness
    late_s: float

    @property
    def lost_s(self) -> float:
        """Return how long she waits, and `FALSE_S` where what was told is false."""
        return self.late_s + FALSE_S * self.slowness.false


class Heard(NamedTuple):
    """What was told of the pump in one session."""

    family: str
    score: SuctionScore

    @property
    def lost_s(self) -> float:
        """Return the time in the wrong phase, delays of leaks, and `LEAK_S` for each error."""
        delays_s = [seal.delay_s for seal in self.score.seals if not seal.first]
        errors = len(self.score.false_s) + delays_s.count(None)
        late_s = sum(each for each in delays_s if each is not None)
        wrong = 0.0 if self.score.phase_right is None else 1.0 - self.score.phase_right
        return LEAK_S * errors + late_s + 3600.0 * self.score.hours * wrong


def tell(task: Task) -> Told:
    """Run the detector on one recording."""
    move, family, seed = task
    made = recording(family, Use.TRAINING, seed)
    with moved(move):
        return Told(score_session(made, find(made.samples)))


def end(task: Task) -> Ended:
    """Run the detector on one recording, and follow what it finds."""
    move, family, seed = task
    made = recording(family, Use.TRAINING, seed)
    with moved(move):
        return Ended(family, follow(made, findings(made.samples)))


def hold(task: Task) -> Waited:
    """Run the whole core on one recording until it is known whether let-down is slow."""
    move, family, seed = task
    made = recording(family, Use.TRAINING, seed)
    with moved(move):
        played = play(made, until=(LetDown, LetDownSlow))
    told_s = [said.event.elapsed_s for said in played.said if isinstance(said.event, LetDownSlow)]
    waited_s = told_s or [stimulation_s for _, stimulation_s in played.counted_s]
    late_s = max(waited_s, default=0.0) - CoreSettings().slow_after_s
    return Waited(family, judge_slowness(made, played), max(0.0, late_s))


def hear(task: Task) -> Heard:
    """Run the whole core on one recording's suction: scales have no say in it."""
    move, family, seed = task
    made = recording(family, Use.TRAINING, seed)
    nothing = np.full(len(made.samples.t_s), np.nan)
    suction = replace(made.samples, left_volume_ml=nothing, right_volume_ml=nothing)
    with moved(move):
        score = judge_suction(made, play(replace(made, samples=suction)))
    assert score is not None, "a plain scale has no suction"
    return Heard(family, score)


def told_line(found: Sequence[Told]) -> str:
    """Return what became of one family's let-downs."""
    got = sum_up([each.score for each in found])
    return (
        f"F1 {got.f1:.3f}, {got.false_per_hour:.2f} false/h, {got.delay_s:.1f} s, "
        f"onset off by {got.onset_error_s:.2f} s"
    )


def ended_line(ended: Sequence[Ended]) -> str:
    """Return what became of one family's ends."""
    followed = [each for one in ended for each in one.followed]
    off_s = [abs(each.end_off_s) for each in followed]
    ml = [each.volume_ml / each.true_ml for each in followed]
    return f"{len(off_s)} off by {np.median(off_s):.1f} s, volume {np.median(ml):.3f} of the true"


def waited_line(waits: Sequence[Waited]) -> str:
    """Return what became of `let_down_slow` in one family."""
    told = [each for each in waits if each.slowness.told]
    false = sum(each.slowness.false for each in told)
    gone = sum(each.slowness.gone for each in told)
    moment = sum(each.slowness.any_milk and not each.slowness.known_milk for each in told)
    late_s = np.mean([each.late_s for each in told]) if told else np.nan
    return (
        f"told {len(told)}, late by {late_s:.1f} s, {false} false, "
        f"{moment} within a moment of milk, {gone} after milk that was missed"
    )


def heard_line(heard: Sequence[Heard]) -> str:
    """Return what was told of one family's pumps."""
    cells = suction_cells([each.score for each in heard])
    return ", ".join(f"{name} {cell}" for name, cell in cells.items())
