"""From samples to findings: vacuum cycles and phase, flow, let-down. Pure, on device time."""

from lullaflow.detection.let_down import Finding, FlowOver, LetDownDetector, LetDownFound
from lullaflow.detection.samples import Samples

__all__ = ["Finding", "FlowOver", "LetDownDetector", "LetDownFound", "Samples"]
