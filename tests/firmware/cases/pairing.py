"""Who may pair, and what is remembered of those who did."""

from rig import Rig, main


def pair(rig, number):
    """Let a new host bond; tell whether the board agrees."""
    key = bytearray([number] * 7)
    return rig.ble.event(30, (2, key, bytearray([number] * 40)))


async def case():
    rig = Rig()
    await rig.start()
    await rig.connect(encrypted=False)
    assert pair(rig, 1)
    rig.ble.event(28, (1, 1, 0, 1, 16))
    assert rig.ble.event(29, (2, 0, bytearray([1] * 7))) == bytes([1] * 40)
    assert rig.ble.event(29, (2, 0, None)) == bytes([1] * 40)
    assert rig.ble.event(29, (2, 1, None)) is None

    # A fifth bond takes the place of the oldest.
    for number in (2, 3, 4, 5):
        assert pair(rig, number)
    assert rig.ble.event(29, (2, 0, bytearray([1] * 7))) is None
    assert rig.ble.event(29, (2, 3, None)) is not None
    assert rig.ble.event(29, (2, 4, None)) is None
    await rig.disconnect()

    # Two minutes after power-on strangers are sent away, and see nothing meanwhile.
    await rig.run(121_000)
    await rig.connect(encrypted=False)
    assert not pair(rig, 9)
    assert rig.ble.disconnected == 1
    rig.ble.event(28, (1, 1, 0, 0, 16))
    assert not rig.app._peripheral.secure
    await rig.disconnect()
    # Those who have bonded come in as before.
    await rig.connect()
    assert rig.app._peripheral.secure
    await rig.disconnect()
    # A long press opens it again.
    rig.app.open_pairing()
    await rig.connect(encrypted=False)
    assert pair(rig, 9)
    await rig.run(20)  # a task writes it to flash: the stack's own has no room for that

    again = Rig(storage=rig.storage)
    await again.start()
    assert again.ble.event(29, (2, 0, bytearray([9] * 7))) == bytes([9] * 40)

    # Nobody listens: the air is used less.
    fast = again.ble.advertised[-1][0]
    await again.run(31_000)
    assert again.ble.advertised[-1][0] > 10 * fast


main(case)
