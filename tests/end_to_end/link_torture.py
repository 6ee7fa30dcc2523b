"""Torture of the link: cuts and restarts of either end, against an account that no link touches.

The host's own link is one end, the shipped firmware the other; the account is the firmware's ring,
copied frame by frame as it was filled.
"""

import asyncio
import random
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from lullaflow.link import FrameArrived, GapFilled, LinkUp, PumpLink, open_radio
from lullaflow_protocol import wire
from lullaflow_sim.faults import Faults

from .counting_pump import RING_FRAMES, Pump, running

RECONNECT_S = 2.5
"""Wall time for a host to find the board again, with a failed try or two and the waits between
them, to ask for what it missed and to get it."""

END_WITHIN_S = 10.0
"""Wall time for a host to end when it is told to; it has a command or two to wait for."""

KEPT_S = RING_FRAMES * wire.FRAME_MS / 1000


@dataclass
class Account:
    """What the host got, and what happened to it meanwhile.

    Attributes:
        frames: per boot, every frame in order of arrival.
        lost: frames that the host reported as lost.
        recovered: frames that it reported as fetched.
        ups: links that came up.
        stubborn: how often a host that was told to end did not.
        silent: device time from when to when the board could not be heard.
    """

    frames: dict[int, list[FrameArrived]] = field(default_factory=lambda: defaultdict(list))
    lost: int = 0
    recovered: int = 0
    ups: int = 0
    stubborn: int = 0
    silent: list[tuple[float, float]] = field(default_factory=list)


class Host:
    """A host that can be killed and started again; what it stored outlives it."""

    def __init__(self, pump: Pump, state: Path) -> None:
        self._pump = pump
        self._state = state
        self._task = None
        self.account = Account()

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def kill(self) -> None:
        while True:
            self._task.cancel()
            ended, _ = await asyncio.wait((self._task,), timeout=END_WITHIN_S)
            if ended:
                return
            self.account.stubborn += 1

    def check(self) -> None:
        if self._task.done():
            self._task.result()

    def on_fault(self, said: dict[str, object]) -> None:
        if said["event"] == "cut":
            self.account.silent.append((said["at_s"], said["at_s"] + said["for_s"]))

    async def _run(self) -> None:
        account = self.account
        async with open_radio(self._pump.radio.place, "", self._state) as radio:
            link = PumpLink("torture", radio)
            if account.frames:
                boot, stored = list(account.frames.items())[-1]
                link.resume_after(boot, stored[-1].frame.seq)
            async for item in link.items():
                match item:
                    case FrameArrived():
                        account.frames[item.frame.boot_id].append(item)
                    case GapFilled(recovered, lost):
                        account.recovered += recovered
                        account.lost += lost
                    case LinkUp():
                        account.ups += 1


async def torture(
    *, seed: int, cuts: int, restarts: int, session_s: float, sessions: int, speed: float
) -> tuple[Account, Pump]:
    """Run sessions with faults at random; return what the host got and what the board encoded.

    Args:
        seed: of all chance.
        cuts: of the radio, 1 to 60 s each; one may fall into another.
        restarts: of the board, and as many of the host.
        session_s: device time of one session.
        sessions: how many, one after the other.
        speed: device seconds per second of the wall.
    """
    chance = random.Random(seed)
    pump = Pump(speed)
    await pump.radio.offer("tcp-server:127.0.0.1:0")
    end_s = sessions * session_s
    kinds = ["cut"] * cuts + ["reboot", "kill"] * restarts
    chance.shuffle(kinds)
    moments = sorted(chance.uniform(10, end_s - 60) for _ in kinds)
    with tempfile.TemporaryDirectory() as folder:
        host = Host(pump, Path(folder))
        faults = Faults(pump.clock, pump.radio, pump.device.reboot, host.on_fault)
        async with running(pump):
            host.start()
            for moment_s, kind in zip(moments, kinds, strict=True):
                await pump.clock.sleep_ms(round((moment_s - pump.clock.now_s) * 1000))
                host.check()
                match kind:
                    case "cut":
                        faults.cut(chance.uniform(1, 60))
                    case "reboot":
                        faults.reboot()
                    case "kill":
                        await host.kill()
                        host.start()
            rest_s = end_s + 3 * RECONNECT_S * speed - pump.clock.now_s
            await pump.clock.sleep_ms(round(rest_s * 1000))
            host.check()
            await host.kill()
    return host.account, pump


def settle(account: Account, pump: Pump) -> int:
    """Compare the host's books with the board's; return the number of frames compared.

    A frame counts as lost from where the host first heard of the board on. What a restart of the
    board wiped after the last frame that came, nobody can count, and nobody reports.

    Raises:
        AssertionError: when a frame came twice, out of order or changed, when one is missing that
            the ring could have kept for the host, or when the number of the missing is misreported.
    """
    encoded = defaultdict(list)
    for raw in pump.log.frames:
        frame = wire.decode_frame(raw)
        encoded[frame.boot_id].append((frame, raw))
    began = [boot.at_s for boot in pump.log.boots]
    reconnect_s = RECONNECT_S * pump.clock.speed
    missing = 0
    met = False
    for boot, ended_s in zip(pump.log.boots, [*began[1:], pump.clock.now_s], strict=True):
        got = account.frames.get(boot.boot_id, [])
        seqs = [item.frame.seq for item in got]
        assert seqs == sorted(set(seqs)), f"boot {boot.boot_id}: twice, or out of order"
        raws = {frame.seq: raw for frame, raw in encoded[boot.boot_id]}
        assert all(item.raw == raws[item.frame.seq] for item in got), f"{boot.boot_id}: changed"
        known = set(seqs)
        gaps = [frame for frame, _ in encoded[boot.boot_id] if frame.seq not in known]
        for frame in gaps:
            encoded_s = boot.at_s + (frame.t_ms + wire.FRAME_MS) / 1000
            until_s = min(encoded_s + KEPT_S, ended_s)
            assert not heard_in_one_piece(account, encoded_s, until_s, reconnect_s), (
                f"boot {boot.boot_id}: frame {frame.seq} of {encoded_s} s could have been kept"
            )
        if got:
            first = 0 if met else seqs[0]
            missing += sum(first <= frame.seq < seqs[-1] for frame in gaps)
            met = True
    assert pump.log.boots[-1].boot_id in account.frames
    assert account.lost == missing
    assert account.stubborn == 0, "a host that was told to end went on"
    return sum(len(got) for got in account.frames.values())


def heard_in_one_piece(account: Account, from_s: float, until_s: float, for_s: float) -> bool:
    """Tell whether the board could be heard for so long without a break between two moments."""
    quiet = sorted((max(a, from_s), min(b, until_s)) for a, b in account.silent)
    at_s = from_s
    for begins_s, ends_s in quiet:
        if begins_s >= ends_s:
            continue
        if begins_s - at_s >= for_s:
            return True
        at_s = max(at_s, ends_s)
    return until_s - at_s >= for_s
