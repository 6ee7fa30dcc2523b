"""The rule of truth: which rises of the flow are let-downs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lullaflow_sim.let_downs import Rise, brought_by, find_rises, find_short_rises_s, merge


def flow(*points, length_s=300.0):
    """Return a flow that goes straight from point `(s, g/s)` to point."""
    moments, values = zip(*points, strict=True)
    return np.interp(np.arange(0.0, length_s, 0.1), moments, values)


def rise(onset_s):
    return Rise(onset_s, onset_s + 10, onset_s + 60, 0.0, 0.4, 12.0)


def test_onset_is_where_flow_exceeds_the_flow_before_by_0_03():
    found = find_rises(flow((100, 0.01), (110, 0.41), (160, 0.01)))
    assert len(found) == 1
    assert found[0].onset_s == pytest.approx(100.75, abs=0.11)
    assert found[0].peak_s == pytest.approx(110.0, abs=0.11)
    assert found[0].before_g_s == pytest.approx(0.01)
    assert found[0].peak_g_s == pytest.approx(0.41)
    assert found[0].end_s == pytest.approx(150.0, abs=0.2)
    assert found[0].grams == pytest.approx(12.0, abs=0.3)


@pytest.mark.parametrize(
    ("points", "count", "short"),
    [
        (((100, 0.0), (110, 0.048), (150, 0.0)), 0, 1),  # adds less than 0.05
        (((100, 0.0), (110, 0.052), (150, 0.0)), 1, 0),
        (((100, 0.2), (110, 0.3), (150, 0.2)), 0, 1),  # was over 0.6 of the peak before
        (((100, 0.2), (110, 0.36), (150, 0.2)), 1, 0),
        (((0, 0.0), (300, 0.3)), 0, 0),  # creeps up: never 0.03 above the flow just before
        (((0, 0.0), (60, 0.4), (90, 0.3), (120, 0.4), (180, 0.0)), 1, 0),  # double-humped
        (((0, 0.0), (60, 0.4), (90, 0.2), (120, 0.4), (180, 0.0)), 2, 0),
    ],
)
def test_what_counts_and_what_falls_short(points, count, short):
    assert len(find_rises(flow(*points))) == count
    assert len(find_short_rises_s(flow(*points))) == short


def test_a_rise_that_falls_short_has_the_onset_of_one_that_counts():
    (short_s,) = find_short_rises_s(flow((100, 0.0), (108, 0.04), (150, 0.0)))
    (counts,) = find_rises(flow((100, 0.0), (120, 0.1), (150, 0.0)))
    assert short_s == pytest.approx(counts.onset_s)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=30), st.integers(0, 10))
def test_rises_come_in_order_and_obey_the_rule(values, seed):
    points = [(10.0 * i, value) for i, value in enumerate(values)]
    curve = flow(*points)
    found = find_rises(curve)
    ends = [each.end_s for each in found]
    assert all(first <= then.onset_s for first, then in zip(ends, found[1:], strict=False))
    for each in found:
        assert each.peak_g_s - each.before_g_s >= 0.05
        assert each.before_g_s < 0.6 * each.peak_g_s
        assert each.onset_s <= each.peak_s <= each.end_s


def test_both_sides_within_10_s_are_one():
    merged = merge([rise(100), rise(200)], [rise(109), rise(212)])
    assert [(each.onset_s, each.side) for each in merged] == [
        (100, "both"),
        (200, "left"),
        (212, "right"),
    ]
    assert merged[0].as_dict()["grams"] == 24.0


def test_a_rise_that_no_ejection_brought_is_apart():
    own, other = brought_by([rise(100), rise(150), rise(300)], [95.0, 290.0])
    assert [each.onset_s for each in own] == [100, 300]
    assert [each.onset_s for each in other] == [150]
