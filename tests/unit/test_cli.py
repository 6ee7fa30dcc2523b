"""The command line as a person meets it: in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest


def lullaflow(
    *arguments: str, cwd: Path, stdin: str | None = None, **environ: str
) -> subprocess.CompletedProcess[str]:
    home = {"HOME": str(cwd), "XDG_STATE_HOME": str(cwd / "state"), "XDG_CONFIG_HOME": str(cwd)}
    kept = {key: value for key, value in os.environ.items() if not key.startswith("LULLAFLOW_")}
    return subprocess.run(
        [sys.executable, "-m", "lullaflow", *arguments],
        cwd=cwd,
        env={**kept, **home, **environ},
        capture_output=True,
        input=stdin,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_settings_file_is_written_once_and_is_right(tmp_path: Path) -> None:
    assert lullaflow("config", "init", cwd=tmp_path).returncode == 0
    assert lullaflow("config", "check", cwd=tmp_path).returncode == 0
    again = lullaflow("config", "init", cwd=tmp_path)
    assert again.returncode == 2
    assert again.stderr.strip() == "lullaflow.toml is there already; --force replaces it."


def test_mistakes_in_the_settings_end_in_sentences_and_code_2(tmp_path: Path) -> None:
    (tmp_path / "lullaflow.toml").write_text('[mqtt]\nprot = 1\n[cues]\nphoto_folder = "none"\n')
    for command in (["config", "check"], ["run"], ["sessions"], ["doctor"]):
        run = lullaflow(*command, cwd=tmp_path)
        assert run.returncode == 2
        assert run.stdout == ""
        first, second = run.stderr.splitlines()
        assert first == "lullaflow.toml:2: there is no key 'mqtt.prot'. Did you mean 'port'?"
        assert second.startswith("lullaflow.toml:4: cues.photo_folder: the folder")


def test_no_session_yet_is_no_mistake(tmp_path: Path) -> None:
    run = lullaflow("sessions", cwd=tmp_path)
    assert (run.returncode, run.stdout) == (0, "")
    assert run.stderr.strip() == "No session has been recorded yet."


def test_the_doctor_names_what_is_wrong_and_how_to_mend_it(tmp_path: Path) -> None:
    with socket.socket() as taken, socket.socket() as closed:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        closed.bind(("127.0.0.1", 0))  # not listening: connections are refused
        run = lullaflow(
            "doctor",
            cwd=tmp_path,
            LULLAFLOW_WEB__PORT=str(taken.getsockname()[1]),
            LULLAFLOW_MQTT__PORT=str(closed.getsockname()[1]),
        )
    assert run.returncode == 1
    said = {line.split(":")[0][2:]: line for line in run.stderr.splitlines()}
    # Of the kernel it tells only where that is one of Debian's with a fault.
    assert {"Bluetooth", "Sound", "Disk", "Page", "Broker"} == set(said) - {"Kernel"}
    assert said["Page"].startswith("✗")
    assert "Address already in use" in said["Page"]
    assert "Start a broker" in said["Broker"]
    assert said["Disk"].startswith("✓")


HEADER = "t_s,left_vacuum_mmhg,left_volume_ml"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (f"{HEADER}\n-3,1,0\n", "line 2: t_s is -3; time counts from 0"),
        (f"{HEADER}\n0,1,0\n1e300,1,0\n", "line 3: t_s is 1e+300, which is too large"),
        (f"{HEADER}\n0,1,0\n90000,1,0\n", "line 3: t_s jumps by 90000 s, more than a day"),
        (f"{HEADER}\n0,1,0\n0.1,1,1e300\n1,1,0\n", "numbers that no recording can hold"),
        (HEADER.replace(",", ";") + "\n0;1;0\n", "line 1: the columns are apart by semicolons"),
        (
            f'{HEADER},input\n0,,,\n1,,,"{{""kind"": ""link_came_back"", ""gap_s"": ""x""}}"\n',
            "is no input of this version",
        ),
    ],
)
def test_what_is_no_recording_is_refused_in_a_sentence(
    tmp_path: Path, text: str, sentence: str
) -> None:
    (tmp_path / "r.csv").write_text(text)
    run = lullaflow("replay", "r.csv", cwd=tmp_path)
    assert (run.returncode, run.stdout) == (2, "")
    (line,) = run.stderr.splitlines()
    assert sentence in line


def test_a_recording_comes_from_a_pipe_or_from_a_spreadsheet(tmp_path: Path) -> None:
    rows = f"{HEADER}\n" + "".join(f"{t / 10},,{t / 10}\n" for t in range(600))
    (tmp_path / "r.csv").write_bytes(b"\xef\xbb\xbf" + rows.replace("\n", "\r\n").encode())
    file = lullaflow("replay", "r.csv", "--volume-only", cwd=tmp_path)
    pipe = lullaflow("replay", "-", "--volume-only", cwd=tmp_path, stdin=rows)
    assert file.returncode == pipe.returncode == 0
    assert "session_started" in file.stdout
    assert file.stdout == pipe.stdout


def test_what_was_there_stays_when_there_is_nothing_to_write(tmp_path: Path) -> None:
    for name in ("kept.csv", "r.csv"):
        (tmp_path / name).write_text("precious")
    assert lullaflow("export", "none", "--out", "kept.csv", cwd=tmp_path).returncode == 2
    assert lullaflow("replay", "r.csv", "--events", "r.csv", cwd=tmp_path).returncode == 2
    assert [f.read_text() for f in sorted(tmp_path.glob("*.csv"))] == ["precious"] * 2
    assert not list(tmp_path.glob("*.part"))
    assert not (tmp_path / "state").exists()
