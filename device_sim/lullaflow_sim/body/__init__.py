"""The body: when the milk lets down, and how it flows."""

from lullaflow_sim.body.physiology import STEP_S, Body, Released
from lullaflow_sim.body.plan import BodyPlan, Dribble, Pattern, Pulse
from lullaflow_sim.body.shapes import Shape

__all__ = [
    "STEP_S",
    "Body",
    "BodyPlan",
    "Dribble",
    "Pattern",
    "Pulse",
    "Released",
    "Shape",
]
