"""Mothers: a distribution of persons, each of whom resembles herself from day to day.

Ejection count, pattern and timing repeat within a mother (Prime 2011, doi 10.1089/bfm.2011.0014;
Gardner 2019, doi 10.1186/s13006-019-0237-6).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lullaflow_sim.body.plan import Pattern
from lullaflow_sim.body.shapes import Shape
from lullaflow_sim.chance import Chance
from lullaflow_sim.exact import exp, log, power

FIRST_MEDIAN_S: Final = 77.0
"""Stimulation until the first pulse, s. The ejection at the bottle is seen some 10 s later: about
90 s when pumping (review-level figure, secondary), which is what is generated."""

FIRST_PERSONS: Final = 1.54
"""Geometric spread of that between mothers, assumed; with that of her days it makes 1.6 in all."""

SLOW_SHARE: Final = 0.10
SLOW_MEDIAN_S: Final = 200.0
SLOW_PERSONS: Final = 1.42
"""Mothers whose let-down is slow: share, median in s and geometric spread; assumed."""

COUNT_15_MIN: Final = ((5.0, 1.9), (6.0, 1.9))
MOST_IN_15_MIN: Final = 10.0
"""Pulses in 15 min, mean and spread, one breast or both; and the most (assumed). 4.2 +/- 2.0
ejections single (Prime 2009, doi 10.1186/1746-4358-4-10), 5.1 +/- 2.0 double (Prime 2011), of which
not all show in the flow."""

MANY: Final = 5.5
"""Pulses in 15 min from which a mother is one of 'many' ejections: 'few' are 4 or less that show,
'many' 5 or more (MDPI Proceedings 2025, 112(1):9)."""

CONTINUOUS_SHARE: Final = 0.12
"""Mothers whose flow has no separable ejections: 'a minority' of 147 (MDPI Proceedings 2025,
112(1):9); the share is assumed."""

LATE_SHARE: Final = 0.15
"""Mothers with a late ejection, at least 3 min after flow stopped: exists (same source); the share
is assumed."""

LENGTH_MEDIAN_S: Final = 85.0
LENGTH_PERSONS: Final = 1.2
"""An ejection lasts 45 s to 3.5 min (cited in Gardner 2015, doi 10.1186/s12884-015-0583-3); median
in s and geometric spread between mothers, both assumed."""

FULL_FLOW_G_S: Final = 0.60
FULL_FLOW_SPREAD_G_S: Final = 0.21
FULL_FLOW_RANGE_G_S: Final = (0.12, 0.85)
"""Flow at full pressure, g/s; suction and depletion leave a peak of 0.5 +/- 0.2 g/s (Idei 2024, doi
10.1016/j.midw.2024.104039), at most 0.92 over 5 s (Ramsay 2006, doi 10.1089/bfm.2006.1.14)."""

AVAILABLE_MEDIAN_G: Final = 102.0
AVAILABLE_SPREAD: Final = 1.6
"""Milk in a breast, median in g and geometric spread, so that 58 % of it is removed (Gardner 2019):
54 +/- 29 to 70 +/- 43 g a breast (Idei 2024)."""

FULLNESS_FLOW: Final = 0.35
"""Exponent by which peak flow rises with available milk. That it rises: Gardner 2019 (p = 0.0003);
the number is assumed."""

FATIGUE: Final = (0.68, 1.0)
"""Strength of each pulse as a share of the one before, least and most; assumed, so that the first
flows faster than the third and later (Kent 2008, doi 10.1089/bfm.2007.0028) and the highest flow is
in the first or second in 94 % (secondary)."""

RIGHT_MORE: Final = 0.08
RIGHT_SPREAD: Final = 0.22
"""Logarithm of right over left, and its spread, assumed; right gave more in 47.6 %, left in 28.0 %
of the sessions (Engstrom 2007, PMID 17661579)."""

RISE_SHARE: Final = (0.08, 0.32)
"""Where in an ejection the peak lies, as a share of its length: it 'rises quickly, then slows'
(Geddes 2009, doi 10.1186/1746-4358-4-5); the numbers are assumed."""

DEPLETION: Final = (0.4, 1.1)
"""Exponent by which flow falls as the breast empties, assumed."""

MOST_DRIPS_G_S: Final = 0.012
DRIPS_EXPONENT: Final = 1.5
"""Mean flow between ejections, at most, g/s; the exponent makes little of it commoner than much.
Assumed: no figure was found."""

UNTOUCHED_SHARE: Final = 0.2
STRESS_COST: Final = (0.1, 0.9)
"""Mothers whose oxytocin stress leaves alone, as a share; and the share of it that full stress
costs the others. Assumed, so that the mean is near the 43 to 49 % fewer pulses of Ueda 1994 (PMID
8041543)."""

CUE_DEAF_SHARE: Final = 0.35
"""Mothers whom cues do not help: some trials find an effect, some none. The share is assumed."""

SHAPES_EACH: Final = 2
"""Forms that one mother's ejections take, assumed."""


