"""Short press, long press, hold."""

from rig import Rig, main


def pair(rig, number):
    """Let a new host pair; tell whether it has a bond then."""
    rig.ble.event(30, (2, bytearray([number] * 7), bytearray([number] * 40)))
    return rig.ble.event(29, (2, 0, bytearray([number] * 7))) is not None


async def case():
    rig = Rig()
    await rig.start()
    await rig.run(125_000)
    slow = rig.ble.advertised[-1][0]
    await rig.press(300)
    # A short press: found fast again, but nobody may pair.
    assert rig.ble.advertised[-1][0] < slow and rig.board.lit == [True]
    await rig.connect(encrypted=False)
    assert not pair(rig, 1)
    await rig.disconnect()
    # Long: pairing is open for two minutes.
    await rig.press(2_500)
    await rig.connect(encrypted=False)
    assert pair(rig, 1)
    await rig.disconnect()
    await rig.run(125_000)
    await rig.connect(encrypted=False)
    assert not pair(rig, 2)
    # Held for ten seconds: all are forgotten and sent away, and the LED says so.
    gone = rig.ble.disconnected
    del rig.board.lit[:]
    await rig.press(10_500)
    assert rig.ble.disconnected == gone + 1
    assert rig.ble.event(29, (2, 0, None)) is None
    assert rig.board.lit[-1] is True
    await rig.run(12_000)
    assert rig.board.lit[-1] is False
    again = Rig(storage=rig.storage)
    await again.start()
    assert again.ble.event(29, (2, 0, None)) is None


main(case)
