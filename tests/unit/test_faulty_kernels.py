"""Debian's kernels with a fault in Bluetooth: who is warned, and which one the tests boot."""

from __future__ import annotations

import pytest

from bluez.packages import newest_sound
from lullaflow.link.bluez.kernel import kernel_warning


@pytest.mark.parametrize("version", ["6.1.192-1", "6.1.192-3", "6.1.193-1"])
def test_a_faulty_kernel_is_told_with_what_to_do(version: str) -> None:
    assert kernel_warning(f"#1 SMP PREEMPT_DYNAMIC Debian {version} (2026-11-20)") == (
        f"This machine's kernel (Debian {version}) can crash when a bond or a new link fails.",
        "Run lullaflow unpair before erasing a board, or start a sound kernel: docs/bluetooth.md.",
    )


@pytest.mark.parametrize(
    "build",
    [
        "#1 SMP PREEMPT_DYNAMIC Debian 6.1.190-1 (2026-10-02)",
        "#1 SMP PREEMPT_DYNAMIC Debian 6.12.117-1~deb12u1 (2026-11-25)",
        "#1 SMP PREEMPT Debian 1:6.6.51-1+rpt3 (2024-10-08)",  # Raspberry Pi's
        "#57-Ubuntu SMP PREEMPT_DYNAMIC Wed Oct 7 12:05:44 UTC 2026",
        "#1 SMP PREEMPT_DYNAMIC @0",
        "",
    ],
)
def test_nobody_else_is_warned(build: str) -> None:
    assert kernel_warning(build) is None


def test_the_tests_boot_the_newest_kernel_before_the_first_faulty_one() -> None:
    packages = {
        "linux-image-6.1.0-9-amd64": "6.1.27-1",
        "linux-image-6.1.0-53-amd64": "6.1.187-1",
        "linux-image-6.1.0-54-amd64": "6.1.190-1",
        "linux-image-6.1.0-55-amd64": "6.1.192-1",
        "linux-image-6.1.0-58-amd64": "6.1.200-1",
    }
    assert newest_sound(packages) == "linux-image-6.1.0-54-amd64"
    del packages["linux-image-6.1.0-54-amd64"]
    assert newest_sound(packages) == "linux-image-6.1.0-53-amd64"


def test_another_series_has_no_faulty_kernels() -> None:
    packages = {
        "linux-image-6.12.107+deb13-amd64": "6.12.107-1",
        "linux-image-6.12.117+deb13-amd64": "6.12.117-1",
    }
    assert newest_sound(packages) == "linux-image-6.12.117+deb13-amd64"


def test_where_all_are_faulty_there_is_none_to_boot() -> None:
    assert newest_sound({"linux-image-6.1.0-55-amd64": "6.1.192-1"}) is None
