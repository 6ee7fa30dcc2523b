"""Whether `let_down_slow` was told where it should not have been, by the whole core.

It is false when milk was flowing or the pump was off. Nobody can know of milk in the second in
which it begins, so these are told apart: `any_milk`, a let-down whose true onset came even a moment
before; `known_milk`, one that began longer ago than `KNOWN_S`; `gone`, one of these that nobody saw
and whose flow is over, which is a let-down missed rather than milk denied; `pump_off`, suction
that was not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from bench.detection.playing import Played
from bench.detection.recording import Recording
from bench.detection.suction import SUCTION_MMHG
from lullaflow_protocol.events import LetDownSlow

KNOWN_S: Final = 4.0
"""The delay that the median let-down may have."""

FLOWING_G_S: Final = 0.03
"""Of the rule of truth; a true flow under this at either bottle is over."""

PAUSE_S: Final = 5.0
"""Suction that was there within these seconds is there: a slow stroke, and the time to tell."""

STIMULATED_SHARE: Final = 0.9
"""True suction must have lasted this share of what is told: begin and end are told to a second or
two only."""


@dataclass(frozen=True, slots=True)
class Slowness:
    """What the core told of slowness in one session.

    Attributes:
        told: whether it told of it at all.
        any_milk, known_milk, gone, pump_off: what was so at that moment; see above.
    """

    told: bool
    any_milk: bool
    known_milk: bool
    gone: bool
    pump_off: bool

    @property
    def false(self) -> bool:
        """Tell whether it was false in a way that could be known."""
        return (self.known_milk and not self.gone) or self.pump_off


def judge_slowness(made: Recording, played: Played) -> Slowness:
    """Judge what the core told of slowness."""
    for said in played.said:
        if isinstance(said.event, LetDownSlow):
            return _judge(made, said.at_s, said.event.elapsed_s)
    return Slowness(told=False, any_milk=False, known_milk=False, gone=False, pump_off=False)


def _judge(made: Recording, at_s: float, stimulated_s: float) -> Slowness:
    first_s = made.let_downs[0].onset_s if made.let_downs else float("inf")
    pump_off = False
    if not made.volume_only:
        pulls = [side.suction_mmhg for side in made.sides.values()]
        suction = np.max(np.vstack(pulls), axis=0) >= SUCTION_MMHG
        step_s = float(made.true_t_s[1] - made.true_t_s[0])
        before = suction[made.true_t_s <= at_s]
        lately = before[-round(PAUSE_S / step_s) :]
        lasted_s = float(before.sum()) * step_s
        pump_off = not bool(lately.any()) or lasted_s < STIMULATED_SHARE * stimulated_s
    known_milk = first_s < at_s - KNOWN_S
    flows_g_s = [
        float(np.interp(at_s, made.true_t_s, side.flow_g_s)) for side in made.sides.values()
    ]
    return Slowness(
        told=True,
        any_milk=first_s < at_s,
        known_milk=known_milk,
        gone=known_milk and max(flows_g_s) < FLOWING_G_S,
        pump_off=pump_off,
    )
