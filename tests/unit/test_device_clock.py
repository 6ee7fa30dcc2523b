"""Device time: exact, at any speed, never skipped."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lullaflow_sim.clock import DeviceClock
from lullaflow_sim.transmit import BUFFERS, TransmitQueue


async def test_a_timer_fires_at_every_multiple_of_its_period():
    clock = DeviceClock(1)
    fired = []
    timer = clock.every(20, lambda: fired.append(clock.now_ms))
    await clock.advance(65)
    assert (fired, clock.now_ms) == ([20, 40, 60], 65)
    timer.cancel()
    await clock.advance(100)
    assert fired == [20, 40, 60]


async def test_a_sleeper_runs_before_time_goes_on():
    clock = DeviceClock(1)
    woken = []

    async def sleeper():
        for nap_ms in (5, 30, 0, 7):
            await clock.sleep_ms(nap_ms)
            woken.append(clock.now_ms)

    task = asyncio.create_task(sleeper())
    await asyncio.sleep(0)
    await clock.advance(100)
    assert woken == [5, 35, 35, 42]
    await task


async def test_a_cancelled_sleeper_wakes_nobody():
    clock = DeviceClock(1)
    task = asyncio.create_task(clock.sleep_ms(10))
    await asyncio.sleep(0)
    task.cancel()
    await clock.advance(20)
    with pytest.raises(asyncio.CancelledError):
        await task


@given(stretches=st.lists(st.integers(0, 300), max_size=20))
def test_however_time_is_cut_the_same_moments_come(stretches):
    async def run(cuts):
        clock = DeviceClock(1)
        moments = []
        clock.every(20, lambda: moments.append(clock.now_ms))
        clock.every(35, lambda: moments.append(-clock.now_ms))
        for stretch in cuts:
            await clock.advance(stretch)
        return moments

    assert asyncio.run(run(stretches)) == asyncio.run(run([sum(stretches)]))


async def test_time_stands_still_while_the_radio_is_full():
    queue = TransmitQueue(min_gap_s=0.005)
    clock = DeviceClock(1, queue)
    sent = []
    clock.every(1, lambda: queue.put(lambda: sent.append(clock.now_ms)))
    await clock.advance(3 * BUFFERS)
    assert len(sent) >= 2 * BUFFERS
    queue.flush()


async def test_speed_is_kept_and_a_long_pause_is_not_raced_after():
    wall_s = 0.0
    clock = DeviceClock(20, wall=lambda: wall_s)
    ticks = []
    clock.every(20, lambda: ticks.append(clock.now_ms))
    driver = asyncio.create_task(clock.run())
    for _ in range(4):
        await asyncio.sleep(0.012)
        wall_s += 0.05
    await asyncio.sleep(0.012)
    assert clock.now_ms == 4 * 50 * 20
    wall_s += 3600
    await asyncio.sleep(0.012)
    assert clock.now_ms <= 4 * 50 * 20 + 100 * 20
    assert ticks == list(range(20, clock.now_ms + 1, 20))
    driver.cancel()


def test_a_speed_of_nothing_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        DeviceClock(0)
