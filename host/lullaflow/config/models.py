"""What can be set, section by section. Every room is handed its own section and no more.

Field descriptions are what `lullaflow config init` writes above each key, so they speak to the
person who edits the file.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)
from pydantic_core import PydanticCustomError

from lullaflow.config.kinds import (
    Adapter,
    Address,
    Controller,
    File,
    Folder,
    PathSetting,
    Port,
    Slug,
    Topic,
)
from lullaflow.session.inputs import CoreSettings, CueStep


class Section(BaseModel):
    """What every section shares: no unknown keys, no guessing of types, no change afterwards."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        use_attribute_docstrings=True,
        validate_default=False,
    )


class BluetoothSettings(Section):
    """Which Bluetooth radio to use."""

    controller: Controller = ""
    """Empty: this machine's own Bluetooth. Otherwise any Bumble transport, such as
    "tcp-client:127.0.0.1:7300" (the simulator) or "usb:0" (a dongle used directly)."""
    adapter: Adapter = ""
    """With several adapters: the address (best, it survives reboots) or the name, such as "hci1",
    of the one to use. Empty: the system's default."""


class PumpSettings(Section):
    """One pump's companion. Its section name is its slug, the word used in topics."""

    name: str = ""
    """What people read on the page and in Home Assistant. Empty: the slug."""
    address: Address = ""
    """The companion's Bluetooth address, as `lullaflow scan` shows it. Empty: the one
    that this computer is paired with, or else the first that is found; right when there is one."""


Privacy = Literal["full", "no volumes", "events only"]


class MqttSettings(Section):
    """The MQTT broker, and Home Assistant through it."""

    enabled: bool = True
    """Publish to a broker at all."""
    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    """The broker's name or address."""
    port: Port = 1883
    """1883 is usual, 8883 with TLS."""
    protocol: Literal["auto", "5", "3.1.1"] = "auto"
    """MQTT version; "auto" tries 5 and falls back to 3.1.1."""
    username: str = ""
    """Empty: no user name."""
    password: SecretStr = SecretStr("")
    """Better kept out of this file: use password_file or LULLAFLOW_MQTT__PASSWORD."""
    password_file: File = None
    """A file that holds only the password."""
    tls: bool = False
    """Encrypt the way to the broker and verify its certificate."""
    ca_file: File = None
    """Certificate authority to trust instead of the system's own, for self-made certificates."""
    cert_file: File = None
    """Client certificate, where the broker asks for one."""
    key_file: File = None
    """The client certificate's private key."""
    insecure: bool = False
    """With TLS: accept any certificate. Only to find out what is wrong."""
    client_id: str = ""
    """Empty: one of our own, different on every machine."""
    keepalive_s: Annotated[int, Field(ge=5, le=3600)] = 30
    """Seconds of silence after which the broker gives us up (and tells others we are offline)."""
    base_topic: Topic = "lullaflow"
    """The first words of every topic."""
    privacy: Privacy = "full"
    """What leaves at all: "full", "no volumes" (nothing tells how much milk there is), or
    "events only" (no running state either)."""
    retain: bool = True
    """Let the broker keep state and last session for those who come later."""
    discovery: Literal["device", "entities", "off"] = "device"
    """Tell Home Assistant about the pumps, so that their entities appear by themselves: "device"
    (2024.12 and newer), "entities" (older ones), or "off"."""
    language: Annotated[str, Field(pattern="^([a-z]{2})?$")] = ""
    """Language of the names in Home Assistant, such as "de". Empty: this machine's."""
    discovery_prefix: Topic = "homeassistant"
    """Home Assistant's discovery prefix."""
    photo: bool = False
    """Publish the photo now shown. Mind: a photo on a broker is a photo on every client."""

    @model_validator(mode="after")
    def _one_password(self) -> MqttSettings:
        if self.password.get_secret_value() and self.password_file:
            raise PydanticCustomError(
                "two_passwords", "both password and password_file are set, and only one can count"
            )
        if bool(self.cert_file) != bool(self.key_file):
            raise PydanticCustomError(
                "half_certificate", "cert_file and key_file belong together, and one is missing"
            )
        return self

    def secret(self) -> str:
        """Return the password from wherever it is kept.

        Raises:
            OSError: when `password_file` cannot be read (any more).
        """
        if self.password_file:
            return self.password_file.read_text(encoding="utf-8").strip()
        return self.password.get_secret_value()


class CueStepSettings(Section):
    """One step of the ladder of cues."""

    cue: Annotated[str, Field(min_length=1, max_length=40)]
    """The step's own name."""
    kind: Literal["music", "photo"]
    """What happens: "music" or "photo"."""
    delay_s: Annotated[float, Field(ge=0, le=3600)] = 0.0
    """Seconds after the let-down was found slow."""
    enabled: bool = True
    """Switch one step off without losing it."""


