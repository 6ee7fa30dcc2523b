"""What a scenario file may say. Times are seconds of device time since the session began."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lullaflow_sim.body import Shape

Sides = Literal["left", "right", "both"]
Seconds = Annotated[float, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Ejection(_Part):
    """One milk ejection as the body intends it; cues may bring it forward, pauses put it off."""

    at_s: Seconds = Field(description="when the ducts begin to fill")
    length_s: float = Field(90.0, gt=0, description="45 to 210 s (Gardner 2015: 45 s to 3.5 min)")
    peak_g_s: float = Field(
        0.5, gt=0, le=0.92, description="of the left, full breast: 0.5 +/- 0.2 g/s (Idei 2024)"
    )
    shape: Shape = Field(Shape.GAMMA, description="how its pressure rises and falls")
    rise_share: float = Field(
        0.2, gt=0, lt=1, description="where in its length the peak lies, assumed"
    )


class MotherPlan(_Part):
    """The body. Without ejections, nothing but drips comes."""

    ejections: tuple[Ejection, ...] = ()
    available_g: float = Field(110.0, gt=0, description="milk in each breast, assumed")
    drip_g_s: float = Field(
        0.005, ge=0, le=0.03, description="mean flow between ejections, assumed"
    )
    cue_response: float = Field(
        0.0, ge=0, le=1, description="how much cues help: 0 not at all, 1 strongly; assumed"
    )
    right_share: float = Field(
        1.15, gt=0, description="right over left (Engstrom 2007: the right gives more, more often)"
    )


class PumpPlan(_Part):
    """What the pump and the hand on its switch do."""

    start_s: Seconds = Field(5.0, description="first suction, assumed")
    stop_s: float = Field(360.0, gt=0, description="switched off, assumed")
    stimulation_s: float = Field(
        120.0, gt=0, description="two-phase pumps switch after about 2 min"
    )
    switch_at_flow: bool = Field(True, description="the mother switches when she sees milk")
    stimulation_cycles_per_min: float = Field(
        100.0, gt=0, le=130, description="consumer pumps: 60 to 120 (bench study)"
    )
    stimulation_mmhg: float = Field(110.0, gt=0, le=350, description="assumed")
    expression_cycles_per_min: float = Field(
        60.0, gt=0, le=130, description="consumer pumps: 10 to 70 (bench study)"
    )
    expression_mmhg: float = Field(190.0, gt=0, le=350, description="Kent 2008: 190.7 mmHg")
    pauses: tuple[tuple[Seconds, Seconds], ...] = Field((), description="(from, to): pump off")


class ScaleEvent(_Part):
    """Something that happens to a bottle and is no milk."""

    at_s: Seconds
    kind: Literal["bump", "lift", "drips", "lean"]
    side: Literal["left", "right"] = "left"
    length_s: float = Field(1.0, gt=0, description="for how long, assumed")
    grams: float = Field(20.0, description="how hard, assumed; for drips the whole mass")


class Scenario(_Part):
    """A session to simulate."""

    description: str
    sides: Sides = "left"
    mother: MotherPlan = MotherPlan()
    pump: PumpPlan = PumpPlan()
    scale_events: tuple[ScaleEvent, ...] = ()
    radio_cuts: tuple[tuple[Seconds, Seconds], ...] = Field((), description="(at, for)")
    reboots: tuple[Seconds, ...] = ()

    @model_validator(mode="after")
    def _ejections_in_order(self) -> Scenario:
        moments = [self.pump.start_s, *(each.at_s for each in self.mother.ejections)]
        if sorted(moments) != moments:
            raise ValueError("mother.ejections must come in order, after pump.start_s")
        return self

    @model_validator(mode="after")
    def _pump_stops_after_it_starts(self) -> Scenario:
        if self.pump.stop_s <= self.pump.start_s:
            raise ValueError("pump.stop_s must come after pump.start_s")
        return self
