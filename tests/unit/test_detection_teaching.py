"""How the eye is taught, and that its trees are read as they were written."""

from __future__ import annotations

import dataclasses
import random
from unittest.mock import patch

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the peers are installed by `make .make/peers`")

from bench.detection.recording import Recording, of_session
from bench.detection.teach import FIGURES, Teacher, examples, teach, words
from lullaflow.detection.likeness import read_trees, sum_of
from lullaflow.detection.verdict import Seen
from lullaflow_sim.generate import generate_session


@pytest.fixture(scope="module")
def calm() -> Recording:
    return of_session(generate_session("clean", 7))


def test_written_trees_judge_as_those_that_were_taught(monkeypatch):
    monkeypatch.setattr("bench.detection.teach.TREES", 20)
    chance = np.random.default_rng(3)
    figures = chance.normal(0.0, 3.0, (4000, len(FIGURES))).astype(np.float32)
    true = (figures[:, 0] + figures[:, 5] * figures[:, 8] + chance.normal(size=4000) > 0.0) * 1.0
    taught = teach(figures, true)
    trees = read_trees("\n\n".join(words(taught)))
    fresh = chance.normal(0.0, 3.0, (200, len(FIGURES)))
    odds = taught.decision_function(fresh) - float(np.ravel(taught._baseline_prediction)[0])
    assert [sum_of(trees, row) for row in fresh.tolist()] == pytest.approx(odds, abs=1e-4)


def a_rise(weight: float) -> Seen:
    return Seen(weight=weight, bins=9, figures=[weight], alone=True, proven=False, untimely=0.0)


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
    with patch("bench.detection.teach.recording", return_value=calm):
        lesson = examples(("clean", calm.seed))
    assert lesson.figures.shape == (len(lesson.true), len(FIGURES))
    assert 0.05 < lesson.true.mean() < 0.95