@dataclass(frozen=True, slots=True)
class Mother:
    """What stays the same from day to day; drawn as this module's constants say.

    Attributes:
        first_s: median stimulation until her first pulse.
        count_15_min: her pulses in 15 min, one breast and both.
        pattern: how they come.
        late: whether a late ejection follows.
        length_s: median of an ejection.
        shapes: forms her ejections take.
        rise_share: where in an ejection the peak lies.
        full_flow_g_s, available_g: per breast, right over left apart.
        right_share: right over left.
        fatigue: strength of a pulse relative to the one before.
        depletion: how flow falls as the breast empties.
        drip_g_s: between ejections.
        stress_share: how much of her oxytocin full stress costs; 0: none.
        cue_response: 0 (cues do nothing) to 1.
    """

    first_s: float
    count_15_min: tuple[float, float]
    pattern: Pattern
    late: bool
    length_s: float
    shapes: tuple[Shape, ...]
    rise_share: float
    full_flow_g_s: float
    available_g: float
    right_share: float
    fatigue: float
    depletion: float
    drip_g_s: float
    stress_share: float
    cue_response: float


def draw_mother(chance: Chance, shapes: tuple[Shape, ...]) -> Mother:
    """Return a mother; `shapes` are the forms of ejection to choose hers from."""
    slow = chance.random() < SLOW_SHARE
    median_s, persons = (SLOW_MEDIAN_S, SLOW_PERSONS) if slow else (FIRST_MEDIAN_S, FIRST_PERSONS)
    more = chance.normal()
    single, double = (
        clip(mean + more * deviation, 1.0, MOST_IN_15_MIN) for mean, deviation in COUNT_15_MIN
    )
    continuous = chance.random() < CONTINUOUS_SHARE
    few_or_many = Pattern.FEW if double < MANY else Pattern.MANY
    available_g = AVAILABLE_MEDIAN_G * spread(chance, AVAILABLE_SPREAD)
    fullness = power(available_g / AVAILABLE_MEDIAN_G, FULLNESS_FLOW)
    others = list(shapes)
    own = [others.pop(chance.below(len(others))) for _ in range(min(SHAPES_EACH, len(shapes)))]
    untouched = chance.random() < UNTOUCHED_SHARE
    return Mother(
        first_s=median_s * spread(chance, persons),
        count_15_min=(single, double),
        pattern=Pattern.CONTINUOUS if continuous else few_or_many,
        late=chance.random() < LATE_SHARE,
        length_s=LENGTH_MEDIAN_S * spread(chance, LENGTH_PERSONS),
        shapes=tuple(own),
        rise_share=chance.uniform(*RISE_SHARE),
        full_flow_g_s=clip(
            chance.normal(FULL_FLOW_G_S, FULL_FLOW_SPREAD_G_S) * fullness, *FULL_FLOW_RANGE_G_S
        ),
        available_g=available_g,
        right_share=exp(chance.normal(RIGHT_MORE, RIGHT_SPREAD)),
        fatigue=chance.uniform(*FATIGUE),
        depletion=chance.uniform(*DEPLETION),
        drip_g_s=MOST_DRIPS_G_S * power(chance.random(), DRIPS_EXPONENT),
        stress_share=0.0 if untouched else chance.uniform(*STRESS_COST),
        cue_response=max(0.0, 1.0 - chance.random() / (1.0 - CUE_DEAF_SHARE)),
    )


def spread(chance: Chance, factor: float) -> float:
    """Return a log-normal factor of median 1 and the given geometric spread."""
    return exp(chance.normal(0.0, log(factor)))


def clip(value: float, low: float, high: float) -> float:
    """Return a value, or the limit that it passes."""
    return min(max(value, low), high)
