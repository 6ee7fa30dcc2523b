"""Weighs both bottles together."""

from __future__ import annotations

import os
from typing import Final

from lullaflow.detection.bottle import Bottle

THRESHOLD: Final = float(os.environ.get("TH", 10.5))
SHARE: Final = float(os.environ.get('SHARE', 0.15))
ALONE: Final = float(os.environ.get("ALONE", 3.1))
CORROBORATION: Final = float(os.environ.get('CORR', 3.0))


def rising(bottle: Bottle) -> bool:
    return bottle.rise.against_none >= CORROBORATION


def weigh(left: Bottle, right: Bottle) -> float:
    weak, strong = sorted((left, right), key=lambda side: side.rise.against_none)
    a, b = weak.rise, strong.rise
    one = min(b.against_none, b.against_other) - (ALONE if weak.present else 0.0)
    if not b.counts:
        one = 0.0
    share = (a.flow_ml_s - a.base_ml_s) / max(b.flow_ml_s - b.base_ml_s, 1e-9)
    apart = abs(a.onset_s - b.onset_s)
    if not rising(weak) or share < SHARE or apart > 10.0 or not (a.counts or b.counts):
        return one
    both = min(
        a.against_none + b.against_none,
        a.against_other + b.against_none,
        a.against_none + b.against_other,
        a.against_other + b.against_other,
    )
    return max(one, both)
