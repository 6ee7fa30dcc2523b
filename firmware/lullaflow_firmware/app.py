"""The companion's application: wires sampling, memory, radio and commands, and runs them."""

import asyncio

from lullaflow_protocol import wire

from . import advertising
from .bonds import Bonds
from .bthome import Bthome
from .commands import Commands
from .drivers.button import HOLD, LONG, NOTHING, Button
from .flag import Flag
from .log import Log
from .peripheral import Peripheral
from .power import Idle
from .ring import Ring
from .sampler import Sampler, channel_flags
from .session import Session
from .settings import Settings
from .stream import Stream

VERSION = (0, 1, 0)

RING_FRAMES = 300  # 150 s of both sides in 34 KB; the smaller board, an ESP32-C3, has the room
PAIRING_OPEN_MS = 120_000
_BATTERY_EVERY_MS = 60_000
_RETRY_MS = 10  # after the stack had no room: about one connection interval
_BUTTON_EVERY_MS = 50
_BLINK_S = 2  # the board has understood the button
_FORGOTTEN_BLINK_S = 10  # long enough to be told from that
_TURN_MS = 2_500  # with BTHome on, so long each: who we are, and what the house may know


class TimeToSleep(Exception):  # noqa: N818 - nothing is wrong
    """There has been nothing to do for long enough: the board may sleep until there is."""


