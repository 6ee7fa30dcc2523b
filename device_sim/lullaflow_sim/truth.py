"""What really happened, told in the time that a host can see: the board's, since its start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lullaflow_sim.frame_log import Boot


def whole_truth(sessions: Sequence[dict[str, Any]], boots: Sequence[Boot]) -> dict[str, Any]:
    """Return the truth of a day, JSON-able.

    Args:
        sessions: of each session its world's truth, and `began_s` in device time.
        boots: the starts of the board, in order.

    Returns:
        `let_downs` of all sessions, each with its session's number from 1, the `boot_id` of the
        board at that moment and `onset_s` in seconds since that boot (the frames' `t_ms`);
        `sessions` with `start_s` and `stop_s` of the pump likewise; `boots`.
    """
    let_downs = []
    told = []
    for number, session in enumerate(sessions, 1):
        began_s = session["began_s"]
        let_downs += [
            {**each, "session": number, **_since_boot(began_s + each["onset_s"], boots, "onset_s")}
            for each in session["let_downs"]
        ]
        told.append(
            {
                "session": number,
                "seed": session["seed"],
                "volume_ml": session["volume_ml"],
                **_since_boot(began_s + session["stop_s"], boots, "stop_s"),
                **_since_boot(began_s + session["start_s"], boots, "start_s"),
            }
        )
    return {
        "let_downs": let_downs,
        "sessions": told,
        "boots": [{"boot_id": boot.boot_id, "at_s": boot.at_s} for boot in boots],
    }


def _since_boot(at_s: float, boots: Sequence[Boot], field: str) -> dict[str, Any]:
    boot = max((boot for boot in boots if boot.at_s <= at_s), key=lambda boot: boot.at_s)
    return {"boot_id": boot.boot_id, field: round(at_s - boot.at_s, 3)}
