"""Commands: each done and answered, or refused with the right code; what is kept is kept."""

import struct

from rig import Rig, Sensor, main

from lullaflow_protocol import wire


async def weight(rig):
    await rig.run(1000)
    frame = wire.decode_frame(bytes(rig.app.ring.get(rig.app.ring.next_seq() - 1)))
    return wire.weight_g(frame.channels[1][2])


async def a_board_with_one_scale():
    sensors = (None, Sensor(wire.weight_raw(12.0)), Sensor(wire.vacuum_raw(0)), None)
    rig = Rig(sensors=sensors)
    await rig.start()
    await rig.run(3000)
    await rig.connect()
    assert (await rig.ask(wire.CMD_TARE, bytes((wire.RIGHT,))))[0] == wire.BAD_VALUE
    known = struct.pack(wire.CALIBRATE_PAYLOAD, wire.RIGHT, 100_000)
    assert (await rig.ask(wire.CMD_CALIBRATE, known))[0] == wire.BAD_VALUE
    # Who asks for both need not know that there is but one.
    assert (await rig.ask(wire.CMD_TARE, bytes((wire.BOTH,))))[0] == wire.OK
    assert abs(await weight(rig)) < 0.03
    await rig.stop()


async def case():
    await a_board_with_one_scale()
    rig = Rig()
    await rig.start()
    await rig.run(3000)
    await rig.connect()

    assert (await rig.ask(99))[0] == wire.UNKNOWN_COMMAND
    assert (await rig.ask(0, data=b"\x02\x01\x07\x01"))[0] == wire.BAD_VERSION
    assert (await rig.ask(0, data=b"\x01\x01"))[0] == wire.BAD_LENGTH
    assert (await rig.ask(0, data=b"\x01" * 21))[0] == wire.BAD_LENGTH
    assert (await rig.ask(wire.CMD_STREAM, b"\x02"))[0] == wire.BAD_VALUE
    assert (await rig.ask(wire.CMD_TARE, b"\x00"))[0] == wire.BAD_VALUE

    assert (await rig.ask(wire.CMD_IDENTIFY, b"\x02"))[0] == wire.OK
    await rig.run(3000)
    assert rig.board.lit == [True, False]

    # Tare, then a known mass that the load cell shows 5 % too heavy.
    assert (await rig.ask(wire.CMD_TARE, bytes((wire.BOTH,))))[0] == wire.OK
    assert abs(await weight(rig)) < 0.03
    rig.board.sensors[1].raw = wire.weight_raw(12.0 + 105.0)
    await rig.run(2000)
    known = struct.pack(wire.CALIBRATE_PAYLOAD, wire.LEFT, 100_000)
    assert (await rig.ask(wire.CMD_CALIBRATE, known))[0] == wire.OK
    assert abs(await weight(rig) - 100.0) < 0.1
    # A scale that moves, or does not answer, is left as it is.
    rig.board.sensors[1].raw = wire.WEIGHT_NONE
    await rig.run(500)
    assert (await rig.ask(wire.CMD_TARE, bytes((wire.LEFT,))))[0] == wire.NOT_READY
    light = struct.pack(wire.CALIBRATE_PAYLOAD, wire.LEFT, 1)
    assert (await rig.ask(wire.CMD_CALIBRATE, light))[0] == wire.BAD_VALUE

    assert (await rig.ask(wire.CMD_SET_NAME, b"Nachtlicht"))[0] == wire.OK
    assert (await rig.ask(wire.CMD_SET_NAME, b"\x07"))[0] == wire.BAD_VALUE
    assert (await rig.ask(wire.CMD_SET_NAME, b"\xff\xfe"))[0] == wire.BAD_VALUE
    assert rig.ble.settings["gap_name"] == "Nachtlicht"
    await rig.disconnect()
    assert b"Nachtlicht" in rig.ble.advertised[-1][2]

    # After the next start all of it is still there, and the boot id is another.
    again = Rig(storage=rig.storage)
    again.board.sensors[1].raw = wire.weight_raw(12.0 + 105.0)
    await again.start()
    assert abs(await weight(again) - 100.0) < 0.1
    assert again.ble.settings["gap_name"] == "Nachtlicht"
    assert again.app.boot_id != rig.app.boot_id


main(case)
