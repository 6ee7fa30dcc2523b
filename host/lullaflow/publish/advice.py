"""Why the broker cannot be used, in words that say what helps."""

from __future__ import annotations

import socket
import ssl
from typing import Final

HUNG_UP: Final = "it hung up"
SILENT: Final = "it does not answer"
_FIT: Final = "does mqtt.port fit mqtt.tls?"

_REFUSALS: Final = {
    133: "it does not accept our name; set another mqtt.client_id",
    **dict.fromkeys(
        (134, 135),
        "it does not authorise us; mqtt.username and mqtt.password_file must be as it knows them",
    ),
    **dict.fromkeys((136, 137, 139), "it is busy, or just starting or ending"),
    138: "it has banned us; its own log says why",
    142: "somebody else uses our name; set another mqtt.client_id",
}
"""By MQTT 5's reason codes (2.4)."""


def refusal(code: int) -> str:
    """Return what a broker's reason code means."""
    return _REFUSALS.get(code, f"it refuses us with reason code {code}")


def no_way(error: OSError) -> str:
    """Return what keeps us from reaching it."""
    match error:
        case ssl.SSLCertVerificationError():
            return (
                f"its certificate cannot be trusted: {error.verify_message}; if it is one of your "
                "own, mqtt.ca_file must name its authority"
            )
        case ssl.SSLError():
            return f"no encrypted connection comes about: {error.reason}; {_FIT}"
        case ConnectionRefusedError():
            return "nobody listens there; is it running, and mqtt.port right?"
        case socket.gaierror():
            return "there is no host of this name; is mqtt.host right?"
        case TimeoutError():
            return SILENT
        case ConnectionError():
            return f"it hung up at once; {_FIT}"
        case _ if error.filename:
            return f"{error.filename}: {error.strerror}"
        case _:
            return error.strerror or str(error)
