"""Cues: `policy` decides (pure), `players` perform."""
