"""Scenarios: small TOML files that say what a simulated session is like."""

from lullaflow_sim.scenarios.loading import ScenarioError, load_scenario, scenario_names
from lullaflow_sim.scenarios.model import (
    Ejection,
    MotherPlan,
    PumpPlan,
    ScaleEvent,
    Scenario,
    Sides,
)
from lullaflow_sim.scenarios.planning import plan_session

__all__ = [
    "Ejection",
    "MotherPlan",
    "PumpPlan",
    "ScaleEvent",
    "Scenario",
    "ScenarioError",
    "Sides",
    "load_scenario",
    "plan_session",
    "scenario_names",
]
