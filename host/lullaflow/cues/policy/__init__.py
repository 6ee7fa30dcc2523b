"""Which cue, when, how strong, for whom. Pure."""

from lullaflow.cues.policy.experience import Experience
from lullaflow.cues.policy.ladder import EndReason, Kind, Ladder, RunningCue

__all__ = ["EndReason", "Experience", "Kind", "Ladder", "RunningCue"]
