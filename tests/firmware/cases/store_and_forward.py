"""What the board keeps for a host that is away: two minutes, sent again in order and once."""

import asyncio
import gc
import struct

from rig import Rig, main

from lullaflow_firmware.app import RING_FRAMES
from lullaflow_firmware.ring import Ring
from lullaflow_protocol import wire

KEPT_FRAMES = 120_000 // wire.FRAME_MS
MODULUS = 1 << 32

LONG_FRAMES = 42
LONG_MS = LONG_FRAMES * wire.FRAME_MS  # the rig gives long stretches fewer turns, which cost time


class Air:
    """Carries the stream to a host that keeps no more than the numbers of whole frames.

    Attributes:
        room: notifications that it still takes; None for no end.
        live, replayed: sequence numbers in order of arrival.
    """

    def __init__(self, rig):
        self._rig = rig
        self.room = None
        self.start_anew()
        rig.ble.gatts_notify = self.carry

    def start_anew(self):
        self._reassembler = wire.Reassembler()
        self.live = []
        self.replayed = []

    def carry(self, _connection, handle, data=None):
        if self.room is not None:
            if self.room == 0:
                raise OSError(12)
            self.room -= 1
        whole = self._reassembler.push(bytes(data)) if handle == self._rig.stream else None
        if whole is not None:
            seqs = self.replayed if whole[1] else self.live
            seqs.append(wire.decode_frame(whole[0]).seq)


async def replay(rig, first, count):
    status, answer = await rig.ask(wire.CMD_REPLAY, struct.pack(wire.REPLAY_PAYLOAD, first, count))
    return (status,) + struct.unpack(wire.REPLAY_PAYLOAD, answer)


async def linked(rig, att_mtu=247):
    """Connect and switch the stream on; return the air and the first live frame's number."""
    await rig.connect(att_mtu=att_mtu)
    begin = rig.app.ring.next_seq()
    air = Air(rig)
    assert (await rig.ask(wire.CMD_STREAM, b"\x01"))[0] == wire.OK
    return air, begin


async def switch_off(rig):
    rig.task.cancel()
    try:
        await rig.task
    except asyncio.CancelledError:
        pass


async def two_minutes_come_back_while_live_frames_go_on(rig):
    await rig.start()
    await rig.run(200_000)
    ring = rig.app.ring
    assert ring.next_seq() - ring.oldest_seq() >= KEPT_FRAMES
    assert all(len(ring.get(seq)) == wire.MAX_FRAME_SIZE for seq in (ring.oldest_seq(), 399))

    air, begin = await linked(rig)
    oldest = ring.oldest_seq()
    air.room = 0
    assert await replay(rig, oldest, KEPT_FRAMES) == (wire.OK, oldest, KEPT_FRAMES)
    # Air for three frames in the time of one: the host's gap shrinks by two each time.
    for _ in range(20):
        air.room = 3
        await rig.run(wire.FRAME_MS)
        if air.live:
            assert air.live[-1] >= ring.next_seq() - 2, "live frames wait"
    assert 30 <= len(air.replayed) <= 42
    air.room = None
    await rig.run(LONG_MS)
    assert air.replayed == list(range(oldest, oldest + KEPT_FRAMES))
    assert air.live == list(range(begin, ring.next_seq()))


async def air_slower_than_the_sensors_never_holds_them_up(rig):
    await rig.start()
    air, begin = await linked(rig, att_mtu=23)
    ring = rig.app.ring
    # Six parts a frame, and on the average room for one in its time.
    steps = 12
    for _ in range(steps):
        air.room = LONG_FRAMES
        await rig.run(LONG_MS)
    assert ring.next_seq() == begin + steps * LONG_FRAMES
    # In order and whole. Where the memory went round, it went on with what was new.
    live = air.live
    assert live == sorted(set(live)) and live[0] == begin
    assert live[-1] > ring.oldest_seq() + 100
    air.room = None
    await rig.run(1000)
    late_ticks = struct.unpack(wire.STATISTICS_PAYLOAD, (await rig.ask(wire.CMD_STATISTICS))[1])[0]
    assert late_ticks == 0
    live = air.live
    assert live == sorted(set(live)) and live[-1] >= begin + steps * LONG_FRAMES
    missed = [seq for seq in range(begin, live[-1]) if seq not in live]
    assert missed and missed == list(range(missed[0], missed[-1] + 1))
    # Of what was passed over, all that the memory still has can be had.
    oldest, newest = ring.oldest_seq(), missed[-1]
    assert await replay(rig, missed[0], len(missed)) == (wire.OK, oldest, newest - oldest + 1)
    await rig.run(2000)
    assert air.replayed == list(range(oldest, newest + 1))


async def numbers_wrap_around(rig):
    rig.app.ring.next_low, rig.app.ring.next_high = 0xFFF6, 0xFFFF
    first = MODULUS - 10
    await rig.start()
    await rig.run(3000)
    air, begin = await linked(rig)
    assert begin == first + 6
    await rig.run(5000)
    wrapped = [(first + i) % MODULUS for i in range(16)]
    assert air.live[:10] == wrapped[6:]
    assert await replay(rig, first, 16) == (wire.OK, first, 16)
    await rig.run(3000)
    assert air.replayed == wrapped
    status = wire.decode_status(rig.ble.gatts_read(rig.status))
    assert (status.oldest_seq, status.newest_seq < 20) == (first, True)
    # As many are kept as ever.
    await rig.run(160_000)
    status, oldest, count = await replay(rig, first, 400)
    assert status == wire.OK and oldest < MODULUS // 2 and count >= KEPT_FRAMES


async def each_start_has_its_own_boot_id():
    rig = Rig()
    storage = rig.storage
    ids = []
    for _ in range(3):
        rig = None  # a board has room for one ring
        gc.collect()
        rig = Rig(storage=storage)
        await rig.start()
        await rig.run(1000)
        frame = wire.decode_frame(rig.app.ring.get(0))
        assert (frame.boot_id, frame.seq) == (rig.app.boot_id, 0)
        ids.append(frame.boot_id)
        await switch_off(rig)
    assert ids == [ids[0], ids[0] + 1, ids[0] + 2]
    rig.app._settings.boots = 0xFFFF
    rig.app._settings.save()
    rig = None
    gc.collect()
    assert Rig(storage=storage).app.boot_id == 0


def the_memory_is_small():
    if not hasattr(gc, "mem_alloc"):
        return  # CPython
    gc.collect()
    before = gc.mem_alloc()
    ring = Ring(RING_FRAMES, wire.MAX_FRAME_SIZE)
    gc.collect()
    taken = gc.mem_alloc() - before
    # A frame and its bytearray take 160 bytes where words have eight bytes, 128 on a board.
    assert taken < 176 * RING_FRAMES, taken
    assert ring.count == 0


async def case():
    the_memory_is_small()
    for behaviour in (
        two_minutes_come_back_while_live_frames_go_on,
        air_slower_than_the_sensors_never_holds_them_up,
        numbers_wrap_around,
    ):
        rig = Rig()
        await behaviour(rig)
        await switch_off(rig)
    await each_start_has_its_own_boot_id()


main(case)
