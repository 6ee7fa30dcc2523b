"""A link that breaks at any step of coming up is tried again, and everything arrives."""

import asyncio
from contextlib import aclosing

import pytest

from lullaflow.link import FrameArrived, PumpLink, open_radio

from .counting_pump import Pump, running

STEPS = range(1, 80)
"""Packets that the host has sent since the connection came about; by 80 it streams."""
FEW_STEPS = STEPS[::9]


@pytest.fixture
async def pump():
    pump = Pump()
    await pump.radio.offer("tcp-server:127.0.0.1:0")
    async with running(pump):
        yield pump


@pytest.mark.parametrize(
    "steps",
    [pytest.param(FEW_STEPS, id="few"), pytest.param(STEPS, id="all", marks=pytest.mark.soak)],
)
async def test_a_link_that_breaks_while_it_comes_up_is_tried_again(pump, tmp_path, steps):
    controller = pump.radio.host_controller
    take = controller.on_packet
    left = None

    def count(packet: bytes) -> None:
        nonlocal left
        if left is not None and controller.le_connections:
            left -= 1
            if left == 0:
                left = None
                pump.radio.cut()
                pump.clock.call_at(pump.clock.now_ms + 1000, pump.radio.restore)
        take(packet)

    controller.on_packet = count
    async with open_radio(pump.radio.place, "", tmp_path) as radio:
        link = PumpLink("pump", radio)
        async with aclosing(link.items()) as items:
            got = []

            async def frames(count):
                wanted = len(got) + count
                async for item in items:
                    if isinstance(item, FrameArrived):
                        got.append(item.frame.seq)
                    if len(got) >= wanted:
                        return

            await frames(20)
            for step in steps:
                await frames(5)
                left = step
                pump.radio.cut()
                pump.radio.restore()
                async with asyncio.timeout(20):
                    await frames(20)
    assert got == list(range(len(got)))
