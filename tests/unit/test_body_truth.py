"""The truth beside a recording, found again from its flow by the rule alone.

Nothing here uses the simulator's own search: each moment is weighed by itself.
"""

import json
from itertools import pairwise

import numpy as np
import pytest

from lullaflow_sim.generate import generate_session
from lullaflow_sim.generate.files import truth

STEP_S = 0.1
BEFORE = 150  # 'just before' is the lowest flow of 15 s
SESSIONS = [
    *(("clean", 31), ("typical", 32), ("typical", 33)),
    *(("hard", 34), ("hard", 35), ("volume_only", 36), ("dry", 37)),
]


def told(family, seed):
    """Return the truth as a file has it, and its clock: recording's seconds a true second."""
    session = generate_session(family, seed)
    clock = float(session.true_t_s[-1] / ((len(session.true_t_s) - 1) * STEP_S))
    return json.loads(json.dumps(truth(session))), clock


def same_rise(flow, begin, moment):
    """Tell whether the flow, once risen, never fell under 0.6 of what it had reached."""
    part = flow[begin : moment + 1]
    return bool((part >= 0.6 * np.maximum.accumulate(part)).all())


def nearest(values, value):
    return min((abs(each - value) for each in values), default=np.inf)


@pytest.mark.parametrize(("family", "seed"), SESSIONS)
def test_truth_is_what_the_rule_says_of_the_flow(family, seed):
    tale, clock = told(family, seed)
    for side, curves in tale["sides"].items():
        flow = np.array(curves["flow_g_s"])
        rises_s = tale["onsets_s"][side] + tale["resumptions_s"]
        onsets = [round(each / clock / STEP_S) for each in tale["onsets_s"][side]]

        for onset, after in pairwise([*onsets, len(flow)]):
            before = flow[max(onset - BEFORE, 0) : onset].min()
            rise = flow[onset:after]
            fallen = np.flatnonzero(rise < 0.6 * np.maximum.accumulate(rise))
            peak = rise[: fallen[0]].max() if len(fallen) else rise.max()
            # Where the flow just fell, 'before' is its lowest since then, which is not lower.
            assert flow[onset] - before >= 0.03 - 2e-4
            assert peak - before >= 0.05 - 2e-4
            assert before < 0.6 * peak + 2e-4

        begins = [round(each / clock / STEP_S) for each in rises_s]
        for moment in range(BEFORE, len(flow)):
            before = flow[moment - BEFORE : moment].min()
            if flow[moment] - before >= 0.051 and before < 0.59 * flow[moment]:
                # It is part of a rise that the truth lists, or still falling from one.
                part = [begin for begin in begins if begin <= moment]
                assert part, f"{side}: flow rises at {moment * STEP_S:.1f} s, and no truth has it"
                falls = flow[moment] < flow[moment - BEFORE : moment].max()
                assert falls or any(same_rise(flow, begin, moment) for begin in part)


@pytest.mark.parametrize(("family", "seed"), SESSIONS)
def test_an_ejection_stands_behind_each_onset_and_sides_within_10_s_are_one(family, seed):
    tale, _ = told(family, seed)
    for side, onsets in tale["onsets_s"].items():
        for onset_s in onsets:
            assert any(0.0 <= onset_s - each <= 60.0 for each in tale["ejections_s"][side])
    both = [each for each in tale["let_downs"] if each["side"] == "both"]
    listed = [onset for onsets in tale["onsets_s"].values() for onset in onsets]
    assert len(tale["let_downs"]) + len(both) == len(listed)
    for each in tale["let_downs"]:
        sides = ("left", "right") if each["side"] == "both" else (each["side"],)
        apart = [nearest(tale["onsets_s"].get(side, []), each["onset_s"]) for side in sides]
        assert min(apart) == 0.0
        assert max(apart) <= 10.001
        other = {"left": "right", "right": "left"}.get(each["side"])
        if other is not None:
            near = nearest(tale["onsets_s"].get(other, []), each["onset_s"])
            taken = nearest([one["onset_s"] for one in both], each["onset_s"])
            assert near > 10.0 or taken <= 20.0


def test_no_session_lacks_milk_where_its_truth_has_let_downs():
    for family, seed in SESSIONS:
        tale, _ = told(family, seed)
        assert (not tale["let_downs"]) == (family == "dry")
        for side, curves in tale["sides"].items():
            poured_g = sum(curves["flow_g_s"]) * STEP_S
            spilt_g = sum(each["grams"] for each in tale["gulps"] if each["side"] == side)
            assert curves["volume_g"] == pytest.approx(poured_g + spilt_g, abs=1.5)
