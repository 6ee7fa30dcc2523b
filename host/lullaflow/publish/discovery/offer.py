"""What this daemon can really do for Home Assistant: only that is offered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Knob:
    """Something that can be set while the daemon runs, by the command `set_<key>`.

    Its value stands under `key` in the pump's settings topic.

    Attributes:
        key: its name in topics and catalogues.
        kind: `switch` (on, off), `number` (0 to 100 percent) or `select`.
        options: what a `select` may be, as topics say it; people read the catalogue's words for
            `<key>_<option>`, where it has them.
    """

    key: str
    kind: Literal["switch", "number", "select"]
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """What there is beside sensors.

    Attributes:
        cues: name of the cue that stands for each kind, such as `music`.
        knobs: what can be set.
        page_url: where the page can be opened from anywhere in the house, empty when it cannot.
        battery: whether the boards' battery is read.
        signal: whether the strength of the boards' signal is measured.
        firmware: newest firmware that can be had, empty when unknown.
    """

    cues: Mapping[str, str] = field(default_factory=dict)
    knobs: tuple[Knob, ...] = ()
    page_url: str = ""
    battery: bool = False
    signal: bool = False
    firmware: str = ""
