"""The board's `main.py`: chooses which of two firmwares runs, and goes back from one that fails.

A firmware lies in a folder of its own, `/firmware_a` or `/firmware_b`. One small file, replaced by
a rename and so whole at any moment, says which one runs: `a`, or `b a 2` for a firmware on trial,
with the one to go back to and how often it may still try. A firmware on trial has to report in; the
watchdog, a crash or a power cut before that costs it a try.
"""

import os
import sys
import time

import machine

SLOTS = "slots"
TRIES = 3  # one for a firmware that works, two for power cuts that are not its fault
# Starting takes a second and reporting in five more; a minute is far from both.
WATCHDOG_MS = 60_000
AFTER_CRASH_MS = 3_000  # to read the error on the console, and to interrupt


def load():
    """Return `(slot, slot to go back to or None, tries left)`; the first there is when unknown."""
    try:
        with open(SLOTS) as file:
            words = file.read().split()
        if len(words) == 1 and words[0] in ("a", "b"):
            return words[0], None, 0
        slot, former, tries = words
        if {slot, former} == {"a", "b"}:
            return slot, former, int(tries)
    except (OSError, ValueError):
        pass
    return ("a" if _is_there("a") else "b"), None, 0


def save(slot, former=None, tries=0):
    """Say which slot runs from the next start on, the former one behind it when on trial."""
    words = (slot,) if former is None else (slot, former, str(tries))
    with open(SLOTS + ".new", "w") as file:
        file.write(" ".join(words))
    os.rename(SLOTS + ".new", SLOTS)


def choose():
    """Return the slot to run now and whether it is on trial, having counted the try."""
    slot, former, tries = load()
    if former is None:
        return slot, False
    if tries <= 0:
        save(former)
        return former, False
    save(slot, former, tries - 1)
    return slot, True


def run():
    """Run the firmware of the chosen slot until the power goes."""
    slot, on_trial = choose()
    if on_trial:
        # It ends a firmware that hangs; once that has reported in, its own watchdog is in charge.
        machine.WDT(timeout=WATCHDOG_MS)

    def report(version, boot_id):
        """Take note that the firmware works. Called by it once, when samples and radio run."""
        if on_trial:
            save(slot)
        print("lullaflow %s slot %s boot %d" % (version, slot, boot_id))

    sys.path.insert(0, "/firmware_" + slot)
    try:
        from lullaflow_firmware.start import main

        main(report)
    except Exception as error:  # noqa: BLE001 - whatever it is, the next start is the remedy
        sys.print_exception(error)
        time.sleep_ms(AFTER_CRASH_MS)
        machine.reset()


def _is_there(slot):
    try:
        os.stat("/firmware_%s/manifest.json" % slot)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    run()
