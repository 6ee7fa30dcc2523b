"""What apt has of the packages that the guest is made of, and which of its kernels to take."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from typing import Final

from lullaflow.link.bluez.kernel import crashes_with_links, version_numbers

NEWEST_KERNEL: Final = "linux-image-amd64"
ANOTHER_KERNEL: Final = "LULLAFLOW_GUEST_KERNEL"
"""Environment variable that names the guest's kernel package."""


class ImageUnavailableError(Exception):
    """The image cannot be built here; the message says why."""


def wanted_kernel() -> str:
    """Return the guest's kernel package: the one that the environment names, or a sound one.

    Raises:
        ImageUnavailableError: apt knows none.
    """
    return os.environ.get(ANOTHER_KERNEL) or sound_kernel()


def newest_sound(versions: Mapping[str, str]) -> str | None:
    """Return the newest of these packages that has not the kernel's fault; None if all have it.

    Args:
        versions: of one series, by the package's name.
    """
    sound = {name: v for name, v in versions.items() if not crashes_with_links(v)}
    return max(sound, key=lambda name: version_numbers(sound[name]), default=None)


def newest_kernel() -> str:
    """Return the package of the newest kernel, faulty or not.

    Raises:
        ImageUnavailableError: apt knows none.
    """
    # The package that always means the newest one has the real one behind it.
    found = re.search(r"Depends: (linux-image-\d+\.\d+\.\S+)", _ask_apt("depends", NEWEST_KERNEL))
    if found is None:
        raise ImageUnavailableError(f"apt knows no {NEWEST_KERNEL}: on Debian, run apt-get update")
    return found[1]


def sound_kernel() -> str:
    """Return the package of the newest kernel of that series that has not the fault.

    Raises:
        ImageUnavailableError: apt knows none.
    """
    series = "".join(re.findall(r"^linux-image-\d+\.\d+\.", newest_kernel()))
    names = re.findall(
        rf"^({re.escape(series)}[\d.+deb-]+-amd64)\s",
        _ask_apt("search", "--names-only", f"^{series}"),
        re.MULTILINE,
    )
    known = {name: v for name, v in candidates(*names).items() if v != "(none)"}
    found = newest_sound(known)
    if found is None:
        raise ImageUnavailableError(f"apt has no kernel without the known fault: {known}")
    return found


def candidates(*packages: str) -> dict[str, str]:
    """Return the version of each package that apt would install, of those that it knows."""
    listed = _ask_apt("policy", *packages)
    return dict(re.findall(r"^(\S+):\n.*\n\s+Candidate: (\S+)", listed, re.MULTILINE))


def _ask_apt(*arguments: str) -> str:
    asked = ["apt-cache", *arguments]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout
