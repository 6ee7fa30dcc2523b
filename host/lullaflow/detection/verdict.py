"""Weighs both bottles together."""

from __future__ import annotations

import os
from typing import Final

from lullaflow.detection.bottle import Bottle

THRESHOLD: Final = float(os.environ.get("TH", 10.5))
ALONE: Final = float(os.environ.get("ALONE", 3.1))
CORROBORATION: Final = 3.0


def rising(bottle: Bottle) -> bool:
    return bottle.rise.against_none >= CORROBORATION


def weigh(left: Bottle, right: Bottle) -> float:
    weak, strong = sorted((left, right), key=lambda side: side.rise.against_none)
    a, b = weak.rise, strong.rise
    one = min(b.against_none, b.against_other) - (ALONE if weak.present else 0.0)
    if not rising(weak):
        return one
    both = min(
        a.against_none + b.against_none,
        a.against_other + b.against_none,
        a.against_none + b.against_other,
        a.against_other + b.against_other,
    )
    return max(one, both)
