"""How the eye is taught, and that what it has learnt is read as it was written."""

from __future__ import annotations

import dataclasses
import random
import runpy
from unittest.mock import patch

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the peers are installed by `make .make/peers`")

from bench.detection.boosting import boosted, words
from bench.detection.lessons import Examples, Teacher, examples
from bench.detection.networks import networks, packed, standard, weights, write_weights
from bench.detection.recording import Recording, of_session
from lullaflow.detection.forest import Trees
from lullaflow.detection.nets import FURTHEST, read_nets, squeezed
from lullaflow.detection.sight import FIGURES
from lullaflow.detection.verdict import Seen
from lullaflow_sim.generate import generate_session


@pytest.fixture(scope="module")
def calm() -> Recording:
    return of_session(generate_session("clean", 7))


@pytest.fixture(scope="module")
def lesson() -> Examples:
    """Examples of something that neither trees nor networks know yet."""
    chance = np.random.default_rng(3)
    figures = chance.normal(0.0, 3.0, (4000, len(FIGURES))).astype(np.float32)
    true = (figures[:, 0] + figures[:, 5] * figures[:, 8] + chance.normal(size=4000) > 0.0) * 1.0
    return Examples(figures, true.astype(np.float32))


FRESH = np.random.default_rng(4).normal(0.0, 3.0, (200, len(FIGURES)))


def test_written_trees_judge_as_those_that_were_taught(lesson, monkeypatch):
    monkeypatch.setattr("bench.detection.boosting.TREES", 20)
    taught = boosted(lesson)
    trees = Trees("\n\n".join(words(taught)))
    odds = taught.decision_function(FRESH) - float(np.ravel(taught._baseline_prediction)[0])
    assert [trees.log_odds(row) for row in FRESH] == pytest.approx(odds, abs=1e-4)


def test_written_networks_judge_as_those_that_were_taught(lesson):
    how = standard(lesson)
    taught = networks(lesson, how)
    seen = (squeezed(FRESH, how["units"]) - how["mean"]) * how["scale"]
    share = np.array([net.predict_proba(seen.clip(-FURTHEST, FURTHEST))[:, 1] for net in taught])
    odds = np.log(share / (1.0 - share)).mean(0)
    nets = read_nets(packed(weights(taught, how)))
    assert [nets.log_odds(row) for row in FRESH] == pytest.approx(odds, abs=0.02)


def test_what_is_written_is_a_module_that_says_the_same(tmp_path):
    learnt = {"units": np.ones(300, "<f4"), "bias_1": np.arange(12.0).reshape(4, 3).astype("<f2")}
    write_weights(learnt, tmp_path / "weights.py")
    written = runpy.run_path(str(tmp_path / "weights.py"))["WEIGHTS"]
    assert {name: text.replace("\n", "") for name, (_, _, text) in written.items()} == {
        name: text for name, (_, _, text) in packed(learnt).items()
    }


def a_rise(weight: float) -> Seen:
    return Seen(
        weight=weight,
        bins=9,
        figures=np.array([weight], np.float32),
        alone=True,
        proven=False,
        untimely=0.0,
    )


def test_a_teacher_tells_each_let_down_once_and_calls_what_rises_after_it_none(calm):
    onset_s = calm.let_downs[0].onset_s
    teacher = Teacher(calm, random.Random(1))
    said = []
    for at_s in np.arange(onset_s - 3.0, onset_s + 50.0, 0.5):
        teacher.now_s = float(at_s)
        said.append(teacher.judge(a_rise(float(at_s))))
    true = np.array(teacher.true)
    at = said.index(True)
    assert 2 <= at < 66
    assert said[: at + 40].count(True) == 1
    assert not true[:2].any()
    assert true[2 : at + 1].all()
    assert not true[at + 1 :].any()


def test_what_was_never_told_is_neither_true_nor_false_once_it_is_too_late(calm):
    onset_s = calm.let_downs[0].onset_s
    teacher = Teacher(calm, random.Random(1))
    for at_s in np.arange(onset_s + 30.5, onset_s + 60.0, 0.5):
        teacher.now_s = float(at_s)
        assert not teacher.judge(a_rise(1.0))
    assert teacher.true == []


def test_a_teacher_is_late_sometimes_and_sometimes_misses_one(calm):
    onset_s = calm.let_downs[0].onset_s
    delays_s = []
    for chance in range(60):
        teacher = Teacher(calm, random.Random(chance))
        for at_s in np.arange(onset_s, onset_s + 31.0, 0.5):
            teacher.now_s = float(at_s)
            if teacher.judge(a_rise(1.0)):
                delays_s.append(at_s - onset_s)
                break
    assert min(delays_s) < 4.0
    assert max(delays_s) > 20.0
    assert 0 < 60 - len(delays_s) < 20


def test_what_a_pause_had_held_up_teaches_nothing(calm):
    made = dataclasses.replace(calm, let_downs=(), resumptions_s=(100.0,))
    teacher = Teacher(made, random.Random(1), now_s=110.0)
    assert not teacher.judge(a_rise(1.0))
    assert teacher.true == []


def test_a_recording_teaches_in_two_forms_by_figures_that_have_names(calm):
    with patch("bench.detection.lessons.recording", return_value=calm):
        lesson = examples(("clean", calm.seed))
    assert lesson.figures.shape == (len(lesson.true), len(FIGURES))
    assert 0.05 < lesson.true.mean() < 0.95
