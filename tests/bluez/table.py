"""The table of faults in `docs/bluetooth.md`, written from a run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from .faults import FAULTS

BEGIN: Final = "<!-- faults: written by a run, see below -->\n"
END: Final = "<!-- end of faults -->\n"
_HEAD: Final = (
    "| in the middle of a session | seconds until caught up | frames fetched | frames lost |",
    "|---|---|---|---|",
)


class FaultTable:
    """Collects what each fault cost."""

    def __init__(self) -> None:
        self._rows: dict[str, str] = {}

    def note(self, fault: str, took_s: float, caught_up: dict[str, Any]) -> None:
        """Add a row.

        Args:
            fault: its sentence.
            took_s: from its beginning until all that was missed had come.
            caught_up: what the link said then.
        """
        recovered, lost = caught_up["recovered"], caught_up["lost"]
        self._rows[fault] = f"| {fault.rstrip('.')} | {took_s:.1f} | {recovered} | {lost} |"
        print(self._rows[fault])

    def write(self, guest: str) -> None:
        """Put it into the file that LULLAFLOW_FAULT_TABLE names, if it does and all is there.

        Args:
            guest: the sentence below it, of what was tried.
        """
        place = os.environ.get("LULLAFLOW_FAULT_TABLE")
        if place is None or len(self._rows) < len(FAULTS):
            return
        document = Path(place)
        before, _, rest = document.read_text("utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        lines = ("", *_HEAD, *self._rows.values(), "", guest, "", "")
        document.write_text(before + BEGIN + "\n".join(lines) + END + after, "utf-8")
