"""The companion board's application. Runs on MicroPython; the simulator runs it on CPython."""
