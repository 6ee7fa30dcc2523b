"""Recordings made at will, with their truth: for judging detectors."""

from lullaflow_sim.generate.conditions import Family, Forms
from lullaflow_sim.generate.session import GeneratedSession, SideTruth, generate_session

__all__ = ["Family", "Forms", "GeneratedSession", "SideTruth", "generate_session"]
