"""The sensors: what gauges and scales make of suction and milk."""

from lullaflow_sim.sensors.gauge import shown_mmhg
from lullaflow_sim.sensors.plan import Disturbance, GaugePlan, ScalePlan, Touch
from lullaflow_sim.sensors.scale import Scale
from lullaflow_sim.sensors.touches import lasts_s

__all__ = ["Disturbance", "GaugePlan", "Scale", "ScalePlan", "Touch", "lasts_s", "shown_mmhg"]
