"""What the doctor reads from this machine, where no test machine has it: switches and versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from lullaflow.link.bluez.diagnosis import blocked, modalias_version
from lullaflow.link.errors import LinkCode


def switch(folder: Path, kind: str, soft: str, hard: str) -> None:
    folder.mkdir()
    for name, value in (("type", kind), ("soft", soft), ("hard", hard)):
        (folder / name).write_text(f"{value}\n")


@pytest.mark.parametrize(
    ("soft", "hard", "advice"),
    [
        ("1", "0", "Unblock it: rfkill unblock bluetooth."),
        ("0", "1", "Turn the switch or key for wireless (flight mode) on the machine itself."),
        ("1", "1", "Turn the switch or key for wireless (flight mode) on the machine itself."),
    ],
)
def test_a_blocked_radio_is_told_with_what_unblocks_it(
    tmp_path: Path, soft: str, hard: str, advice: str
) -> None:
    switch(tmp_path / "rfkill0", "wlan", "1", "0")
    switch(tmp_path / "rfkill1", "bluetooth", soft, hard)
    trouble = blocked(tmp_path)
    assert trouble is not None
    assert (trouble.code, trouble.advice) == (LinkCode.RADIO_BLOCKED, advice)


def test_switches_of_other_radios_do_not_count(tmp_path: Path) -> None:
    switch(tmp_path / "rfkill0", "wlan", "1", "1")
    switch(tmp_path / "rfkill1", "bluetooth", "0", "0")
    (tmp_path / "rfkill2").mkdir()  # gone while we look
    assert blocked(tmp_path) is None
    assert blocked(tmp_path / "no rfkill in this kernel") is None


@pytest.mark.parametrize(
    ("modalias", "version"),
    [
        ("usb:v1D6Bp0246d0542", (5, 66)),
        ("usb:v1D6Bp0246d0537", (5, 55)),
        ("bluetooth:v009Ep4020d0251", None),
        ("", None),
    ],
)
def test_the_service_s_version_is_read_from_its_device_id(
    modalias: str, version: tuple[int, int] | None
) -> None:
    assert modalias_version(modalias) == version
