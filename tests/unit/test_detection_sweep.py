"""That every constant which was fitted is among those that the committed sweep moves."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

import lullaflow
from bench.detection.lessons import TAUGHT, untaught
from bench.detection.losses import (
    LEAK_S,
    Heard,
    Told,
    end,
    ended_line,
    hear,
    heard_line,
    hold,
    tell,
    told_line,
    waited_line,
)
from bench.detection.recording import Recording, of_session
from bench.detection.scoring import LATEST_S
from bench.detection.seeds import Use, seeds
from bench.detection.suction import TrueSeal
from bench.detection.sweep import END, HEAR, HOLD, TELL, compared
from bench.detection.swept import BARS, FACTORS, SWEPT, TELLING, Move, moved
from lullaflow_sim.generate import generate_session

HOST = Path(lullaflow.__file__).parent
FITTED_AT_ONCE = {"confidence.WEIGHTS"}
"""By `fit.py`, all together."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(HOST.glob("**/*.py")):
        name = ".".join(path.relative_to(HOST.parent).with_suffix("").parts)
        yield name, ast.parse(path.read_text("utf-8"))


def explained(tree: ast.Module) -> Iterator[tuple[list[str], str]]:
    """Yield the names of constants that stand together, and the text that explains them."""
    names: list[str] = []
    for node in tree.body:
        match node:
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.append(name)
            case ast.Expr(value=ast.Constant(value=str(text))) if names:
                yield names, text
                names = []
            case _:
                names = []


def test_what_is_called_fitted_or_chosen_is_swept():
    swept = {str(each) for each in SWEPT} | FITTED_AT_ONCE
    assert len(swept) == len(SWEPT) + len(FITTED_AT_ONCE)
    called = {
        f"{module.rpartition('.')[2]}.{name}"
        for module, tree in modules()
        for names, text in explained(tree)
        if {"fitted", "chosen"} & {word.strip(".,;").lower() for word in text.split()}
        for name in names
    }
    assert len(called) > 20
    assert sorted(called - swept) == []


def test_a_constant_is_moved_for_all_who_know_it():
    importers = {
        (node.module, alias.name, module)
        for module, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    for constant in SWEPT:
        home, *others = [module.__name__ for module in constant.modules]
        found = {who for where, name, who in importers if (where, name) == (home, constant.name)}
        assert found == set(others), constant


@pytest.mark.parametrize("constant", SWEPT, ids=str)
def test_a_constant_that_is_moved_stays_one_of_its_kind(constant):
    value = np.array(constant.value)
    assert np.allclose(np.array(constant.moved(1.0)), value)
    less, more = (np.array(constant.moved(factor)) for factor in FACTORS)
    assert less.dtype == value.dtype == more.dtype
    assert np.all(less <= value)
    assert np.all(value <= more)
    assert np.any(less < value)
    assert np.any(value < more)
    assert constant.name not in BARS or 0.0 < less < more < 1.0


def test_a_constant_is_moved_for_a_while():
    coarse = next(each for each in TELLING if each.name == "COARSE_ML")
    before = coarse.value
    with moved(Move("evidence.COARSE_ML", 1.4)):
        assert [module.COARSE_ML for module in coarse.modules] == [1.4 * before] * 2
    assert [module.COARSE_ML for module in coarse.modules] == [before] * 2


@pytest.mark.parametrize("family", TAUGHT)
def test_what_is_swept_on_taught_the_eye_nothing(family):
    unknown = untaught(family, 50)
    assert len(unknown) == 50
    assert set(unknown).isdisjoint(seeds(family, Use.TRAINING, TAUGHT[family]))
    assert set(unknown) < set(seeds(family, Use.TRAINING, TAUGHT[family] + 50))


def test_every_constant_is_swept_by_what_it_decides():
    swept = [constant for sweep in (TELL, END, HOLD, HEAR) for constant in sweep.constants]
    assert swept == list(SWEPT)


@contextmanager
def generated(family: str) -> Iterator[Recording]:
    made = of_session(generate_session(family, 7))
    with patch("bench.detection.losses.recording", return_value=made):
        yield made


@pytest.fixture(scope="module")
def dry() -> Iterator[Recording]:
    with generated("dry") as made:
        yield made


def test_an_end_that_is_told_too_soon_is_seen_in_the_time_it_is_off():
    with generated("typical") as made:
        as_it_is = end((Move(), "typical", made.seed))
        soon = end((Move("let_down.OVER_SHARE", 3.0), "typical", made.seed))
    assert len(as_it_is.followed) > 1
    assert as_it_is.lost_s < soon.lost_s
    assert ended_line([as_it_is]).startswith(f"{len(as_it_is.followed)} off by")


def test_a_phase_that_is_told_late_and_leaks_that_are_told_wrongly_are_lost():
    with generated("typical") as made:
        as_it_is = hear((Move(), "typical", made.seed))
        late = hear((Move("rhythm.CALM_BINS", 10.0), "typical", made.seed))
    assert as_it_is.score.hours > 0.1
    assert as_it_is.lost_s < late.lost_s
    seals = (TrueSeal(False, None), TrueSeal(False, 14.0), TrueSeal(True, None))
    wrong = dataclasses.replace(as_it_is.score, seals=seals, false_s=(60.0,))
    lost_s = Heard("typical", wrong).lost_s - as_it_is.lost_s
    assert lost_s == pytest.approx(2.0 * LEAK_S + 14.0)
    assert heard_line([as_it_is]).startswith("seals that leak, later on: told 0 of 0")


def test_what_holds_back_is_seen_in_how_long_she_waits(dry):
    as_it_is = hold((Move(), "dry", dry.seed))
    assert as_it_is.slowness.told
    never = hold((Move("waiting.MUCH_ML", -10.0), "dry", dry.seed))
    assert not never.slowness.told
    assert 0.0 <= as_it_is.lost_s < never.lost_s
    assert waited_line([as_it_is, never]).startswith("told 1, late by")


def test_what_is_told_falsely_is_lost(dry):
    as_it_is = tell((Move(), "dry", dry.seed))
    assert as_it_is.lost_s == 0.0
    assert told_line([as_it_is]).startswith("F1 nan, 0.00 false/h")
    rash = Told(dataclasses.replace(as_it_is.score, false_s=(60.0,)))
    assert rash.lost_s == LATEST_S


def test_a_neighbour_is_better_where_it_loses_clearly_less():
    before_s = [10.0, 20.0, 30.0, 40.0]
    assert "BETTER" in compared([9.0, 18.9, 29.1, 39.0], before_s, 0.5)
    assert "BETTER" not in compared([2.0, 20.0, 30.0, 40.0], before_s, 0.5)
    assert "BETTER" not in compared([11.0, 21.1, 30.9, 41.0], before_s, 0.5)


def test_what_no_session_showed_may_yet_happen():
    before_s = [10.0, 20.0, 30.0, 40.0]
    assert "BETTER" not in compared([9.0, 18.9, 29.1, 39.0], before_s, 30.0)
    assert "BETTER" in compared([9.0, 18.9, 29.1, 39.0] * 30, before_s * 30, 30.0)
