"""The long torture of the link: 200 cuts of 1 to 60 s in 30-minute sessions, and restarts."""

import pytest

from end_to_end.link_torture import settle, torture
from lullaflow.link.bumble.client import BumbleClient

CUTS = 50
RESTARTS = 6
SESSIONS = 3


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("att_mtu", [23, 64, 185, 247])
async def test_fifty_cuts_lose_nothing_that_the_ring_could_hold(monkeypatch, att_mtu):
    monkeypatch.setattr(BumbleClient, "att_mtu", att_mtu)
    account, pump = await torture(
        seed=att_mtu, cuts=CUTS, restarts=RESTARTS, session_s=1800, sessions=SESSIONS, speed=20
    )
    compared = settle(account, pump)
    print(
        f"ATT MTU {att_mtu}: {len(account.silent)} cuts, {len(pump.log.boots)} boots, "
        f"{account.ups} links, {compared} of {len(pump.log.frames)} frames came, "
        f"{account.recovered} of them fetched, {account.lost} reported as lost"
    )
    assert len(account.silent) == CUTS
    assert len(pump.log.boots) > RESTARTS / 2  # two orders in a row may be one restart
    assert compared > 0.8 * len(pump.log.frames)
