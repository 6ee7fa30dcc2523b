"""The MQTT topics, all under one base topic; `pump` is the pump's slug."""

from __future__ import annotations

from dataclasses import dataclass

ONLINE = "online"
OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one bridge.

    Attributes:
        base: the first words of each, `lullaflow` unless configured.
    """

    base: str = "lullaflow"

    @property
    def bridge_availability(self) -> str:
        """`online` or `offline` (last will), retained."""
        return f"{self.base}/bridge/availability"

    def availability(self, pump: str) -> str:
        """Whether a pump's link is up: `online` or `offline`, retained."""
        return f"{self.base}/{pump}/availability"

    def state(self, pump: str) -> str:
        """What is happening now: a `PumpState`, retained."""
        return f"{self.base}/{pump}/state"

    def last_session(self, pump: str) -> str:
        """What the last session was: a `LastSession`, retained."""
        return f"{self.base}/{pump}/last_session"

    def settings(self, pump: str) -> str:
        """How what can be set while the daemon runs is set now: `LiveSettings`, retained."""
        return f"{self.base}/{pump}/settings"

    def event(self, pump: str) -> str:
        """What happened: one event a message, QoS 1, never retained."""
        return f"{self.base}/{pump}/event"

    def photo(self, pump: str) -> str:
        """The photo now shown: JPEG bytes, empty when none, retained. Off unless switched on."""
        return f"{self.base}/{pump}/photo"

    @property
    def figures(self) -> str:
        """The subscription to everything that is retained of any pump, and to its events."""
        return f"{self.base}/+/+"

    def kept(self, pump: str) -> tuple[str, ...]:
        """Every topic of a pump that may be retained."""
        return (
            *(self.availability(pump), self.state(pump), self.last_session(pump)),
            *(self.settings(pump), self.photo(pump)),
        )

    def command(self, pump: str, name: str) -> str:
        """Where a command is asked for."""
        return f"{self.base}/{pump}/command/{name}"

    @property
    def commands(self) -> str:
        """The subscription to every command of every pump."""
        return f"{self.base}/+/command/+"

    def command_result(self, pump: str) -> str:
        """What became of a command: a `CommandResult`."""
        return f"{self.base}/{pump}/command_result"

    def parse_command(self, topic: str) -> tuple[str, str] | None:
        """Return `(pump, command)` of a command's topic, None for any other."""
        if not topic.startswith(f"{self.base}/"):
            return None
        parts = topic[len(self.base) + 1 :].split("/")
        if len(parts) != 3 or parts[1] != "command":
            return None
        return parts[0], parts[2]
