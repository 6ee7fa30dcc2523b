"""Sound: fades, loudness, formats, and what happens without a loudspeaker.

Only the loudspeaker is a stand-in: it captures what the sound card would get. The tones in
`sounds/` are 1.5 s of 440 Hz at a quarter of full scale, as encoded by LAME, libvorbis and libFLAC.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import wave
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from lullaflow.cues.players import music, tracks
from lullaflow.cues.players.lullaby import lullaby, lullaby_ring
from lullaflow.cues.players.music import FADE_IN_S, FADE_OUT_S, MUTE_S, MusicPlayer
from lullaflow.cues.players.players import Players
from lullaflow.cues.players.speaker import NoSpeakerError, open_speaker
from lullaflow.cues.players.stream import RATE_HZ, VOLUME_S, Block, Fader, Stream
from lullaflow.cues.policy import RunningCue
from lullaflow.session.view import View

SOUNDS = Path(__file__).parent / "sounds"
PERIOD = 4410
MUSIC = RunningCue("music", "music", 1)


class CaptureSpeaker:
    """Pulls like a sound card, as fast as it is told to, and keeps what it got."""

    def __init__(self) -> None:
        self.stream: Generator[bytes, int, None] | None = None
        self.heard: list[Block] = []
        self.closed = False

    @property
    def is_playing(self) -> bool:
        return self.stream is not None and not self.closed

    def start(self, stream: Generator[bytes, int, None]) -> None:
        self.stream = stream

    def close(self) -> None:
        self.closed = True

    def pull(self, frames: int = PERIOD) -> Block:
        assert self.stream is not None
        assert not self.closed
        sound = np.frombuffer(self.stream.send(frames), np.float32).reshape(-1, 2)
        assert len(sound) == frames
        self.heard.append(sound)
        return sound

    def pull_s(self, seconds: float) -> Block:
        return np.concatenate([self.pull() for _ in range(round(seconds * RATE_HZ / PERIOD))])


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that happens in another thread."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


class Room:
    """A machine with (or without) a loudspeaker.

    Attributes:
        refused: how often somebody asked for one in vain.
    """

    def __init__(self) -> None:
        self.present = True
        self.refused = 0
        self.speakers: list[CaptureSpeaker] = []

    def open(self) -> CaptureSpeaker:
        if not self.present:
            self.refused += 1
            raise NoSpeakerError("failed to init device")
        self.speakers.append(CaptureSpeaker())
        return self.speakers[-1]

    async def playing(self) -> CaptureSpeaker:
        """Wait for the loudspeaker that music comes from."""
        await until(lambda: bool(self.speakers) and self.speakers[-1].is_playing)
        return self.speakers[-1]


@asynccontextmanager
async def running(player: MusicPlayer | Players) -> AsyncIterator[None]:
    task = asyncio.create_task(player.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(autouse=True)
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-in pulls faster than life, so the supply is looked after faster, too."""
    monkeypatch.setattr(music, "LOOK_S", 0.005)
    monkeypatch.setattr(music, "DRAIN_S", 0.0)
    monkeypatch.setattr(music, "AHEAD_S", 20.0)


def write_wav(path: Path, sound: np.ndarray, rate_hz: int = 22050) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes((sound * 32767).astype("<i2").tobytes())


def sine(seconds: float, level: float = 0.25, rate_hz: int = 22050) -> np.ndarray:
    return level * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate_hz)) / rate_hz)


def rms(sound: Block) -> float:
    return float(np.sqrt(np.mean(np.square(sound, dtype=np.float64))))


def biggest_step(sound: Block) -> float:
    return float(np.abs(np.diff(sound, axis=0)).max())


# -- fades


