"""`lullaflow replay --plot`: a picture, decoded and looked at."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from lullaflow.cli.course import Course
from lullaflow.cli.plotting import COLOURS, PHASE_COLOURS, draw
from lullaflow.session.core import Core
from lullaflow.session.replay import read_recording
from lullaflow_protocol.events import LetDown
from lullaflow_sim.generate import generate_session
from lullaflow_sim.generate.files import to_csv


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("plot") / "evening.csv"
    path.write_text(to_csv(generate_session("clean", 7)), "utf-8")
    return path


def followed(path: Path, *, volume_only: bool = False) -> tuple[Course, list]:
    course, events = Course(), []
    with path.open(newline="") as text:
        info, inputs = read_recording(text, volume_only=volume_only)
        core = Core(info)
        for item in course.follow(core, inputs):
            for event in core.step(item):
                events.append(event)
                course.add(event)
    return course, events


def replay(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lullaflow", "replay", *words],
        cwd=cwd,
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
    )


def inked(picture: np.ndarray, colour: str, near: float = 12.0) -> np.ndarray:
    """Return where a picture has about this colour."""
    off = np.abs(picture.astype(float) - 255.0 * np.array(to_rgb(colour)))
    return off.max(axis=2) < near


def test_a_picture_is_drawn_beside_the_very_same_events(recording, tmp_path):
    plain = replay(str(recording), cwd=tmp_path)
    drawn = replay(str(recording), "--plot", "evening.png", cwd=tmp_path)
    assert (drawn.returncode, drawn.stdout) == (0, plain.stdout)
    assert "Drew evening.png" in drawn.stderr
    with Image.open(tmp_path / "evening.png") as image:
        assert image.format == "PNG"
        picture = np.asarray(image.convert("RGB"))
    height, width, _ = picture.shape
    assert width > 1000
    assert height > 800
    thirds = np.array_split(np.arange(height), 3)
    # Flow, then confidence and suction, then the bottles: something is drawn in each.
    for rows in thirds:
        assert inked(picture[rows], COLOURS["left"]).sum() > 300
    for name in ("stimulation", "expression"):
        assert inked(picture, PHASE_COLOURS[name]).sum() > 50
    assert [each.name for each in tmp_path.iterdir()] == ["evening.png"]


def test_a_let_down_is_shaded_where_it_flows(recording):
    course, events = followed(recording)
    found = [event for event in events if isinstance(event, LetDown)]
    assert len(course.let_downs) == len(found) > 0
    for each, event in zip(course.let_downs, found, strict=True):
        assert each.confidence == event.confidence
        assert each.onset_s <= each.detected_s <= each.end_s
    t_s, flow = course.flow_ml_min("left")
    first = course.let_downs[0]
    flowing = (t_s >= first.detected_s) & (t_s <= first.detected_s + 10.0)
    assert np.nanmean(flow[flowing]) > 5.0 * np.nanmean(flow[t_s < first.onset_s - 5.0])


def test_a_plain_scale_has_no_panel_for_suction(recording):
    with_suction, without = followed(recording)[0], followed(recording, volume_only=True)[0]
    without._pieces = [
        type(piece)(piece.t_s, *(np.full_like(piece.t_s, np.nan), piece.left_volume_ml) * 2)
        for piece in without._pieces
    ]
    heights = [
        Image.open(BytesIO(draw(course, ".png", "x"))).height for course in (with_suction, without)
    ]
    assert heights[1] < heights[0] - 100


@pytest.mark.parametrize(("suffix", "start"), [(".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_other_formats_are_what_they_say(recording, suffix, start):
    assert draw(followed(recording)[0], suffix, "x").startswith(start)


@pytest.mark.parametrize("rows", ["", "0,,1\n", "0,,1\n1,,1\n2,,\n"])
def test_a_recording_of_next_to_nothing_is_drawn_too(tmp_path, rows):
    (tmp_path / "r.csv").write_text("t_s,left_vacuum_mmhg,left_volume_ml\n" + rows)
    run = replay("r.csv", "--volume-only", "--plot", "r.png", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    with Image.open(tmp_path / "r.png") as image:
        image.load()


@pytest.mark.parametrize("rows", [1, 30, 699])
@pytest.mark.parametrize("mmhg", [0, 60])
def test_suction_whose_phase_is_not_known_yet_is_drawn(tmp_path, rows, mmhg):
    lines = [f"{0.02 * row:.2f},{mmhg},1.0" for row in range(rows)]
    (tmp_path / "r.csv").write_text("\n".join(["t_s,left_vacuum_mmhg,left_volume_ml", *lines]))
    course, _ = followed(tmp_path / "r.csv")
    assert not course.phases
    assert draw(course, ".svg", "x").startswith(b"<?xml")


def test_what_is_no_picture_is_refused_before_anything_is_written(recording, tmp_path):
    run = replay(str(recording), "--events", "e.jsonl", "--plot", "x.txt", cwd=tmp_path)
    assert run.returncode == 2
    (line,) = run.stderr.splitlines()
    assert "x.txt is no picture: its name must end in .png or .svg or .pdf" in line
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_told(recording, tmp_path):
    run = replay(str(recording), "--events", "e.jsonl", "--plot", "none/x.png", cwd=tmp_path)
    assert run.returncode == 2
    assert "none/x.png cannot be written (No such file or directory)" in run.stderr


def test_without_matplotlib_one_sentence_says_what_to_do(recording, tmp_path):
    (tmp_path / "matplotlib.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'matplotlib'\", name='matplotlib')"
    )
    run = replay(str(recording), "--events", "e.jsonl", "--plot", "x.png", cwd=tmp_path)
    assert run.returncode == 2
    (line,) = run.stderr.splitlines()
    assert 'pip install "lullaflow[plots]"' in line
    assert not (tmp_path / "e.jsonl").exists()
