"""Print docs/protocol.md, made from the wire's own code: `make protocol`.

Numbers, layouts, bit positions and bytes come from `lullaflow_protocol.wire` and the firmware;
names of fields and sentences are here. A test holds the page that is checked in against it.
"""

from __future__ import annotations

import sys

from page import page

sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
sys.stdout.write(page())
