"""A broker in every kind of trouble while sessions go on: nothing lost, nothing out of order."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from lullaflow.cli.ports import free_port
from lullaflow.config import MqttSettings

from .brokers import Gate, Mosquitto, gate_before
from .certificates import Authority
from .mqtt_house import PATIENCE_S, Listener, bridge, listening, session_events

USER, PASSWORD = "mother", "right"
ABSENT_S = 2.0
BUSY_SHARE = 0.3
"""Of one core while the broker is away: a busy loop takes all of it."""


@dataclass
class Setup:
    """How the broker is set up: encrypted and by password for the publisher, open for who listens.

    Args:
        certificate: the broker's, and its key.
        password: the publisher's, as the broker knows it.
        extra: further lines for the publisher's way in.
        acl: what anybody may do.
    """

    folder: Path
    listen_at: int
    certificate: tuple[Path, Path]
    password: str = PASSWORD
    extra: str = ""
    acl: str = "topic readwrite #"

    async def lines(self) -> str:
        """Return the lines of Mosquitto's settings that follow the publisher's `listener`."""
        passwords, acl = self.folder / "passwords", self.folder / "acl"
        make = await asyncio.create_subprocess_exec(
            *("mosquitto_passwd", "-b", "-c", str(passwords), USER, self.password)
        )
        assert await make.wait() == 0
        acl.write_text(f"{self.acl}\nuser {USER}\n{self.acl}\n")
        certificate, key = self.certificate
        return (
            f"certfile {certificate}\nkeyfile {key}\n{self.extra}"
            f"listener {self.listen_at} 127.0.0.1\n"
            f"password_file {passwords}\nacl_file {acl}\nallow_anonymous true\n"
        )


async def torture(folder: Path, sessions: int, seed: int) -> list[str]:
    """Publish sessions through a broker in trouble of every kind, over TLS and with a password.

    Returns:
        the troubles that befell it.

    Raises:
        AssertionError: an event was lost or came out of order, or the publisher stopped.
    """
    chance = random.Random(seed)
    events = [event for number in range(sessions) for event in session_events(number)]
    authority = Authority(folder)
    calm = Setup(folder, free_port(), authority.issue("server"))
    expired = authority.issue("expired", timedelta(days=-1))
    mosquitto = Mosquitto(folder)
    mosquitto.settings = await calm.lines()
    await mosquitto.start()
    befell: list[str] = []
    try:
        async with (
            gate_before(mosquitto) as gate,
            listening(calm.listen_at) as listener,
            bridge(folder, publishers(gate.port, authority)) as it,
        ):
            await it.until_connected()
            troubles = Troubles(mosquitto, gate, listener, chance, calm, expired)
            for number in range(sessions):
                trouble = chance.choice(KINDS)
                befell.append(trouble.__name__)
                mine = events[14 * number : 14 * (number + 1)]
                half = chance.randrange(len(mine))
                await it.say(mine[:half])
                async with asyncio.TaskGroup() as group:
                    group.create_task(trouble(troubles))
                    group.create_task(it.say(mine[half:]))
            await listener.events(events)
            await it.until_all_is_said()
            ids = listener.event_ids()
            assert list(dict.fromkeys(ids)) == [event.id for event in events]
            # A repeat follows what it repeats: consumers need remember but the last id.
            assert ids == sorted(ids)
    finally:
        await mosquitto.kill()
    return befell


def publishers(port: int, authority: Authority) -> MqttSettings:
    """Return the publisher's settings."""
    settings = {
        "port": port,
        "keepalive_s": 5,
        "tls": True,
        "ca_file": str(authority.certificate),
        "username": USER,
        "password": PASSWORD,
    }
    return MqttSettings.model_validate(settings)


class Troubles:
    """What befalls a broker; each ends with the broker well again.

    Args:
        mosquitto: the broker.
        gate: the publisher's way to it.
        listener: who must hear again before the way is opened.
        chance: how long each takes.
        calm: how the broker is set up when all is well.
        expired: a certificate that ran out yesterday, and its key.
    """

    def __init__(
        self,
        mosquitto: Mosquitto,
        gate: Gate,
        listener: Listener,
        chance: random.Random,
        calm: Setup,
        expired: tuple[Path, Path],
    ) -> None:
        self._mosquitto = mosquitto
        self._gate = gate
        self._listener = listener
        self._chance = chance
        self._calm = calm
        self._expired = expired

    async def _moment(self) -> None:
        await asyncio.sleep(self._chance.uniform(0.02, 0.3))

    async def _restart(
        self,
        setup: Setup | None = None,
        number: int = signal.SIGKILL,
        *,
        taken: bool = False,
    ) -> None:
        # The way is opened only once somebody listens: a broker forgets whom it told what.
        await self._gate.close()
        await self._mosquitto.kill(number)
        await self._moment()
        self._mosquitto.settings = await (setup or self._calm).lines()
        self._listener.subscribed.clear()
        await self._mosquitto.start()
        async with asyncio.timeout(PATIENCE_S):
            await self._listener.subscribed.wait()
        async with AsyncExitStack() as stack:
            if taken:
                _, place = await asyncio.open_connection("127.0.0.1", self._mosquitto.port)
                stack.callback(place.close)
            await self._gate.open()
            await self._moment()

    async def killed(self) -> None:
        await self._moment()
        await self._restart()

    async def ended(self) -> None:
        await self._moment()
        await self._restart(number=signal.SIGTERM)

    async def cut(self) -> None:
        await self._moment()
        await self._gate.close()
        await self._moment()
        await self._gate.open()

    async def absent(self) -> None:
        await self._gate.close()
        began_s, busy_s = time.monotonic(), time.process_time()
        await asyncio.sleep(ABSENT_S)
        passed_s, busy_s = time.monotonic() - began_s, time.process_time() - busy_s
        # Ourselves included, and a broker is tried every 0.2 s here, in a house every minute.
        assert busy_s < BUSY_SHARE * passed_s
        await self._gate.open()

    async def frozen(self) -> None:
        self._mosquitto.send(signal.SIGSTOP)
        await self._moment()
        self._mosquitto.send(signal.SIGCONT)

    async def silent(self) -> None:
        self._gate.silent = True
        await self._moment()
        await self._gate.close()
        self._gate.silent = False
        await self._gate.open()

    async def slow(self) -> None:
        self._gate.delay_s = 0.02
        await self._moment()
        self._gate.delay_s = 0.0

    async def full(self) -> None:
        await self._restart(replace(self._calm, extra="max_connections 1\n"), taken=True)
        await self._restart()

    async def refusing(self) -> None:
        await self._restart(replace(self._calm, acl="topic read #"))
        await self._restart()

    async def wrong_password(self) -> None:
        await self._restart(replace(self._calm, password="changed"))
        await self._restart()

    async def expired_certificate(self) -> None:
        await self._restart(replace(self._calm, certificate=self._expired))
        await self._restart()


KINDS = (
    *(Troubles.killed, Troubles.ended, Troubles.cut, Troubles.absent),
    *(Troubles.frozen, Troubles.silent),
    *(Troubles.slow, Troubles.full, Troubles.refusing),
    *(Troubles.wrong_password, Troubles.expired_certificate),
)
