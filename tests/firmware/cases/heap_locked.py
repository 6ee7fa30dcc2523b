"""Sampling and framing allocate nothing: they run with the heap locked, drivers and all."""

import machine
import micropython
from chips import Bus, ClockPin, DataPin, Hx711Chip, Lps33hwChip, MprChip, Time
from rig import Rig, main

from lullaflow_firmware.drivers.hx711 import Hx711
from lullaflow_firmware.drivers.lps33hw import SA0_LOW, Lps33hw
from lullaflow_firmware.drivers.mpr import ADDRESS, Mpr
from lullaflow_protocol import wire


def sample(rig, time, ticks):
    """Let the timer tick with the heap locked."""
    tick = rig.board.callback
    # The clock of the rig allocates, so time moves by itself here: no tick is late.
    clock = rig.clock
    micropython.heap_lock()
    try:
        i = 0
        while i < ticks:
            clock.now_ms += 20
            time.us += 20_000
            tick(None)
            i += 1
    finally:
        micropython.heap_unlock()


async def case():
    time = Time()
    rig = Rig()
    await rig.start()
    await rig.run(1000)
    before = rig.app.ring.next_seq()
    sample(rig, time, 250)
    assert rig.app.ring.next_seq() == before + 10

    bus = Bus({SA0_LOW: Lps33hwChip(time), ADDRESS: MprChip(time)})
    cells = [Hx711Chip(time, 100_000), Hx711Chip(time, 200_000)]
    sensors = (
        Lps33hw(bus, SA0_LOW),
        Hx711(DataPin(cells[0]), ClockPin(cells[0])),
        Mpr(bus),
        Hx711(DataPin(cells[1]), ClockPin(cells[1])),
    )
    rig = Rig(sensors=sensors)
    await rig.start()
    sample(rig, time, 250)
    assert all(sensor.fault == wire.FAULT_NONE for sensor in sensors)
    frame = wire.decode_frame(bytes(rig.app.ring.get(rig.app.ring.next_seq() - 1)))
    assert all(abs(wire.vacuum_mmhg(raw)) <= 0.2 for raw in frame.channels[0] + frame.channels[2])
    assert all(raw & wire.WEIGHT_GOOD for raw in frame.channels[1] + frame.channels[3])

    # Nor do they when everything fails, and comes back.
    bus.cut.add(SA0_LOW)
    bus.chips[ADDRESS].busy = True
    cells[0].dead = True
    cells[1].shorted = True
    sample(rig, time, 250)
    assert [sensor.fault for sensor in sensors] == [
        wire.FAULT_ABSENT,
        wire.FAULT_NOT_READY,
        wire.FAULT_NOT_READY,
        wire.FAULT_ABSENT,
    ]
    bus.cut.clear()
    bus.chips[ADDRESS].busy = False
    cells[0].dead = False
    cells[1].shorted = False
    sample(rig, time, 250)
    assert all(sensor.fault == wire.FAULT_NONE for sensor in sensors)
    assert machine.world.masked == 0


main(case)
