"""lullaflow's daemon: notices a slow let-down and brings gentle cues by itself."""

from importlib.metadata import version

__version__ = version("lullaflow")
