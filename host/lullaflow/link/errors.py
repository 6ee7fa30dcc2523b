"""What can go wrong with Bluetooth, as types that carry data and end in advice."""

from __future__ import annotations

from enum import Enum


class LinkCode(Enum):
    """Kinds of trouble; callers branch on these, never on text."""

    BUSY = "busy"
    NO_ADAPTER = "no_adapter"
    ADAPTER_OFF = "adapter_off"
    RADIO_BLOCKED = "radio_blocked"
    NO_PERMISSION = "no_permission"
    NO_BUS = "no_bus"
    NO_SERVICE = "no_service"
    SERVICE_TOO_OLD = "service_too_old"
    CONTROLLER_UNREACHABLE = "controller_unreachable"
    CONNECT_FAILED = "connect_failed"
    PAIRING_CLOSED = "pairing_closed"
    BOND_FORGOTTEN = "bond_forgotten"
    FIRMWARE_CHANGED = "firmware_changed"
    WRONG_DEVICE = "wrong_device"
    WRONG_VERSION = "wrong_version"
    SILENT = "silent"
    LOST = "lost"
    REFUSED = "refused"


class LinkError(Exception):
    """Something about the link failed.

    Args:
        code: what kind.
        what: one sentence.
        advice: one sentence of what to do.
        device: the pump's address or name, when one is concerned.

    Attributes:
        code, what, advice, device: as given.
    """

    def __init__(self, code: LinkCode, what: str, advice: str, device: str = "") -> None:
        super().__init__(f"{what} {advice}".strip())
        self.code = code
        self.what = what
        self.device = device
        self.advice = advice


class CommandRefusedError(LinkError):
    """The board answered a command with a refusal.

    Attributes:
        status: one of the status codes of `lullaflow_protocol.wire`.
    """

    def __init__(self, status: int, sentence: str, device: str) -> None:
        super().__init__(LinkCode.REFUSED, sentence, "", device)
        self.status = status
