"""Our detector, as a researcher would call it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Final
from unittest.mock import patch

import numpy as np

from bench.detection.scoring import Told
from lullaflow.detection import (
    Finding,
    LetDownDetector,
    LetDownFound,
    Samples,
    evidence,
    timing,
    verdict,
)

HASTY: Final = 7.0
"""A lower threshold than the detector's own, in its logarithm of odds: to see what less patience
costs, and to compare with peers that raise many false alarms."""

BARS: Final = ("LIKELY", "LIKELY_ALONE", "LIKELY_UNPROVEN", "LIKELY_ALONE_UNPROVEN")
"""How likely a rise has to be to the taught eye, to be told at once."""

SOONER: Final = 0.75
SOON: Final = dict.fromkeys(BARS, SOONER)
"""Less than our own, at all times: on development recordings of `typical` so little that the median
delay is one and a half times the clairvoyant's, as the goal asks."""

NEVER: Final = 1.0
NOTHING_LIKELY: Final = dict.fromkeys(BARS, NEVER)
"""The taught eye never tells by itself: no probability is higher."""

NOTHING_HELD_BACK: Final = {"LEAST_LIKELY": 0.0, "LEAST_LIKELY_UNPROVEN": 0.0}
"""No probability is lower."""

UNLIKELY: Final = np.array([6.0, 6.0, 9.0, 13.0, 13.0])
"""How unlikely confusing changes are to who is rash: slow ones do not happen."""


RASH: Final = {
    timing: {"LATEST": 0.0},
    verdict: {
        **NOTHING_HELD_BACK,
        "THRESHOLD": 3.0,
        "ALONE": 0.0,
        "CORROBORATION": 2.9,
        "CORROBORATION_RESTLESS": 2.9,
    },
    evidence: {
        "UNLIKELY": UNLIKELY,
        "UNLIKELY_RESTLESS": UNLIKELY,
        "UNLIKELY_TREMBLING": UNLIKELY,
    },
}
"""Who asks for hardly any evidence, as some peers do ..."""

RASH_STEP_SHARES: Final = (0.75, 0.65, 0.55)
"""... and takes ever less of a coarse scale's own step for no evidence."""


def findings(samples: Samples) -> list[Finding]:
    """Return all that our detector tells of a whole recording."""
    detector = LetDownDetector()
    return [*detector.update(samples), *detector.stop(float(samples.t_s[-1]))]


def told(findings: Sequence[Finding]) -> list[Told]:
    """Return the let-downs among findings."""
    return [
        Told(each.detected_s, each.onset_s, each.confidence)
        for each in findings
        if isinstance(each, LetDownFound)
    ]


def find(samples: Samples) -> list[Told]:
    """Return the let-downs that our detector finds."""
    return told(findings(samples))


def find_hastily(samples: Samples) -> list[Told]:
    """Return what it finds at the threshold `HASTY`, with nothing held back for its looks.

    Its confidence means nothing then.
    """
    with patch.multiple(verdict, THRESHOLD=HASTY, **NOTHING_HELD_BACK):
        return find(samples)


def find_soon(samples: Samples) -> list[Told]:
    """Return what it finds when less likeness is asked of a rise.

    Its confidence means less then: it was fitted to what is told later.
    """
    with patch.multiple(verdict, **SOON):
        return find(samples)


@contextmanager
def patient() -> Iterator[None]:
    """Leave all to the sequential test: the taught eye says nothing, and time does not count."""
    with (
        patch.multiple(verdict, **NOTHING_LIKELY, **NOTHING_HELD_BACK),
        patch.multiple(timing, LATEST=0.0),
    ):
        yield


def find_patiently(samples: Samples) -> list[Told]:
    """Return what the sequential test finds by itself; its confidence means less then."""
    with patient():
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