def test_fade_has_constant_power_and_ends_on_its_sample() -> None:
    up, down = Fader(), Fader()
    up.fade(True, 2.0)
    down.fade(True, 0.0)
    down.gains(1)
    down.fade(False, 2.0)
    rising, falling = up.gains(3 * RATE_HZ), down.gains(3 * RATE_HZ)
    assert np.allclose(rising**2 + falling**2, 1.0, atol=1e-4)
    assert rising[RATE_HZ] == pytest.approx(np.sqrt(0.5), abs=1e-4)
    assert int(np.argmax(rising >= 1.0)) == pytest.approx(2 * RATE_HZ, abs=64)
    assert not falling[2 * RATE_HZ + 1 :].any()
    assert down.silent


@given(st.lists(st.tuples(st.integers(0, 3000), st.booleans(), st.floats(0.01, 3.0)), max_size=30))
def test_gain_never_jumps_however_fades_are_turned_round(
    turns: list[tuple[int, bool, float]],
) -> None:
    fader = Fader()
    gains = [np.zeros((1, 1), np.float32)]
    for frames, up, seconds in turns:
        fader.fade(up, seconds)
        gains.append(fader.gains(frames))
    line = np.concatenate(gains)
    assert line.min() >= 0.0
    assert line.max() <= 1.0
    assert np.abs(np.diff(line, axis=0)).max(initial=0.0) <= np.pi / 2 / (0.01 * RATE_HZ) + 1e-5


@given(st.lists(st.integers(1, 5000), min_size=1, max_size=20))
def test_what_is_asked_for_in_any_portions_is_the_same_sound(portions: list[int]) -> None:
    ramp = np.linspace(0, 1, sum(portions), dtype=np.float32)
    sound = np.stack([ramp, -ramp], axis=1)
    stream = Stream(volume=1.0)
    stream.fade(True, 0.0)
    for part in np.array_split(sound, 7):
        stream.add(part)
    heard = np.concatenate([stream.take(frames) for frames in portions])
    assert np.allclose(heard, sound, atol=1e-6)


def test_supply_that_breaks_off_comes_back_softly() -> None:
    stream = Stream(volume=1.0)
    stream.fade(True, 0.0)
    stream.add(np.ones((1000, 2), np.float32))
    assert not stream.take(1500)[1000:].any()
    stream.add(np.ones((RATE_HZ, 2), np.float32))
    back = stream.take(RATE_HZ)
    assert back[0, 0] < 0.001
    assert back[-1, 0] == 1.0


# -- the user's music


