"""The board's own decoders under random and mutated inputs; runs on MicroPython: INPUTS SEED.

What the board takes from outside: commands, and what it finds on its flash. The rest of the codec
runs there as well, so it is tried along.
"""

import gc
import random
import struct
import sys

from lullaflow_firmware.bonds import Bonds
from lullaflow_firmware.bthome import Bthome
from lullaflow_firmware.commands import Commands
from lullaflow_firmware.log import Log
from lullaflow_firmware.records import Record
from lullaflow_firmware.ring import Ring
from lullaflow_firmware.settings import Settings
from lullaflow_firmware.stream import Stream
from lullaflow_protocol import wire

GROWTH_BYTES = 20_000  # what may stay between two looks at the heap: caches, interned names


class Flash:
    def __init__(self):
        self.files = {}

    def read(self, name):
        return self.files.get(name)

    def write(self, name, data):
        self.files[name] = bytes(data)


class Sampler:
    flags = wire.ALL_CHANNELS
    late_ticks = 0
    worst_late_ms = 0

    def steady_raw(self, side):
        return 5000 + 1000 * side


class Air:
    def rename(self):
        pass


def frame():
    buf = bytearray(wire.MAX_FRAME_SIZE)
    vacuum = [wire.vacuum_raw(100.0)] * 25
    weight = [wire.weight_raw(20.0)] * 5
    channels = (vacuum, weight, vacuum, weight)
    size = wire.encode_frame_into(buf, wire.ALL_CHANNELS, 7, 41, 0, 20500, 0, channels, 25, 5)
    return bytes(buf[:size])


def sealed(name, payload):
    flash = Flash()
    Record(flash, name, 1).save(payload)
    return flash.files[name + ".0"]


def mutated(seeds):
    kind = random.randrange(8)
    if kind == 0:
        return bytes(random.getrandbits(8) for _ in range(random.randrange(40)))
    data = bytearray(seeds[random.randrange(len(seeds))])
    for _ in range(kind):
        at = random.randrange(len(data) + 1)
        what = random.randrange(4)
        if what == 0:
            data = data[:at]
        elif what == 1:
            data = data[:at] + bytes((random.getrandbits(8),)) + data[at:]
        elif what == 2:
            data = data[:at] + data[at + 1 :]
        elif at < len(data):
            data[at] = random.getrandbits(8)
    return bytes(data)


def board():
    flash = Flash()
    settings = Settings(flash, "Lullaflow CAFE")
    stream = Stream(Ring(8, 16))
    log, bthome = Log(flash, 1), Bthome(flash, bytes(6))
    return Commands(
        settings, Sampler(), stream, Air(), lambda seconds: None, lambda: 0, log, bthome
    )


COMMANDS = (
    b"\x01\x01\x01\x01",
    b"\x01\x02\x02\x00\x00\x00\x00\x08\x00",
    b"\x01\x03\x03",
    b"\x01\x04\x04\x0a",
    b"\x01\x05\x05\x03",
    b"\x01\x06\x06\x01\xa0\x86\x01\x00",
    b"\x01\x07\x07Nachtlicht",
    b"\x01\x08\x08\x00",
    b"\x01\x09\x09\x01" + b"k" * 16,
)
STATUS = wire.encode_status(wire.Status((0, 1, 0), 7, 0, 9, 5, 1, (0, 0, 0, 0)))
REPLY = wire.encode_reply(wire.CMD_REPLAY, 9, wire.OK, struct.pack("<IH", 5, 6))
BOND = b"\x01\x07\x18" + b"\x02" * 7 + b"secret" * 4
SETTINGS = struct.pack("<HHHHHB", 3, 5000, 4096, 5000, 4096, 5) + b"Light"
FRAME = frame()


def try_one(commands, reassembler):
    """Give each decoder an input; return how many were accepted."""
    accepted = 0
    data = mutated(COMMANDS)
    answer = wire.decode_reply(commands.answer(data))
    accepted += answer[2] == wire.OK
    for decode, seeds in (
        (wire.decode_frame, (FRAME,)),
        (wire.decode_status, (STATUS,)),
        (wire.decode_command, COMMANDS),
        (wire.decode_reply, (REPLY,)),
        (reassembler.push, (b"\x00ab", b"\x81cd", b"\x80" + FRAME)),
    ):
        try:
            decode(mutated(seeds))
            accepted += 1
        except wire.WireError:
            pass
    flash = Flash()
    flash.files["settings.0"] = sealed("settings", mutated((SETTINGS,)))
    flash.files["settings.1"] = mutated((sealed("settings", SETTINGS),))
    flash.files["bonds.0"] = sealed("bonds", mutated((BOND, BOND + BOND)))
    flash.files["bonds.1"] = mutated((sealed("bonds", BOND),))
    settings = Settings(flash, "plain")
    assert 0 < len(settings.name.encode()) <= wire.MAX_NAME_SIZE
    settings.save()
    accepted += Bonds(flash).get(1, 0, None) is not None
    return accepted


def main():
    inputs, seed = int(sys.argv[1]), int(sys.argv[2])
    random.seed(seed)
    commands, reassembler = board(), wire.Reassembler()
    accepted = 0
    held = None
    for turn in range(inputs):
        accepted += try_one(commands, reassembler)
        if turn % 1000 == 0 and hasattr(gc, "mem_alloc"):
            gc.collect()
            if held is None:
                held = gc.mem_alloc()
            assert gc.mem_alloc() < held + GROWTH_BYTES, "the heap grows"
    assert accepted > inputs / 10, "hardly anything was accepted"
    print(inputs, "inputs a decoder,", accepted, "accepted in all")
    print("passed")


main()
