"""Same seed, same session, to the last bit: on every platform, Python, NumPy and processor."""

import ast
import hashlib
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lullaflow_sim
from lullaflow_sim import exact
from lullaflow_sim.chance import stream
from lullaflow_sim.generate import generate_session
from lullaflow_sim.generate.files import to_csv, truth

ROOT = Path(lullaflow_sim.__file__).parent

KNOWN_DIGESTS = {
    ("clean", 7): "01a792d46755cf1b",
    ("typical", 7): "ad9598ff2dd1f269",
    ("hard", 2228): "f8b69f7bd2944f00",  # all kinds of touches, leaks, clogs, pauses, cues
    ("dry", 7): "821583aa1433d585",
    ("volume_only", 7): "231c93ad4e4034cd",
}
"""Of CSV and truth together. They change only when the body is changed on purpose. Found to be the
same with Python 3.11 to 3.13, NumPy 2.2 to 2.4, with and without AVX2 and AVX-512."""

DIGEST = f"""
import sys; sys.path.insert(0, {str(ROOT.parent)!r})
import hashlib, json
from lullaflow_sim.generate import generate_session
from lullaflow_sim.generate.files import to_csv, truth
session = generate_session("hard", 2228)
print(hashlib.sha256((to_csv(session) + json.dumps(truth(session))).encode()).hexdigest()[:16])
"""

WIDE_INSTRUCTIONS = "AVX2 FMA3 AVX512F AVX512_SKX AVX512_ICL AVX512_SPR X86_V3 X86_V4 ASIMDHP SVE"

DIFFERS = {
    *("np.exp", "np.exp2", "np.expm1", "np.log", "np.log1p", "np.power", "np.sin", "np.cos"),
    *("np.tan", "np.tanh", "np.arctan", "np.hypot", "np.interp", "np.convolve", "np.correlate"),
    *("np.dot", "np.matmul", "np.sum", "np.mean", "np.std", "np.var", "np.random.default_rng"),
    *("math.exp", "math.log", "math.pow", "math.sin", "math.cos", "math.tan", "math.tanh"),
}
"""Functions whose last bit depends on the C library, the processor or the version of NumPy."""

PURE = [
    *(path for folder in ("body", "pump", "sensors") for path in (ROOT / folder).glob("*.py")),
    *(ROOT / f"{name}.py" for name in ("bottle", "chance", "course", "exact", "let_downs")),
    *(ROOT / "generate" / f"{n}.py" for n in ("accidents", "conditions", "drawing", "session")),
    ROOT / "scenarios" / "planning.py",
]


@pytest.mark.parametrize(("family", "seed"), KNOWN_DIGESTS)
def test_a_seed_gives_the_same_files_everywhere(family, seed):
    session = generate_session(family, seed)
    files = to_csv(session) + json.dumps(truth(session))
    assert hashlib.sha256(files.encode()).hexdigest()[:16] == KNOWN_DIGESTS[family, seed]


def test_a_processor_without_wide_instructions_makes_the_same():
    run = subprocess.run(
        [sys.executable, "-c", DIGEST],
        env={**os.environ, "NPY_DISABLE_CPU_FEATURES": WIDE_INSTRUCTIONS},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == KNOWN_DIGESTS["hard", 2228]


@pytest.mark.parametrize("path", PURE, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_used_whose_last_bit_depends_on_the_machine(path):
    tree = ast.parse(path.read_text("utf-8"))
    used = {ast.unparse(each) for each in ast.walk(tree) if isinstance(each, ast.Attribute)}
    assert used & DIFFERS == set()
    raised = [each for each in ast.walk(tree) if isinstance(each, ast.BinOp)]
    powers = [each for each in raised if isinstance(each.op, ast.Pow | ast.MatMult)]
    # Whole powers of plus or minus a power of two are exact.
    assert all(ast.unparse(each.left) in {"2.0", "-1.0"} for each in powers)
    methods = {each.attr for each in ast.walk(tree) if isinstance(each, ast.Attribute)}
    assert methods.isdisjoint({"std", "mean", "var", "dot"})


@given(st.floats(-600, 600))
def test_exp_is_right_and_the_same_for_numbers_and_arrays(x):
    assert exact.exp(x) == pytest.approx(math.exp(x), rel=1e-14)
    assert exact.exp(np.full(5, x)).tolist() == [exact.exp(x)] * 5


@given(st.floats(1e-300, 1e300))
def test_log_is_right_and_the_same_for_numbers_and_arrays(x):
    assert exact.log(x) == pytest.approx(math.log(x), rel=1e-14, abs=1e-15)
    assert exact.log(np.full(5, x)).tolist() == [exact.log(x)] * 5


@given(st.just(0.0) | st.floats(1e-9, 1e6), st.floats(0.01, 3))
def test_powers_are_right(x, exponent):
    assert exact.power(x, exponent) == pytest.approx(x**exponent, rel=1e-12)
    assert exact.power(np.full(5, x), exponent).tolist() == [exact.power(x, exponent)] * 5


@given(st.floats(-1000, 1000))
def test_sine_and_cosine_are_right(turns):
    angle = 2.0 * math.pi * (turns - round(turns))
    assert exact.sine(turns) == pytest.approx(math.sin(angle), abs=1e-12)
    assert exact.cosine(turns) == pytest.approx(math.cos(angle), abs=1e-12)
    assert exact.sine(np.full(5, turns)).tolist() == [exact.sine(turns)] * 5


def test_a_table_is_read_on_a_line_between_its_points():
    table = np.array([0.0, 1.0, 0.0, 4.0])
    places = np.array([0.0, 0.5, 1.0, 1.5, 2.5, 3.0]) / 3.0
    assert exact.look_up(table, places) == pytest.approx([0.0, 0.5, 1.0, 0.5, 2.0, 4.0])


def test_chance_has_the_spread_that_it_promises():
    chance = stream(1, "any")
    normals = chance.normals(40_000)
    assert (normals.mean(), normals.std()) == pytest.approx((0.0, 1.0), abs=0.02)
    assert (np.abs(normals) > 1.96).mean() == pytest.approx(0.05, abs=0.005)
    assert (normals**4).mean() == pytest.approx(3.0, abs=0.15)
    evens = np.array([chance.random() for _ in range(20_000)])
    assert evens.min() >= 0.0
    assert evens.max() < 1.0
    assert (evens.mean(), evens.var()) == pytest.approx((0.5, 1 / 12), abs=0.01)
    times = np.array([chance.times(2.5) for _ in range(5_000)])
    assert (times.mean(), times.var()) == pytest.approx((2.5, 2.5), abs=0.2)
    assert {chance.below(3) for _ in range(100)} == {0, 1, 2}
    assert (np.array([chance.evenly(1.0, 100.0) for _ in range(5_000)]) < 10.0).mean() == (
        pytest.approx(0.5, abs=0.03)
    )


def test_streams_of_other_names_and_seeds_differ():
    first = [stream(seed, name).random() for seed in (1, 2) for name in ("a", "b")]
    assert len(set(first)) == 4
    assert stream(1, "a").random() == first[0]
