"""The session with which speed is measured."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import numpy as np

from lullaflow.detection import Samples
from lullaflow.session.inputs import RecordingInfo
from lullaflow_sim.generate import generate_session

MINUTES: Final = 20
INFO: Final = RecordingInfo("bench", datetime(2026, 1, 1, tzinfo=UTC))


def twenty_minutes() -> Samples:
    """Return a generated session of both sides, repeated or cut to twenty minutes."""
    session = generate_session("typical", 1)
    columns = [
        session.left_vacuum_mmhg,
        session.left_volume_ml,
        session.right_vacuum_mmhg,
        session.right_volume_ml,
    ]
    rows = MINUTES * 60 * 50
    times = np.arange(rows) * 0.02
    resized = []
    for column in columns:
        values = np.asarray(column)
        if np.isnan(values).all():
            values = np.asarray(columns[0 if len(resized) == 2 else 1])
        resized.append(np.resize(values, rows))
    return Samples(times, *resized)
