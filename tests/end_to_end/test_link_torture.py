"""A short torture of the link; `tests/soak` has the long one."""

from .link_torture import settle, torture


async def test_a_few_cuts_and_restarts_lose_nothing_that_the_ring_could_hold():
    account, pump = await torture(seed=1, cuts=4, restarts=1, session_s=300, sessions=1, speed=40)
    assert settle(account, pump) > 400
    assert account.ups >= 3
    assert account.recovered > 0