class Application:
    """Everything that the board does.

    Args:
        ble: MicroPython's `bluetooth.BLE()` or what stands for it.
        clock, board, storage: see `board`.

    Attributes:
        ring: the frames that can still be asked for.
        boot_id: of this start.
    """

    def __init__(self, ble, clock, board, storage):
        self._clock = clock
        self._board = board
        self._settings = Settings(storage, "Lullaflow %02X%02X" % tuple(board.unique_id[-2:]))
        self._settings.boots = (self._settings.boots + 1) & 0xFFFF
        self._count_boot()
        self.boot_id = self._settings.boots
        self._log = Log(storage, self.boot_id)
        self._log.reset(board.reset_cause())
        self._pairing_until_ms = PAIRING_OPEN_MS
        self._uptime_ms = 0
        self._last_ticks = clock.ticks_ms()
        self._refused = 0
        self._blink_s = 0
        self._advertising = None
        self._slow_from_ms = 0
        self._battery_percent = 0
        self._session = Session()
        self._idle = Idle(board.sleep_after_ms)
        self._blink = Flag()
        self._work = Flag()
        flags = channel_flags(board.sensors)
        size = wire.frame_size(flags, wire.VACUUM_PER_FRAME, wire.WEIGHT_PER_FRAME)
        self.ring = Ring(RING_FRAMES, size)
        self._sampler = Sampler(
            clock, board.sensors, self.ring, self._settings, self.boot_id, self._work.set
        )
        self._stream = Stream(self.ring)
        self._bonds = Bonds(storage)
        self._peripheral = Peripheral(
            ble, self._bonds, self._settings, VERSION, self.pairing_is_open
        )
        self._bthome = Bthome(storage, self._peripheral.mac)
        self._commands = Commands(
            self._settings,
            self._sampler,
            self._stream,
            self._peripheral,
            self._identify,
            lambda: self._refused,
            self._log,
            self._bthome,
        )

    def pairing_is_open(self):
        """Tell whether a new host may bond: two minutes from power-on or a long press."""
        return self._uptime() < self._pairing_until_ms

    def open_pairing(self):
        """Let new hosts bond for two minutes."""
        self._pairing_until_ms = self._uptime() + PAIRING_OPEN_MS

    async def run(self):
        """Run until the power goes.

        Raises:
            TimeToSleep: there has been nothing to do for as long as the board says.
        """
        self._sampler.start()
        self._board.start_sampling(wire.VACUUM_PERIOD_MS, self._sampler.tick)
        await asyncio.gather(
            self._keep_link(),
            self._send(),
            self._keep_status(),
            self._keep_watch(),
            self._keep_button(),
            self._keep_blinking(),
        )

    async def _keep_link(self):
        """Follow the link: advertise without one, answer commands with one."""
        peripheral = self._peripheral
        seen = (0, False)
        self._begin_advertising()
        waiting = None
        while True:
            # Counted, for two links may have one handle, and follow each other in one turn.
            link = (peripheral.links, peripheral.connection is not None)
            if link != seen:
                seen = link
                waiting = None
                self._stream.reset()
                if peripheral.connection is None:
                    self._begin_advertising()
            if self._bonds.unsaved:
                self._bonds.save()
            if waiting is None:
                command = peripheral.next_command()
                if command is not None:
                    waiting = self._commands.answer(command)
                    self._work.set()
            if waiting is not None and peripheral.reply(waiting):
                waiting = None
                continue
            if waiting is not None and not peripheral.indicating:
                # The stack had no room, and tells nobody when it has.
                await self._clock.sleep_ms(_RETRY_MS)
                continue
            await peripheral.changed.wait()

    async def _send(self):
        """Send what there is to send, no faster than the stack takes it."""
        while True:
            part = self._stream.next_part(self._peripheral.att_mtu)
            if part is None:
                await self._work.wait()
            elif self._peripheral.send_stream(part):
                self._stream.sent()
            else:
                self._refused += 1
                await self._clock.sleep_ms(_RETRY_MS)

    async def _keep_status(self):
        told = None
        battery_due_ms = 0
        while True:
            state = self._state()
            # Faults and a change of security are told at once; the rest is there to be read.
            told_now = (state.faults, self._peripheral.secure)
            if self._peripheral.set_status(wire.encode_status(state), told_now != told):
                told = told_now
            now_ms = self._uptime()
            if now_ms >= battery_due_ms:
                self._battery_percent = self._board.battery_percent()
                self._peripheral.set_battery(self._battery_percent)
                battery_due_ms = now_ms + _BATTERY_EVERY_MS
            self._log.faults(state.faults, now_ms // 1000)
            self._advertise(now_ms)
            await self._clock.sleep_ms(wire.FRAME_MS)

    async def _keep_watch(self):
        """Follow the sampling: prove that it goes on, and see what the pump does."""
        seq = self.ring.next_seq()
        while True:
            if self.ring.next_seq() != seq:
                seq = self.ring.next_seq()
                self._board.feed_watchdog()
            suction = self._sampler.suction
            self._sampler.suction = False
            now_ms = self._uptime()
            weights_g = [self._sampler.weight_g(side) for side in (0, 1)]
            self._session.update(now_ms, suction, weights_g)
            if self._idle.is_over(now_ms, suction, self._peripheral.connection is not None):
                raise TimeToSleep
            await self._clock.sleep_ms(wire.FRAME_MS)

    async def _keep_button(self):
        """Any press is heard: hosts find the board fast again. Longer ones do more."""
        button = Button()
        while True:
            now_ms = self._uptime()
            press = button.look(now_ms, self._board.button_pressed())
            if press != NOTHING:
                self._idle.stir(now_ms)
                self._identify(_FORGOTTEN_BLINK_S if press == HOLD else _BLINK_S)
                if press == HOLD:
                    self._forget()
                elif press == LONG:
                    self.open_pairing()
                if self._peripheral.connection is None:
                    self._begin_advertising()
            await self._clock.sleep_ms(_BUTTON_EVERY_MS)

    async def _keep_blinking(self):
        while True:
            await self._blink.wait()
            self._board.identify(True)
            while self._blink_s > 0:
                await self._clock.sleep_ms(1000)
                self._blink_s -= 1
            self._board.identify(False)

    def _identify(self, seconds):
        self._blink_s = seconds
        self._blink.set()

    def _forget(self):
        """Forget who may see us: the hosts, and the house whose key the broadcasts have."""
        self._bonds.forget_all()
        self._bonds.save()
        self._peripheral.disconnect()
        try:
            self._bthome.set_key(None)
        except OSError:
            # The flash refuses, so it has kept the bonds as well: held once more, it may not.
            pass

    def _begin_advertising(self):
        now_ms = self._uptime()
        self._slow_from_ms = now_ms + advertising.FAST_FOR_MS
        self._advertising = None
        self._advertise(now_ms)

    def _advertise(self, now_ms):
        """Advertise what is due at this moment, unless that is what is advertised."""
        if self._peripheral.connection is not None:
            return
        fast = now_ms < self._slow_from_ms
        turn = now_ms // _TURN_MS if self._bthome.on else 0
        if self._advertising == (fast, turn):
            return
        self._advertising = (fast, turn)
        data = None
        if turn & 1:
            session = self._session
            data = self._bthome.advertisement(
                self._battery_percent, session.running, session.volume_ml
            )
        if not self._peripheral.advertise(fast, data):
            self._advertising = None  # in half a second once more

    def _state(self):
        return wire.Status(
            VERSION,
            self.boot_id,
            self.ring.oldest_seq(),
            (self.ring.next_seq() - 1) & 0xFFFFFFFF,
            self._uptime() // 1000,
            self._board.reset_cause(),
            tuple(0 if s is None else s.fault for s in self._board.sensors),
        )

    def _uptime(self):
        now = self._clock.ticks_ms()
        self._uptime_ms += (now - self._last_ticks) & ((1 << 30) - 1)
        self._last_ticks = now
        return self._uptime_ms

    def _count_boot(self):
        try:
            self._settings.save()
        except OSError:
            # A board whose flash is full still samples; only its boots may look alike.
            pass
