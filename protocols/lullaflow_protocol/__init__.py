"""What the board, the daemon and the house say to one another.

`wire` (frames, commands, status) runs on MicroPython too, so nothing may be imported here.
"""