@pytest.mark.parametrize("name", ["tone.mp3", "tone.ogg", "tone.flac", "tone.wav"])
def test_every_format_is_decoded_at_its_pitch_and_brought_to_one_level(
    tmp_path: Path, name: str
) -> None:
    path = SOUNDS / name
    if name == "tone.wav":
        path = tmp_path / name
        write_wav(path, sine(1.5))
    raw = np.concatenate(list(tracks.decoded(path)))
    assert len(raw) / RATE_HZ == pytest.approx(1.5, abs=0.1)
    middle = raw[RATE_HZ // 4 : RATE_HZ // 4 + RATE_HZ, 0]
    assert rms(middle) == pytest.approx(0.25 / np.sqrt(2), rel=0.05)
    assert int(np.argmax(np.abs(np.fft.rfft(middle)))) == 440
    heard = np.concatenate(list(tracks.play(path)))
    assert rms(heard[RATE_HZ // 2 : RATE_HZ]) == pytest.approx(tracks.LEVEL, rel=0.1)
    assert np.abs(heard[[0, -1]]).max() < 0.001
    assert biggest_step(heard) < 0.05


def test_quiet_and_loud_recordings_end_up_alike(tmp_path: Path) -> None:
    levels = []
    for name, level in (("quiet.wav", 0.06), ("loud.wav", 0.95)):
        write_wav(tmp_path / name, sine(2.0, level))
        sound = np.concatenate(list(tracks.play(tmp_path / name)))
        levels.append(rms(sound[RATE_HZ // 2 : RATE_HZ]))
    assert levels[0] == pytest.approx(levels[1], rel=0.05)


def test_hiss_of_a_nearly_silent_recording_is_not_lifted_to_full_level(tmp_path: Path) -> None:
    write_wav(tmp_path / "hiss.wav", sine(2.0, 0.01))
    assert tracks.measured(tmp_path / "hiss.wav").gain == tracks.MAX_GAIN


@given(st.lists(st.integers(1, 4000), min_size=1, max_size=12), st.integers(1, 5000))
def test_softened_sound_keeps_its_length_and_its_middle(blocks: list[int], edge: int) -> None:
    edge = min(edge, sum(blocks) // 4)
    parts = [np.ones((frames, 2), np.float32) for frames in blocks]
    soft = np.concatenate(list(tracks.softened(parts, edge)))
    assert len(soft) == sum(blocks)
    assert (soft[edge : len(soft) - edge] == 1.0).all()
    if edge:
        assert soft[0, 0] == 0.0
        assert soft[-1, 0] == 0.0


def test_each_track_once_before_any_comes_again_however_often_it_is_cut_short(
    tmp_path: Path,
) -> None:
    for index in range(4):
        write_wav(tmp_path / f"{index}.wav", sine(0.2))
    (tmp_path / "letter.mp3").write_text("no music")
    library = tracks.Library(tmp_path, random.Random(3))
    begun: list[str] = []
    for _ in range(24):
        next(library.round())  # a cue ends in the middle of each track
        assert library._last is not None
        begun.append(library._last.name)
    for first in range(0, 24, 4):
        assert sorted(begun[first : first + 4]) == ["0.wav", "1.wav", "2.wav", "3.wav"]
    assert all(one != other for one, other in itertools.pairwise(begun))


def test_unreadable_files_are_skipped_and_named_once(tmp_path: Path) -> None:
    (tmp_path / "letter.mp3").write_text("Dear all, this is no music at all.\n" * 50)
    (tmp_path / "empty.ogg").write_bytes(b"")
    (tmp_path / "phone.m4a").write_bytes(b"\0" * 100)
    (tmp_path / "._hidden.mp3").write_bytes(b"\0" * 100)
    (tmp_path / "cover.jpg").write_bytes(b"\0" * 100)
    write_wav(tmp_path / "silence.wav", np.zeros(22050))
    sub = tmp_path / "lullabies ü"
    sub.mkdir()
    write_wav(sub / "good ♥.wav", sine(0.5))
    library = tracks.Library(tmp_path, random.Random(1))
    with capture_logs() as logs:
        first = np.concatenate(list(library.round()))
        list(library.round())
    assert len(first) == pytest.approx(0.5 * RATE_HZ, abs=4)
    skipped = sorted(Path(line["file"]).name for line in logs)
    assert skipped == ["empty.ogg", "letter.mp3", "phone.m4a", "silence.wav"]
    assert all(line["log_level"] == "warning" and line["why"] for line in logs)


# -- our own sound


def test_sound_of_our_own_is_soft_and_goes_round_without_a_seam() -> None:
    ring = lullaby_ring()
    assert rms(ring) == pytest.approx(tracks.LEVEL, rel=0.01)
    assert np.abs(ring).max() < 0.95
    inside = biggest_step(ring)
    assert float(np.abs(ring[0] - ring[-1]).max()) <= inside < 0.08
    power = np.abs(np.fft.rfft(ring[:, 0])) ** 2
    hertz = np.fft.rfftfreq(len(ring), 1 / RATE_HZ)
    assert power[hertz > 2000].sum() < 0.001 * power.sum()
    assert power[hertz < 60].sum() < 0.01 * power.sum()
    halves = ring[: len(ring) // RATE_HZ * RATE_HZ].reshape(-1, RATE_HZ, 2)
    loudness_db = 20 * np.log10(np.sqrt(np.mean(np.square(halves), axis=(1, 2))))
    assert loudness_db.max() - loudness_db.min() < 10
    assert np.array_equal(np.concatenate(list(lullaby())), ring)


# -- the player


async def test_music_comes_softly_and_goes_softly_and_lets_the_loudspeaker_go(
    tmp_path: Path,
) -> None:
    write_wav(tmp_path / "song.wav", sine(60))
    room = Room()
    player = MusicPlayer(tmp_path, 1.0, room.open)
    async with running(player):
        player.play()
        speaker = await room.playing()
        coming = speaker.pull_s(FADE_IN_S)
        half = coming[int(FADE_IN_S / 2 * RATE_HZ) :][:PERIOD]
        assert rms(coming[:PERIOD]) < 0.02 * tracks.LEVEL
        full = speaker.pull_s(0.5)
        assert rms(full) == pytest.approx(tracks.LEVEL, rel=0.02)
        assert rms(half) == pytest.approx(tracks.LEVEL * np.sqrt(0.5), rel=0.05)
        player.stop()
        going = speaker.pull_s(FADE_OUT_S)
        assert rms(going[:PERIOD]) == pytest.approx(tracks.LEVEL, rel=0.05)
        assert biggest_step(np.concatenate(speaker.heard)) < 0.04
        await until(lambda: speaker.closed)
    assert not going[-1].any()


async def test_volume_is_heard_as_its_square(tmp_path: Path) -> None:
    write_wav(tmp_path / "song.wav", sine(30))
    room = Room()
    player = MusicPlayer(tmp_path, 0.5, room.open)
    async with running(player):
        player.play()
        speaker = await room.playing()
        speaker.pull_s(FADE_IN_S)
        assert rms(speaker.pull_s(0.5)) == pytest.approx(tracks.LEVEL / 4, rel=0.02)


async def test_volume_is_turned_without_a_jump_and_kept_for_later_cues(tmp_path: Path) -> None:
    write_wav(tmp_path / "song.wav", sine(60))
    room = Room()
    player = MusicPlayer(tmp_path, 0.5, room.open)
    async with running(player):
        player.play()
        speaker = await room.playing()
        speaker.pull_s(FADE_IN_S)
        player.set_volume(1.0)
        louder = speaker.pull_s(VOLUME_S)
        assert biggest_step(louder) < 0.04
        assert rms(speaker.pull_s(0.5)) == pytest.approx(tracks.LEVEL, rel=0.02)
        player.set_volume(0.0)
        speaker.pull_s(VOLUME_S)
        assert rms(speaker.pull_s(0.1)) == 0.0


async def test_other_music_comes_when_the_old_has_gone_softly(tmp_path: Path) -> None:
    write_wav(tmp_path / "song.wav", sine(60))
    room = Room()
    player = MusicPlayer(tmp_path, 1.0, room.open)
    async with running(player):
        player.play()
        speaker = await room.playing()
        speaker.pull_s(FADE_IN_S)
        player.choose(None)
        going = speaker.pull_s(FADE_OUT_S)
        assert biggest_step(going) < 0.04
        assert not going[-1].any()
        await until(lambda: speaker.closed)
        other = await room.playing()
        assert other is not speaker
        other.pull_s(FADE_IN_S)
        heard = np.concatenate(other.heard)[-PERIOD:]
        ours = np.concatenate(list(itertools.islice(lullaby(), 20)))
        at = round(FADE_IN_S * RATE_HZ) - PERIOD
        assert np.allclose(heard, ours[at : at + PERIOD], atol=0.01)


async def test_sound_off_is_quick_without_a_click_and_stays_for_later_cues(tmp_path: Path) -> None:
    write_wav(tmp_path / "song.wav", sine(60))
    room = Room()
    player = MusicPlayer(tmp_path, 1.0, room.open)
    async with running(player):
        player.play()
        speaker = await room.playing()
        speaker.pull_s(FADE_IN_S)
        player.mute(True)
        off = speaker.pull_s(MUTE_S + 0.1)
        assert biggest_step(off) < 0.04
        assert not off[-PERIOD // 2 :].any()
        await until(lambda: speaker.closed)
        player.stop()
        player.play()
        await asyncio.sleep(0.05)
        assert len(room.speakers) == 2  # the first look at the machine, and the first cue
        player.mute(False)
        again = await room.playing()
        again.pull_s(tracks.EDGE_S + 0.5)
        assert rms(again.pull_s(0.2)) == pytest.approx(tracks.LEVEL, rel=0.05)


async def test_without_a_loudspeaker_it_says_so_once_and_plays_when_one_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(music, "RETRY_S", 0.01)
    room = Room()
    room.present = False
    player = MusicPlayer(None, 1.0, room.open)
    with capture_logs() as logs:
        async with running(player):
            player.play()
            await until(lambda: room.refused >= 3)
            assert not player.has_speaker
            room.present = True
            speaker = await room.playing()
            assert player.has_speaker
            speaker.pull_s(2.0)
            assert rms(speaker.pull_s(1.0)) > 0.01
    assert [line["event"] for line in logs] == [
        "no loudspeaker here: cues go on without music",
        "the loudspeaker is there again",
    ]


async def test_loudspeaker_that_is_pulled_out_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(music, "STALLED_S", 0.05)
    monkeypatch.setattr(music, "RETRY_S", 0.01)
    room = Room()
    player = MusicPlayer(None, 1.0, room.open)
    async with running(player):
        player.play()
        first = await room.playing()
        first.pull()
        await until(lambda: first.closed)
        assert await room.playing() is not first


async def test_folder_without_playable_music_gives_our_own_sound(tmp_path: Path) -> None:
    (tmp_path / "letter.mp3").write_text("no music")
    room = Room()
    player = MusicPlayer(tmp_path, 1.0, room.open)
    async with running(player):
        player.play()
        speaker = await room.playing()
        speaker.pull_s(FADE_IN_S)
        own = lullaby_ring()[int(FADE_IN_S * RATE_HZ) :][: PERIOD * 5]
        assert np.allclose(speaker.pull_s(0.5), own, atol=1e-6)


# -- the players follow the core


async def test_music_follows_the_cues_that_run_even_after_a_restart() -> None:
    players = Players(None, None, 1.0, opener=Room().open)
    players.on_view("left", View(session="a", cues=(MUSIC,)))
    assert players.music.playing
    players.on_view("right", View(session="b"))
    assert players.music.playing
    players.on_view("left", View(session="a"))
    assert not players.music.playing


async def test_music_goes_on_while_another_pump_still_wants_it() -> None:
    players = Players(None, None, 1.0, opener=Room().open)
    for pump in ("left", "right"):
        players.on_view(pump, View(session=pump, cues=(MUSIC,)))
    players.on_view("left", View(session="left"))
    assert players.music.playing


async def test_sound_switched_off_in_the_settings_keeps_the_loudspeaker_closed() -> None:
    room = Room()
    players = Players(None, None, 1.0, sound=False, opener=room.open)
    async with running(players):
        players.on_view("pump", View(session="a", cues=(MUSIC,)))
        await asyncio.sleep(0.05)
    assert not room.speakers


async def test_player_that_breaks_off_begins_again_and_ends_no_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lullaflow.cues.players.players.RESTART_S", 0.01)
    tries = 0

    def opener() -> CaptureSpeaker:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise RuntimeError("the sound system has lost its mind")
        return CaptureSpeaker()

    players = Players(None, None, 1.0, opener=opener)
    with capture_logs() as logs:
        async with running(players):
            await until(lambda: tries == 2)
    assert [line["log_level"] for line in logs] == ["error"]


def test_looking_for_a_loudspeaker_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with suppress(NoSpeakerError):
        open_speaker().close()
    assert capfd.readouterr() == ("", "")
