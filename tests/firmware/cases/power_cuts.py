"""The power goes at every byte of every write: afterwards the old or the new is there, whole."""

import struct

import bluetooth
from rig import Board, Clock, PowerCut, Sensor, Storage

from lullaflow_firmware.app import Application
from lullaflow_firmware.bonds import Bonds
from lullaflow_firmware.bthome import Bthome
from lullaflow_firmware.log import Log
from lullaflow_firmware.settings import Settings
from lullaflow_protocol import wire


def cut_at_every_byte(make, change, look):
    """Check one kind of record.

    Args:
        make: reads it from a storage.
        change: changes and writes it, by a number.
        look: returns what it says.
    """
    storage = Storage()
    change(make(storage), 1)
    change(make(storage), 2)
    size = max(len(data) for data in storage.files.values())
    cuts = 0
    for cut in range(size + 1):
        for number in (3, 4):
            before = look(make(storage))
            kept = dict(storage.files)
            storage.cut_after = cut
            try:
                change(make(storage), number)
            except PowerCut:
                cuts += 1
            storage.cut_after = None
            after = look(make(storage))
            expected = Storage()
            expected.files = dict(kept)
            change(make(expected), number)
            assert after in (before, look(make(expected))), (cut, before, after)
            storage.files = kept
            change(make(storage), number)
    assert cuts == 2 * (size + 1)


def rename(settings, number):
    settings.name = "pump %d" % number
    settings.zeros = [number, 2 * number]
    settings.save()


def bond(bonds, number):
    bonds.set(2, bytes([number] * 7), bytes([number] * 30))
    bonds.save()


def note(log, number):
    log.reset(number)


def key(bthome, number):
    bthome.set_key(bytes([number] * 16))


class CutStorage(Storage):
    """Flash in which the power goes within the write of a number, after some share of its bytes.

    Args:
        files: what is on it.
        write: number of that write, from 0.
        share: of its bytes, in quarters.
    """

    def __init__(self, files, write, share):
        super().__init__()
        self.files = dict(files)
        self._left = write
        self._share = share

    def write(self, name, data):
        if self._left == 0:
            self.cut_after = len(data) * self._share // 4
        self._left -= 1
        super().write(name, data)


def live(storage):
    """Boot the whole application, and let it write everything that it ever writes."""
    sensors = (Sensor(wire.vacuum_raw(0)), Sensor(wire.weight_raw(30)), None, None)
    clock, board = Clock(), Board(sensors, wire.RESET_WATCHDOG, None)
    app = Application(bluetooth.BLE(), clock, board, storage)
    app._sampler.start()
    for _ in range(60):
        clock.now_ms += 20
        app._sampler.tick(None)
    before = seen(app)
    for opcode, payload in (
        (wire.CMD_TARE, b"\x01"),
        (wire.CMD_SET_NAME, b"Night %d" % app.boot_id),
        (wire.CMD_BTHOME, b"\x01" + bytes([app.boot_id] * 16)),
    ):
        answer = app._commands.answer(wire.encode_command(opcode, 1, payload))
        assert wire.decode_reply(answer)[2] == wire.OK, answer
    app._bthome.advertisement(50, False, 0)
    app._bonds.set(2, bytes([app.boot_id]), bytes([app.boot_id] * 20))
    app._bonds.save()
    app._log.faults((wire.FAULT_ABSENT, 0, 0, 0), 9)
    return before, seen(app)


def seen(app):
    """Return what a person could see of what is kept: each part is old or new, never a mixture."""
    log = struct.unpack("<B", app._log.reply(255))[0]
    return (
        app._settings.name,
        tuple(app._settings.zeros),
        tuple(secret[2] for secret in app._bonds._secrets),
        app._bthome._key,
        log,
    )


def the_whole_application():
    first = Storage()
    live(first)
    writes = 0
    while True:
        whole = Storage()
        whole.files = dict(first.files)
        before, after = live(whole)
        cut = False
        for share in range(5):
            flash = CutStorage(first.files, writes, share)
            try:
                live(flash)
            except PowerCut:
                cut = True
            again = Storage()
            again.files = flash.files
            found, _ = live(again)
            for part in range(4):
                assert found[part] in (before[part], after[part]), (writes, share, found)
            # The log loses at most the line that was being written; each start adds one.
            assert before[4] <= found[4] <= after[4] + 1, (writes, share, found[4])
        if not cut:
            return writes
        writes += 1


cut_at_every_byte(lambda s: Settings(s, "new"), rename, lambda s: (s.name, s.zeros))
cut_at_every_byte(Bonds, bond, lambda b: b._secrets)
cut_at_every_byte(lambda s: Log(s, 7), note, lambda log: log._entries)
cut_at_every_byte(lambda s: Bthome(s, bytes(6)), key, lambda b: b._key)
assert the_whole_application() >= 8
print("passed")
