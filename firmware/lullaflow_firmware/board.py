"""What the application needs of a board; each board, and the simulator, supplies these.

Nothing here is imported at run time: MicroPython has no interfaces, so this is their description.


class Sensor:
    fault: int          # one of wire.FAULT_..., wire.FAULT_NONE when all is well
    def read(self) -> int
        # The raw sample of this moment as wire.py packs it: wire.VACUUM_NONE or wire.WEIGHT_NONE
        # when there is none. Called from the sampling timer every 20 ms (vacuum) or 100 ms
        # (weight): it must not allocate, wait or raise.

class Board:
    sensors: tuple      # four sensors in the order of wire.CHANNELS, None where nothing hangs
    unique_id: bytes    # at least 4 bytes
    sleep_after_ms: int | None  # without suction and host; None never sleeps
    def start_sampling(self, period_ms, callback)   # callback(anything) from a timer interrupt
    def battery_percent(self) -> int
    def reset_cause(self) -> int                    # one of wire.RESET_...
    def identify(self, on: bool)                    # LED: blinks, or is dark
    def button_pressed(self) -> bool                # at this moment, bounces and all
    def feed_watchdog(self)                         # called while samples are being taken

class Clock:
    def ticks_ms(self) -> int                       # wraps at 2**30, as time.ticks_ms does
    async def sleep_ms(self, duration_ms)

class Storage:                                      # flash; a write may be torn by a power cut
    def read(self, name) -> bytes | None
    def write(self, name, data: bytes)              # OSError when the flash refuses
"""
