"""The core: what a session's inputs give rise to, whatever way they arrive."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lullaflow.detection import Samples
from lullaflow.session.core import Core
from lullaflow.session.inputs import (
    Asked,
    CoreSettings,
    CueStep,
    Input,
    LadderSet,
    LinkCameBack,
    LinkWentDown,
    RecordingEnded,
    RecordingInfo,
    SensorChanged,
)
from lullaflow.session.replay import (
    input_from_json,
    input_to_json,
    read_recording,
    write_recording,
)
from lullaflow_protocol.events import dump_event
from lullaflow_sim.scenarios import load_scenario
from lullaflow_sim.world import World

STARTED = datetime(2026, 11, 23, 3, 0, 0, 250_000, tzinfo=UTC)
INFO = RecordingInfo("pump", STARTED)
SAMPLES = [field.name for field in fields(Samples)]
REST_S = 70.0
CUES_AT_S = {"music": 125.0, "photo": 155.0}


def session(scenario: str, seed: int = 1, cues: bool = False) -> Samples:
    """A scenario as the sensors feel it, and a minute of rest after it."""
    return played(scenario, seed, cues)[0]


@cache
def played(scenario: str, seed: int = 1, cues: bool = False) -> tuple[Samples, dict[str, Any]]:
    """A scenario as the sensors feel it, and what really happened, as the body knows it."""
    world = World(load_scenario(scenario), seed)
    rows = []
    tick = 0
    while not world.finished(tick * 0.02 - REST_S):
        t_s = tick * 0.02
        for kind, at_s in CUES_AT_S.items():
            if cues and abs(t_s - at_s) < 0.01:
                world.hear(kind, t_s)
        senses = [np.nan if value is None else value for value in world.step(t_s)]
        if tick % 5:
            senses[1] = senses[3] = np.nan
        rows.append((t_s, senses[0], senses[1] / 1.03, senses[2], senses[3] / 1.03))
        tick += 1
    table = np.array(rows)
    return Samples(*(table[:, i].copy() for i in range(5))), world.truth()


def part(samples: Samples, start: int, stop: int) -> Samples:
    return Samples(
        samples.t_s[start:stop],
        samples.left_vacuum_mmhg[start:stop],
        samples.left_volume_ml[start:stop],
        samples.right_vacuum_mmhg[start:stop],
        samples.right_volume_ml[start:stop],
    )


def until(samples: Samples, t_s: float) -> Samples:
    return part(samples, 0, int(np.searchsorted(samples.t_s, t_s)))


def after(samples: Samples, t_s: float) -> Samples:
    return part(samples, int(np.searchsorted(samples.t_s, t_s)), len(samples.t_s))


def events(inputs: Iterable[Input], info: RecordingInfo = INFO) -> list[Any]:
    core = Core(info)
    return [event for each in inputs for event in core.step(each)]


def types(found: Iterable[Any]) -> list[str]:
    return [event.type for event in found]


def of_type(found: Iterable[Any], kind: str) -> list[Any]:
    return [event for event in found if event.type == kind]


def test_a_calm_session_has_its_let_downs_and_no_cue() -> None:
    samples, truth = played("calm")
    found = events([samples])
    assert types(found)[0] == "session_started"
    assert found[0].recording_s == pytest.approx(5.0, abs=0.5)
    let_downs = of_type(found, "let_down")
    assert [each.index for each in let_downs] == [1, 2, 3]
    begins_s = found[0].recording_s
    onsets_s = [each["onset_s"] - begins_s for each in truth["let_downs"]]
    assert [each.onset_s for each in let_downs] == pytest.approx(onsets_s, abs=2.5)
    assert not of_type(found, "cue_started")
    (ended,) = of_type(found, "session_ended")
    assert ended.duration_s == pytest.approx(360, abs=2)
    assert ended.volume_left_ml == pytest.approx(truth["volume_ml"]["left"], abs=1.5)
    assert ended.volume_right_ml is None
    assert ended.reason == "pump_stopped"
    assert found[-1] is ended


def test_phases_follow_the_pump() -> None:
    found = of_type(events([session("calm")]), "phase_changed")
    assert [each.phase for each in found] == ["stimulation", "expression", "paused"]
    assert found[0].cycles_per_min == pytest.approx(100, rel=0.1)


def test_after_a_pause_the_phase_is_told_once_its_rate_is_known() -> None:
    found = of_type(events([session("knocks")]), "phase_changed")
    pumped = [each for each in found if each.phase != "paused"]
    assert len(pumped) < len(found)
    assert all(20 < each.cycles_per_min < 130 for each in pumped)


def test_slow_let_down_climbs_the_ladder_and_let_down_ends_it() -> None:
    found = events([session("slow", cues=True)])
    kinds = [
        kind
        for kind in types(found)
        if kind in ("let_down_slow", "cue_started", "let_down", "cue_ended", "session_ended")
    ]
    assert kinds[:7] == [
        "let_down_slow",
        "cue_started",
        "cue_started",
        "let_down",
        "cue_ended",
        "cue_ended",
        "let_down",
    ]
    slow = of_type(found, "let_down_slow")[0]
    assert slow.elapsed_s == pytest.approx(120, abs=0.6)
    music, photo = of_type(found, "cue_started")
    assert (music.kind, photo.kind) == ("music", "photo")
    assert photo.t_s - music.t_s == pytest.approx(30, abs=0.5)
    assert {each.reason for each in of_type(found, "cue_ended")} == {"let_down"}


@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("scenario", ["none", "knocks"])
def test_what_is_no_milk_is_no_let_down(scenario: str, seed: int) -> None:
    found = events([session(scenario, seed)])
    assert "let_down" not in types(found)
    assert of_type(found, "session_ended")[0].time_to_let_down_s is None


@pytest.mark.parametrize("seed", range(1, 4))
def test_both_sides_are_one_let_down(seed: int) -> None:
    found = events([session("double", seed)])
    assert len(of_type(found, "let_down")) == 4
    assert "both" in {each.side for each in of_type(found, "let_down")}
    ended = of_type(found, "session_ended")[0]
    assert ended.volume_right_ml > ended.volume_left_ml > 50


def test_stimulation_counts_only_while_suction_is_there() -> None:
    slow = of_type(events([session("knocks")]), "let_down_slow")[0]
    # 15 s of pause before, less the 3 s in which a slow stroke might still come.
    assert slow.t_s == pytest.approx(120 + 15, abs=4)


def test_a_plain_scale_of_one_reading_a_second_shows_slow_let_down_in_time() -> None:
    samples = part(session("none"), 0, 10000)
    seldom = Samples(*(getattr(samples, name)[::50] for name in SAMPLES))
    info = RecordingInfo("pump", STARTED, CoreSettings(volume_only=True))
    (slow,) = of_type(events([seldom], info), "let_down_slow")
    assert slow.t_s == slow.elapsed_s == pytest.approx(120, abs=1)


def silent(samples: Samples, from_s: float, to_s: float) -> Samples:
    """The same, but its gauge gives no sample for a while."""
    hidden = (samples.t_s >= from_s) & (samples.t_s < to_s)
    return replace(samples, left_vacuum_mmhg=np.where(hidden, np.nan, samples.left_vacuum_mmhg))


def test_a_gauge_that_falls_silent_ends_no_session_and_begins_none() -> None:
    found = events([silent(session("calm"), 100.0, 190.0)])
    assert len(of_type(found, "session_started")) == len(of_type(found, "session_ended")) == 1
    assert len(of_type(found, "let_down")) == 3
    (ended,) = of_type(found, "session_ended")
    assert ended.duration_s == pytest.approx(360, abs=2)


def test_what_no_gauge_sees_is_no_stimulation() -> None:
    (slow,) = of_type(events([silent(session("none"), 60.0, 90.0)]), "let_down_slow")
    assert slow.t_s == pytest.approx(120 + 30, abs=2)


def test_a_gauge_that_stays_silent_ends_the_session_at_last() -> None:
    found = events([silent(session("none"), 60.0, 1e9)])
    (ended,) = of_type(found, "session_ended")
    assert ended.t_s == pytest.approx(60 - 5 + 300, abs=2)
    assert ended.duration_s == pytest.approx(60 - 5, abs=2)


def test_after_a_rest_the_same_sitting_waits_for_no_first_let_down() -> None:
    calm = until(session("calm"), 130.0)
    rest_s = 200.0
    again = session("none")
    again = replace(
        again,
        t_s=again.t_s + rest_s,
        left_volume_ml=again.left_volume_ml + np.nanmax(calm.left_volume_ml),
    )
    found = events([calm, again])
    assert [each.recording_s for each in of_type(found, "session_started")] == [
        pytest.approx(5.0, abs=0.6),
        pytest.approx(rest_s + 5.0, abs=0.6),
    ]
    assert of_type(found, "let_down")
    assert not of_type(found, "let_down_slow")


@pytest.mark.parametrize(("ago_s", "slow"), [(20.0, False), (900.0, True)])
def test_the_sitting_goes_on_in_the_next_recording(ago_s: float, slow: bool) -> None:
    found = events([session("none")], replace(INFO, milk_until_s=-ago_s))
    assert bool(of_type(found, "let_down_slow")) is slow


def test_the_core_tells_when_the_milk_of_a_sitting_ended() -> None:
    for scenario, begun_s, until_s in (
        ("calm", None, 365.0),
        ("none", None, None),
        ("none", -20.0, 390.0),
        ("none", -900.0, -900.0),
    ):
        core = Core(replace(INFO, milk_until_s=begun_s))
        core.step(session(scenario))
        assert core.milk_until_s == (until_s and pytest.approx(until_s, abs=2))


def test_not_now_keeps_cues_away_and_they_come_again_later() -> None:
    samples = session("none")
    settings_ = CoreSettings(snooze_s=60.0)
    found = events(
        [until(samples, 140.0), Asked(140.0, "snooze"), after(samples, 140.0)],
        RecordingInfo("pump", STARTED, settings_),
    )
    ended = of_type(found, "cue_ended")[0]
    assert (ended.kind, ended.reason) == ("music", "not_now")
    starts = [each.t_s for each in of_type(found, "cue_started")]
    assert starts[1] == pytest.approx(ended.t_s + 60, abs=1)


def test_cues_switched_off_end_and_switched_on_come_again() -> None:
    samples = session("none")
    off = tuple(replace(step, by_itself=False) for step in CoreSettings().ladder)
    inputs = [
        until(samples, 140.0),
        LadderSet(140.0, off),
        part(samples, 7000, 9000),
        LadderSet(180.0, CoreSettings().ladder),
        after(samples, 180.0),
    ]
    found = events(inputs)
    ended = of_type(found, "cue_ended")[0]
    assert (ended.cue, ended.reason) == ("music", "stopped")
    starts = [(each.cue, each.t_s) for each in of_type(found, "cue_started")]
    assert [cue for cue, _ in starts] == ["music", "music", "photo"]
    assert starts[1][1] == pytest.approx(ended.t_s + 40, abs=1)


def test_a_cue_that_never_comes_by_itself_comes_when_asked_for_and_stays() -> None:
    samples = session("none")
    off = tuple(replace(step, by_itself=False) for step in CoreSettings().ladder)
    found = events(
        [
            LadderSet(0.0, off),
            until(samples, 140.0),
            Asked(140.0, "start_cue", "photo"),
            LadderSet(140.0, off),
            after(samples, 140.0),
        ]
    )
    assert [each.cue for each in of_type(found, "cue_started")] == ["photo"]
    assert [each.reason for each in of_type(found, "cue_ended")] == ["session_ended"]


def test_another_ladder_is_read_back_as_it_was_written() -> None:
    turned = LadderSet(12.5, (CueStep("photo", "photo", 0.0, by_itself=False),))
    assert input_from_json(input_to_json(turned)) == turned


def test_stop_cues_stops_them_for_this_session() -> None:
    samples = session("none")
    found = events([until(samples, 140.0), Asked(140.0, "stop_cues"), after(samples, 140.0)])
    assert len(of_type(found, "cue_started")) == 1
    assert of_type(found, "cue_ended")[0].reason == "stopped"


def test_a_person_may_start_a_cue_and_end_the_session() -> None:
    samples = session("calm")
    found = events(
        [
            until(samples, 30.0),
            Asked(30.0, "start_cue", "music"),
            Asked(30.0, "start_cue", "music"),
            part(samples, 1500, 2500),
            Asked(50.0, "end_session"),
            after(samples, 50.0),
        ]
    )
    assert types(found)[-4:] == ["phase_changed", "cue_started", "cue_ended", "session_ended"]
    assert of_type(found, "cue_started")[0].step == 0
    assert of_type(found, "session_ended")[0].reason == "asked"


def test_link_and_sensors_are_told() -> None:
    samples = session("calm")
    found = events(
        [
            until(samples, 20.0),
            LinkWentDown(20.0),
            LinkCameBack(20.0, 10.0, 20, 0),
            SensorChanged(20.0, "left_weight", "stuck", well=False),
            SensorChanged(20.0, "left_weight", "stuck", well=True),
        ]
    )
    assert types(found)[-4:] == ["link_lost", "link_restored", "sensor_fault", "sensor_recovered"]
    assert found[-3].frames_recovered == 20


def test_a_lost_recording_ends_its_session() -> None:
    found = events([until(session("calm"), 100.0), RecordingEnded(100.0, "link_lost")])
    assert types(found)[-2:] == ["flow_ended", "session_ended"]
    assert found[-1].reason == "link_lost"
    assert found[-1].let_downs == 1


def test_a_plain_scale_is_enough() -> None:
    info = RecordingInfo("pump", STARTED, CoreSettings(volume_only=True))
    found = events([session("calm"), RecordingEnded(450.0, "recording_ended")], info)
    assert found[0].recording_s == 0.0
    assert len(of_type(found, "let_down")) == 3
    assert found[-1].type == "session_ended"


def test_suction_that_stays_too_high_is_mentioned_once() -> None:
    samples = session("calm")
    strong = Samples(
        samples.t_s,
        samples.left_vacuum_mmhg * 1.7,
        samples.left_volume_ml,
        samples.right_vacuum_mmhg,
        samples.right_volume_ml,
    )
    (high,) = of_type(events([strong]), "vacuum_high")
    assert high.vacuum_mmhg > high.limit_mmhg == 285.0


def test_weak_suction_is_mentioned_kindly() -> None:
    samples = session("none")
    leak = np.where((samples.t_s > 60) & (samples.t_s < 100), 0.4, 1.0)
    leaking = Samples(
        samples.t_s,
        samples.left_vacuum_mmhg * leak,
        samples.left_volume_ml,
        samples.right_vacuum_mmhg,
        samples.right_volume_ml,
    )
    found = of_type(events([leaking]), "seal_leak")
    assert len(found) == 1
    assert found[0].side == "left"
    assert "flange" in found[0].message
    assert not of_type(events([samples]), "seal_leak")


def test_events_count_up_and_are_dated_from_the_recording() -> None:
    found = events([session("calm")])
    ids = [event.id for event in found]
    assert ids == sorted(set(ids))
    assert ids[0] == "20261123T030000250Z-00001"
    started = found[0]
    for event in found[:-1]:
        since_s = (event.at - STARTED).total_seconds() - started.recording_s
        assert since_s == pytest.approx(event.t_s, abs=0.002)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 24_000), max_size=12))
def test_how_a_recording_is_cut_never_matters(cuts: list[int]) -> None:
    samples = session("double")
    edges = [0, *sorted(set(cuts)), len(samples.t_s)]
    pieces = [part(samples, a, b) for a, b in pairwise(edges) if a < b]
    assert events(pieces) == events_of_the_whole()


@cache
def events_of_the_whole() -> list[Any]:
    return events([session("double")])


def test_an_exported_recording_replays_to_the_very_events() -> None:
    samples = session("calm")
    inputs: list[Input] = [
        until(samples, 50.0),
        LinkWentDown(50.0),
        LinkCameBack(50.0, 10.0, 20, 0),
        Asked(50.0, "start_cue", "music"),
        SensorChanged(50.0, "left_weight", "stuck", well=False),
        after(samples, 50.0),
    ]
    out = io.StringIO()
    write_recording(out, INFO, inputs)
    out.seek(0)
    info, again = read_recording(out)
    assert info == INFO
    ended = RecordingEnded(float(samples.t_s[-1]), "recording_ended")
    expected = [dump_event(event) for event in events([*inputs, ended])]
    assert [dump_event(event) for event in events(again, info)] == expected
