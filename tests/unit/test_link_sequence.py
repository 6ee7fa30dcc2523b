"""Frames in order and once, whatever the link does to them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from lullaflow.link.intake import Intake
from lullaflow.link.sequence import MODULUS, Gap, Sequencer, ahead
from lullaflow_protocol import wire

seqs = st.integers(0, MODULUS - 1)
# Starts near the counter's end, so that runs wrap around.
starts = st.one_of(seqs, st.integers(MODULUS - 40, MODULUS - 1), st.integers(0, 5))


@given(seqs, st.integers(-(1 << 30), 1 << 30))
def test_ahead_counts_across_the_wrap(seq, distance):
    assert ahead((seq + distance) % MODULUS, seq) == distance


@given(start=starts, order=st.permutations(range(30)), twice=st.sets(st.integers(0, 29)))
def test_any_order_and_any_repetition_gives_each_once_in_order(start, order, twice):
    sequencer = Sequencer(start)
    out = []
    for offset in order:
        for _ in range(1 + (offset in twice)):
            out += sequencer.push((start + offset) % MODULUS, offset)
    assert out == list(range(30))
    assert sequencer.gap() is None
    assert sequencer.lost == 0


@given(start=starts, came=st.sets(st.integers(0, 60)), late=st.booleans())
def test_what_is_given_up_is_counted_exactly(start, came, late):
    sequencer = Sequencer(start)
    out = []
    for offset in sorted(came, reverse=late):
        out += sequencer.push((start + offset) % MODULUS, offset)
    out += sequencer.finish()
    assert out == sorted(came)
    assert sequencer.lost == (max(came) + 1 - len(came) if came else 0)
    assert sequencer.gap() is None


@given(starts, st.integers(1, 50))
def test_gap_names_what_is_missing(start, count):
    sequencer = Sequencer(start)
    assert list(sequencer.push((start + count) % MODULUS, "later")) == []
    assert sequencer.gap() == Gap(start % MODULUS, count)
    assert list(sequencer.give_up(count)) == ["later"]
    assert sequencer.lost == count


def test_a_frame_that_came_before_is_dropped():
    sequencer = Sequencer(10)
    assert list(sequencer.push(9, "before")) == []
    assert sequencer.gap() is None


# -- the same against a board with a ring, cut off and switched off at any moment


RING = 12


class Board:
    """A board that keeps its last frames."""

    def __init__(self, first_seq: int) -> None:
        self.boot_id = 0xFFFE
        self.next_seq = first_seq
        self.kept: list[bytes] = []
        self.encoded: list[tuple[int, int]] = []

    def sample(self) -> None:
        buffer = bytearray(256)
        high, low = divmod(self.next_seq, 1 << 16)
        channels = ((), (5,), (), ())
        size = wire.encode_frame_into(
            buffer, wire.HAS_LEFT_WEIGHT, self.boot_id, low, high, 0, 0, channels, 0, 1
        )
        self.kept = [*self.kept, bytes(buffer[:size])][-RING:]
        self.encoded.append((self.boot_id, self.next_seq))
        self.next_seq = (self.next_seq + 1) % MODULUS

    def reboot(self) -> None:
        self.boot_id = (self.boot_id + 1) & 0xFFFF
        self.next_seq = 0
        self.kept = []

    def status(self) -> wire.Status:
        newest = (self.next_seq - 1) % MODULUS
        oldest = (self.next_seq - len(self.kept)) % MODULUS
        return wire.Status((0, 1, 0), self.boot_id, oldest, newest, 0, 0, (0, 0, 0, 0))


class Link(RuleBasedStateMachine):
    """A board and a host's intake, and all that can come between them."""

    def __init__(self) -> None:
        super().__init__()
        self.intake = Intake()
        self.got: list[tuple[int, int]] = []
        self.lost = 0
        self.followed_from: dict[int, int] = {}
        self.connected = self.met = False
        self.under_way: list[bytes] = []

    @initialize(first=starts)
    def switch_on(self, first: int) -> None:
        self.board = Board(first)

    @rule(count=st.integers(1, 2 * RING))
    def sample(self, count: int) -> None:
        for _ in range(count):
            self.board.sample()
            if self.connected:
                self.under_way.append(self.board.kept[-1])

    @rule(shuffle=st.randoms())
    def arrive(self, shuffle) -> None:
        """What is under way arrives in any order, some of it twice."""
        arriving = [*self.under_way, *self.under_way[:2]]
        shuffle.shuffle(arriving)
        self.under_way = []
        for raw in arriving:
            self._note(self.intake.take(raw, replayed=False))

    @rule()
    def cut(self) -> None:
        self.connected, self.under_way = False, []

    @rule()
    def reboot(self) -> None:
        self.board.reboot()
        self.cut()

    @precondition(lambda self: self.got)
    @rule()
    def restart(self) -> None:
        self.intake = Intake()
        self.intake.resume_after(*self.got[-1])
        known = {boot for boot, _ in self.got}
        self.followed_from = {b: seq for b, seq in self.followed_from.items() if b in known}
        self.cut()

    @precondition(lambda self: not self.connected)
    @rule()
    def connect(self) -> None:
        status = self.board.status()
        self._note(self.intake.begin(status))
        # The first start is followed from where the host came in, later ones from their beginning.
        first = 0 if self.met else self.intake.expected
        self.met = True
        self.followed_from.setdefault(status.boot_id, first)
        missing = self.intake.missing_before((status.newest_seq + 1) % MODULUS)
        self._note(self.intake.give_up(max(0, missing - len(self.board.kept))))
        for raw in self.board.kept:
            self._note(self.intake.take(raw, replayed=True))
        self.lost += self.intake.report().lost
        self.connected = True

    @invariant()
    def each_once_in_order_and_the_rest_counted(self) -> None:
        assert len(set(self.got)) == len(self.got)
        position = {frame: place for place, frame in enumerate(self.board.encoded)}
        places = [position[frame] for frame in self.got]
        assert places == sorted(places)
        # Of each boot, from where it was followed on, got and lost make up the whole.
        last = dict(self.got)
        followed = sum(ahead(last[boot], self.followed_from[boot]) + 1 for boot in last)
        assert followed - len(self.got) == self.lost

    def _note(self, items) -> None:
        self.got += [(item.frame.boot_id, item.frame.seq) for item in items]


Link.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestLink = Link.TestCase


def test_a_board_that_repeats_its_boot_id_is_told_by_its_numbers():
    intake = Intake()
    intake.resume_after(7, 500)
    board = Board(0)
    board.boot_id = 7
    for _ in range(3):
        board.sample()
    assert intake.begin(board.status()) == []
    assert intake.expected == 0


def test_frames_that_waited_when_the_board_began_anew_are_not_thrown_away():
    board = Board(0)
    for _ in range(4):
        board.sample()
    intake = Intake()
    intake.begin(board.status())
    intake.take(board.kept[0], replayed=False)
    assert intake.take(board.kept[3], replayed=False) == []
    board.reboot()
    (left,) = intake.begin(board.status())
    assert left.frame.seq == 3
    assert intake.report().lost == 2


def test_what_was_fetched_before_a_break_is_reported_after_it():
    board = Board(0)
    for _ in range(6):
        board.sample()
    intake = Intake()
    intake.resume_after(board.boot_id, 0)
    intake.begin(board.status())
    intake.give_up(1)
    intake.take(board.kept[2], replayed=True)
    intake.begin(board.status())  # the link broke and came back
    for raw in board.kept[3:]:
        intake.take(raw, replayed=True)
    report = intake.report()
    assert (report.recovered, report.lost) == (4, 1)
