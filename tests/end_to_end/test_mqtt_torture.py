"""The short form of the broker's torture; `make soak` has the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from .brokers import needs_mosquitto
from .mqtt_house import impatient
from .mqtt_torture import torture
from .test_mqtt_secrets import forgotten_socket

__all__ = ["impatient"]


@forgotten_socket
@needs_mosquitto
@pytest.mark.mosquitto
async def test_a_troubled_broker_costs_no_event_and_no_order(tmp_path: Path) -> None:
    assert len(set(await torture(tmp_path, sessions=6, seed=3))) >= 3
