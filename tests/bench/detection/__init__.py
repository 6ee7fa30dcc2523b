"""How well let-downs are found: recordings, scoring, the limit, and the peers, all in one run."""
