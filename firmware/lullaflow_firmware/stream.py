"""Sends frames: live ones as they come, and those that the host missed in between."""

from lullaflow_protocol import wire

_U32 = 0xFFFFFFFF


class Stream:
    """Decides which fragment goes next. A frame's fragments are never torn apart by another's.

    Args:
        ring: the frames.

    Attributes:
        on: whether the host wants live frames.
    """

    def __init__(self, ring):
        self._ring = ring
        self._part = bytearray(wire.MAX_ATT_MTU - wire.ATT_NOTIFY_OVERHEAD)
        self._parts = memoryview(self._part)
        self._frame = bytearray(wire.MAX_FRAME_SIZE)
        self.on = False
        self.reset()

    def reset(self):
        """Begin afresh: a new link, nothing asked for."""
        self.on = False
        self._live = 0
        self._replay = 0
        self._replay_left = 0
        self._size = 0
        self._index = 0
        self._replaying = False
        self._live_before = False

    def start(self):
        """Send what is sampled from now on."""
        if not self.on:
            self._live = self._ring.next_seq()
        self.on = True

    def stop(self):
        """Send no more live frames."""
        self.on = False

    def replay(self, seq, count):
        """Send kept frames again; what was asked before and not yet sent is dropped.

        Returns:
            `(first, count)` of what will be sent; count 0 when nothing of it is kept.
        """
        skipped = (self._ring.oldest_seq() - seq) & _U32
        if skipped < 0x80000000:  # seq is before the oldest kept, or the oldest itself
            count -= min(skipped, count)
            seq = self._ring.oldest_seq()
        ahead = self._ring.ahead(seq)
        count = min(count, ahead or 0)
        self._replay = seq
        self._replay_left = count
        return seq, count

    def next_part(self, att_mtu):
        """Return the next notification, or None when there is nothing to send.

        The same one is returned until `sent` is called. It is valid until then.
        """
        if self._size == 0 and not self._choose():
            return None
        size = wire.fragment_into(
            self._part, self._frame, self._size, self._index, att_mtu, self._replaying
        )
        return self._parts[:size]

    def sent(self):
        """Go on: the stack has taken the last part."""
        if self._part[0] & wire.FRAGMENT_LAST:
            self._size = 0
            self._index = 0
        else:
            self._index += 1

    def _choose(self):
        live = self.on and self._live != self._ring.next_seq()
        # In turns, so that neither starves the other.
        if live and not (self._live_before and self._replay_left):
            self._live_before = True
            return self._take_live()
        if self._replay_left:
            self._live_before = False
            return self._take_replay()
        return False

    def _take_live(self):
        if self._ring.ahead(self._live) is None:
            # The link is slower than the sensors: on with what is new. The host sees the gap by the
            # numbers, and may ask for what is still kept of it.
            self._live = (self._ring.next_seq() - 1) & _U32
        self._copy(self._ring.get(self._live), False)
        self._live = (self._live + 1) & _U32
        return True

    def _take_replay(self):
        frame = self._ring.get(self._replay)
        self._replay = (self._replay + 1) & _U32
        self._replay_left -= 1
        if frame is None:
            # Overwritten meanwhile; the host asks for it in vain and knows that it is lost.
            return self._choose()
        self._copy(frame, True)
        return True

    def _copy(self, frame, replaying):
        # The ring may come round while the parts are on their way.
        self._size = len(frame)
        self._frame[: self._size] = frame
        self._index = 0
        self._replaying = replaying
