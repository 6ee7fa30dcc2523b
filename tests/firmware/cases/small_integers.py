"""Within the timer's call every number fits 31 bits: on a board longer ones would be allocated.

The MicroPython of these tests has 63 bits, so a long number passes there with the heap locked.
Here each sum, product and shift of the modules that sample is looked at as it is made.
"""

import ast
import importlib.abc
import importlib.machinery
import sys

LIMIT = 1 << 30  # small integers of a 32-bit MicroPython: -2**30 to 2**30 - 1
WATCHED = ("lullaflow_firmware.drivers.", "lullaflow_firmware.sampler", "lullaflow_firmware.ring")


class Watch:
    """Looks at numbers while it is on.

    Attributes:
        seen: how many.
        largest: by its absolute value.
    """

    def __init__(self):
        self.on = False
        self.seen = 0
        self.largest = 0

    def __call__(self, value):
        if self.on and isinstance(value, int):
            assert -LIMIT <= value < LIMIT, value
            self.seen += 1
            self.largest = max(self.largest, abs(value))
        return value


watch = Watch()


class Wrap(ast.NodeTransformer):
    def visit_BinOp(self, node):  # noqa: N802
        self.generic_visit(node)
        return ast.Call(ast.Name("_watch", ast.Load()), [node], [])

    def visit_AugAssign(self, node):  # noqa: N802
        self.generic_visit(node)
        target = ast.parse(ast.unparse(node.target), mode="eval").body
        value = ast.Call(
            ast.Name("_watch", ast.Load()), [ast.BinOp(target, node.op, node.value)], []
        )
        return ast.Assign([node.target], value)


class Loader(importlib.machinery.SourceFileLoader):
    def source_to_code(self, data, path, *, _optimize=-1):
        tree = ast.fix_missing_locations(Wrap().visit(ast.parse(data)))
        return compile(tree, path, "exec", dont_inherit=True)

    def get_code(self, fullname):
        return self.source_to_code(self.get_data(self.path), self.path)

    def exec_module(self, module):
        module._watch = watch
        super().exec_module(module)


class Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if not name.startswith(WATCHED) and name != "lullaflow_protocol.wire":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.origin is not None and "__init__" not in spec.origin:
            spec.loader = Loader(name, spec.origin)
        return spec


sys.meta_path.insert(0, Finder())
# ruff: noqa: E402 - what comes now is imported through it

from chips import Bus, ClockPin, DataPin, Hx711Chip, Lps33hwChip, MprChip, Time
from rig import Rig, main

from lullaflow_firmware.drivers.hx711 import Hx711
from lullaflow_firmware.drivers.lps33hw import SA0_LOW, Lps33hw
from lullaflow_firmware.drivers.mpr import ADDRESS, Mpr


async def case():
    time = Time()
    bus = Bus({SA0_LOW: Lps33hwChip(time), ADDRESS: MprChip(time)})
    cells = [Hx711Chip(time), Hx711Chip(time)]
    rig = Rig(
        sensors=(
            Lps33hw(bus, SA0_LOW),
            Hx711(DataPin(cells[0]), ClockPin(cells[0])),
            Mpr(bus),
            Hx711(DataPin(cells[1]), ClockPin(cells[1])),
        ),
        start_ms=LIMIT - 20_000,
    )
    await rig.start()
    rig.app._settings.scales = [2 * 4096 - 1, 2048]
    rig.app.ring.next_low, rig.app.ring.next_high = 0xFFF8, 0xFFFF
    tick = rig.board.callback
    # Everything that the chips can say: both ends of their ranges, and beyond.
    extremes = (
        (1013, 101_325, 0),
        (260, 0, 0x7FFFFF),
        (1260, 172_300, -0x800000),
        (0, 172_400, 0x7FFFFE),
        (2047, 101_325, -0x7FFFFF),
        (700, 50_000, 1_000_000),
    )
    for air_hpa, air_pa in ((1260, 172_300), (261, 200), (1013, 101_325)):
        for hpa, pa, code in extremes:
            bus.chips[SA0_LOW].hpa, bus.chips[ADDRESS].pa = air_hpa, air_pa
            for chip_hpa, chip_pa, chip_code in ((air_hpa, air_pa, 0), (hpa, pa, code)):
                bus.chips[SA0_LOW].hpa, bus.chips[ADDRESS].pa = chip_hpa, chip_pa
                cells[0].code, cells[1].code = chip_code, -chip_code // 2
                for _ in range(130):
                    rig.clock.now_ms += 20
                    time.us += 20_000
                    watch.on = True
                    tick(None)
                    watch.on = False
    assert watch.seen > 100_000 and watch.largest > LIMIT // 2, (watch.seen, watch.largest)


main(case)
