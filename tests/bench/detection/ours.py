"""Our detector, as a researcher would call it."""

from __future__ import annotations

from bench.detection.scoring import Told
from lullaflow.detection import LetDownDetector, LetDownFound, Samples


def find(samples: Samples) -> list[Told]:
    """Return the let-downs that our detector finds."""
    findings = LetDownDetector().update(samples)
    return [
        Told(each.detected_s, each.onset_s, each.confidence)
        for each in findings
        if isinstance(each, LetDownFound)
    ]
