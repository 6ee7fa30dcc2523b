"""What ours is measured against: simple rules, and change detectors that others keep well.

All see the same (`binned_flow`), and all are told one thing that is no change detection: a let-down
within `REARM_S` of the last one is the same. Each has one threshold that trades delay and misses
for false alarms, and up to two more settings; `tune.py` picks them for each family of recordings
apart, where our detector has to do with one set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any, Final

import numpy as np
import ruptures
from numpy.typing import NDArray
from river.drift import ADWIN, PageHinkley
from skchange.detectors import MovingWindow
from skchange.interval_scorers import CUSUM

from bench.detection.binned_flow import BIN_S, BinnedFlow
from bench.detection.scoring import Told

Curve = NDArray[np.float64]
Settings = Mapping[str, float]

REARM_S: Final = 10.0
"""Both sides within this are one let-down."""

MILK_G_PER_ML: Final = 1.03

HIGH_ML_S: Final = 0.1 / MILK_G_PER_ML
READ_BINS: Final = 10
"""High flow after Idei 2024: 0.1 g/s, on a balance that is read every five seconds."""

LEAST_RISE_ML_S: Final = 0.05 / MILK_G_PER_ML
BEFORE_SHARE: Final = 0.6
"""What counts as a rise, after the rule of truth: for those who find changes of any kind."""


@dataclass(frozen=True, slots=True)
class Peer:
    """One of the peers.

    Attributes:
        name: as the tables have it.
        online: whether it tells while the session runs; one that sees all of it first has no delay.
        find: its let-downs.
        threshold: the setting that trades false alarms for delay; None where there is nothing to
            set.
        grid: settings to choose from.
    """

    name: str
    online: bool
    find: Callable[[BinnedFlow, Settings], list[Told]]
    threshold: str | None
    grid: Mapping[str, tuple[float, ...]]

    def choices(self) -> Iterator[dict[str, float]]:
        """Yield every combination of the grid."""
        for values in product(*self.grid.values()):
            yield dict(zip(self.grid, values, strict=True))


def fixed_rise(flow: BinnedFlow, settings: Settings) -> list[Told]:
    """Tell when the flow, over some seconds, reaches a fixed value; again when it has fallen."""
    bins = round(settings["window_s"] / BIN_S)
    milk = np.concatenate([np.zeros(bins), np.cumsum(flow.total_ml_s)])
    mean = (milk[bins:] - milk[:-bins]) / bins
    return _risings(
        flow.end_s, mean >= settings["ml_s"], mean < settings["again"] * settings["ml_s"]
    )


def high_flow(flow: BinnedFlow, _: Settings) -> list[Told]:
    """Tell when a bottle's flow over five seconds has become high (Idei 2024)."""
    whole = len(flow.end_s) // READ_BINS * READ_BINS
    reads = [side[:whole].reshape(-1, READ_BINS).mean(axis=1) for side in flow.sides_ml_s]
    high = np.max(reads, axis=0) >= HIGH_ML_S
    return _risings(flow.end_s[READ_BINS - 1 : whole : READ_BINS], high, ~high)


def page_hinkley(flow: BinnedFlow, settings: Settings) -> list[Told]:
    """Tell when river's Page-Hinkley test finds that the flow has risen."""
    test = PageHinkley(
        min_instances=int(settings["least"]),
        delta=settings["delta"],
        threshold=settings["threshold"],
        alpha=settings["alpha"],
        mode="up",
    )
    alarms = []
    for end_s, value in zip(flow.end_s.tolist(), flow.total_ml_s.tolist(), strict=True):
        test.update(value)
        if test.drift_detected:
            alarms.append(end_s)
    return _apart(alarms)


def adwin(flow: BinnedFlow, settings: Settings) -> list[Told]:
    """Tell when river's ADWIN finds a change and the mean has risen."""
    test = ADWIN(delta=settings["delta"], clock=1, min_window_length=int(settings["least"]))
    alarms, before = [], 0.0
    for end_s, value in zip(flow.end_s.tolist(), flow.total_ml_s.tolist(), strict=True):
        test.update(value)
        if test.drift_detected and test.estimation > before + settings["rise"]:
            alarms.append(end_s)
        before = test.estimation
    return _apart(alarms)


