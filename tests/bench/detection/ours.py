"""Our detector, as a researcher would call it."""

from __future__ import annotations

from typing import Final
from unittest.mock import patch

import numpy as np

from bench.detection.scoring import Told
from lullaflow.detection import LetDownDetector, LetDownFound, Samples, evidence, let_down

HASTY: Final = 7.0
"""A lower threshold than the detector's own, in its logarithm of odds: to see what less patience
costs, and to compare with peers that raise many false alarms."""


QUICK: Final = np.array([6.0, 6.0, 9.0, 13.0, 13.0])
"""How unlikely confusing changes are to who would rather not wait: slow ones do not happen."""


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
