"""The session as the board sees it, for those who have no host: is there one, how much milk."""

_OVER_AFTER_MS = 180_000  # the host's own measure of a pause is shorter; here nothing is learnt
_MILK_G_PER_100_ML = 103  # density of human milk: 1.03 g/ml


class Session:
    """Told twice a second what there is.

    Attributes:
        running: whether there was suction within the last minutes.
        volume_ml: milk of this session, or of the last one; both bottles.
    """

    def __init__(self):
        self.running = False
        self.volume_ml = 0
        self._suction_ms = 0
        self._begin_g = [None, None]
        self._now_g = [0, 0]

    def update(self, now_ms, suction, weights_g):
        """Take the state of this moment.

        Args:
            now_ms: since the start; does not wrap.
            suction: whether there was any since the last call.
            weights_g: of both bottles, in whole g; None where there is no good reading.
        """
        if suction:
            if not self.running:
                self._begin_g = [None, None]
            self.running = True
            self._suction_ms = now_ms
        elif self.running and now_ms - self._suction_ms >= _OVER_AFTER_MS:
            self.running = False
        # Without suction the bottles are lifted and emptied: what was pumped stays as it is.
        if not suction:
            return
        milk_g = 0
        for side in (0, 1):
            grams = weights_g[side]
            if grams is not None:
                if self._begin_g[side] is None:
                    self._begin_g[side] = grams
                self._now_g[side] = grams
            if self._begin_g[side] is not None:
                milk_g += max(self._now_g[side] - self._begin_g[side], 0)
        self.volume_ml = milk_g * 100 // _MILK_G_PER_100_ML
