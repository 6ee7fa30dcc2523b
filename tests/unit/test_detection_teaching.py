"""The taught eye's trees are read as they were written, and say what their teacher says."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the peers are installed by `make .make/peers`")

from bench.detection.teach import FIGURES, teach, words
from lullaflow.detection.likeness import read_trees, sum_of


def test_written_trees_judge_as_those_that_were_taught():
    random = np.random.default_rng(3)
    figures = random.normal(0.0, 3.0, (4000, len(FIGURES)))
    true = (figures[:, 0] + figures[:, 5] * figures[:, 8] + random.normal(size=4000) > 0.0) * 1.0
    taught = teach(figures, true)
    trees = read_trees("\n\n".join(words(taught)))
    odds = taught.decision_function(figures[:200]) - float(np.ravel(taught._baseline_prediction)[0])
    assert [sum_of(trees, row) for row in figures[:200].tolist()] == pytest.approx(odds, abs=1e-4)
