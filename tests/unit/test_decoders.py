"""Every decoder of both ends takes any input, or refuses it by a named error.

`make soak` tries a million inputs on each, guided by coverage; here are some by chance.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.decoders import DECODERS, accepts
from fuzz.micropython import MICROPYTHON, run_on_board

ON_BOARD = Path(__file__).parents[1] / "fuzz" / "on_board.py"

edits = st.lists(
    st.tuples(
        st.integers(0, 600),
        st.sampled_from(["change", "insert", "delete", "cut"]),
        st.binary(max_size=3),
    ),
    max_size=4,
)


@pytest.mark.parametrize("name", DECODERS)
def test_what_is_meant_for_it_is_accepted(name: str) -> None:
    assert any(accepts(name, seed) for seed in DECODERS[name].seeds)


@pytest.mark.parametrize("name", DECODERS)
@settings(max_examples=40)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_accepted_or_refused_by_name(name: str, data: bytes) -> None:
    accepts(name, data)


@pytest.mark.parametrize("name", DECODERS)
@settings(max_examples=40)
@given(data=st.data())
def test_what_is_nearly_right_is_accepted_or_refused_by_name(
    name: str, data: st.DataObject
) -> None:
    changed = bytearray(data.draw(st.sampled_from(DECODERS[name].seeds)))
    for at, how, piece in data.draw(edits):
        if how == "change":
            changed[at : at + len(piece)] = piece
        elif how == "insert":
            changed[at:at] = piece
        elif how == "delete":
            del changed[at : at + 1 + len(piece)]
        else:
            del changed[at:]
    accepts(name, bytes(changed))


@pytest.mark.skipif(MICROPYTHON is None, reason="no MicroPython on this platform")
def test_the_board_s_decoders_hold_under_a_real_micropython() -> None:
    assert run_on_board(str(ON_BOARD), "1000", "2").endswith("passed\n")
