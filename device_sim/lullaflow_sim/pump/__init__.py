"""The pump: suction on both sides, cycle by cycle."""

from lullaflow_sim.pump.motor import FAST_STEP_S, Pump, Suction
from lullaflow_sim.pump.plan import Mode, PumpPlan, SealFault, Wave

__all__ = ["FAST_STEP_S", "Mode", "Pump", "PumpPlan", "SealFault", "Suction", "Wave"]
