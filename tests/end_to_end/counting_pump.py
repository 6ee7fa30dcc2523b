"""The shipped firmware on simulated parts whose sensors count: no two frames are alike."""

import asyncio
from contextlib import asynccontextmanager

from lullaflow_protocol import wire
from lullaflow_sim import standin
from lullaflow_sim.board import Sensor, SimulatedBoard
from lullaflow_sim.clock import DeviceClock
from lullaflow_sim.device import SimulatedDevice
from lullaflow_sim.flash import Flash
from lullaflow_sim.frame_log import Boot, FrameLog
from lullaflow_sim.identity import Identity
from lullaflow_sim.radio import VirtualRadio
from lullaflow_sim.transmit import TransmitQueue

__all__ = ["RING_FRAMES", "SPEED", "Pump", "running"]

standin.install()
from lullaflow_firmware.app import RING_FRAMES, Application  # noqa: E402

SPEED = 20


class Pump:
    """A board with sensors that count, its clock driven at speed."""

    def __init__(self, speed: float = SPEED, min_gap_s: float = 0.0005) -> None:
        identity = Identity("firmware over radio")
        self.radio = VirtualRadio(identity.board_address, identity.host_address)
        self.transmit = TransmitQueue(min_gap_s)
        self.clock = DeviceClock(speed, self.transmit)
        self.flash = Flash()
        self.log = FrameLog()
        self.sensors = (
            Sensor(wire.VACUUM_NONE),
            Sensor(wire.WEIGHT_NONE),
            Sensor(wire.VACUUM_NONE),
            Sensor(wire.WEIGHT_NONE),
        )
        self.device = SimulatedDevice(
            self.radio,
            identity,
            self.clock,
            self.transmit,
            self._new_board,
            self._load,
            on_central=lambda: None,
        )
        self.clock.every(20, self._sense)
        self.app = None
        self.board: SimulatedBoard | None = None

    def _sense(self) -> None:
        tick = self.clock.now_ms // 20
        self.sensors[0].raw = wire.VACUUM_GOOD | tick % 2000
        self.sensors[2].raw = wire.VACUUM_GOOD | tick % 1999
        self.sensors[1].raw = wire.weight_raw(tick % 300)
        self.sensors[3].raw = wire.weight_raw(50.0)

    def _new_board(self) -> SimulatedBoard:
        self.board = SimulatedBoard(self.clock, self.sensors, bytes(range(6)), lambda on: None)
        return self.board

    def _load(self, ble, clock, board):
        self.app = Application(ble, clock, board, self.flash)
        boot = Boot(self.app.boot_id, self.clock.now_s)
        board.after_sampling = self.log.follow(self.app.ring, boot)
        return self.app


@asynccontextmanager
async def running(pump):
    jobs = [asyncio.create_task(pump.clock.run()), asyncio.create_task(pump.device.run())]
    try:
        yield pump
        for job in jobs:
            assert not job.done(), job.exception()
    finally:
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        await pump.radio.close()
