"""What arrived of a pump, over all its connections and starts. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from lullaflow.link.items import FrameArrived, GapFilled
from lullaflow.link.sequence import MODULUS, Gap, Sequencer, ahead
from lullaflow_protocol import wire


class Intake:
    """Takes frames as they come, gives them on in order and once, and keeps count.

    Attributes:
        resumed: whether frames of this pump came before, in this process or an earlier one.
    """

    def __init__(self) -> None:
        self.resumed = False
        self._boot_id: int | None = None
        self._sequencer: Sequencer[FrameArrived] = Sequencer(0)
        self._recovered = 0
        self._lost = 0

    def resume_after(self, boot_id: int, seq: int | None) -> None:
        """Say what is stored already: frames of this boot up to `seq`."""
        self.resumed = True
        if seq is not None:
            self._boot_id = boot_id
            self._sequencer = Sequencer(seq + 1)

    def begin(self, status: wire.Status) -> list[FrameArrived]:
        """Expect what the board has, or will have, that did not come yet.

        Returns:
            Frames of the board's former start that waited for others, which come no more.
        """
        end = (status.newest_seq + 1) % MODULUS
        # A board that cannot store its boot id starts with the same one; its numbers tell.
        same = status.boot_id == self._boot_id and ahead(end, self._sequencer.expected) >= 0
        if same:
            return []
        left = list(self._sequencer.finish())
        self._lost += self._sequencer.lost
        if self._boot_id is not None:
            # Each start numbers its frames from 0: those before the oldest went by unheard.
            self._lost += status.oldest_seq
        self._boot_id = status.boot_id
        # All that the board still has: the pump may have begun before anybody listened.
        self._sequencer = Sequencer(status.oldest_seq)
        return left

    def take(self, raw: bytes, *, replayed: bool) -> list[FrameArrived]:
        """Take a frame; return those whose turn it is.

        Raises:
            wire.WireError: it is damaged.
        """
        frame = wire.decode_frame(raw)
        if frame.boot_id != self._boot_id:
            return []
        return self._counted(self._sequencer.push(frame.seq, FrameArrived(raw, frame, replayed)))

    def give_up(self, count: int) -> list[FrameArrived]:
        """Count the next `count` frames as lost; return those that waited behind them."""
        return self._counted(self._sequencer.give_up(count))

    @property
    def expected(self) -> int:
        """Sequence number of the next frame in order."""
        return self._sequencer.expected

    def missing_before(self, end: int) -> int:
        """Return how many sequence numbers there are from the next in order to `end`."""
        return max(0, ahead(end, self._sequencer.expected))

    def gap(self) -> Gap | None:
        """Return the frames that others wait behind."""
        return self._sequencer.gap()

    def report(self) -> GapFilled:
        """Return what was fetched and what was lost since the last report."""
        self._lost += self._sequencer.lost
        self._sequencer.lost = 0
        report = GapFilled(self._recovered, self._lost)
        self._recovered = self._lost = 0
        self.resumed = True
        return report

    def _counted(self, items: Iterable[FrameArrived]) -> list[FrameArrived]:
        released = list(items)
        self._recovered += sum(item.replayed for item in released)
        return released
