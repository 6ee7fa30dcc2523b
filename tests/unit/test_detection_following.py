"""The benchmark's judge of what is told of a let-down besides its onset."""

from __future__ import annotations

import pytest

from bench.detection.following import Followed, follow, followed_cells
from lullaflow.detection import Finding, FlowOver, LetDownFound
from lullaflow.detection.confidence import Signs
from lullaflow_sim.course import MILK_G_PER_ML

from .test_detection_scoring import MADE

SIGNS = Signs(since_s=3.0, touches_h=1.0, gained_ml_s=0.2, base_ml_s=0.0)


def told(later_s: float = 1.0, end_off_s: float = 0.0, more: float = 1.0) -> list[Finding]:
    """Everything that there is to find in `MADE`, as exactly as is asked."""
    findings: list[Finding] = []
    for index, true in enumerate(MADE.let_downs, start=1):
        detected_s = true.onset_s + later_s
        end_s = true.onset_s + true.length_s + end_off_s
        volume_ml = more * true.grams / MILK_G_PER_ML
        findings += [
            LetDownFound(index, "left", true.onset_s, detected_s, 9.0, 0.9, signs=SIGNS),
            FlowOver(index, "left", end_s, volume_ml),
        ]
    return findings


def test_what_is_told_rightly_is_off_by_nothing():
    followed = follow(MADE, told())
    assert len(followed) == len(MADE.let_downs)
    for each in followed:
        assert each.side_right
        assert each.end_off_s == pytest.approx(0.0)
        assert each.volume_ml == pytest.approx(each.true_ml)


def test_what_is_off_is_off_by_so_much():
    cells = followed_cells(follow(MADE, told(end_off_s=-4.0, more=1.1)))
    assert cells == {
        "the right side told (%)": "100.0",
        "end of a let-down off by, median (s)": "4.0",
        "its volume off by, median (%)": "10.0",
        "volume of all, over the true one": "1.100",
    }


def test_another_side_is_wrong():
    other = Followed(side_right=False, end_off_s=0.0, volume_ml=1.0, true_ml=1.0)
    cells = followed_cells([*follow(MADE, told()), other])
    assert cells["the right side told (%)"] == "75.0"


def test_what_was_missed_is_not_followed():
    assert follow(MADE, told(later_s=31.0)) == ()
    assert follow(MADE, told()[2:]) == follow(MADE, told())[1:]


def test_a_dry_family_has_the_same_rows_and_nothing_in_them():
    assert set(followed_cells([]).values()) == {"–"}
    assert followed_cells([]).keys() == followed_cells(follow(MADE, told())).keys()
