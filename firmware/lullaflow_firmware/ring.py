"""The last minutes of encoded frames, in memory that is all taken at the start."""

_U32 = 0xFFFFFFFF


class Ring:
    """A ring of frames under rising sequence numbers, which wrap at 2**32.

    The sampling timer fills `slot` and calls `commit`, neither of which allocates; tasks read.

    Args:
        capacity: frames that it holds.
        frame_size: bytes of each.
    """

    def __init__(self, capacity, frame_size):
        self._slots = [bytearray(frame_size) for _ in range(capacity)]
        self._capacity = capacity
        self._head = 0
        self.count = 0
        # The next sequence number, in halves: 32 bits are more than a small integer has.
        self.next_low = 0
        self.next_high = 0

    def slot(self):
        """Return the buffer for the next frame. It was the oldest frame's when the ring is full."""
        return self._slots[self._head]

    def commit(self):
        """Count the slot as filled."""
        self._head += 1
        if self._head == self._capacity:
            self._head = 0
        if self.count < self._capacity - 1:
            # One slot is always being filled, and so never to be read.
            self.count += 1
        self.next_low += 1
        if self.next_low == 0x10000:
            self.next_low = 0
            self.next_high = (self.next_high + 1) & 0xFFFF

    def next_seq(self):
        """Return the sequence number of the frame that comes next."""
        return (self.next_high << 16) | self.next_low

    def oldest_seq(self):
        """Return the oldest sequence number kept; that of the next frame when there is none."""
        return (self.next_seq() - self.count) & _U32

    def ahead(self, seq):
        """Return how many frames there are from `seq` on; None when `seq` is not kept any more.

        0 means that `seq` comes next.
        """
        behind = (self.next_seq() - seq) & _U32
        return behind if behind <= self.count else None

    def get(self, seq):
        """Return a kept frame's buffer, valid until the ring has gone round; None otherwise."""
        behind = self.ahead(seq)
        if not behind:
            return None
        return self._slots[(self._head - behind) % self._capacity]
