"""`lullaflow-sim` as a program of its own, met over TCP by a plain Bumble client."""

import asyncio
import csv
import json
import signal
import sys
from contextlib import asynccontextmanager

import pytest
from bumble.host import Host
from bumble.transport import open_transport
from typer.testing import CliRunner

from lullaflow_protocol import wire
from lullaflow_sim.cli import app

from .bumble_central import Central
from .plain_client import PlainClient

PATIENCE_S = 60


class Process:
    """A running simulator."""

    def __init__(self, process) -> None:
        self._process = process

    async def said(self, event):
        """Return the next line that tells of an event of this kind."""
        async with asyncio.timeout(PATIENCE_S):
            while line := await self._process.stdout.readline():
                told = json.loads(line)
                if told["event"] == event:
                    return told
        raise AssertionError(f"the simulator ended without saying {event!r}")

    async def order(self, line):
        self._process.stdin.write(line.encode() + b"\n")
        await self._process.stdin.drain()

    def send_signal(self, number):
        self._process.send_signal(number)

    async def end(self):
        """Wait for the end; return the exit code and what it complained of."""
        async with asyncio.timeout(PATIENCE_S):
            _, complaint = await self._process.communicate()
        return self._process.returncode, complaint.decode()


PROGRAM = ("-m", "lullaflow_sim")


@asynccontextmanager
async def simulator(*arguments, radio="tcp-server:127.0.0.1:0", program=PROGRAM):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *program, "--radio", radio, *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield Process(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@asynccontextmanager
async def client_of(ready):
    async with await open_transport(ready["radio"]) as transport:
        central = Central(Host(transport.source, transport.sink))
        await central.device.power_on()
        yield PlainClient(central)


async def test_a_session_is_streamed_cut_rebooted_and_told_truly(tmp_path):
    truth, sampled = tmp_path / "truth.json", tmp_path / "sampled.csv"
    files = ("--truth", str(truth), "--sampled", str(sampled))
    async with simulator("--scenario", "double", "--speed", "30", *files) as pump:
        async with client_of(await pump.said("ready")) as client:
            await client.link_up()
            await client.stream()
            assert (await pump.said("session"))["number"] == 1
            got = [await client.frame() for _ in range(40)]

            gone = asyncio.create_task(client.central.gone())
            await asyncio.sleep(0)
            await pump.order("cut 5")
            assert (await pump.said("cut"))["for_s"] == 5
            await gone
            await pump.said("restored")
            await client.link_up()

            gone = asyncio.create_task(client.central.gone())
            await asyncio.sleep(0)
            await pump.order("reboot")
            assert (await pump.said("boot"))["boot_id"] == 2
            await gone
            client.frames = asyncio.Queue()
            await client.link_up()
            await client.stream()
            got.append(await client.frame())
            assert got[-1].frame.boot_id == 2

            await pump.order("dance")
            assert "no order" in (await pump.said("refused"))["why"]
            await pump.order("stop")
        assert await pump.end() == (0, "")
    with sampled.open(encoding="ascii") as file:
        rows = list(csv.DictReader(file))
    encoded = {(int(row["boot_id"]), int(row["seq"])): bytes.fromhex(row["frame"]) for row in rows}
    assert all(encoded[each.frame.boot_id, each.frame.seq] == each.raw for each in got)
    assert {boot for boot, _ in encoded} == {1, 2}
    frame = wire.decode_frame(encoded[1, 3])
    assert frame.t_ms == pytest.approx(1500, abs=20)
    assert frame.flags == wire.ALL_CHANNELS
    told = json.loads(truth.read_text())
    assert [boot["boot_id"] for boot in told["boots"]] == [1, 2]
    assert told["sessions"][0]["session"] == 1


async def test_faults_before_the_first_host_end_by_themselves():
    async with simulator("--speed", "20") as pump:
        ready = await pump.said("ready")
        await pump.order("reboot")
        while (await pump.said("boot"))["boot_id"] != 2:
            pass
        await pump.order("cut 1")
        await pump.said("restored")
        async with client_of(ready) as client:
            await client.link_up()
            assert (await client.status()).boot_id == 2


async def test_a_day_ends_by_itself_and_its_let_downs_are_told(tmp_path):
    truth = tmp_path / "truth.json"
    day = ("--scenario", "calm", "--speed", "250", "--sessions", "2", "--no-wait")
    async with simulator(*day, "--truth", str(truth)) as pump:
        assert await pump.end() == (0, "")
    told = json.loads(truth.read_text())
    assert [session["session"] for session in told["sessions"]] == [1, 2]
    for session in told["sessions"]:
        onsets = [
            each["onset_s"] for each in told["let_downs"] if each["session"] == session["session"]
        ]
        assert onsets
        assert all(session["start_s"] < onset < session["stop_s"] for onset in onsets)


SLOW_TO_START = """
import asyncio
from bumble.device import Device
from lullaflow_sim.cli import app

power_on = Device.power_on

async def slowly(device):
    await asyncio.sleep(0.5)
    await power_on(device)

Device.power_on = slowly
app()
"""


async def test_a_day_begins_when_its_board_has_started_however_slow_the_machine(tmp_path):
    truth = tmp_path / "truth.json"
    day = ("--scenario", "calm", "--speed", "250", "--no-wait", "--truth", str(truth))
    async with simulator(*day, program=("-c", SLOW_TO_START)) as pump:
        assert await pump.end() == (0, "")
    (session,) = json.loads(truth.read_text())["sessions"]
    assert session["start_s"] >= 0


async def test_bonds_and_name_outlive_the_process_on_its_flash(tmp_path):
    flash = ("--flash", str(tmp_path / "flash.json"), "--name", "Nightingale")
    async with simulator(*flash, "--stay") as pump:
        async with client_of(await pump.said("ready")) as client:
            client.name = "Nightingale"
            await client.link_up()
            assert await client.command(wire.CMD_SET_NAME, b"Wren") == (wire.OK, b"")
            bonds = client.central.device.keystore
        pump.send_signal(signal.SIGTERM)
        assert await pump.end() == (0, "")
    async with simulator(*flash) as pump, client_of(await pump.said("ready")) as client:
        client.central.device.keystore = bonds
        await client.central.connect("Wren")
        await client.central.connection.encrypt()
        assert (await pump.said("boot"))["boot_id"] == 2


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--scenario", "stormy"), "There is no scenario stormy"),
        (("--mqtt", "nowhere"), "write HOST:PORT"),
        (("--truth", "no/such/folder/truth.json"), "no folder no/such/folder"),
    ],
)
def test_mistakes_are_told_in_a_sentence(arguments, complaint):
    run = CliRunner().invoke(app, arguments)
    assert (run.exit_code, run.stdout) == (2, "")
    assert complaint in run.stderr


async def test_a_radio_that_cannot_be_had_is_told_in_a_sentence():
    async with simulator(radio="tcp-server:127.0.0.1:99999") as pump:
        code, told = await pump.end()
    assert code == 2
    assert "HOST:PORT of this machine" in told
    assert "Traceback" not in told
