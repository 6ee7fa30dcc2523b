"""Recordings with their truth, made once and kept on disk.

What is kept is keyed on the sources of the generator: change the body, and it is made anew.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bench.detection import other
from bench.detection.other import OtherSession, other_session
from bench.detection.seeds import FAMILIES, FORMS, OTHER, Use
from lullaflow.detection import Samples
from lullaflow_sim.course import MILK_G_PER_ML, SessionPlan
from lullaflow_sim.generate import GeneratedSession, generate_session
from lullaflow_sim.generate.conditions import CONDITIONS, Family
from lullaflow_sim.let_downs import SIDES
from lullaflow_sim.sensors import Touch

Curve = NDArray[np.float64]

CACHE: Final = Path(__file__).parents[3] / ".cache" / "detection"

COLUMNS: Final = (
    "t_s",
    "left_vacuum_mmhg",
    "left_volume_ml",
    "right_vacuum_mmhg",
    "right_volume_ml",
)

CURVES: Final = ("flow_g_s", "milk_ml", "unrounded_ml", "suction_mmhg", "touched")
"""Of one side, at `Recording.true_t_s`."""

TOLD: Final = ("family", "seed", "resumptions_s", "start_s", "stop_s", "steps_per_hour")
"""Of a recording, as it stands in a file."""


@dataclass(frozen=True, slots=True)
class TrueLetDown:
    """One let-down that there is to be found, after the rule of `lullaflow_sim.let_downs`."""

    onset_s: float
    side: str
    length_s: float
    peak_g_s: float
    before_g_s: float
    grams: float


@dataclass(frozen=True, slots=True)
class TrueSide:
    """What is true of one side at `Recording.true_t_s`.

    Attributes:
        flow_g_s: flow that reaches the bottle.
        milk_ml: milk in the bottle, drop by drop.
        unrounded_ml: what the scale would show in steps without size.
        suction_mmhg: peak suction of the cycles.
        touched: something touches the bottle.
        step_ml: step of the scale's figures.
        filter_s: time constant of the scale's own filter; 0 for none.
    """

    flow_g_s: Curve
    milk_ml: Curve
    unrounded_ml: Curve
    suction_mmhg: Curve
    touched: NDArray[np.bool_]
    step_ml: float
    filter_s: float


@dataclass(frozen=True, slots=True)
class TrueLeak:
    """Suction that one side loses for a while: its own leak's, or the other side's on one motor.

    Attributes:
        side: `left` or `right`.
        at_s, for_s: when.
        lost: share of the suction.
    """

    side: str
    at_s: float
    for_s: float
    lost: float


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording and its truth. All moments are seconds of the recording.

    Attributes:
        family: its kind; `other` is the other generator's.
        seed: what made it.
        samples: what a detector may see.
        let_downs: what there is to be found.
        resumptions_s: rises that no ejection brought (milk that a pause, a clog or a leak had held
            up). They are no let-downs, and to find them is no fault.
        sides: the truth of each side in use.
        true_t_s: the moments of the curves in `sides`.
        start_s, stop_s: of the pump.
        steps_per_hour: how often a bottle's scale gains or loses weight at once and unseen: it
            settles, or milk that had lain in the parts tips over.
        leaks: seals that leak.
        phases: `(at_s, name)` of the pump: stimulation, expression, paused; none: not known.
    """

    family: str
    seed: int
    samples: Samples
    let_downs: tuple[TrueLetDown, ...]
    resumptions_s: tuple[float, ...]
    sides: Mapping[str, TrueSide]
    true_t_s: Curve
    start_s: float
    stop_s: float
    steps_per_hour: float
    leaks: tuple[TrueLeak, ...] = ()
    phases: tuple[tuple[float, str], ...] = ()

    @property
    def hours(self) -> float:
        """Return how long it is."""
        return float(self.samples.t_s[-1]) / 3600.0

    @property
    def eases_per_hour(self) -> float:
        """Return how often a bottle's weight grows within seconds and no milk comes.

        An arm that leans on it comes or goes, or a tilted bottle is put straight.
        """
        if self.family == OTHER:
            return other.LEANS_H
        touches_h = CONDITIONS[Family(self.family)].touches_h
        return touches_h.get(Touch.LEAN, 0.0) + touches_h.get(Touch.TILT, 0.0)

    @property
    def volume_only(self) -> bool:
        """Tell whether there is no suction to be seen."""
        vacua = (self.samples.left_vacuum_mmhg, self.samples.right_vacuum_mmhg)
        return all(bool(np.isnan(vacuum).all()) for vacuum in vacua)


def recording(family: str, use: Use, seed: int) -> Recording:
    """Return one recording, from disk if it was made before."""
    forms = FORMS[use]
    path = CACHE / _generator_digest(family) / f"{family}-{forms.value}-{seed}.npz"
    try:
        return read_recording(path)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        if family == OTHER:
            made = _of_other(other_session(seed), seed)
        else:
            made = of_session(generate_session(family, seed, forms))
        write_recording(path, made)
        return made


