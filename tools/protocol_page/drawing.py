"""Layouts as text: rows of bytes, bits that were found by setting them, and tables."""

from __future__ import annotations

import re
import struct
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

_BYTES_PER_ROW: Final = 4
_BYTE_WIDTH: Final = 9
_WIDTH: Final = 100
_ITEM: Final = re.compile(r"- |\d+\. ")
_KINDS: Final = {"B": "u8", "H": "u16", "I": "u32"}


@dataclass(frozen=True)
class Field:
    """One field of a layout.

    Attributes:
        name: short enough for its box.
        meaning: one sentence or less.
    """

    name: str
    meaning: str


@dataclass(frozen=True)
class Layout:
    """A layout of the code, with names for its fields.

    Args:
        code: of `struct`, as the codec uses it.
        fields: one for each of its integers.
        tail: what follows, of a length that varies; None for nothing.

    Raises:
        ValueError: when the code has more or fewer fields than were named.
    """

    code: str
    fields: tuple[Field, ...]
    tail: Field | None = None

    def __post_init__(self) -> None:
        if len(self.code) != len(self.fields) + 1 or self.code[0] != "<":
            raise ValueError(f"{self.code} does not have {len(self.fields)} little endian fields")

    def places(self) -> Iterator[tuple[int, int, str, Field]]:
        """Yield offset and size in bytes, kind and field."""
        at = 0
        for letter, field in zip(self.code[1:], self.fields, strict=True):
            size = struct.calcsize("<" + letter)
            yield at, size, _KINDS[letter], field
            at += size

    @property
    def size(self) -> int:
        """Bytes of the fixed part."""
        return struct.calcsize(self.code)


def drawn(layout: Layout) -> str:
    """Return the layout as boxes, four bytes a row."""
    cells: list[str] = []
    for _, size, _, field in layout.places():
        cells += [field.name] * size
    if layout.tail is not None:
        cells += [f"{layout.tail.name} …"] * (_BYTES_PER_ROW - len(cells) % _BYTES_PER_ROW)
    head = "".join(f"{i:^{_BYTE_WIDTH + 1}}" for i in range(_BYTES_PER_ROW)).rstrip()
    lines = [f"byte  {head}"]
    shown: set[str] = set()
    for at in range(0, len(cells), _BYTES_PER_ROW):
        row = cells[at : at + _BYTES_PER_ROW]
        rule = "      " + ("+" + "-" * _BYTE_WIDTH) * len(row) + "+"
        lines += [rule, f"{at:4}  " + "".join(_boxes(row, shown)) + "|"]
    return "\n".join(["```text", *lines, rule, "```"])


def _boxes(row: Sequence[str], shown: set[str]) -> Iterator[str]:
    at = 0
    while at < len(row):
        name = row[at]
        size = 1
        while at + size < len(row) and row[at + size] == name:
            size += 1
        text = f"({name})" if name in shown else name
        shown.add(name)
        yield f"|{text:^{size * (_BYTE_WIDTH + 1) - 1}}"
        at += size


def listed(layout: Layout) -> str:
    """Return the layout as a table."""
    rows = [(str(at), kind, field.name, field.meaning) for at, _, kind, field in layout.places()]
    if layout.tail is not None:
        rows.append((str(layout.size), "bytes", layout.tail.name, layout.tail.meaning))
    return table(("byte", "type", "field", "meaning"), rows)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def bit_map(names: Sequence[str], bits: int, encode: Callable[[int, int], bytes]) -> str:
    """Draw which bit of which byte holds each bit of some values, found by setting it alone.

    Args:
        names: one letter for each value.
        bits: of each value.
        encode: returns the bytes with bit `bit` of value `index` set and all else clear.
    """
    size = len(encode(0, 0))
    held = [["."] * 8 for _ in range(size)]
    for index, name in enumerate(names):
        for bit in range(bits):
            for at, byte in enumerate(encode(index, bit)):
                for position in range(8):
                    if byte >> position & 1:
                        held[at][7 - position] = f"{name}{bit}"
    width = max(len(cell) for byte in held for cell in byte)
    lines = ["byte   bit " + " ".join(f"{7 - i:>{width}}" for i in range(8))]
    lines += [
        f"{at:4}       " + " ".join(f"{cell:>{width}}" for cell in byte)
        for at, byte in enumerate(held)
    ]
    return "\n".join(["```text", *lines, "```"])


def in_hex(data: bytes, per_row: int = 16) -> str:
    """Return bytes in hexadecimal, some to a row."""
    return "\n".join(data[at : at + per_row].hex(" ") for at in range(0, len(data), per_row))


def filled(text: str) -> str:
    """Return Markdown with its paragraphs and list items wrapped anew; all else as it was."""
    blocks = text.strip().split("\n\n")
    return "\n\n".join(_filled(block) for block in blocks) + "\n"


def _filled(block: str) -> str:
    if block.startswith(("```", "|", "#")):
        return block
    items: list[str] = []
    for line in block.splitlines():
        if items and not _ITEM.match(line):
            items[-1] += " " + line.strip()
        else:
            items.append(line)
    return "\n".join(_wrapped(item) for item in items)


def _wrapped(item: str) -> str:
    mark = _ITEM.match(item)
    indent = " " * len(mark.group()) if mark else ""
    return textwrap.fill(
        item, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
