"""A fault of Debian 12's kernels that no program can work round, only warn of."""

from __future__ import annotations

import re
from typing import Final

FAULTY_SERIES: Final = (6, 1)
FIRST_FAULTY: Final = (6, 1, 192)
"""From Debian's 6.1.192-1 on, up to 6.1.192-3 at least, the kernel crashes when a board refuses a
bond, and now and then when a link breaks as it is made: it deletes the link's HCI channel with the
link (hci_chan_list_flush), and once more when bluetoothd closes its socket (l2cap_conn_free, which
does so since "Bluetooth: L2CAP: Fix UAF in channel timeout by holding conn ref").
`tests/soak/test_kernel_fault.py` fails once a newer one has it no more."""


def version_numbers(version: str) -> tuple[int, ...]:
    """Return a Debian version's numbers, which order the versions of one series."""
    return tuple(map(int, re.findall(r"\d+", version)))


def crashes_with_links(version: str) -> bool:
    """Tell whether a kernel has the fault, or has not been shown to be without it.

    Args:
        version: Debian's, such as `6.1.192-1`.
    """
    numbers = version_numbers(version)
    return numbers[:2] == FAULTY_SERIES and numbers >= FIRST_FAULTY


def kernel_warning(build: str) -> tuple[str, str] | None:
    """Return what is wrong with a kernel, and what to do; None when nothing is.

    Args:
        build: what `uname -v` says; Debian's kernels name their version there, others none.
    """
    found = re.search(r"\bDebian (?:\d+:)?([\d.]+-\S+)", build)
    if found is None or not crashes_with_links(found[1]):
        return None
    return (
        f"This machine's kernel (Debian {found[1]}) can crash when a bond or a new link fails.",
        "Run lullaflow unpair before erasing a board, or start a sound kernel: docs/bluetooth.md.",
    )
