"""What was told of the let-downs that were found besides their onset: side, end and volume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.detection.recording import Recording
from bench.detection.scoring import pair
from bench.detection.suction import NOTHING
from lullaflow.detection import Finding, FlowOver, LetDownFound
from lullaflow_sim.course import MILK_G_PER_ML


@dataclass(frozen=True, slots=True)
class Followed:
    """One let-down that was found, as it was told and as it was.

    Attributes:
        side_right: whether the true side was told.
        end_off_s: the end that was told, less the true one.
        volume_ml, true_ml: what it brought, as it was told and in truth.
    """

    side_right: bool
    end_off_s: float
    volume_ml: float
    true_ml: float


def follow(made: Recording, findings: Sequence[Finding]) -> tuple[Followed, ...]:
    """Compare all that was found with the truth; `findings` are of the whole recording."""
    found = [each for each in findings if isinstance(each, LetDownFound)]
    over = {each.index: each for each in findings if isinstance(each, FlowOver)}
    onsets_s = [each.onset_s for each in made.let_downs]
    pairs = pair([each.detected_s for each in found], onsets_s)
    return tuple(
        Followed(
            side_right=found[at].side == true.side,
            end_off_s=over[found[at].index].end_s - true.onset_s - true.length_s,
            volume_ml=over[found[at].index].volume_ml,
            true_ml=true.grams / MILK_G_PER_ML,
        )
        for at, true in zip(pairs, made.let_downs, strict=True)
        if at is not None
    )


def followed_cells(followed: Sequence[Followed]) -> dict[str, str]:
    """Return the figures of many let-downs as a table's cells, by what they are."""
    if not followed:
        return dict.fromkeys(followed_cells([Followed(True, 0.0, 1.0, 1.0)]), NOTHING)
    right = np.mean([each.side_right for each in followed])
    ends_s = [abs(each.end_off_s) for each in followed]
    off = [abs(each.volume_ml - each.true_ml) / each.true_ml for each in followed]
    told_ml = sum(each.volume_ml for each in followed)
    true_ml = sum(each.true_ml for each in followed)
    return {
        "the right side told (%)": f"{100.0 * right:.1f}",
        "end of a let-down off by, median (s)": f"{np.median(ends_s):.1f}",
        "its volume off by, median (%)": f"{100.0 * np.median(off):.1f}",
        "volume of all, over the true one": f"{told_ml / true_ml:.3f}",
    }