def of_session(session: GeneratedSession) -> Recording:
    """Return what the simulator has generated as a recording."""
    conditions = CONDITIONS[session.family]
    scales = dict(zip(SIDES, session.plan.scales, strict=True))
    return Recording(
        family=session.family.value,
        seed=session.seed,
        samples=Samples(*(getattr(session, name) for name in COLUMNS)),
        let_downs=tuple(TrueLetDown(**each) for each in session.let_downs),
        resumptions_s=session.resumptions_s,
        sides={
            name: TrueSide(
                **{curve: getattr(side, curve) for curve in CURVES},
                step_ml=scales[name].quantum_g / MILK_G_PER_ML,
                filter_s=scales[name].smooth_s,
            )
            for name, side in session.sides.items()
        },
        true_t_s=session.true_t_s,
        start_s=session.start_s,
        stop_s=session.stop_s,
        steps_per_hour=conditions.touches_h.get(Touch.SETTLE, 0.0) + conditions.gulps_h,
        leaks=tuple(_leaks(session.plan)),
        phases=session.phases,
    )


def _leaks(plan: SessionPlan) -> Iterator[TrueLeak]:
    """Yield what each side in use loses by a leak, its own or the other's."""
    for fault in plan.pump.faults:
        for side in plan.sides:
            lost = fault.leak * (1.0 if side == fault.side else plan.pump.shared)
            if lost:
                yield TrueLeak(SIDES[side], fault.at_s, fault.for_s, lost)


def _of_other(session: OtherSession, seed: int) -> Recording:
    length = len(next(iter(session.sides.values())).flow_g_s)
    rows = length * other.FINE
    columns: dict[str, Curve] = {}
    for name in SIDES:
        vacuum, volume = np.full(rows, np.nan), np.full(rows, np.nan)
        if name in session.sides:
            side = session.sides[name]
            vacuum = side.vacuum_mmhg.round(2)
            volume[:: other.FINE] = np.round(side.unrounded_ml / side.step_ml) * side.step_ml
        columns[f"{name}_vacuum_mmhg"], columns[f"{name}_volume_ml"] = vacuum, volume.round(4)
    columns["t_s"] = (np.arange(rows) * (other.STEP_S / other.FINE)).round(3)
    return Recording(
        family=OTHER,
        seed=seed,
        samples=Samples(*(columns[name][session.kept] for name in COLUMNS)),
        let_downs=tuple(TrueLetDown(**each) for each in session.let_downs),
        resumptions_s=session.resumptions_s,
        sides={
            name: TrueSide(
                **{curve: getattr(side, curve) for curve in CURVES},
                step_ml=side.step_ml,
                filter_s=0.0,
            )
            for name, side in session.sides.items()
        },
        true_t_s=np.arange(length) * other.STEP_S,
        start_s=session.start_s,
        stop_s=session.stop_s,
        steps_per_hour=other.SETTLES_H,
    )


@cache
def _generator_digest(family: str) -> str:
    """Return a digest of every source that a family's generator imports."""
    paths = sorted(
        str(module.__file__)
        for name, module in sys.modules.items()
        if name.split(".")[0] == "lullaflow_sim" and getattr(module, "__file__", None)
    )
    if family == OTHER:
        paths.append(str(other.__file__))
    digest = hashlib.sha256()
    for path in paths:
        digest.update(Path(path).read_bytes())
    return digest.hexdigest()[:16]


def forget_old() -> None:
    """Delete what generators that are no more have made."""
    kept = {_generator_digest(family) for family in FAMILIES} | {"plots"}
    for folder in CACHE.glob("*/"):
        if folder.name not in kept:
            shutil.rmtree(folder, ignore_errors=True)


def write_recording(path: Path, made: Recording) -> None:
    """Write a recording, whole or not at all."""
    told: dict[str, Any] = {name: getattr(made, name) for name in TOLD}
    told["phases"] = made.phases
    told["let_downs"] = [asdict(each) for each in made.let_downs]
    told["leaks"] = [asdict(each) for each in made.leaks]
    told["sides"] = {
        name: {"step_ml": side.step_ml, "filter_s": side.filter_s}
        for name, side in made.sides.items()
    }
    arrays = {name: getattr(made.samples, name) for name in COLUMNS}
    for name, side in made.sides.items():
        arrays |= {f"{name}/{curve}": getattr(side, curve) for curve in CURVES}
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        np.savez_compressed(file, told=np.array(json.dumps(told)), true_t_s=made.true_t_s, **arrays)
    part.replace(path)


def read_recording(path: Path) -> Recording:
    """Read what `write_recording` wrote.

    Raises:
        OSError, ValueError, KeyError, zipfile.BadZipFile: when it is no such file.
    """
    with path.open("rb") as raw, np.load(raw) as file:
        told = json.loads(str(file["told"]))
        return Recording(
            samples=Samples(*(file[name] for name in COLUMNS)),
            let_downs=tuple(TrueLetDown(**each) for each in told["let_downs"]),
            leaks=tuple(TrueLeak(**each) for each in told["leaks"]),
            phases=tuple((at_s, name) for at_s, name in told["phases"]),
            sides={
                name: TrueSide(**{curve: file[f"{name}/{curve}"] for curve in CURVES}, **more)
                for name, more in told["sides"].items()
            },
            true_t_s=file["true_t_s"],
            **{name: told[name] for name in TOLD},
        )
