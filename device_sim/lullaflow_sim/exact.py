"""Functions whose last bit is the same on every machine.

C libraries, and NumPy's kernels for each kind of processor, differ in the last bits of exp, log,
sin and powers; and a session, in which one bit may bring a pulse a step earlier, would differ with
them. Here is nothing but `+ - * /`, floors and scaling by powers of two, each of which IEEE 754
rounds in one way only. All take a number or an array, and are right to about 1e-15.
"""

from __future__ import annotations

import math
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

Curve = NDArray[np.float64]
Real = TypeVar("Real", float, Curve)

LN_2: Final = 0.6931471805599453
LN_2_HIGH: Final = 0.693147180369123816490
LN_2_LOW: Final = 1.90821492927058770002e-10
"""Natural logarithm of 2; and split, so that a whole multiple of the high part is exact."""

ROOT_HALF: Final = 0.7071067811865476
"""Square root of a half: the middle of the mantissas, in proportion."""

TINY: Final = 1e-300
"""Stands for zero where there must be a logarithm."""

_EXP: Final = tuple(1.0 / math.factorial(n) for n in range(14))
_SINE: Final = tuple((-1.0) ** n / math.factorial(2 * n + 1) for n in range(12))
_ATANH: Final = tuple(1.0 / (2 * n + 1) for n in range(12))
"""Coefficients of the series, from the constant on."""


def exp(x: Real) -> Real:
    """Return e to the x, for x within -700 to 700."""
    whole = _floor(x / LN_2 + 0.5)
    rest = (x - whole * LN_2_HIGH) - whole * LN_2_LOW
    return _scaled(_series(rest, _EXP), whole)


def log(x: Real) -> Real:
    """Return the natural logarithm of a positive x."""
    mantissa: Real
    mantissa, exponent = _split(x)
    s = (mantissa - ROOT_HALF) / (mantissa + ROOT_HALF)
    logarithm: Real = (exponent - 0.5) * LN_2 + 2.0 * s * _series(s * s, _ATANH)
    return logarithm


def power(x: Real, exponent: Real | float) -> Real:
    """Return x to an exponent, both positive; 0 for 0."""
    if isinstance(x, np.ndarray):
        raised: Real = exp(log(np.maximum(x, TINY)) * exponent)
        return raised * (x > 0.0)
    return exp(log(x) * exponent) if x > 0.0 else 0.0


def cosine(turns: Real) -> Real:
    """Return the cosine of an angle in turns (1 is a full circle)."""
    angle = (0.25 - abs(turns - _floor(turns + 0.5))) * (2.0 * math.pi)
    return angle * _series(angle * angle, _SINE)


def sine(turns: Real) -> Real:
    """Return the sine of an angle in turns."""
    return cosine(turns - 0.25)


def look_up(table: Curve, share: Curve) -> Curve:
    """Return a table's value at shares of its length, 0 to 1, between its points on a line."""
    place = share * (len(table) - 1.0)
    first = np.minimum(place.astype(np.int64), len(table) - 2)
    low: Curve = table[first]
    value: Curve = low + (place - first) * (table[first + 1] - low)
    return value


def _series(x: Real, coefficients: tuple[float, ...]) -> Real:
    total = x * coefficients[-1] + coefficients[-2]
    for coefficient in reversed(coefficients[:-2]):
        total = total * x + coefficient
    return total


def _floor(x: Real) -> Real:
    return np.floor(x) if isinstance(x, np.ndarray) else float(math.floor(x))


def _split(x: Any) -> Any:
    return np.frexp(x) if isinstance(x, np.ndarray) else math.frexp(x)


def _scaled(x: Real, whole: Real) -> Real:
    if isinstance(x, np.ndarray):
        scaled: Real = np.ldexp(x, np.asarray(whole).astype(np.int32))
        return scaled
    return math.ldexp(x, int(whole))
