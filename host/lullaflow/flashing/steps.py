"""The steps of flashing, in an order in which every moment leaves a firmware that starts.

The new firmware goes into the slot that does not run. Only when every file of it is whole there
does one small file say that it runs from the next start on, on trial. It has to report in;
otherwise the former one runs again: we see to that, and the board does too when we cannot.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

from lullaflow.flashing.board import Board, Chip
from lullaflow.flashing.errors import BoardLostError, FlashError
from lullaflow.flashing.package import MAIN, MANIFEST, Package
from lullaflow.flashing.slots import Slots, folder_of, trial_after

REPORT_WITHIN_S: Final = 30.0
"""A firmware reports in about 8 s after a reset; one that crashes three times is given up by the
board itself before this."""

MICROPYTHON: Final = (1, 29)
"""The oldest that the firmware is tried with: an older one may read its files, and then
fail at what it lacks."""

_SPARE: Final = 16_384
"""Bytes that stay free on the flash, for settings and bonds."""

Progress = Callable[[str, int, int], None]
"""Told what is done now, and how many bytes of how many are on the board."""


@dataclass(frozen=True, slots=True)
class Flashed:
    """A firmware that was put on a board and works there.

    Attributes:
        version: of it.
        board: which.
    """

    version: str
    board: str


def flash(
    packages: Sequence[Package],
    port: str,
    board_name: str | None,
    progress: Progress,
    report_within_s: float = REPORT_WITHIN_S,
) -> Flashed:
    """Put a firmware on a board.

    Args:
        packages: the firmwares at hand.
        port: where the board is.
        board_name: which board it is; None to take the firmware that fits.
        progress: told how far it is.
        report_within_s: how long a new firmware has to report in.

    Raises:
        FlashError: it could not be done; the board runs what it ran before.
    """
    with closing(Board(port)) as board:
        try:
            package = _choose(packages, board.chip(), board_name)
            then = _put_beside(board, package, progress)
            progress("waiting for the new firmware", 0, 0)
            board.reset()
        except BoardLostError:
            raise
        except BaseException:
            # Its program was interrupted: without this it would stand still for minutes.
            board.reset_whatever_it_does()
            raise
        _await(board, then, report_within_s)
    return Flashed(package.manifest.version, package.board)


def _put_beside(board: Board, package: Package, progress: Progress) -> Slots:
    """Put a firmware beside the one that runs, to be tried at the next start."""
    now = board.slots()
    then = trial_after(now)
    if now is not None and now.former is not None:
        # A trial that nobody saw the end of ends here: its slot is written next.
        board.set_slots(Slots(now.former))
    _copy(board, package, folder_of(then.runs), progress)
    _replace_main(board, package.contents[MAIN])
    board.set_slots(then)
    return then


def _choose(packages: Sequence[Package], chip: Chip, board_name: str | None) -> Package:
    named = [each for each in packages if board_name in (None, each.board)]
    if not named:
        known = ", ".join(each.board for each in packages)
        raise FlashError(f"There is no firmware for a board {board_name}; there is for: {known}.")
    fitting = [each for each in named if each.manifest.chip in chip.machine]
    if not fitting:
        raise FlashError(
            f"The board says that it is a {chip.machine}, and the firmware is for "
            f"{' or '.join(each.manifest.chip for each in named)}. Plug in another board, or leave "
            "--board out."
        )
    package = fitting[0]
    if chip.mpy != package.manifest.mpy or chip.micropython < MICROPYTHON:
        raise FlashError(
            f"The board has MicroPython {_dotted(chip.micropython)}, which cannot run this "
            f"firmware. Put MicroPython {_dotted(MICROPYTHON)} on it (docs/hardware.md tells how) "
            "and try again."
        )
    needed = sum(map(len, package.contents.values())) + _SPARE
    if chip.free < needed:
        raise FlashError(
            f"The board has {chip.free // 1024} KB free, and the firmware needs "
            f"{needed // 1024} KB. Remove what is not lullaflow's from it (`mpremote rm`)."
        )
    return package


def _dotted(version: Sequence[int]) -> str:
    return ".".join(map(str, version))


def _copy(board: Board, package: Package, folder: str, progress: Progress) -> None:
    """Fill a slot: the manifest last, so that a slot that has one is whole."""
    board.remove_tree(folder)
    board.make_folder(folder)
    files = {path: data for path, data in package.contents.items() if path not in (MAIN, MANIFEST)}
    total, done = sum(map(len, files.values())), 0
    for below in sorted({path.rpartition("/")[0] for path in files}):
        parts = below.split("/") if below else []
        for depth in range(1, len(parts) + 1):
            board.make_folder("/".join([folder, *parts[:depth]]))
    for path, data in files.items():

        def tell(written: int, path: str = path, done: int = done) -> None:
            progress(path, done + written, total)

        _put(board, f"{folder}/{path}", data, tell)
        done += len(data)
    _put(board, f"{folder}/{MANIFEST}", package.contents[MANIFEST], lambda _: None)


def _put(board: Board, path: str, data: bytes, tell: Callable[[int], None]) -> None:
    """Write a file and let the board read it back.

    Raises:
        FlashError: what it reads is not what was sent.
    """
    board.write(path, data, tell)
    if board.hash(path) != hashlib.sha256(data).digest():
        raise FlashError(
            f"{path} arrived damaged, so the former firmware stays. Try another cable or port; if "
            "it happens again, the board's flash is worn out."
        )


def _replace_main(board: Board, main: bytes) -> None:
    """Replace the program that chooses between the slots, if it is another one."""
    if board.hash(MAIN) != hashlib.sha256(main).digest():
        _put(board, f"{MAIN}.checked", main, lambda _: None)
        board.replace(MAIN, main)


def _await(board: Board, then: Slots, within_s: float) -> None:
    """Wait until the new firmware reports in, and go back to the former one if it does not.

    Raises:
        FlashError: it did not.
    """
    report = board.next_report(within_s)
    if report is not None and report.slot == then.runs:
        return
    if then.former is None:
        raise FlashError(
            "The firmware is on the board but has not reported in. Press the reset button; if its "
            "LED shows nothing within ten seconds (docs/hardware.md), check the wiring."
        )
    if report is None and board.interrupt_again():
        if board.slots() == Slots(then.runs):
            # It has reported in, while the port was away.
            board.reset()
            return
        board.set_slots(Slots(then.former))
        board.reset()
        report = board.next_report(within_s)
    if report is not None:
        raise FlashError(
            "The new firmware did not report in, so the board runs the former one again "
            f"({report.version}). Please tell us what `mpremote` shows when it starts."
        )
    raise FlashError(
        "The new firmware did not report in, and the board does not answer. Switch it off and on "
        "three times: then it runs the former one again by itself."
    )
