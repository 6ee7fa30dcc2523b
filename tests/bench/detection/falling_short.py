"""Rises of the true flow that fall short of the rule, and how often they come.

A let-down has to add 0.05 g/s, and the flow before it has to be under 0.6 of its peak. Flow often
rises by less, or by as much on top of a flow that is high already. That begins alike, and no milk
that has fallen so far tells whether it goes on.
"""

from __future__ import annotations

from typing import Final

from bench.detection.recording import Recording
from lullaflow_sim.let_downs import SAME_LET_DOWN_S, STEP_S, find_short_rises_s

SHORT_H: Final = 2.0
"""So many an hour there are, rounded: on development recordings 1.9 in `clean` and `typical`, 2.1
in `hard`, 2.7 in `volume_only` and 1.5 of the other generator."""


def short_rises_s(made: Recording) -> list[float]:
    """Return when the flow of either side rises as for a let-down, but falls short.

    Within 10 s they are one, as let-downs are; what begins with a let-down, or with milk that was
    held up, is not among them.
    """
    onsets_s = [
        float(made.true_t_s[round(onset_s / STEP_S)])
        for side in made.sides.values()
        for onset_s in find_short_rises_s(side.flow_g_s)
    ]
    taken_s = [*(each.onset_s for each in made.let_downs), *made.resumptions_s]
    found: list[float] = []
    for onset_s in sorted(onsets_s):
        if all(abs(onset_s - at_s) > SAME_LET_DOWN_S for at_s in taken_s):
            found.append(onset_s)
            taken_s.append(onset_s)
    return found
