"""What the pump's suction tells: the phase, a seal that leaks, how long it pulled."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from lullaflow.detection.binning import BIN_S, Bin
from lullaflow.detection.stimulation import REST_S, Stimulation
from lullaflow.detection.vacuum import VacuumTracker
from lullaflow.session.pumping import Pumping

SAMPLES = 25

Wave = Callable[[float], float]


def sine(turn: float) -> float:
    return 0.5 - 0.5 * math.cos(2.0 * math.pi * turn)


def near_constant(turn: float) -> float:
    return 1.0 - 0.35 * sine(turn)


@dataclass
class Bench:
    """A pump on a bench: what it does is said, and what is made of it is seen."""

    wave: Wave = sine
    sides: tuple[VacuumTracker, VacuumTracker] = field(
        default_factory=lambda: (VacuumTracker(), VacuumTracker())
    )
    phases: list[str] = field(default_factory=list)
    leaks: list[tuple[float, str]] = field(default_factory=list)
    now_s: float = 0.0
    turn: float = 0.0

    def __post_init__(self) -> None:
        self.stimulation = Stimulation()
        self.pumping = Pumping(self.sides, self.stimulation)
        self._bin = 0
        self._leaked = False

    def run(
        self,
        seconds: float,
        cycles_per_min: float,
        left_mmhg: float | None,
        right_mmhg: float | None = None,
        *,
        lose_every: int = 0,
    ) -> Bench:
        """Pull for a while; None: no gauge; `lose_every`: one frame in so many is lost."""
        for _ in range(round(seconds / BIN_S)):
            turns = [self.turn + i * cycles_per_min / 60.0 / 50.0 for i in range(SAMPLES)]
            self.turn += cycles_per_min / 60.0 * BIN_S
            left, right = (
                [] if mmhg is None else [mmhg * self.wave(turn % 1.0) for turn in turns]
                for mmhg in (left_mmhg, right_mmhg)
            )
            if not lose_every or self._bin % lose_every:
                self._push(Bin(self._bin, (left, [], right, []), ([], [])))
            self._bin += 1
        return self

    def _push(self, bin_: Bin) -> None:
        for tracker, values in zip(self.sides, bin_.channels[::2], strict=True):
            tracker.push(bin_.start_s, values)
        self.stimulation.push(bin_.end_s, max(tracker.last_mmhg for tracker in self.sides))
        self.pumping.push(bin_)
        phase = self.pumping.phase
        if phase is not None and phase != (self.phases or [None])[-1]:
            self.phases.append(phase)
        if self.pumping.leaks and not self._leaked:
            self.leaks.append((bin_.end_s, self.pumping.leaking_side))
        self._leaked = self.pumping.leaks


@pytest.mark.parametrize("wave", [sine, near_constant])
@pytest.mark.parametrize(
    ("stimulation", "expression"),
    [
        ((100.0, 110.0), (60.0, 190.0)),
        ((72.4, 92.0), (67.7, 204.0)),
        ((63.0, 73.0), (73.0, 250.0)),
        ((94.0, 147.0), (58.0, 100.0)),
        ((70.0, 90.0), (70.0, 200.0)),
    ],
)
def test_each_pump_changes_its_phase_in_its_own_way(wave, stimulation, expression) -> None:
    bench = Bench(wave).run(60.0, *stimulation).run(60.0, *expression)
    assert bench.phases == ["stimulation", "expression"]
    assert bench.pumping.cycles_per_min == pytest.approx(expression[0], rel=0.04)
    assert not bench.leaks


def test_stimulation_that_is_asked_for_again_is_told() -> None:
    bench = Bench().run(60.0, 100.0, 110.0).run(60.0, 50.0, 190.0).run(60.0, 100.0, 110.0)
    assert bench.phases == ["stimulation", "expression", "stimulation"]


def test_a_pump_that_only_expresses_never_stimulates() -> None:
    assert Bench().run(120.0, 50.0, 190.0).phases == ["expression"]
    assert Bench().run(120.0, 65.0, 250.0).phases == ["expression"]


def test_lost_frames_change_no_phase() -> None:
    bench = Bench().run(60.0, 90.0, 110.0).run(300.0, 33.0, 170.0, lose_every=7)
    assert bench.phases == ["stimulation", "expression"]


def test_a_leak_is_told_and_is_no_other_phase() -> None:
    bench = Bench().run(60.0, 65.0, 190.0).run(30.0, 65.0, 80.0).run(60.0, 65.0, 190.0)
    assert bench.phases == ["expression"]
    ((at_s, side),) = bench.leaks
    assert side == "left"
    assert 60.0 + 8.0 < at_s < 60.0 + 20.0


def test_the_side_that_leaks_is_named() -> None:
    bench = Bench().run(60.0, 90.0, 110.0, 130.0).run(30.0, 90.0, 110.0, 60.0)
    assert [side for _, side in bench.leaks] == ["right"]


def test_a_tube_that_slips_off_one_of_two_sides_is_a_leak() -> None:
    bench = Bench().run(60.0, 90.0, 110.0, 110.0).run(30.0, 90.0, 2.0, 110.0)
    assert [side for _, side in bench.leaks] == ["left"]


def test_a_side_that_is_weak_from_the_start_leaks() -> None:
    bench = Bench().run(40.0, 90.0, 40.0, 120.0)
    ((at_s, side),) = bench.leaks
    assert side == "left"
    assert at_s < 25.0


@pytest.mark.parametrize("both", [True, False])
def test_a_hand_on_the_dial_is_no_leak(both: bool) -> None:
    bench = Bench()
    for share in (1.0, 0.75, 0.56, 0.42):
        bench.run(40.0, 90.0, 140.0 * share, 140.0 * share if both else None)
    assert not bench.leaks


def test_one_bottle_with_two_gauges_does_not_leak() -> None:
    assert not Bench().run(120.0, 90.0, 110.0, 0.0).leaks


def test_weak_suction_is_the_usual_one_after_some_minutes() -> None:
    bench = Bench().run(60.0, 90.0, 140.0).run(240.0, 90.0, 60.0)
    assert len(bench.leaks) == 1
    assert not bench.pumping.leaks


def test_only_pulls_count_and_what_lies_between_two() -> None:
    bench = Bench().run(30.0, 60.0, 110.0).run(20.0, 60.0, 0.0).run(30.0, 60.0, 110.0)
    assert bench.stimulation.total_s == pytest.approx(60.0, abs=1.5)
    assert Bench().run(60.0, 20.0, 150.0).stimulation.total_s == pytest.approx(60.0, abs=1.5)
    assert Bench().run(60.0, 60.0, None).stimulation.total_s == 0.0


def test_what_was_stimulated_before_a_rest_counts_but_another_stretch_begins() -> None:
    bench = Bench().run(30.0, 60.0, 110.0).run(REST_S + 10.0, 60.0, 0.0).run(20.0, 60.0, 110.0)
    assert bench.stimulation.total_s == pytest.approx(50.0, abs=1.5)
    assert bench.stimulation.stretch_s == pytest.approx(20.0, abs=1.5)
    assert bench.stimulation.begun_s == pytest.approx(30.0 + 10.0, abs=1.5)


def test_what_is_left_at_a_flange_that_leaks_is_no_stimulation() -> None:
    assert Bench().run(60.0, 60.0, 30.0).stimulation.total_s == 0.0


def test_a_session_knows_what_was_stimulated_before_its_first_pull() -> None:
    bench = Bench().run(30.0, 60.0, 110.0).run(20.0, 60.0, 0.0)
    before_s = bench.stimulation.total_s
    bench.run(10.0, 60.0, 110.0)
    assert bench.pumping.stimulated_before_s == before_s
