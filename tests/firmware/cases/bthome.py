"""BTHome: the published example byte for byte, a counter that never repeats, on and off."""

import binascii
import struct

from rig import PowerCut, Rig, Storage, main

from lullaflow_firmware import bthome as module
from lullaflow_firmware.bthome import Bthome, ccm
from lullaflow_protocol import wire

unhex = binascii.unhexlify
MAC = unhex("5448e68f80a5")
KEY = unhex("231d39c1d7cc1ab1aee224cd096db932")

# The example of https://bthome.io/encryption.
assert ccm(KEY, MAC + unhex("d2fc4100112233"), unhex("02ca0903bf13")) == (
    unhex("a47266c95f73"),
    unhex("78237214"),
)


def counter(data):
    assert len(data) == 25 and data[:8] == unhex("02010615" + "16d2fc41"), data
    return struct.unpack_from("<I", data, 17)[0]


def the_counter_never_repeats():
    # The power goes at any byte of any write, after any number of packets.
    module._COUNTERS_A_WRITE = 4
    storage = Storage()
    Bthome(storage, MAC).set_key(KEY)
    last, cuts = 0, 0
    for cut in range(34):
        for whole in range(6):
            bthome = Bthome(storage, MAC)
            for packet in range(whole + 5):
                storage.cut_after = None if packet < whole else cut
                try:
                    now = counter(bthome.advertisement(50, False, 0))
                except PowerCut:
                    cuts += 1
                    break
                assert now > last
                last = now
            storage.cut_after = None
    assert cuts == 34 * 6
    module._COUNTERS_A_WRITE = 4096

    class Full:
        def read(self, name):
            return storage.read(name)

        def write(self, name, data):
            raise OSError(28)

    # A flash that refuses ends the broadcasts rather than repeat one.
    assert Bthome(Full(), MAC).advertisement(50, False, 0) is None


async def case():
    the_counter_never_repeats()
    rig = Rig()
    await rig.start()

    def broadcasts():
        found = [data for _, data, _ in rig.ble.advertised if b"\x16\xd2\xfc" in data]
        del rig.ble.advertised[:]
        return found

    await rig.run(30_000)
    assert not broadcasts()  # nobody asked for it
    await rig.connect()
    assert (await rig.ask(wire.CMD_BTHOME, b"\x01" + KEY[:15]))[0] == wire.BAD_LENGTH
    assert (await rig.ask(wire.CMD_BTHOME, b""))[0] == wire.BAD_LENGTH
    assert (await rig.ask(wire.CMD_BTHOME, b"\x00\x00"))[0] == wire.BAD_LENGTH
    assert (await rig.ask(wire.CMD_BTHOME, b"\x02"))[0] == wire.BAD_VALUE
    assert (await rig.ask(wire.CMD_BTHOME, b"\x01" + KEY))[0] == wire.OK
    await rig.run(30_000)
    assert not broadcasts()  # a host is connected
    await rig.disconnect()
    await rig.run(30_000)
    whole = list(rig.ble.advertised)
    counters = [counter(data) for data in broadcasts()]
    assert 5 <= len(counters) <= 7 and counters == sorted(set(counters))
    # In between hosts see who we are, as ever, and always by name.
    ours = [data for _, data, _ in whole if b"\x16\xd2\xfc" not in data]
    assert len(ours) >= 5 and all(resp is not None for _, _, resp in whole)
    await rig.stop()

    # It goes on after a reset with other counters, until it is switched off.
    rig = Rig(storage=rig.storage)
    await rig.start()
    await rig.run(6_000)
    assert min(counter(data) for data in broadcasts()) > max(counters)
    await rig.connect()
    assert (await rig.ask(wire.CMD_BTHOME, b"\x00"))[0] == wire.OK
    await rig.disconnect()
    broadcasts()
    await rig.run(6_000)
    assert not broadcasts()
    await rig.stop()
    rig = Rig(storage=rig.storage)
    await rig.start()
    await rig.run(6_000)
    assert not broadcasts()
    # Whoever holds the button takes the key away as well.
    await rig.connect()
    await rig.ask(wire.CMD_BTHOME, b"\x01" + KEY)
    await rig.press(10_500)
    await rig.disconnect()
    broadcasts()
    await rig.run(6_000)
    assert not broadcasts()


main(case)
