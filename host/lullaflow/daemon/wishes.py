"""What people ask for, by page or MQTT: a wish to the core, or an order to the pump's board."""

from __future__ import annotations

from typing import Protocol, cast, get_args

from lullaflow.daemon.runner import Command, PumpRunner
from lullaflow.link.errors import LinkError
from lullaflow_protocol import wire

# Long enough to find the board among three, short enough to spare its battery.
IDENTIFY_S = 10
_IDENTIFY_MAX_S = 60
_IDENTIFY_DIGITS = 9  # Python itself refuses to read some thousands
_SIDES = {"": wire.BOTH, "both": wire.BOTH, "left": wire.LEFT, "right": wire.RIGHT}


class Board(Protocol):
    """What wishes need of a pump's link."""

    async def command(self, opcode: int, payload: bytes = b"") -> bytes:
        """Ask the board for something.

        Raises:
            LinkError: not connected, no answer, or refused.
        """


class Wishes:
    """Carries out what people ask for at one pump.

    Args:
        runner: hears what the core decides about.
        board: hears the rest.
        cues: names of the cues that can be asked for.
    """

    def __init__(self, runner: PumpRunner, board: Board, cues: frozenset[str]) -> None:
        self._runner = runner
        self._board = board
        self._cues = cues

    async def fulfil(self, name: str, payload: str = "") -> str:
        """Carry out a command; return '' when it was accepted, else why not, as a sentence."""
        payload = payload.strip()
        if name == "start_cue" and payload not in self._cues:
            known = ", ".join(sorted(self._cues)) or "none"
            return f"There is no cue {payload!r}; the settings know {known}."
        if name in get_args(Command):
            heard = self._runner.ask(cast(Command, name), payload or None)
            return "" if heard else "Nobody is pumping now."
        try:
            match name:
                case "tare":
                    return await self._tare(payload)
                case "identify":
                    return await self._identify(payload)
        except LinkError as error:
            return str(error)
        known = ", ".join((*get_args(Command), "tare", "identify"))
        return f"There is no command {name!r}; possible are {known}."

    async def _tare(self, side: str) -> str:
        if side not in _SIDES:
            return "tare takes left, right or both."
        await self._board.command(wire.CMD_TARE, bytes([_SIDES[side]]))
        return ""

    async def _identify(self, seconds: str) -> str:
        if seconds and not (seconds.isdecimal() and len(seconds) <= _IDENTIFY_DIGITS):
            return f"identify takes a number of seconds up to {_IDENTIFY_MAX_S}."
        for_s = min(int(seconds or IDENTIFY_S), _IDENTIFY_MAX_S)
        await self._board.command(wire.CMD_IDENTIFY, bytes([for_s]))
        return ""
