"""The simulator's own books: flash, frames as encoded, faults, truth."""

import pytest

from lullaflow_sim.clock import DeviceClock
from lullaflow_sim.faults import Faults
from lullaflow_sim.flash import Flash, FlashError
from lullaflow_sim.frame_log import Boot, FrameLog
from lullaflow_sim.identity import Identity
from lullaflow_sim.radio import RadioError
from lullaflow_sim.truth import whole_truth


class Air:
    """A radio that only remembers whether it is silent."""

    place = "nowhere"

    def __init__(self, real=False) -> None:
        self.real = real
        self.silent = False

    def cut(self) -> None:
        if self.real:
            raise RadioError("real air")
        self.silent = True

    def restore(self) -> None:
        self.silent = False


async def test_a_cut_within_a_cut_lasts_until_the_later_end():
    clock, air, said = DeviceClock(1), Air(), []
    faults = Faults(clock, air, lambda: None, said.append)
    faults.schedule([(10, 30), (20, 5), (35, 20)], [])
    heard = []
    clock.every(1000, lambda: heard.append(clock.now_s) if not air.silent else None)
    await clock.advance(70_000)
    assert heard == [*range(1, 10), *range(55, 71)]
    assert [each["event"] for each in said] == ["cut", "cut", "cut", "restored"]


async def test_reboots_come_at_their_time():
    clock, booted = DeviceClock(1), []
    faults = Faults(clock, Air(), lambda: booted.append(clock.now_s), lambda said: None)
    await clock.advance(1000)
    faults.schedule([], [2.5, 7])
    await clock.advance(20_000)
    assert booted == [3.5, 8]


async def test_a_real_radio_refuses_to_be_cut_and_the_simulation_goes_on():
    said = []
    Faults(DeviceClock(1), Air(real=True), lambda: None, said.append).cut(3)
    assert said == [{"event": "refused", "why": "real air"}]


def test_flash_keeps_what_was_written_last(tmp_path):
    path = tmp_path / "flash.json"
    flash = Flash(path)
    assert flash.is_blank
    assert flash.read("bonds.0") is None
    flash.write("bonds.0", b"old")
    flash.write("bonds.0", bytearray(b"\x00\xff"))
    assert Flash(path).read("bonds.0") == b"\x00\xff"
    assert not Flash(path).is_blank
    assert [each.name for each in tmp_path.iterdir()] == ["flash.json"]


@pytest.mark.parametrize("content", ["", "[]", '{"bonds.0": "xyz"}', '{"bonds.0": 5}'])
def test_a_broken_flash_file_is_refused_in_words(tmp_path, content):
    path = tmp_path / "flash.json"
    path.write_text(content)
    with pytest.raises(FlashError, match="delete it"):
        Flash(path)


class Ring:
    """A ring of two frames."""

    def __init__(self) -> None:
        self.frames = {}

    def next_seq(self):
        return max(self.frames, default=-1) + 1

    def get(self, seq):
        return self.frames.get(seq)


def test_frames_are_copied_as_they_are_encoded():
    log, ring = FrameLog(), Ring()
    look = log.follow(ring, Boot(1, 0.0))
    look()
    buffer = bytearray(b"first")
    ring.frames[0] = buffer
    look()
    buffer[:] = b"reuse"
    ring.frames[1] = bytearray(b"second")
    look()
    look()
    assert log.frames == [b"first", b"second"]
    ring.frames = {4: bytearray(b"late")}
    with pytest.raises(RuntimeError, match="overwritten"):
        look()


def test_the_same_name_is_the_same_board_and_another_is_not():
    assert Identity("a") == Identity("a")
    addresses = {Identity(name).board_address for name in "abc"}
    addresses |= {Identity(name).host_address for name in "abc"}
    assert len(addresses) == 6
    assert all(int(address[:2], 16) & 0x03 == 0x02 for address in addresses)


def test_truth_is_told_in_the_time_of_the_boot_that_saw_it():
    session = {
        "began_s": 100.0,
        "seed": 1,
        "start_s": 5.0,
        "stop_s": 300.0,
        "volume_ml": {"left": 20.0},
        "let_downs": [{"onset_s": 80.0, "side": "left"}, {"onset_s": 250.0, "side": "left"}],
    }
    told = whole_truth([session], [Boot(1, 0.0), Boot(2, 200.5)])
    assert [(each["boot_id"], each["onset_s"]) for each in told["let_downs"]] == [
        (1, 180.0),
        (2, 149.5),
    ]
    assert told["sessions"][0]["start_s"] == 105.0
    assert told["boots"] == [{"boot_id": 1, "at_s": 0.0}, {"boot_id": 2, "at_s": 200.5}]
