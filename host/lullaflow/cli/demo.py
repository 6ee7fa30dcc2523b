"""`lullaflow demo`: the whole system on this machine, nothing configured."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from lullaflow.cli.ports import free_port
from lullaflow.cli.shared import CommandError, run_async, say, text_sink, until_terminated
from lullaflow.cli.simulator import Simulator, simulator
from lullaflow.config import (
    BluetoothSettings,
    Config,
    CuesSettings,
    MqttSettings,
    PumpSettings,
    StoreSettings,
    WebSettings,
)
from lullaflow_protocol.events import (
    CueStarted,
    Event,
    LetDown,
    LetDownSlow,
    SessionEnded,
    SessionStarted,
    parse_event,
)

if TYPE_CHECKING:
    from lullaflow.publish import BrokerError

app = typer.Typer()

# At this speed the slow scenario's two minutes of stimulation take 15 s, and its photo 4 s more: a
# person sees the product do its job in about a minute.
DEMO_SPEED = 8.0
# When the simulated pump leaves, the daemon has fetched everything; what remains is the way through
# daemon and broker.
LAST_EVENTS_WITHIN_S = 15.0
PAGE_TRIED_EVERY_S = 0.1
CUT_SHORT = {
    "asked": "somebody asked for its end",
    "link_lost": "the simulated pump was out of reach for too long",
    "recording_ended": "the simulated board began anew in the middle of it",
}
PUMP = "pump"
# What shells report for a program that SIGTERM ended: the session did not run to its end.
EXIT_TERMINATED = 143


@dataclass(frozen=True, slots=True)
class DemoPlan:
    """What the demo was asked for.

    Attributes:
        scenario: the simulator's scenario, a name or a file.
        speed: device seconds per second.
        sessions: how many sessions the simulated pump runs.
        seed: of the simulated body.
        broker: host and port of a broker that runs already, None for the embedded one.
        port: the page's port.
        headless: no page and no sound; ends with the last session.
        events: where to write every event that the broker delivers, None for nowhere.
        cues: the folders with music and photos.
    """

    scenario: str
    speed: float
    sessions: int
    seed: int
    broker: tuple[str, int] | None
    port: int
    headless: bool
    events: str | None
    cues: CuesSettings


@app.command()
def demo(
    scenario: Annotated[
        str, typer.Option(help="calm, slow, none, double, knocks, or a scenario file.")
    ] = "slow",
    speed: Annotated[
        float, typer.Option(min=0.5, max=100, help="How many times faster than life.")
    ] = DEMO_SPEED,
    sessions: Annotated[int, typer.Option(min=1, help="How many sessions.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed gives the same session.")] = 1,
    broker: Annotated[
        str | None, typer.Option(help="HOST:PORT of a broker that runs; else one is embedded.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="The page's port. [default: a free one]")] = None,
    headless: Annotated[
        bool, typer.Option("--headless", help="No page and no sound; end with the last session.")
    ] = False,
    events: Annotated[
        str | None, typer.Option(help="Write every MQTT event, one JSON a line, here; - is stdout.")
    ] = None,
    music: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Your folder of music.")
    ] = None,
    photos: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Your folder of photos.")
    ] = None,
) -> None:
    """Show the whole system: simulated pump, Bluetooth, broker, daemon and page."""
    plan = DemoPlan(
        scenario=scenario,
        speed=speed,
        sessions=sessions,
        seed=seed,
        broker=None if broker is None else _host_port(broker),
        port=free_port() if port is None else port,
        headless=headless,
        events=events,
        cues=CuesSettings(music_folder=music, photo_folder=photos, sound=not headless),
    )
    if run_async(until_terminated(run_demo(plan))):
        raise typer.Exit(EXIT_TERMINATED)


async def run_demo(plan: DemoPlan) -> None:
    """Run everything, until the sessions are over (headless) or until interrupted.

    Raises:
        CommandError: when a part does not start, or a session does not run to its end.
    """
    # The rooms below take a second to import, which `lullaflow --help` need not wait for.
    from lullaflow.daemon.service import run_daemon
    from lullaflow.publish import BrokerError, listen
    from lullaflow.publish.embedded_broker import embedded_broker

    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="lullaflow-demo-"))
        sink = stack.enter_context(text_sink(plan.events)) if plan.events else None
        if plan.broker is not None:
            broker = MqttSettings(host=plan.broker[0], port=plan.broker[1])
        else:
            port = free_port()
            await stack.enter_async_context(embedded_broker(port))
            broker = MqttSettings(port=port, protocol="3.1.1")  # all that the embedded one knows
        try:
            heard = await stack.enter_async_context(listen(broker))
        except BrokerError as error:
            raise CommandError(
                f"No broker answers at {broker.host}:{broker.port} ({error}): start it, or leave "
                "--broker out to use the embedded one."
            ) from None
        pump = await stack.enter_async_context(simulator(_arguments(plan, broker)))
        config = _config(plan, broker, pump.radio, Path(folder))
        daemon = asyncio.create_task(run_daemon(config), name="demo.daemon")
        watch = asyncio.create_task(_watch(plan, broker, heard, pump, sink), name="demo.watch")
        try:
            await asyncio.wait((daemon, watch), return_when=asyncio.FIRST_COMPLETED)
            await (daemon if daemon.done() else watch)
        finally:
            for task in (watch, daemon):
                task.cancel()
            await asyncio.gather(watch, daemon, return_exceptions=True)


async def _watch(
    plan: DemoPlan,
    broker: MqttSettings,
    heard: asyncio.Queue[str | BrokerError],
    pump: Simulator,
    sink: TextIO | None,
) -> None:
    """Show what happens; return when all sessions have run to their end, if that is an end.

    Raises:
        CommandError: the simulated pump or the broker has gone, or a session was cut short.
    """
    left = asyncio.create_task(pump.wait(), name="demo.pump")
    ended = 0
    try:
        if not plan.headless:
            await _page_answers(plan.port, left)
            say(f"A simulated pump is in use. Watch it here: http://127.0.0.1:{plan.port}")
            say(
                "Its events in another terminal: "
                f"mosquitto_sub -h {broker.host} -p {broker.port} -t '{broker.base_topic}/+/event'"
            )
            say("Ctrl-C ends the demo.")
        while not plan.headless or ended < plan.sessions:
            text = await _next(heard, left)
            if sink is not None:
                print(text, file=sink, flush=True)
            event = parse_event(text)
            if isinstance(event, SessionEnded):
                ended += 1
                if plan.headless and event.reason != "pump_stopped":
                    raise CommandError(f"A session was cut short: {CUT_SHORT[event.reason]}.")
            if not plan.headless and (sentence := _sentence(event)):
                say(sentence)
    finally:
        left.cancel()


async def _page_answers(port: int, left: asyncio.Task[None]) -> None:
    """Return when the page can be reached, or the simulated pump has left.

    Whoever opens the page as soon as its address is said must find it.
    """
    while not left.done():
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(PAGE_TRIED_EVERY_S)
        else:
            writer.close()
            return


async def _next(heard: asyncio.Queue[str | BrokerError], left: asyncio.Task[None]) -> str:
    """Return the next event; the last ones may come a little after the pump has left."""
    news = asyncio.create_task(heard.get(), name="demo.event")
    try:
        await asyncio.wait((news, left), return_when=asyncio.FIRST_COMPLETED)
        if not news.done():
            left.result()
            await asyncio.wait((news,), timeout=LAST_EVENTS_WITHIN_S)
        if not news.done():
            raise CommandError(
                "The simulated pump has left, and its session did not run to its end."
            )
        result = news.result()
    finally:
        news.cancel()
    if isinstance(result, str):
        return result
    raise CommandError(
        f"The broker went away ({result}), so no more can be heard of the session. Run the demo "
        "again with a broker that stays."
    )


def _sentence(event: Event) -> str:
    match event:
        case SessionStarted():
            return "The pump runs: a session has begun."
        case LetDownSlow():
            return "Let-down is taking a little longer; the cues begin."
        case CueStarted(kind="music"):
            return "It is time for soft music."
        case CueStarted(kind="photo"):
            return "The baby's photo appears on the page."
        case LetDown():
            return "Milk is flowing."
        case SessionEnded():
            return "The session is over."
    return ""


def _config(plan: DemoPlan, broker: MqttSettings, radio: str, folder: Path) -> Config:
    return Config(
        bluetooth=BluetoothSettings(controller=radio),
        pumps={PUMP: PumpSettings(name="Simulated pump")},
        mqtt=broker,
        cues=plan.cues,
        web=WebSettings(enabled=not plan.headless, port=plan.port),
        store=StoreSettings(path=folder / "demo.db"),
    )


def _arguments(plan: DemoPlan, broker: MqttSettings) -> list[str]:
    arguments = {
        "--scenario": plan.scenario,
        "--speed": str(plan.speed),
        "--sessions": str(plan.sessions),
        "--seed": str(plan.seed),
        "--mqtt": f"{broker.host}:{broker.port}",
        "--base-topic": broker.base_topic,
        "--pump": PUMP,
    }
    given = [word for pair in arguments.items() for word in pair]
    return given if plan.headless else [*given, "--stay"]


def _host_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise CommandError(f"--broker {text} is not HOST:PORT, such as 127.0.0.1:1883.")
    return host, int(port)
