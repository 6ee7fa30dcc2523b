"""Settings: read from `lullaflow.toml` and environment, checked whole, handed down by section."""

from lullaflow.config.loading import FILE_NAME, ConfigError, Problem, find_config, load
from lullaflow.config.models import (
    BluetoothSettings,
    Config,
    CuesSettings,
    CueStepSettings,
    LetDownSettings,
    MqttSettings,
    Privacy,
    PumpSettings,
    SessionSettings,
    StoreSettings,
    WebSettings,
)
from lullaflow.config.template import template

__all__ = [
    "FILE_NAME",
    "BluetoothSettings",
    "Config",
    "ConfigError",
    "CueStepSettings",
    "CuesSettings",
    "LetDownSettings",
    "MqttSettings",
    "Privacy",
    "Problem",
    "PumpSettings",
    "SessionSettings",
    "StoreSettings",
    "WebSettings",
    "find_config",
    "load",
    "template",
]
