"""docs/protocol.md says what the code does, and enough to write a host from it alone."""

import ast
import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from bumble.gatt import Characteristic

from lullaflow_protocol import wire

from . import page_client
from .bumble_central import central_on
from .counting_pump import Pump, running
from .page_client import PageClient, Parts, RefusedError, parse_frame, parse_reply, parse_status

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "protocol.md").read_text("utf-8")
VECTORS = json.loads((ROOT / "protocols" / "vectors" / "v1.json").read_text("utf-8"))


def test_the_page_is_the_one_that_the_code_makes():
    """Run `make protocol` after a change of the wire."""
    made = subprocess.run(
        [sys.executable, ROOT / "tools" / "protocol_page"], check=True, capture_output=True
    )
    assert made.stdout.decode() == PAGE


def test_the_client_from_the_page_knows_nothing_of_ours():
    tree = ast.parse(Path(page_client.__file__).read_text("utf-8"))
    imported = {
        name
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or "."]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported == {"__future__", "asyncio", "struct", "dataclasses"}


def test_it_reads_every_golden_frame_and_refuses_what_must_be_refused():
    for vector in VECTORS["frames"]:
        frame = parse_frame(bytes.fromhex(vector["bytes"]))
        told = vector["frame"]
        assert (frame.flags, frame.boot_id, frame.seq, frame.time_ms) == (
            told["flags"],
            told["boot_id"],
            told["seq"],
            told["t_ms"],
        )
        assert frame.raw == told["channels"], vector["name"]
    for vector in VECTORS["refused"]:
        with pytest.raises(RefusedError, match=vector["error"]):
            parse_frame(bytes.fromhex(vector["bytes"]))


def test_it_reads_and_writes_all_the_other_golden_vectors():
    for vector in VECTORS["statuses"]:
        status, told = parse_status(bytes.fromhex(vector["bytes"])), vector["status"]
        assert list(status.firmware) == told["firmware"]
        assert (status.boot_id, status.oldest, status.newest, status.uptime_s, status.cause) == (
            told["boot_id"],
            told["oldest_seq"],
            told["newest_seq"],
            told["uptime_s"],
            told["reset_cause"],
        )
        assert status.faults == told["faults"]
    for vector in VECTORS["commands"]:
        payload = bytes.fromhex(vector["payload"])
        made = page_client.command(vector["opcode"], vector["token"], payload)
        assert made.hex() == vector["bytes"]
    for vector in VECTORS["replies"]:
        opcode, token, status, payload = parse_reply(bytes.fromhex(vector["bytes"]))
        assert (opcode, token, status, payload.hex()) == (
            vector["opcode"],
            vector["token"],
            vector["status"],
            vector["payload"],
        )
    for vector in VECTORS["fragments"]:
        parts = Parts()
        *begun, whole = [parts.push(bytes.fromhex(part)) for part in vector["parts"]]
        assert begun == [None] * len(begun)
        assert whole == (bytes.fromhex(vector["frame"]), vector["replayed"])


@pytest.fixture
async def pump():
    async with running(Pump()) as pump:
        yield pump


async def test_it_reads_a_whole_session_from_the_board_with_a_cut_and_a_restart(pump):
    async with central_on(pump.radio.host_controller) as central:
        client = PageClient(central)
        await pump.clock.sleep_ms(3000)
        first = await client.session()
        await client.until(first.boot_id, first.newest + 10)

        gone = asyncio.create_task(central.gone())
        await asyncio.sleep(0)
        pump.radio.cut()
        await gone
        await pump.clock.sleep_ms(20_000)
        pump.radio.restore()
        again = await client.session()
        await client.until(again.boot_id, again.newest + 4)

        gone = asyncio.create_task(central.gone())
        await asyncio.sleep(0)
        pump.device.reboot()
        await gone
        restarted = await client.session()
        await client.until(restarted.boot_id, restarted.newest + 4)

        assert again.boot_id == first.boot_id
        assert restarted.boot_id == first.boot_id + 1
        assert client.lost == 0
        assert any(frame.replayed for frame in client.frames.values())
        truth = {(f.boot_id, f.seq): f for f in map(wire.decode_frame, pump.log.frames)}
        for boot_id, last in (
            (first.boot_id, again.newest + 4),
            (restarted.boot_id, restarted.newest + 4),
        ):
            for seq in range(last + 1):
                got, true = client.frames[boot_id, seq], truth[boot_id, seq]
                assert got.time_ms == true.t_ms
                vacuum, weight = got.values[0], got.values[3]
                assert vacuum == [wire.vacuum_mmhg(sample) for sample in true.channels[0]]
                assert weight == [wire.weight_g(sample) for sample in true.channels[3]]
                assert got.raw == list(true.channels)


async def test_the_board_serves_what_the_page_lists(pump):
    listed = {
        (service.strip("`").lower(), uuid.strip("`").lower()): set(properties.split(", "))
        for _, service, _, uuid, properties, _ in (
            [cell.strip() for cell in line.split("|")[1:-1]]
            for line in PAGE.partition("## Services")[2].partition("## ")[0].splitlines()
            if line.count("|") == 7 and "`" in line
        )
    }
    async with central_on(pump.radio.host_controller) as central:
        peer = await central.connect()
        served = {
            (_text(service.uuid), _text(each.uuid)): _properties(each.properties)
            for service in peer.services
            for each in service.characteristics
        }
    assert {(page_client.SERVICE, page_client.STREAM)} <= listed.keys()
    assert {key: served.get(key) for key in listed} == listed
    # What is served besides is Bluetooth's own: Generic Access and Generic Attribute.
    assert {service for service, _ in served.keys() - listed.keys()} <= {"0x1800", "0x1801"}


def _text(uuid):
    data = uuid.to_bytes()[::-1].hex()
    if len(data) == 4:
        return f"0x{data}"
    return "-".join((data[:8], data[8:12], data[12:16], data[16:20], data[20:]))


def _properties(bits):
    names = ("READ", "WRITE", "NOTIFY", "INDICATE")
    return {name.lower() for name in names if bits & Characteristic.Properties[name]}
