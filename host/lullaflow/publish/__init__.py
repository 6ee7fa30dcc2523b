"""MQTT: events, state, commands, and Home Assistant through them."""

from lullaflow.publish.commands import OnCommand
from lullaflow.publish.connection import BrokerError
from lullaflow.publish.discovery import Knob, Offer
from lullaflow.publish.events import Outbox
from lullaflow.publish.listener import listen
from lullaflow.publish.publisher import Publisher
from lullaflow.publish.state import Board, last_session, pump_state

__all__ = [
    "Board",
    "BrokerError",
    "Knob",
    "Offer",
    "OnCommand",
    "Outbox",
    "Publisher",
    "last_session",
    "listen",
    "pump_state",
]
