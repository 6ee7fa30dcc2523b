"""The fault of Debian's newest kernel, for which the tests on BlueZ boot an older one.

When a newer kernel has it no more, this fails: name the versions that have it, in the code
(`lullaflow.link.bluez.kernel`) and in docs/bluetooth.md, and boot the newest again.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from bluez.conftest import Bench, guest
from bluez.follower import following
from bluez.forgetting import forget_and_meet_again
from bluez.image import image
from bluez.machine import GuestError
from bluez.packages import ImageUnavailableError, newest_kernel, sound_kernel


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_the_newest_kernel_still_crashes_when_a_board_has_forgotten_its_bond(
    tmp_path: Path,
) -> None:
    try:
        newest = newest_kernel()
        if newest == sound_kernel():
            pytest.skip(f"the newest kernel that apt has is held to be sound: {newest}")
        built = image(newest_kernel)
    except ImageUnavailableError as missing:
        pytest.skip(f"a kernel's fault is shown in a guest: {missing}")
    with suppress(GuestError):  # it has died, as it should
        async with guest(built, tmp_path) as machine:
            # Whatever waits for a guest that has crashed fails in its own way.
            with suppress(AssertionError, ConnectionError):
                async with following(machine) as follower:
                    await forget_and_meet_again(Bench(machine), follower, tmp_path)
    console = (tmp_path / "console.log").read_text(errors="replace")
    assert "hci_chan_del+" in console, f"{newest} did not crash"
