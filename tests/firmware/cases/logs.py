"""The log of resets and faults."""

import struct

from rig import Rig, main

from lullaflow_firmware.log import ENTRIES, Log
from lullaflow_protocol import wire


async def logs(rig):
    """Ask for every entry, newest first."""
    found = []
    while True:
        status, answer = await rig.ask(wire.CMD_LOGS, bytes((len(found),)))
        assert status == wire.OK
        if len(answer) == 1:
            assert answer[0] == len(found)
            return found
        found.append(struct.unpack(wire.LOGS_PAYLOAD, answer)[1:])


async def case():
    rig = Rig()
    await rig.start()
    await rig.run(5_000)
    rig.board.sensors[1].fault = wire.FAULT_SATURATED
    await rig.run(2_000)
    for _ in range(5):  # a loose plug
        rig.board.sensors[2].fault = wire.FAULT_ABSENT
        await rig.run(1_000)
        rig.board.sensors[2].fault = wire.FAULT_NONE
        await rig.run(1_000)
    await rig.connect()
    boot = rig.app.boot_id
    absent, saturated, reset = await logs(rig)
    assert absent[:3] == (wire.LOG_FAULT, 0x20 | wire.FAULT_ABSENT, boot) and 6 <= absent[3] <= 9
    assert saturated[:3] == (wire.LOG_FAULT, 0x10 | wire.FAULT_SATURATED, boot)
    assert reset == (wire.LOG_RESET, wire.RESET_POWER_ON, boot, 0)
    # It outlives resets, each with its cause, and keeps the newest.
    storage = rig.storage
    for cause in (wire.RESET_WATCHDOG, wire.RESET_BROWN_OUT) * 8:
        Log(storage, boot).reset(cause)
    await rig.stop()
    rig = Rig(storage=storage, cause=wire.RESET_SOFT)
    await rig.start()
    await rig.connect()
    found = await logs(rig)
    assert len(found) == ENTRIES
    assert found[0] == (wire.LOG_RESET, wire.RESET_SOFT, rig.app.boot_id, 0)
    assert (await rig.ask(wire.CMD_LOGS))[0] == wire.BAD_LENGTH
    assert await rig.ask(wire.CMD_LOGS, b"\xff") == (wire.OK, bytes((ENTRIES,)))
    # A fault that comes every ten minutes is told every time, for it is news each time.
    log = Log(rig.storage, 9)
    for minutes in range(0, 40, 10):
        log.faults((wire.FAULT_STUCK, 0, 0, 0), minutes * 60)
        log.faults((0, 0, 0, 0), minutes * 60 + 1)
    assert [struct.unpack(wire.LOGS_PAYLOAD, log.reply(i))[4] for i in range(4)] == [
        1800,
        1200,
        600,
        0,
    ]


main(case)
