"""Our detector, as a researcher would call it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Final
from unittest.mock import patch

import numpy as np

from bench.detection.scoring import Told
from lullaflow.detection import LetDownDetector, LetDownFound, Samples, evidence, let_down, verdict

HASTY: Final = 7.0
"""A lower threshold than the detector's own, in its logarithm of odds: to see what less patience
costs, and to compare with peers that raise many false alarms."""


QUICK: Final = np.array([6.0, 6.0, 9.0, 13.0, 13.0])
"""How unlikely confusing changes are to who would rather not wait: slow ones do not happen."""


RASH: Final = {
    let_down: {"THRESHOLD": 3.0},
    verdict: {"ALONE": 0.0, "CORROBORATION": 2.9, "CORROBORATION_RESTLESS": 2.9},
    evidence: {"UNLIKELY": QUICK, "UNLIKELY_RESTLESS": QUICK, "UNLIKELY_TREMBLING": QUICK},
}
"""Who asks for hardly any evidence, as some peers do ..."""

RASH_STEP_SHARES: Final = (0.75, 0.65, 0.55)
"""... and takes ever less of a coarse scale's own step for no evidence."""


def find(samples: Samples) -> list[Told]:
    """Return the let-downs that our detector finds."""
    findings = LetDownDetector().update(samples)
    return [
        Told(each.detected_s, each.onset_s, each.confidence)
        for each in findings
        if isinstance(each, LetDownFound)
    ]


def find_hastily(samples: Samples) -> list[Told]:
    """Return what it finds at the threshold `HASTY`; its confidence means nothing then."""
    with patch.object(let_down, "THRESHOLD", HASTY):
        return find(samples)


def find_quickly(samples: Samples) -> list[Told]:
    """Return what it finds when slow weight counts as milk; its confidence means nothing then."""
    with patch.object(evidence, "UNLIKELY", QUICK):
        return find(samples)


def find_rashly(samples: Samples) -> list[list[Told]]:
    """Return what it finds when it asks for hardly any evidence, from the least rash on."""
    with ExitStack() as patches:
        for module, constants in RASH.items():
            patches.enter_context(patch.multiple(module, **constants))
        return [_find_at_share(samples, share) for share in RASH_STEP_SHARES]


def _find_at_share(samples: Samples, share: float) -> list[Told]:
    with patch.object(evidence, "STEP_SHARE", share):
        return find(samples)
