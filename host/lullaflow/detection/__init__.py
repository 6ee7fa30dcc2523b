"""From samples to findings: vacuum cycles and phase, flow, let-down. Pure, on device time."""

from lullaflow.detection.let_down import Finding, FlowOver, LetDownDetector, LetDownFound
from lullaflow.detection.samples import Samples
from lullaflow.detection.templates import prepare

__all__ = ["Finding", "FlowOver", "LetDownDetector", "LetDownFound", "Samples", "prepare"]
