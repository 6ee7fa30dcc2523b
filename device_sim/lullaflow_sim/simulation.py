"""One simulated pump from power-on to the end of its day."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from lullaflow_sim import standin
from lullaflow_sim.board import BoardClock, SimulatedBoard
from lullaflow_sim.bumble_workarounds import MIN_NOTIFICATION_GAP_S
from lullaflow_sim.clock import DeviceClock
from lullaflow_sim.control import (
    Cell,
    Cut,
    Mass,
    Miss,
    OrderError,
    Reboot,
    Speed,
    Stop,
    parse_order,
)
from lullaflow_sim.day import Day
from lullaflow_sim.device import Program, SimulatedDevice
from lullaflow_sim.ears import Room, listen
from lullaflow_sim.faults import Faults
from lullaflow_sim.flash import Flash
from lullaflow_sim.frame_log import Boot, FrameLog
from lullaflow_sim.identity import Identity
from lullaflow_sim.radio import Radio, open_radio
from lullaflow_sim.scenarios import Scenario
from lullaflow_sim.standin.bluetooth import BLE
from lullaflow_sim.transmit import TransmitQueue
from lullaflow_sim.truth import whole_truth

_NAMELESS: Final = "Lullaflow"

Say = Callable[[dict[str, Any]], None]


class FileError(Exception):
    """A file that was asked for cannot be written; the message says what to do."""


@dataclass(frozen=True)
class Plan:
    """What to simulate.

    Attributes:
        scenario: what every session is like.
        radio: see `open_radio`.
        speed: device seconds per second of the wall, once a host listens.
        seed: of the first session.
        sessions: how many sessions to run.
        wait: let device time begin when a host connects, and the day when it listens.
        room: where the body hears the room; None leaves it deaf.
        name: of a board whose flash is blank; None leaves it the firmware's default. Its
            addresses follow from it.
        truth: a JSON file for what really happened.
        sampled: a CSV file for every frame that the firmware encoded.
        flash: a file for the board's flash; None forgets it with the process.
    """

    scenario: Scenario
    radio: str
    speed: float = 1.0
    seed: int = 1
    sessions: int = 1
    wait: bool = True
    room: Room | None = None
    name: str | None = None
    truth: Path | None = None
    sampled: Path | None = None
    flash: Path | None = None


class Simulation:
    """A running simulation.

    Attributes:
        day_over: set when the last session and the rest after it are over.
        stopped: set when somebody ordered a stop.
        clock: device time.
        faults: what may be done to it.
        log: every frame that the firmware encoded.
    """

    def __init__(self, plan: Plan, radio: Radio, say: Say) -> None:
        self.plan = plan
        self.radio = radio
        self.identity = Identity(plan.name or _NAMELESS)
        self.day_over = asyncio.Event()
        self.stopped = asyncio.Event()
        self.log = FrameLog()
        self._flash = Flash(plan.flash)
        self._say = say
        self._speed = plan.speed
        self._time_runs = asyncio.Event()
        self._booted = asyncio.Event()
        self._transmit = TransmitQueue(MIN_NOTIFICATION_GAP_S)
        self.clock = DeviceClock(1.0, self._transmit)
        self._device = SimulatedDevice(
            radio,
            self.identity,
            self.clock,
            self._transmit,
            self._new_board,
            self._load,
            on_central=self._time_runs.set,
        )
        self.faults = Faults(self.clock, radio, self._device.reboot, self._on_fault)
        self._day = Day(
            self.clock,
            plan.scenario,
            plan.seed,
            plan.sessions,
            self._on_session,
            self.day_over.set,
        )

    def obey(self, line: str) -> None:
        """Carry out one order, or say why not."""
        try:
            order = parse_order(line)
        except OrderError as error:
            self._say({"event": "refused", "why": str(error)})
            return
        match order:
            case Cut(for_s):
                self.faults.cut(for_s)
            case Miss(count):
                self.faults.miss(count)
            case Reboot():
                self.faults.reboot()
            case Speed(factor):
                self._speed = factor
                if self._transmit.first_use.is_set() or not self.plan.wait:
                    self.clock.speed = factor
                self._say({"event": "speed", "at_s": self.clock.now_s, "factor": factor})
            case Stop():
                self.stopped.set()
            case Mass(side, grams):
                self._day.by_hand.put(side, grams)
                self._say({"event": "mass", "side": side, "grams": grams})
            case Cell(side, zero_g, factor):
                self._day.by_hand.swap_cell(side, zero_g, factor)
                self._say({"event": "cell", "side": side, "zero_g": zero_g, "factor": factor})

    async def obey_all(self, orders: asyncio.Queue[str]) -> None:
        """Carry out orders as they come, until cancelled."""
        while True:
            self.obey(await orders.get())

    async def live(self) -> None:
        """Run until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._device.run(), name="simulation.device")
            if self.plan.room is not None:
                tasks.create_task(listen(self.plan.room, self._day.on_cue), name="simulation.ears")
            if self.plan.wait:
                # A person switches board and pump on when all is ready; and at speed, the seconds
                # in which a host starts would be minutes of a session that nobody follows.
                await self._time_runs.wait()
            # A day that began before its board would have moments that no frame can tell of.
            await self._booted.wait()
            tasks.create_task(self.clock.run(), name="simulation.clock")
            if self.plan.wait:
                await self._transmit.first_use.wait()
            self.clock.speed = self._speed
            self._day.begin()

    def write_files(self) -> None:
        """Write the files that the plan asks for.

        Raises:
            FileError: when one cannot be written.
        """
        try:
            if self.plan.truth is not None:
                truth = whole_truth(self._day.truth(), self.log.boots)
                self.plan.truth.write_text(json.dumps(truth, indent=2), "utf-8")
            if self.plan.sampled is not None:
                self.log.write(self.plan.sampled)
        except OSError as error:
            raise FileError(
                f"What happened cannot be written to {error.filename} ({error.strerror}): name a "
                "file in a folder that is there and that you may write to."
            ) from error

    def _load(self, ble: BLE, clock: BoardClock, board: SimulatedBoard) -> Program:
        # The firmware imports MicroPython's modules, which must have their stand-ins by now.
        standin.install()
        from lullaflow_firmware.app import Application
        from lullaflow_firmware.settings import Settings

        if self.plan.name is not None and self._flash.is_blank:
            settings: Any = Settings(self._flash, self.plan.name)
            settings.save()
        program: Any = Application(ble, clock, board, self._flash)
        boot = Boot(program.boot_id, self.clock.now_s)
        board.after_sampling = self.log.follow(program.ring, boot)
        self._booted.set()
        self._say({"event": "boot", "boot_id": boot.boot_id, "at_s": boot.at_s})
        return cast(Program, program)

    def _new_board(self) -> SimulatedBoard:
        return SimulatedBoard(
            self.clock,
            self._day.sensors,
            self.identity.unique_id,
            lambda on: self._say({"event": "identify", "on": on}),
        )

    def _on_fault(self, said: dict[str, Any]) -> None:
        self._time_runs.set()  # a cut or a dark board would last for ever without it
        self._say(said)

    def _on_session(self, number: int) -> None:
        self._say({"event": "session", "number": number, "at_s": self.clock.now_s})
        self.faults.schedule(self.plan.scenario.radio_cuts, self.plan.scenario.reboots)


@asynccontextmanager
async def simulate(plan: Plan, say: Say) -> AsyncIterator[Simulation]:
    """Run a simulation while the block runs.

    Args:
        plan: what to simulate.
        say: told of everything worth a line, as a JSON-able dictionary; first 'ready'.

    Raises:
        RadioError: when the radio cannot be had.
        FlashError: when the flash's file cannot be used.
        FileError: at the end, when a file that the plan asks for cannot be written.
    """
    identity = Identity(plan.name or _NAMELESS)
    radio = await open_radio(plan.radio, identity.board_address, identity.host_address)
    try:
        simulation = Simulation(plan, radio, say)
        async with asyncio.TaskGroup() as tasks:
            life = tasks.create_task(simulation.live(), name="simulation")
            say({"event": "ready", "radio": radio.place, "address": identity.board_address})
            try:
                yield simulation
            finally:
                life.cancel()
        simulation.write_files()
    finally:
        await radio.close()
