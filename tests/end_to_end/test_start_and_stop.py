"""How the programs start, fail to start, and end."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from importlib.resources import files
from pathlib import Path
from urllib.request import urlopen

import pytest

from lullaflow.cli.ports import free_port
from lullaflow.config import MqttSettings
from lullaflow.publish import listen

from .house import (
    embedded_broker,
    house,
    listening,
    listening_without_connecting,
    process,
)


async def finished(*arguments: str, cwd: Path) -> tuple[int, str, str]:
    """Run `lullaflow` to its end; return exit code, output and errors."""
    run = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lullaflow", *arguments),
        cwd=cwd,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await run.communicate()
    return run.returncode or 0, out.decode(), err.decode()


async def test_the_demo_without_a_screen_prints_every_event_and_ends_well(tmp_path: Path) -> None:
    code, out, err = await finished(
        *("demo", "--headless", "--scenario", "calm", "--speed", "40", "--sessions", "1"),
        *("--events", "-"),
        cwd=tmp_path,
    )
    assert code == 0, err
    events = [json.loads(line) for line in out.splitlines()]
    assert events[0]["type"] == "session_started"
    assert events[-1]["type"] == "session_ended"
    assert "let_down" in {event["type"] for event in events}


async def test_the_demo_names_its_page_when_the_page_can_be_opened(tmp_path: Path) -> None:
    run = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "lullaflow", "--log-level", "error", "demo"),
        cwd=tmp_path,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert run.stderr is not None
    try:
        async with asyncio.timeout(60):
            while "Watch it here" not in (line := (await run.stderr.readline()).decode()):
                assert line, "the demo ended before it named its page"
            page = await asyncio.to_thread(urlopen, line.split()[-1], timeout=30.0)
        with page:
            assert page.status == 200
            assert b"lullaflow" in page.read()
    finally:
        if run.returncode is None:
            run.send_signal(signal.SIGINT)
        await asyncio.wait_for(run.communicate(), 30)
    assert run.returncode == 130


async def test_a_session_that_is_cut_short_is_no_success(tmp_path: Path) -> None:
    calm = (files("lullaflow_sim") / "scenarios" / "calm.toml").read_text()
    (tmp_path / "again.toml").write_text(f"reboots = [60]\n{calm}")
    code, out, err = await finished(
        *("demo", "--headless", "--scenario", "again.toml", "--speed", "40", "--events", "-"),
        cwd=tmp_path,
    )
    assert json.loads(out.splitlines()[-1])["type"] == "session_ended"
    assert code == 2
    assert err.splitlines()[-1].startswith("A session was cut short: the simulated board began")


async def test_a_demo_whose_broker_goes_away_says_so_at_once(tmp_path: Path) -> None:
    async with embedded_broker(tmp_path / "broker.log") as port:
        run = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "lullaflow", "--log-level", "error", "demo", "--headless"),
            *("--broker", f"127.0.0.1:{port}", "--events", "-"),
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert run.stdout is not None
        assert b"session_started" in await asyncio.wait_for(run.stdout.readline(), 60)
    async with asyncio.timeout(60):
        _, err = await run.communicate()
    assert run.returncode == 2
    assert "The broker went away" in err.decode().splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--broker", "127.0.0.1:{closed}"), "No broker answers at 127.0.0.1:{closed}"),
        (("--broker", "nowhere"), "--broker nowhere is not HOST:PORT"),
        (("--scenario", "stormy"), "stormy"),
        (("--port", "{taken}", "--events", "-"), "{taken}"),
    ],
)
async def test_a_demo_that_cannot_start_says_why_in_one_line(
    tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = {"closed": free_port(), "taken": taken.getsockname()[1]}
        code, out, err = await finished(
            "--log-level", "error", "demo", *(a.format(**ports) for a in arguments), cwd=tmp_path
        )
    assert code == 2
    assert out == ""
    assert "Traceback" not in err
    assert sentence.format(**ports) in err.splitlines()[-1]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ('[bluetooth]\ncontroller = "tcp-client:127.0.0.1:1"', "Bluetooth controller"),
        ('[store]\npath = "lullaflow.toml/l.db"', "store"),
        pytest.param(
            "",
            "Bluetooth",
            marks=pytest.mark.skipif(
                Path("/sys/class/bluetooth").is_dir(), reason="this machine has Bluetooth"
            ),
        ),
    ],
)
async def test_a_daemon_that_cannot_start_says_why_in_one_line(
    tmp_path: Path, settings: str, sentence: str
) -> None:
    (tmp_path / "lullaflow.toml").write_text(settings + "\n[web]\nenabled = false\n")
    code, out, err = await finished("run", cwd=tmp_path)
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert sentence in line


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
async def test_a_daemon_told_to_stop_says_goodbye(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    async with house(tmp_path, "calm", speed=30) as home:
        await home.event("session_started")
        home.daemon.send_signal(number)
        assert await asyncio.wait_for(home.daemon.wait(), 15) == code
    lines = [json.loads(line) for line in (tmp_path / "daemon.log").read_text().splitlines()]
    ours = [line for line in lines if line["logger"].startswith(("lullaflow", "asyncio"))]
    assert ours
    assert not [line for line in ours if "exception" in line or line["level"] == "error"]


async def test_a_broker_that_is_away_at_the_start_gets_everything_later(tmp_path: Path) -> None:
    port, radio = free_port(), f"127.0.0.1:{free_port()}"
    store = tmp_path / "l.db"
    (tmp_path / "lullaflow.toml").write_text(
        f"""
        [bluetooth]
        controller = "tcp-client:{radio}"
        [mqtt]
        port = {port}
        [web]
        enabled = false
        [store]
        path = "{store}"
        """
    )
    simulator = (sys.executable, "-m", "lullaflow_sim", "--radio", f"tcp-server:{radio}")
    daemon = (sys.executable, "-m", "lullaflow", "run")
    async with process(*simulator, "--speed", "40", log=tmp_path / "pump.log"):
        await listening_without_connecting(int(radio.rpartition(":")[2]))
        log = tmp_path / "daemon.log"
        async with process(*daemon, "-c", str(tmp_path / "lullaflow.toml"), log=log):
            await said(log, "session started")
            assert "events wait on disk" in log.read_text()
            broker = f"from lullaflow.publish.embedded_broker import main; main({port})"
            async with process(sys.executable, "-c", broker, log=tmp_path / "broker.log"):
                await listening(port)
                async with listen(MqttSettings(port=port, protocol="3.1.1")) as heard:
                    text = await asyncio.wait_for(heard.get(), 90)
    assert isinstance(text, str)
    first = json.loads(text)
    assert first["type"] == "session_started"


async def said(log: Path, words: str) -> None:
    """Wait until a log says something."""
    async with asyncio.timeout(60):
        while words not in log.read_text():  # noqa: ASYNC110, ASYNC240 - a file has no bell
            await asyncio.sleep(0.05)
