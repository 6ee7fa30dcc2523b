"""Fuzz one decoder, guided by coverage: `python -m fuzz DECODER RUNS CORPUS [plant]`.

With `plant`, an accepted input is a fault: so one sees that the fuzzer gets so far, and that it
ends as it should when something is wrong.
"""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["lullaflow", "lullaflow_protocol", "lullaflow_firmware"]):
    from fuzz.decoders import DECODERS, accepts

SLOWEST_S = 5
MOST_MB = 512


def main() -> None:
    name, runs, corpus = sys.argv[1:4]
    planted = sys.argv[4:] == ["plant"]
    for number, seed in enumerate(DECODERS[name].seeds):
        Path(corpus, f"seed{number}").write_bytes(seed)

    def try_one(data: bytes) -> None:
        if accepts(name, data) and planted:
            raise AssertionError("planted")

    options = (
        f"-runs={runs}",
        f"-timeout={SLOWEST_S}",
        f"-rss_limit_mb={MOST_MB}",
        f"-max_len={DECODERS[name].longest}",
        f"-artifact_prefix={corpus}/",
        "-print_final_stats=1",
    )
    atheris.Setup([sys.argv[0], *options, corpus], try_one)
    atheris.Fuzz()


main()
