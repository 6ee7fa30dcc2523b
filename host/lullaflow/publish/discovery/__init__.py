"""Home Assistant's discovery: what it is told, in which words, and how it is tidied up."""

from lullaflow.publish.discovery.announcer import Announcer
from lullaflow.publish.discovery.offer import Knob, Offer
from lullaflow.publish.discovery.payloads import config_messages

__all__ = ["Announcer", "Knob", "Offer", "config_messages"]
