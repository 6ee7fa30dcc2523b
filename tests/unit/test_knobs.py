"""What can be set while the daemon runs: it does what it says, and a restart keeps it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lullaflow.config import Config, CuesSettings, CueStepSettings
from lullaflow.cues.players.tracks import choices
from lullaflow.daemon.knobs import Knobs, offered
from lullaflow.session.inputs import CueStep
from lullaflow.store import open_store

FOLDER = Path("music")
MUSIC: Mapping[str, Path | None] = {"all": FOLDER, "own": None, "Night/": FOLDER / "Night"}


@dataclass
class Speaker:
    muted: bool = False
    has_speaker: bool = True
    volume: float = 0.5
    played: list[Path | None] = field(default_factory=list)

    def mute(self, muted: bool) -> None:
        self.muted = muted

    def set_volume(self, volume: float) -> None:
        self.volume = volume

    def choose(self, folder: Path | None) -> None:
        self.played.append(folder)


def automatic(ladder: tuple[CueStep, ...]) -> list[str]:
    return [step.cue for step in ladder if step.by_itself]


def test_each_knob_does_what_it_says() -> None:
    speaker, ladders = Speaker(), []
    knobs = Knobs(Config(), speaker, MUSIC)
    knobs.on_ladder = lambda pump, ladder: ladders.append((pump, automatic(ladder)))
    for name, payload in (
        *(("set_quiet", "ON"), ("set_volume", "37.0"), ("set_music", "Night/")),
        *(("set_cues", "OFF"), ("set_cues", "on"), ("set_scene", "photo")),
    ):
        assert knobs.command("pump", name, payload) == "", name
    assert (speaker.muted, speaker.volume, speaker.played) == (True, 0.37, [FOLDER / "Night"])
    assert ladders == [("pump", []), ("pump", ["music", "photo"]), ("pump", ["photo"])]
    told = knobs.settings("pump")
    assert (told.quiet, told.volume, told.music) == (True, 37, "Night/")
    assert (told.cues, told.scene, told.learning) == (True, "photo", True)


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        *(("set_quiet", "perhaps"), ("set_volume", "101"), ("set_volume", "loud")),
        *(("set_volume", "nan"), ("set_music", "Day/"), ("set_scene", "sea"), ("set_cues", "")),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(name: str, payload: str) -> None:
    speaker = Speaker()
    knobs = Knobs(Config(), speaker, MUSIC)
    refusal = knobs.command("pump", name, payload)
    assert refusal is not None
    assert refusal.endswith(".")
    assert speaker == Speaker()
    assert knobs.command("pump", "set_colour", "red") is None


async def test_a_restart_keeps_them_until_the_settings_file_changes_its_mind(
    tmp_path: Path,
) -> None:
    async with open_store(tmp_path / "l.db") as store:
        knobs = Knobs(Config(), Speaker(), MUSIC)
        keeper = asyncio.create_task(knobs.run(store))
        knobs.mute(True)
        for name, payload in (("volume", "20"), ("scene", "music"), ("music", "Night/")):
            assert knobs.command("pump", f"set_{name}", payload) == ""
        async with asyncio.timeout(60):
            while len(await store.kept_knobs()) < 4:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)

        speaker = Speaker()
        again = Knobs(Config(), speaker, MUSIC)
        await again.recall(store)
        assert again.settings("pump") == knobs.settings("pump")
        assert (speaker.muted, speaker.volume, speaker.played) == (True, 0.2, [FOLDER / "Night"])

        louder = Config(cues=CuesSettings(volume=0.8))
        changed = Knobs(louder, Speaker(), {"own": None})
        await changed.recall(store)
        told = changed.settings("pump")
        assert (told.volume, told.music, told.scene) == (80, "own", "music")


def test_only_knobs_that_do_something_are_offered() -> None:
    one = Config(cues=CuesSettings(ladder=(CueStepSettings(cue="music", kind="music"),)))
    assert list(offered(Knobs(one, Speaker(), {"own": None}), sound=False)) == ["cues"]
    everything = offered(Knobs(Config(), Speaker(), MUSIC), sound=True)
    assert set(everything) == {"quiet", "volume", "music", "cues", "scene", "learning"}


def test_music_can_be_chosen_by_folder(tmp_path: Path) -> None:
    for name in ("Night", "Day", ".hidden"):
        (tmp_path / name).mkdir()
    (tmp_path / "song.mp3").touch()
    assert list(choices(tmp_path)) == ["all", "own", "Day/", "Night/"]
    assert choices(None) == {"own": None}
