"""Stands for MicroPython's `machine` where there is none: a board that a test plays with."""

import asyncio

PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5


_TICKS_A_TURN = 5  # 100 ms, as the rig's clock does it


class World:
    """What is around the chip.

    Attributes:
        cause: what `reset_cause` says.
        low: numbers of the input pins that are pulled low.
        adc_uv: what the ADC reads.
        i2c: buses by number.
        hx711: chips by the number of their data pin, and of their clock pin.
        rtc: what is kept in RTC memory.
        fed: how often the watchdog was.
        watchdog_ms: its time-out.
        sleep: called at every light sleep with its length in ms; may change the world.
        tick: called before every interrupt of the timer with its period in ms.
        scenario: started as a task when the program first sets the timer up.
        trouble: what the scenario ended with, if not well.
        end: raised from the watchdog as soon as it is set: the program ends there.
        in_real_time: whether the timer keeps its period, or calls as fast as the program goes.
        duties: of the LED's PWM, in order.
        hz: of the processor.
        masked: how often interrupts are off.
    """

    def __init__(self):
        self.cause = PWRON_RESET
        self.low = set()
        self.adc_uv = 2_000_000
        self.i2c = {}
        self.hx711 = {}
        self.rtc = b""
        self.fed = 0
        self.watchdog_ms = None
        self.sleep = None
        self.tick = None
        self.scenario = None
        self.trouble = None
        self.end = None
        self.in_real_time = True
        self.duties = []
        self.hz = 0
        self.masked = 0


world = World()


class Reset(BaseException):
    """The chip starts anew: nothing of the program goes on."""


class PowerOff(BaseException):
    """The power goes."""


def reset():
    raise Reset


def freq(hz):
    world.hz = hz


def reset_cause():
    return world.cause


def unique_id():
    return b"\x02\x10\x20\x30\x40\x50"


def disable_irq():
    world.masked += 1
    return 7


def enable_irq(state):
    assert state == 7
    world.masked -= 1


def lightsleep(duration_ms):
    world.sleep(duration_ms)


class Pin:
    IN, OUT, PULL_UP = 0, 1, 2

    def __init__(self, number, mode=-1, pull=None):
        self._number = number

    def value(self):
        return 0 if self._number in world.low else 1

    def __call__(self, level=None):
        chip = world.hx711[self._number]
        return chip.data() if level is None else chip.clock(level)

    def init(self, hold):
        world.hx711[self._number].held = hold


class I2C:
    def __new__(cls, number, sda, scl, freq, timeout):
        return world.i2c[number]


class ADC:
    ATTN_11DB = 3

    def __init__(self, pin, atten):
        pass

    def read_uv(self):
        return world.adc_uv


class PWM:
    def __init__(self, pin, freq, duty_u16):
        pass

    def duty_u16(self, duty):
        world.duties.append(duty)


class RTC:
    def memory(self, data=None):
        if data is None:
            return world.rtc
        world.rtc = bytes(data)
        return None


class WDT:
    def __init__(self, timeout):
        world.watchdog_ms = timeout

    def feed(self):
        world.fed += 1
        if world.end is not None:
            raise world.end


class Timer:
    """Calls from a task, between two turns of the program's own, as the port's scheduler does."""

    PERIODIC = 1

    def __init__(self, number):
        self._callback = None

    def init(self, mode, period, callback):
        self._callback = callback
        self._task = asyncio.create_task(self._run(period))
        if world.scenario is not None:
            asyncio.create_task(self._play(world.scenario))

    def deinit(self):
        self._callback = None

    async def _run(self, period_ms):
        while self._callback is not None:
            await asyncio.sleep_ms(period_ms if world.in_real_time else 0)
            for _ in range(1 if world.in_real_time else _TICKS_A_TURN):
                world.tick(period_ms)
                self._callback(self)

    async def _play(self, scenario):
        try:
            await scenario()
        except Exception as error:  # noqa: BLE001 - the case tells it
            world.trouble = error
        world.end = PowerOff()
