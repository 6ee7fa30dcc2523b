"""From samples to findings: vacuum cycles and phase, flow, let-down. Pure, on device time."""

from lullaflow.detection.let_down import Finding, FlowOver, LetDownDetector, LetDownFound
from lullaflow.detection.likeness import eye
from lullaflow.detection.samples import Samples
from lullaflow.detection.templates import bank

__all__ = ["Finding", "FlowOver", "LetDownDetector", "LetDownFound", "Samples", "prepare"]


def prepare() -> None:
    """Compute and read now what would make the first session wait: seconds on a small computer."""
    bank()
    eye()