DEFAULT_LADDER = (
    CueStepSettings(cue="music", kind="music", delay_s=0.0),
    CueStepSettings(cue="photo", kind="photo", delay_s=30.0),
)


class CuesSettings(Section):
    """The gentle cues that begin when let-down takes a little longer."""

    enabled: bool = True
    """Switch every automatic cue on or off."""
    music_folder: Folder = None
    """Your music: mp3, flac, ogg, wav. Empty: a soft sound of our own."""
    photo_folder: Folder = None
    """Your photos. Empty: a gentle drawn picture."""
    learning: bool = True
    """Let the cue come first that helped most often, as far as her own sessions on this computer
    tell."""
    sound: bool = True
    """Play through this machine's loudspeaker."""
    volume: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Loudness of the music, from 0.0 to 1.0."""
    snooze_s: Annotated[float, Field(ge=1, le=86400)] = 600.0
    """How long "not now" keeps the cues away, in seconds."""
    ladder: Annotated[
        tuple[CueStepSettings, ...],
        BeforeValidator(lambda value: tuple(value) if isinstance(value, list) else value),
    ] = DEFAULT_LADDER
    """Which cue begins when, as [[cues.ladder]] tables."""

    @model_validator(mode="after")
    def _names_differ(self) -> CuesSettings:
        names = [step.cue for step in self.ladder]
        for name in names:
            if names.count(name) > 1:
                raise PydanticCustomError(
                    "cue_twice", "two steps of the ladder are called '{name}'", {"name": name}
                )
        return self


class LetDownSettings(Section):
    """When a let-down counts as slow."""

    slow_after_s: Annotated[float, Field(ge=10, le=3600)] = 120.0
    """Seconds of stimulation without milk before the cues begin."""


class SessionSettings(Section):
    """When a session is over, and what is mentioned on the way."""

    idle_s: Annotated[float, Field(ge=10, le=3600)] = 60.0
    """Seconds without suction after which a session has ended."""
    vacuum_limit_mmhg: Annotated[float, Field(ge=50, le=500)] = 285.0
    """Suction that stays above this is mentioned; nothing is ever switched by us."""


class WebSettings(Section):
    """The page."""

    enabled: bool = True
    """Serve the page."""
    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    """"127.0.0.1": only this machine. "0.0.0.0": every device in the house can open the page."""
    port: Port = 8120
    """The page's port."""


def default_store() -> Path:
    """Return where recordings live unless configured: the user's state folder (XDG)."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state, "lullaflow", "lullaflow.db")


class StoreSettings(Section):
    """Where recordings, sessions and unpublished events are kept."""

    path: PathSetting = Field(default_factory=default_store)
    """The database file. Its folder is made when it is missing."""


class Config(Section):
    """All settings."""

    bluetooth: BluetoothSettings = BluetoothSettings()
    pumps: dict[Slug, PumpSettings] = {"pump": PumpSettings()}
    mqtt: MqttSettings = MqttSettings()
    cues: CuesSettings = CuesSettings()
    let_down: LetDownSettings = LetDownSettings()
    session: SessionSettings = SessionSettings()
    web: WebSettings = WebSettings()
    store: StoreSettings = Field(default_factory=StoreSettings)

    @model_validator(mode="after")
    def _pumps_differ(self) -> Config:
        if not self.pumps:
            raise PydanticCustomError("no_pump", "there is no pump")
        addresses = [pump.address for pump in self.pumps.values()]
        for slug, pump in self.pumps.items():
            if len(addresses) > 1 and (not pump.address or addresses.count(pump.address) > 1):
                raise PydanticCustomError(
                    "pumps_alike",
                    "with several pumps each needs an address of its own, and '{slug}' has none",
                    {"slug": slug, "at": ["pumps", slug]},
                )
        return self

    def core_settings(self) -> CoreSettings:
        """Return what the core's decisions depend on."""
        return CoreSettings(
            slow_after_s=self.let_down.slow_after_s,
            ladder=tuple(
                CueStep(step.cue, step.kind, step.delay_s, by_itself=self.cues.enabled)
                for step in self.cues.ladder
                if step.enabled
            ),
            snooze_s=self.cues.snooze_s,
            session_idle_s=self.session.idle_s,
            vacuum_limit_mmhg=self.session.vacuum_limit_mmhg,
        )

    def pump_name(self, slug: str) -> str:
        """Return what people call the pump."""
        return self.pumps[slug].name or slug
