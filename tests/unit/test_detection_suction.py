"""The benchmark's judge of what is told of the pump: right where it is right, and not where not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bench.detection.playing import Played, Said, play
from bench.detection.recording import TrueLeak
from bench.detection.suction import judge_suction, suction_cells
from lullaflow_protocol.events import Event, PhaseChanged, SealLeak, dump_event

from .test_detection_scoring import MADE

PHASES = ((5.0, "stimulation"), (125.0, "expression"), (300.0, "paused"), (330.0, "expression"))
LEAKS = (
    TrueLeak("left", 200.0, 40.0, 0.7),
    TrueLeak("left", 290.0, 20.0, 0.9),
    TrueLeak("left", 400.0, 60.0, 0.35),
)
LEAKY = replace(MADE, phases=PHASES, leaks=LEAKS)
COMMON = {"id": "x", "at": datetime(2026, 1, 1, tzinfo=UTC), "pump": "p", "session": "s"}


def said(*events: tuple[float, str]) -> Played:
    """What a core says that tells a phase, or (`leak`) of a seal."""
    return Played(
        tuple(
            Said(
                at_s,
                SealLeak(**COMMON, t_s=at_s, side="left", vacuum_mmhg=50.0, message="!")
                if what == "leak"
                else PhaseChanged(
                    **COMMON, t_s=at_s, phase=what, cycles_per_min=1.0, vacuum_mmhg=1.0
                ),
            )
            for at_s, what in events
        ),
        ((600.0, 0.0),),
    )


RIGHT = tuple((at_s, name) for at_s, name in PHASES)


def test_a_leak_is_found_late_or_never_and_a_short_one_need_not_be() -> None:
    found = judge_suction(LEAKY, said(*RIGHT, (215.0, "leak")))
    assert found is not None
    assert [seal.delay_s for seal in found.seals] == [pytest.approx(15.0, abs=0.2)]
    assert found.false_s == ()
    missed = judge_suction(LEAKY, said(*RIGHT))
    assert missed is not None
    assert [seal.delay_s for seal in missed.seals] == [None]


def test_a_leak_that_is_none_is_false_and_a_small_one_counts_neither_way() -> None:
    score = judge_suction(LEAKY, said((150.0, "leak"), (420.0, "leak")))
    assert score is not None
    assert score.false_s == (150.0,)


def test_a_leak_from_the_start_is_told_apart() -> None:
    leaks = (TrueLeak("left", 4.0, 60.0, 0.8),)
    score = judge_suction(replace(LEAKY, leaks=leaks), said())
    assert score is not None
    assert [seal.first for seal in score.seals] == [True]


def test_the_phase_is_right_for_as_long_as_it_is_told() -> None:
    right = judge_suction(LEAKY, said(*RIGHT))
    late = judge_suction(LEAKY, said((5.0, "stimulation"), (181.5, "expression")))
    assert right is not None
    assert late is not None
    assert right.phase_right == 1.0
    # 565 s of pumping, 56.5 of them in a phase that was over.
    assert late.phase_right == pytest.approx(0.9, abs=0.001)
    unknown = judge_suction(MADE, said())
    assert unknown is not None
    assert unknown.phase_right is None


def test_the_core_counts_stimulation_until_the_first_let_down() -> None:
    played = play(MADE)
    score = judge_suction(MADE, played)
    assert score is not None
    assert abs(score.counted_off_s) < 1.0
    events: list[Event] = [each.event for each in played.said]
    assert all(dump_event(each) for each in events)
    assert played.counted_s[-1][1] < MADE.let_downs[0].onset_s + 10.0


def test_a_table_says_what_was_told() -> None:
    scores = [judge_suction(LEAKY, said(*RIGHT, (215.0, "leak"))), None]
    cells = suction_cells(scores)
    assert cells["seals that leak, later on: told"] == "1 of 1"
    assert cells["seals that leak, from the start: told"] == "0 of 0"
    assert cells["after, median (s)"] == "15.0"
    assert cells["leaks told that were none, an hour"] == "0.00"
    assert cells["time in which the right phase was told (%)"] == "100.0"
    assert set(suction_cells([None]).values()) == {"–", "0 of 0"}
