"""From timer to ring: every sample in its place, and what was missed marked as missing."""

from rig import Rig, Sensor, main

from lullaflow_protocol import wire


async def case():
    rig = Rig(start_ms=(1 << 30) - 1000)  # the ticks wrap after a second
    await rig.start()
    await rig.run(3000)
    ring = rig.app.ring
    assert ring.next_seq() == 6, ring.next_seq()
    frames = [wire.decode_frame(bytes(ring.get(seq))) for seq in range(6)]
    assert [frame.seq for frame in frames] == list(range(6))
    assert [frame.t_ms - frames[0].t_ms for frame in frames] == [500 * i for i in range(6)]
    assert len({frame.boot_id for frame in frames}) == 1
    for frame in frames:
        vacuum, weight = frame.channels[0], frame.channels[1]
        assert len(vacuum) == 25 and len(weight) == 5
        assert abs(wire.vacuum_mmhg(vacuum[7]) - 100.0) < 0.2
        assert abs(wire.weight_g(weight[3]) - 12.0) < 0.02

    # A stall of 200 ms: ten ticks late, nine samples missing, and time goes on truly.
    rig.clock.now_ms += 180
    await rig.run(320)
    frame = wire.decode_frame(bytes(ring.get(6)))
    assert frame.t_ms - frames[0].t_ms == 3000
    missing = [wire.vacuum_mmhg(raw) is None for raw in frame.channels[0]]
    assert sum(missing) == 9 and all(missing[:9]), missing

    # A sensor that fails gives no number, and its fault is in the status.
    rig.board.sensors[0].raw = wire.VACUUM_NONE
    rig.board.sensors[0].fault = wire.FAULT_ABSENT
    await rig.run(1000)
    frame = wire.decode_frame(bytes(ring.get(ring.next_seq() - 1)))
    assert wire.vacuum_mmhg(frame.channels[0][0]) is None
    status = wire.decode_status(rig.ble.gatts_read(rig.status))
    assert status.faults == (wire.FAULT_ABSENT, 0, 0, 0)
    # It is told twice a second, so it may be one frame behind.
    assert ring.next_seq() - 1 - status.newest_seq in (0, 1)

    # One side only: the right is not there at all.
    single = Rig(sensors=(Sensor(wire.vacuum_raw(5)), Sensor(wire.weight_raw(1)), None, None))
    await single.start()
    await single.run(500)
    frame = wire.decode_frame(bytes(single.app.ring.get(0)))
    assert frame.flags == wire.HAS_LEFT_VACUUM | wire.HAS_LEFT_WEIGHT
    assert frame.channels[2] is None and frame.channels[3] is None

    # The ring holds two minutes and more of both sides, and knows what it has no longer.
    await rig.run(200_000)
    assert ring.count * 500 >= 120_000
    assert ring.get(ring.oldest_seq()) is not None
    assert ring.get(ring.oldest_seq() - 1) is None


main(case)