def pelt(flow: BinnedFlow, settings: Settings) -> list[Told]:
    """Tell where ruptures' PELT sees the mean rise, with the whole session before it.

    `KernelCPD` with the linear kernel is ruptures' own PELT in C, for the squared error.
    """
    scaled = _scaled(flow.total_ml_s)
    search = ruptures.KernelCPD(kernel="linear", min_size=int(settings["least"]))
    found = search.fit(scaled).predict(pen=settings["penalty"])
    return _rises_at(flow, [int(each) for each in found[:-1]])


def moving_window(flow: BinnedFlow, settings: Settings) -> list[Told]:
    """Tell where skchange's moving window sees the mean rise, with the whole session before it."""
    scaled = _scaled(flow.total_ml_s)
    bins = int(settings["bins"])
    search = MovingWindow(CUSUM(), penalty=settings["penalty"], bandwidth=[bins, 3 * bins])
    return _rises_at(flow, [int(each) for each in search.fit(scaled).predict(scaled)])


def _scaled(flow: Curve) -> Any:
    """Return the flow in units of its own noise, as a column."""
    steps = np.diff(flow)
    noise = 1.4826 * float(np.median(np.abs(steps - np.median(steps)))) / np.sqrt(2.0)
    # A scale that counts in whole grams stands still most of the time.
    noise = max(noise, 0.25 * float(np.std(steps)), 1e-3)
    return (flow / noise).reshape(-1, 1)


def _rises_at(flow: BinnedFlow, changes: list[int]) -> list[Told]:
    """Keep the changes at which the mean rises as a let-down's does."""
    total = flow.total_ml_s
    cuts = [0, *changes, len(total)]
    means = [float(total[a:b].mean()) for a, b in pairwise(cuts)]
    risen = [
        float(flow.end_s[at]) - BIN_S
        for at, before, after in zip(changes, means[:-1], means[1:], strict=True)
        if after - before >= LEAST_RISE_ML_S and before < BEFORE_SHARE * after
    ]
    return _apart(risen)


def _risings(end_s: Curve, on: NDArray[np.bool_], off: NDArray[np.bool_]) -> list[Told]:
    """Tell whenever it comes on, again only after it was off."""
    armed, alarms = True, []
    for at_s, is_on, is_off in zip(end_s.tolist(), on.tolist(), off.tolist(), strict=True):
        if armed and is_on:
            alarms.append(at_s)
            armed = False
        elif is_off:
            armed = True
    return _apart(alarms)


def _apart(alarms: list[float]) -> list[Told]:
    kept: list[float] = []
    for at_s in alarms:
        if not kept or at_s - kept[-1] >= REARM_S:
            kept.append(at_s)
    return [Told(at_s, at_s) for at_s in kept]


PEERS: Final = (
    Peer(
        "fixed rise",
        online=True,
        find=fixed_rise,
        threshold="ml_s",
        grid={
            "ml_s": (0.03, 0.04, 0.06, 0.08, 0.11, 0.15, 0.2, 0.3, 0.4),
            "window_s": (3.0, 5.0, 8.0, 12.0, 16.0, 20.0, 25.0),
            "again": (0.4, 0.7),
        },
    ),
    Peer("0.1 g/s (Idei 2024)", online=True, find=high_flow, threshold=None, grid={}),
    Peer(
        "Page-Hinkley (river)",
        online=True,
        find=page_hinkley,
        threshold="threshold",
        grid={
            "threshold": (0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.5, 4.0, 7.0, 12.0),
            "delta": (0.005, 0.02, 0.05, 0.1),
            "alpha": (0.97, 0.99, 0.9999),
            "least": (10.0, 30.0),
        },
    ),
    Peer(
        "ADWIN (river)",
        online=True,
        find=adwin,
        threshold="delta",
        grid={
            "delta": (1e-8, 1e-5, 1e-3, 0.01, 0.05, 0.2, 0.5, 0.9, 0.99),
            "rise": (0.0, 0.02),
            "least": (3.0, 5.0),
        },
    ),
    Peer(
        "PELT (ruptures), offline",
        online=False,
        find=pelt,
        threshold="penalty",
        grid={
            "penalty": (1.0, 3.0, 6.0, 12.0, 25.0, 50.0, 100.0),
            "least": (4.0, 8.0, 16.0, 32.0),
        },
    ),
    Peer(
        "moving window (skchange), offline",
        online=False,
        find=moving_window,
        threshold="penalty",
        grid={"penalty": (0.2, 0.5, 1.0, 2.0, 4.0, 8.0), "bins": (12.0, 20.0, 40.0, 60.0, 90.0)},
    ),
)
