"""The benchmark's verdicts: met where it is met, and not where it is not."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("river", reason="the peers are installed by `make .make/peers`")
pytest.importorskip("skchange", reason="the peers are installed by `make .make/peers`")

from bench.compiled import Taken
from bench.detection.binned_flow import binned_flow
from bench.detection.fooling import Fooling, best_f1, fooling
from bench.detection.informed import BARS, Informed
from bench.detection.judging import Judged, tuned_settings
from bench.detection.limit import Limit
from bench.detection.peers import PEERS
from bench.detection.results import FamilyResult, delay_ratio, goals, sober_delay_s, sober_limit_s
from bench.detection.scoring import LATEST_S, Told, score_session, sum_up
from bench.detection.seeds import FAMILIES, Use
from bench.detection.slowness import Slowness
from bench.detection.speed import Speed
from bench.detection.tables import (
    failure_table,
    family_table,
    goal_table,
    informed_table,
    peer_table,
    speed_table,
)
from bench.detection.tune import MILKY, TUNED

from .test_detection_scoring import MADE, perfect

TOLD = (2.5, 0.96)
INFORMED = (Informed((TOLD,) * len(BARS), (None,) * len(BARS)),)
FAST = Speed(detector_s=0.1, core_s=0.2, page_hinkley_s=0.1, grown_kb=0.0)
FINE = Slowness(told=False, any_milk=False, known_milk=False, gone=False, pump_off=False)


def sure(later_s: float) -> list[Told]:
    return [replace(each, confidence=1.0) for each in perfect(later_s=later_s)]


def result(family: str, told: list[Told], theirs: list[Told], slow: Slowness = FINE):
    made = replace(MADE, let_downs=()) if family == "dry" else MADE
    peers = {peer.name: score_session(made, theirs) for peer in PEERS}
    judged = Judged(
        score=score_session(made, told),
        followed=(),
        soon=score_session(made, told),
        excused=score_session(made, told),
        soon_excused=score_session(made, told),
        short_rises=1,
        hasty=score_session(made, told),
        rash=(score_session(made, told),),
        patient=score_session(made, told),
        missed=(),
        false=(),
        informed=INFORMED * (len(made.let_downs) if family in ("typical", "hard") else 0),
        limits=tuple(Limit(1.0, 1.5, 2.0, 3.0, 2.5, 1.2) for _ in made.let_downs),
        fooling=Fooling(true=(3.0,) * len(made.let_downs), empty=(-2.0, 1.0)),
        slowness=slow,
        suction=None,
        peers=peers,
        curves={peer.name: (peers[peer.name],) for peer in PEERS if peer.threshold},
    )
    return FamilyResult(family, [judged] * 3)


def verdicts(told, theirs, slow=FINE, speed=FAST) -> dict[str, bool]:
    results = [result(family, [] if family == "dry" else told, theirs, slow) for family in FAMILIES]
    reached = goals(results, speed)
    for text in (goal_table(reached), peer_table(results), failure_table(results)):
        assert text.count("\n") > 2
    return {each.what: each.met for each in reached}


LATE_AND_WRONG = [Told(50.0, 50.0), *perfect(later_s=9.0)]


def test_who_is_perfect_meets_every_goal():
    assert all(verdicts(sure(1.2), LATE_AND_WRONG).values())


def test_who_tells_nothing_fails_where_milk_came():
    met = verdicts([], LATE_AND_WRONG)
    failed = [what for what, fine in met.items() if not fine]
    for what in ("first let-down found", "F1", "delay", "onset error", "calibration"):
        assert any(what in each for each in failed), what
    assert met["false let-downs an hour, `dry`"]


def test_a_faster_or_better_peer_is_named():
    met = verdicts(sure(1.2), sure(1.0))
    for where in ("median over families", "in every family"):
        assert not met[f"F1 better than every peer's, {where}"]
    delay = "less delay than every online peer, at"
    assert not met[f"{delay} its rate of false alarms, median over families"]
    assert not met[f"{delay} every threshold, in every family"]


def test_a_peer_that_is_more_often_wrong_is_not_named():
    met = verdicts(sure(1.2), LATE_AND_WRONG)
    assert met["fewer false alarms than every peer, median over families"]
    met = verdicts(LATE_AND_WRONG, sure(1.0))
    assert not met["fewer false alarms than every peer, median over families"]


def test_a_false_slow_and_a_slow_machine_are_told():
    false = Slowness(told=True, any_milk=True, known_milk=True, gone=False, pump_off=False)
    met = verdicts(sure(1.2), LATE_AND_WRONG, false, replace(FAST, core_s=0.4, grown_kb=900.0))
    assert [what for what, fine in met.items() if not fine] == [
        "false `let_down_slow` (milk was flowing, or the pump was off)",
        "20 minutes of both sides at 50 Hz replay in",
        "memory after the second ten minutes",
    ]


def test_the_goal_of_speed_is_asked_of_the_core_as_it_is_and_of_the_compiled_one():
    slow = replace(FAST, core_s=0.4)
    speed = "20 minutes of both sides at 50 Hz replay in"
    assert not verdicts(sure(1.2), LATE_AND_WRONG, speed=slow)[speed]
    for core_s in (0.2, 0.31):
        compiled = replace(slow, compiled=Taken(detector_s=0.1, core_s=core_s))
        met = verdicts(sure(1.2), LATE_AND_WRONG, speed=compiled)
        assert met[f"{speed} (compiled)"] == (core_s < 0.3)
        assert not met[f"{speed} (as it is, without a compiler)"]
        assert f"| the whole core, compiled | {core_s:.3f} |" in speed_table(compiled)


def test_the_ratio_is_of_let_downs_that_both_tell():
    judged = result("typical", sure(3.0)[:2], []).judged
    assert delay_ratio(judged) == pytest.approx((3.0, 1.0, 3.0))
    assert delay_ratio(judged, "past_steps_s") == pytest.approx((3.0, 1.5, 2.0))
    assert delay_ratio(judged, "past_eases_s") == pytest.approx((3.0, 2.0, 1.5))
    assert delay_ratio(judged, "past_halted_s") == pytest.approx((3.0, 2.5, 1.2))
    assert all(math.isnan(each) for each in delay_ratio(result("typical", [], []).judged))


def test_every_quantile_has_its_ratio_and_so_have_first_let_downs():
    late_last = [*sure(3.0)[:-1], sure(12.0)[-1]]
    judged = result("typical", late_last, []).judged
    assert delay_ratio(judged, first=True) == pytest.approx((3.0, 1.0, 3.0))
    assert delay_ratio(judged, quantile=1.0) == pytest.approx((12.0, 1.0, 12.0))


def test_who_knows_every_law_stands_beside_both_families_that_ask_for_it():
    dry = result("dry", [], [])
    table = informed_table([result("typical", [], []), dry, result("hard", [], [])])
    head, _, *rows = table.splitlines()
    assert head.count("`") == 8
    assert "`dry`" not in head
    assert len(rows) == len(BARS)
    assert all("0.980, 2.5 s, 2.5 s | –" in row for row in rows)


def test_what_ours_tells_late_is_counted_and_whether_a_clairvoyant_is_as_late():
    late = sure(12.0)[1:]
    judged = result("typical", late, []).judged[0]
    hopeless = replace(judged.limits[0], searching_s=None, past_eases_s=10.5)
    made = FamilyResult("typical", [replace(judged, limits=(hopeless, *judged.limits[1:]))])
    rows = dict(
        line.strip("| ").split(" | ") for line in family_table([made], Use.DEVELOPMENT).splitlines()
    )
    assert rows["let-downs that ours tells after over 10 s, or never"] == "3"
    assert rows["of these so late or never by the first clairvoyant"] == "0"
    assert rows["by the one that must tell steps and leans apart"] == "1"
    assert rows["by the one that must look"] == "1"


def test_what_is_missed_counts_as_the_longest_delay():
    assert sober_delay_s([score_session(MADE, sure(3.0))]) == pytest.approx(3.0)
    assert sober_delay_s([score_session(MADE, sure(3.0)[:1])]) == LATEST_S
    assert sober_limit_s(result("typical", [], []).judged) == pytest.approx(1.0)


def test_a_family_without_let_downs_has_no_share_of_them():
    table = family_table([result("dry", [], [])], Use.DEVELOPMENT)
    lines = [each for each in table.splitlines() if each.startswith("| F1")]
    assert lines
    assert all(line.endswith("| – |") for line in lines)


@pytest.mark.parametrize("peer", PEERS, ids=lambda each: each.name)
def test_every_peer_finds_clear_let_downs_with_its_settings_from_training(peer):
    tuned = json.loads(TUNED.read_text("utf-8"))
    assert set(tuned) == set(MILKY)
    settings = tuned_settings("clean", peer)
    assert settings in list(peer.choices())
    told = peer.find(binned_flow(MADE.samples), settings)
    figures = sum_up([score_session(MADE, told)])
    assert figures.recall >= 2.0 / 3.0
    assert figures.precision >= 0.6


def test_the_best_bar_lets_pass_what_is_true_and_nothing_else():
    parts = [Fooling(true=(3.0, 9.0, -8.0), empty=(2.5, -1.0)), Fooling(true=(), empty=(0.5,))]
    assert best_f1(parts) == (pytest.approx(0.8), 3.0)


def test_who_looks_all_the_time_is_asked_at_let_downs_and_where_nothing_comes():
    asked = fooling(MADE)
    assert len(asked.true) == len(MADE.let_downs)
    assert min(asked.true) > 0.0
    assert asked.empty


def test_a_still_half_minute_may_fool_it_as_any_other():
    asked = fooling(replace(MADE, let_downs=()))
    assert np.isfinite(asked.empty).all()
