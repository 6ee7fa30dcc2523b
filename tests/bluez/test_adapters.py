"""A computer with two adapters: the one that the settings name is used."""

from __future__ import annotations

import pytest

from .commands import doctor, lullaflow
from .conftest import Bench

pytestmark = [
    pytest.mark.bluez,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(1800),
]


async def test_of_two_adapters_the_one_of_that_address_is_used(bench: Bench, tmp_path) -> None:
    folders = tmp_path / "first", tmp_path / "second"
    for folder in folders:
        folder.mkdir()
    async with (
        bench.pump(folders[0], "Near", "--stay"),
        bench.pump(folders[1], "Far", "--stay", adapter=2),
    ):
        for place, name in (("hci0", "Near"), ("hci1", "Far")):
            listed = await bench.machine.run(f"btmgmt --index {place} info")
            address = listed.split("addr ")[1].split()[0]
            for adapter in (place, address.lower()):
                _, lines = await lullaflow(bench, "scan", "--seconds", "2", adapter=adapter)
                assert [line.split()[0] for line in lines[1:]] == [name]
        assert "There is hci0 (" in await doctor(bench, adapter="02:00:00:00:00:99")
