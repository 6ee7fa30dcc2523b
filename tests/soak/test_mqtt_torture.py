"""Fifty sessions through a broker in every kind of trouble."""

from __future__ import annotations

from pathlib import Path

import pytest

from end_to_end.brokers import needs_mosquitto
from end_to_end.mqtt_house import impatient
from end_to_end.mqtt_torture import torture
from end_to_end.test_mqtt_secrets import forgotten_socket

__all__ = ["impatient"]


@forgotten_socket
@needs_mosquitto
@pytest.mark.mosquitto
@pytest.mark.soak
@pytest.mark.parametrize("seed", [1, 2])
async def test_fifty_sessions_lose_nothing(tmp_path: Path, seed: int) -> None:
    troubles = await torture(tmp_path, sessions=50, seed=seed)
    assert len(set(troubles)) >= 8
