"""Live frames, missed frames, slow air, small packets."""

import struct

from rig import Rig, main

from lullaflow_protocol import wire


async def replay(rig, first, count):
    status, answer = await rig.ask(wire.CMD_REPLAY, struct.pack(wire.REPLAY_PAYLOAD, first, count))
    return (status,) + struct.unpack(wire.REPLAY_PAYLOAD, answer)


async def what_the_stack_refuses_is_tried_again():
    """A stack that is busy, or has no room, tells nobody when that is over."""
    rig = Rig()
    rig.ble.busy = True
    await rig.start()
    await rig.run(3000)
    assert not rig.ble.advertised
    rig.ble.busy = False
    await rig.run(1000)
    assert len(rig.ble.advertised) == 1
    await rig.connect()
    await rig.run(1000)
    del rig.ble.notified[:]
    rig.ble.room = 0
    rig.board.sensors[2].fault = wire.FAULT_STUCK
    await rig.run(3000)
    assert not rig.ble.notified
    rig.ble.room = None
    await rig.run(3000)
    ((handle, told),) = rig.ble.notified
    assert handle == rig.status
    assert wire.decode_status(told).faults == (0, 0, wire.FAULT_STUCK, 0)


async def case():
    await what_the_stack_refuses_is_tried_again()
    rig = Rig()
    await rig.start()
    await rig.run(5000)

    # Without encryption nothing is sent, nor done.
    await rig.connect(encrypted=False)
    await rig.run(2000)
    assert not rig.ble.notified
    await rig.disconnect()

    for att_mtu in (23, 64, 185, 247):
        await rig.connect(att_mtu=att_mtu)
        del rig.ble.notified[:]
        begin = rig.app.ring.next_seq()
        assert (await rig.ask(wire.CMD_STREAM, b"\x01"))[0] == wire.OK
        await rig.run(3000)
        longest = max(len(part) for handle, part in rig.ble.notified if handle == rig.stream)
        assert longest <= att_mtu - 3
        live = [frame.seq for frame, replayed in rig.frames() if not replayed]
        assert live == list(range(begin, rig.app.ring.next_seq())), live

        # What was missed comes in order, while live frames go on.
        assert await replay(rig, 0, 8) == (wire.OK, 0, 8)
        await rig.run(3000)
        frames = rig.frames()
        assert [f.seq for f, replayed in frames if replayed] == list(range(8))
        live = [f.seq for f, replayed in frames if not replayed]
        assert live == list(range(begin, rig.app.ring.next_seq()))
        await rig.disconnect()

    # Air that takes nothing for a while costs no frame, and sampling does not wait for it.
    await rig.connect()
    await rig.ask(wire.CMD_STREAM, b"\x01")
    del rig.ble.notified[:]
    begin = rig.app.ring.next_seq()
    rig.ble.room = 0
    del rig.ble.indicated[:]
    rig.ble.write(rig.control, wire.encode_command(wire.CMD_STATISTICS, 99))
    await rig.run(10_000)
    assert rig.app.ring.next_seq() == begin + 20
    assert not rig.ble.indicated
    rig.ble.room = None
    await rig.run(1000)
    # A command that came meanwhile is answered once there is room.
    assert [wire.decode_reply(reply)[1] for _, reply in rig.ble.indicated] == [99]
    live = [frame.seq for frame, replayed in rig.frames() if not replayed]
    assert live == list(range(begin, rig.app.ring.next_seq()))
    status, answer = await rig.ask(wire.CMD_STATISTICS)
    refused = struct.unpack(wire.STATISTICS_PAYLOAD, answer)[2]
    assert status == wire.OK and refused > 0

    # Asking for what is gone, or not yet there, says so.
    assert (
        await replay(rig, rig.app.ring.next_seq() + 100, 5)
        == (
            wire.NOT_IN_BUFFER,
            rig.app.ring.next_seq() + 98,
            0,
        )
        or (await replay(rig, rig.app.ring.next_seq() + 100, 5))[0] == wire.NOT_IN_BUFFER
    )
    await rig.run(200_000)
    oldest = rig.app.ring.oldest_seq()
    status, first, count = await replay(rig, 0, oldest + 10)
    assert status == wire.OK and first >= oldest and 0 < count <= 10
    assert (await rig.ask(wire.CMD_STREAM, b"\x00"))[0] == wire.OK
    del rig.ble.notified[:]
    await rig.run(20_000)
    assert not [f for f, replayed in rig.frames() if not replayed]


main(case)
