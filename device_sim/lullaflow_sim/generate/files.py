"""Write a generated recording: the samples as CSV, the truth beside them as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lullaflow_sim.course import MILK_G_PER_ML
from lullaflow_sim.generate.session import FLOW_STEP_S, GeneratedSession, SideTruth
from lullaflow_sim.let_downs import SIDES

HEADER: Final = "t_s,left_vacuum_mmhg,left_volume_ml,right_vacuum_mmhg,right_volume_ml"


def write_session(session: GeneratedSession, folder: Path, name: str) -> None:
    """Write `name.csv` and `name.json` into a folder, each whole or not at all.

    Raises:
        OSError: when they cannot be written.
    """
    # Where there is a recording, its truth is there already.
    texts = {
        folder / f"{name}.json": json.dumps(truth(session)) + "\n",
        folder / f"{name}.csv": to_csv(session),
    }
    parts = {path: path.with_name(f".{path.name}.part") for path in texts}
    try:
        for path, text in texts.items():
            parts[path].write_text(text, "utf-8", newline="\n")
        for path, part in parts.items():
            part.replace(path)
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)


def to_csv(session: GeneratedSession) -> str:
    """Return the recording; empty cells where there is no sample."""
    columns = (
        _cells(session.t_s, 3),
        _cells(session.left_vacuum_mmhg, 2),
        _cells(session.left_volume_ml, 4),
        _cells(session.right_vacuum_mmhg, 2),
        _cells(session.right_volume_ml, 4),
    )
    return "\n".join((HEADER, *map(",".join, zip(*columns, strict=True)), ""))


def truth(session: GeneratedSession) -> dict[str, Any]:
    """Return what is true about a recording, JSON-able.

    Times are the recording's own, but for those of what was planned (faults, disturbances, cues,
    dribbles, gulps), whose clock is right: the two differ by less than half a second.
    """
    plan = session.plan
    return {
        "family": session.family.value,
        "seed": session.seed,
        "mother_seed": session.mother_seed,
        "forms": session.forms.value,
        "start_s": session.start_s,
        "stop_s": session.stop_s,
        "let_downs": [dict(each) for each in session.let_downs],
        "onsets_s": {side: list(onsets) for side, onsets in session.onsets_s.items()},
        "ejections_s": {side: list(each) for side, each in session.ejections_s.items()},
        "resumptions_s": list(session.resumptions_s),
        "phases": [list(each) for each in session.phases],
        "pattern": plan.body.pattern.value,
        "late": plan.body.late,
        "stress": round(plan.body.stress, 3),
        "cues": [
            {"kind": cue.kind, "at_s": round(cue.at_s, 3), "for_s": round(cue.for_s, 3)}
            for cue in plan.cues
        ],
        "seal_faults": [
            {
                "at_s": round(fault.at_s, 3),
                "for_s": round(fault.for_s, 3),
                "side": SIDES[fault.side],
                "leak": round(fault.leak, 3),
                "clog": round(fault.clog, 3),
            }
            for fault in plan.pump.faults
        ],
        "disturbances": [
            {
                "kind": each.kind.value,
                "at_s": round(each.at_s, 3),
                "for_s": round(each.for_s, 3),
                "side": SIDES[each.side],
                "grams": round(each.grams, 3),
            }
            for each in plan.disturbances
        ],
        "dribbles": [
            {
                "at_s": round(each.at_s, 3),
                "for_s": round(each.for_s, 3),
                "side": SIDES[each.side],
                "g_s": round(each.g_s, 4),
            }
            for each in plan.body.dribbles
        ],
        "gulps": [
            {"at_s": round(at_s, 3), "side": SIDES[side], "grams": round(grams, 3)}
            for side in plan.sides
            for at_s, grams in plan.bottles[side].gulps
        ],
        "silences": [
            {"channel": channel, "at_s": at_s, "for_s": for_s}
            for channel, at_s, for_s in session.silences
        ],
        "sides": {side: _side(curves) for side, curves in session.sides.items()},
    }


def _side(side: SideTruth) -> dict[str, Any]:
    return {
        "volume_ml": round(float(side.milk_ml[-1]), 3),
        "volume_g": round(float(side.milk_ml[-1]) * MILK_G_PER_ML, 3),
        "noise_ml": round(side.noise_ml, 4),
        "curve_period_s": FLOW_STEP_S,
        "flow_g_s": [round(each, 4) for each in side.flow_g_s.tolist()],
        "suction_mmhg": [round(each, 1) for each in side.suction_mmhg.tolist()],
    }


def _cells(column: NDArray[np.float64], digits: int) -> list[str]:
    form = f"%.{digits}f"
    return ["" if value != value else form % value for value in column.tolist()]
