"""Who may pair, and what is remembered of those who did."""

from rig import Rig, main

from lullaflow_protocol import wire


def pair(rig, number):
    """Let a new host bond; the board always says that it has kept the secret."""
    key = bytearray([number] * 7)
    return rig.ble.event(30, (2, key, bytearray([number] * 40)))


def bonded(rig, number):
    """Tell whether the stack finds a host's secret."""
    return rig.ble.event(29, (2, 0, bytearray([number] * 7))) == bytes([number] * 40)


async def nobody_is_forgotten_for_a_stranger(rig):
    """The stack deletes before it knows; a board whose time is over keeps what it had."""
    before = dict(rig.storage.files)
    await rig.connect(encrypted=False)
    # Somebody under the address of a host, whose secrets the stack deletes at once.
    assert rig.ble.event(30, (2, bytearray([5] * 7), None))
    assert not rig.ble.event(30, (2, bytearray([5] * 7), None))
    assert not bonded(rig, 5)
    sent_away = rig.ble.disconnected
    assert rig.ble.event(30, (2, bytearray([5] * 7), bytearray(b"x" * 40)))
    rig.ble.event(28, (1, 1, 0, 1, 16))
    assert rig.ble.disconnected == sent_away + 1
    assert not rig.app._peripheral.secure
    assert not bonded(rig, 5)
    await rig.disconnect()
    assert bonded(rig, 5)
    await rig.run(1000)
    assert rig.storage.files == before


async def a_second_central_is_sent_away_and_disturbs_nobody(rig):
    await rig.connect()
    sent_away = rig.ble.disconnected
    rig.ble.event(1, (2, 0, bytearray(b"\x22" * 6)))
    assert rig.ble.disconnected == sent_away + 1
    rig.ble.event(21, (2, 23))
    rig.ble.event(28, (2, 0, 0, 0, 0))
    assert rig.ble.event(4, (2, rig.status)) != 0
    rig.ble.event(2, (2, 0, bytearray(b"\x22" * 6)))
    peripheral = rig.app._peripheral
    assert (peripheral.connection, peripheral.att_mtu, peripheral.secure) == (1, 247, True)
    assert rig.ble.event(4, (1, rig.status)) == 0
    await rig.disconnect()


async def a_link_that_follows_at_once_under_the_same_handle_begins_afresh(rig):
    await rig.connect()
    await rig.ask(wire.CMD_STREAM, b"\x01")
    assert rig.app._stream.on
    rig.ble.event(2, (1, 0, bytearray(b"\x11" * 6)))
    await rig.connect()
    assert not rig.app._stream.on
    await rig.disconnect()


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
    # The stack must not take the store for full, or it deletes the oldest to make room.
    assert pair(rig, 9)
    assert rig.ble.disconnected == 1
    rig.ble.event(28, (1, 1, 0, 1, 16))
    assert not rig.app._peripheral.secure
    await rig.disconnect()
    assert not bonded(rig, 9)
    assert all(bonded(rig, number) for number in (2, 3, 4, 5))
    await nobody_is_forgotten_for_a_stranger(rig)
    # Those who have bonded come in as before.
    await rig.connect()
    assert rig.app._peripheral.secure
    await rig.disconnect()
    await a_second_central_is_sent_away_and_disturbs_nobody(rig)
    await a_link_that_follows_at_once_under_the_same_handle_begins_afresh(rig)
    # A long press opens it again.
    rig.app.open_pairing()
    await rig.connect(encrypted=False)
    assert pair(rig, 9)
    await rig.run(20)  # a task writes it to flash: the stack's own has no room for that
    # A host that lost its key gets a new one in that time; the old one is no use any more.
    assert rig.ble.event(30, (2, bytearray([9] * 7), None))
    assert rig.ble.event(30, (2, bytearray([9] * 7), bytearray([8] * 40)))
    await rig.disconnect()
    await rig.run(20)

    again = Rig(storage=rig.storage)
    await again.start()
    assert again.ble.event(29, (2, 0, bytearray([9] * 7))) == bytes([8] * 40)

    # Nobody listens: the air is used less.
    fast = again.ble.advertised[-1][0]
    await again.run(31_000)
    assert again.ble.advertised[-1][0] > 10 * fast


main(case)
