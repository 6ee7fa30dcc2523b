"""The watchdog, sleep and what ends it, and the session as the board sees it."""

from rig import Rig, Sensor, main

from lullaflow_firmware.app import TimeToSleep
from lullaflow_firmware.power import Doze, Idle
from lullaflow_firmware.session import Session
from lullaflow_protocol import wire


async def the_watchdog():
    rig = Rig()
    await rig.start()
    await rig.run(4_000)
    assert 7 <= rig.board.fed <= 9
    # The program runs, but its timer has stopped: nothing is sampled, so nothing is fed.
    rig.board.callback, tick = (lambda timer: None), rig.board.callback
    await rig.run(1_000)
    fed = rig.board.fed
    await rig.run(3_000)
    assert rig.board.fed == fed
    rig.board.callback = tick
    await rig.stop()


async def sleeping():
    vacuum = Sensor(wire.vacuum_raw(0.0))
    sensors = (vacuum, Sensor(wire.weight_raw(12.0)), None, None)

    async def slept(rig):
        await rig.run(1_000)
        if not rig.task.done():
            return False
        try:
            await rig.task
        except TimeToSleep:
            return True
        raise AssertionError("the program ended by itself")

    rig = Rig(sensors=sensors, sleep_after_ms=60_000)
    await rig.start()
    await rig.run(50_000)
    # Suction, the button and a host each keep it awake.
    vacuum.raw = wire.vacuum_raw(120.0)
    await rig.run(2_000)
    vacuum.raw = wire.vacuum_raw(3.0)
    await rig.run(56_000)
    assert not await slept(rig)
    await rig.press(300)
    await rig.run(56_000)
    assert not await slept(rig)
    await rig.connect()
    await rig.run(90_000)
    assert not await slept(rig)
    await rig.disconnect()
    await rig.run(58_000)
    assert not await slept(rig)
    await rig.run(2_000)
    assert await slept(rig)

    # What is not good is no suction, and a board without a battery never sleeps.
    vacuum.raw = wire.vacuum_raw(120.0) & ~wire.VACUUM_GOOD
    assert not Idle(None).is_over(1 << 40, False, False)
    idle = Idle(1000)
    assert not idle.is_over(999, False, False) and idle.is_over(1000, False, False)
    assert not idle.is_over(5000, False, True) and not idle.is_over(5999, False, False)

    # Asleep: weather, a door and a dead gauge let it sleep; the gentlest pump does not.
    doze = Doze(2)
    pa = 101_325
    for change in (0, -100, 200, -600, -600, -600, 900):
        pa += change
        assert not doze.is_over(0, pa)
        assert not doze.is_over(1, None)
    assert doze.is_over(0, pa - 2_700)


def the_session():
    session = Session()
    session.update(0, False, [100, 90])
    assert not session.running and session.volume_ml == 0
    session.update(1000, True, [100, None])
    session.update(2000, True, [100, 90])
    session.update(400_000, True, [203, 141])
    assert session.running and session.volume_ml == 149  # (103 + 51) g at 1.03 g/ml
    # Bottles are lifted afterwards: the milk has been pumped all the same.
    session.update(450_000, False, [0, None])
    session.update(600_000, False, [0, None])
    assert not session.running and session.volume_ml == 149
    session.update(900_000, True, [50, None])
    assert session.running and session.volume_ml == 0


async def case():
    await the_watchdog()
    await sleeping()
    the_session()


main(case)
