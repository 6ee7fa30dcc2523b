"""Settings: defaults, the environment, and every mistake at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lullaflow.config import Config, ConfigError, Problem, find_config, load, template
from lullaflow.session.inputs import CoreSettings


def written(folder: Path, text: str) -> Path:
    path = folder / "lullaflow.toml"
    path.write_text(text)
    return path


def problems(path: Path, **environ: str) -> list[Problem]:
    with pytest.raises(ConfigError) as caught:
        load(path, environ)
    return caught.value.problems


def test_no_file_gives_the_defaults_which_suit_the_core() -> None:
    config = load(None, {})
    assert config == Config()
    assert config.core_settings() == CoreSettings()


def test_the_written_file_is_valid_and_shows_the_defaults(tmp_path: Path) -> None:
    assert load(written(tmp_path, template()), {}) == Config()
    shown = re.sub(r"(?m)^# (?=\[|[a-z_0-9]+ = [^\n]*$)", "", template().partition("\n\n")[2])
    assert "\nport = 1883\n" in shown
    assert load(written(tmp_path, shown), {}) == Config()


def test_every_mistake_at_once_each_with_its_line_and_a_fix(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
[mqtt]
prot = 1883
port = "many"
tls = 1
protocol = "4"
base_topic = "a/#"

[cues]
volume = 3.0
photo_folder = "nowhere"
ladder = [
  { cue = "song", kind = "music" },
  { cue = "lamp", kind = "lamp" },
]
[web]
port = 70000
[wed]
port = 1
[pumps."My Pump"]
""",
    )
    found = problems(path)
    assert [(p.line, p.key) for p in found] == [
        (3, "mqtt.prot"),
        (4, "mqtt.port"),
        (5, "mqtt.tls"),
        (6, "mqtt.protocol"),
        (7, "mqtt.base_topic"),
        (10, "cues.volume"),
        (11, "cues.photo_folder"),
        (12, "cues.ladder[2].kind"),
        (17, "web.port"),
        (18, "wed"),
        (20, "pumps.My Pump"),
    ]
    by_key = {p.key: p for p in found}
    assert by_key["mqtt.prot"].fix == "Did you mean 'port'?"
    assert str(by_key["mqtt.port"]) == (
        'lullaflow.toml:4: mqtt.port must be a whole number, not "many". '
        "Write for example port = 1883."
    )
    assert "does not exist" in by_key["cues.photo_folder"].message
    assert by_key["wed"].fix == "Did you mean 'web'?"
    assert all(p.message and p.fix.endswith((".", "?")) for p in found)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[mqtt]\nport 1883\n", 2),
        ('[web]\nhost = "open\n', 2),
        ("[web]\n\n[web]\n", 3),
    ],
)
def test_a_line_that_is_no_toml_is_named(tmp_path: Path, text: str, line: int) -> None:
    (problem,) = problems(written(tmp_path, text))
    assert problem.line == line
    assert problem.where == f"lullaflow.toml:{line}"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('[mqtt]\npassword = "a"\npassword_file = "lullaflow.toml"', "both"),
        ('[mqtt]\ncert_file = "lullaflow.toml"', "belong together"),
        ('[mqtt]\nca_file = "none.pem"', "none.pem does not exist"),
        ('[pumps.a]\naddress = "C0:FF"', "no Bluetooth address"),
        ('[pumps.a]\naddress = "C0:FF:EE:12:34:56"\n[pumps.b]', "needs an address"),
        ('[bluetooth]\nadapter = "wlan0"', "adapter"),
        ('[[cues.ladder]]\ncue = "a"\nkind = "music"\n' * 2, "two steps"),
        ('[[cues.ladder]]\ncue = "a"', "kind is missing"),
        ("pumps = {}", "no pump"),
        ("web = 3", "must be a section"),
        ('[web]\nhost = ""', "must not be empty"),
        ("[let_down]\nslow_after_s = 1", "at least 10"),
    ],
)
def test_mistakes_are_told_in_words(tmp_path: Path, text: str, word: str) -> None:
    assert any(word in str(problem) for problem in problems(written(tmp_path, text)))


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    config = load(
        written(tmp_path, '[cues]\nphoto_folder = "photos"\n[store]\npath = "data/l.db"'), {}
    )
    assert config.cues.photo_folder == tmp_path / "photos"
    assert config.store.path == tmp_path / "data" / "l.db"


def test_the_environment_wins_and_secrets_do_not_show(tmp_path: Path) -> None:
    path = written(tmp_path, '[mqtt]\nport = 1\npassword = "in file"\n[pumps.nursery]\n')
    environ = {
        "LULLAFLOW_MQTT__PASSWORD": "1234",
        "LULLAFLOW_MQTT__PORT": "8883",
        "LULLAFLOW_MQTT__TLS": "true",
        "LULLAFLOW_PUMPS__NURSERY__ADDRESS": "c0:ff:ee:12:34:56",
        "LULLAFLOW_LET_DOWN__SLOW_AFTER_S": "90",
        "LULLAFLOW_LOG_LEVEL": "debug",
        "HOME": "/home/her",
    }
    config = load(path, environ)
    assert config.mqtt.secret() == "1234"
    assert "1234" not in repr(config)
    assert (config.mqtt.port, config.mqtt.tls) == (8883, True)
    assert config.pumps["nursery"].address == "C0:FF:EE:12:34:56"
    assert config.core_settings().slow_after_s == 90


def test_mistakes_in_the_environment_are_named_by_their_variable(tmp_path: Path) -> None:
    found = problems(
        written(tmp_path, "[web]\nport = 0"),
        LULLAFLOW_WEB__PORTT="1",
        LULLAFLOW_MQTT__PORT="many",
        LULLAFLOW_WEB="x",
    )
    assert {(p.where, p.line) for p in found} == {
        ("LULLAFLOW_WEB__PORTT", None),
        ("LULLAFLOW_WEB", None),
        ("LULLAFLOW_MQTT__PORT", None),
        ("lullaflow.toml:2", 2),
    }


def test_the_password_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hush\n")
    config = load(written(tmp_path, '[mqtt]\npassword_file = "secret"'), {})
    assert config.mqtt.secret() == "hush"


def test_switched_off_steps_leave_the_ladder(tmp_path: Path) -> None:
    steps = (
        '[[cues.ladder]]\ncue = "song"\nkind = "music"\nenabled = false\n'
        '[[cues.ladder]]\ncue = "her"\nkind = "photo"\ndelay_s = 5\n'
    )
    ladder = load(written(tmp_path, steps), {}).core_settings().ladder
    assert [(step.cue, step.delay_s) for step in ladder] == [("her", 5.0)]
    asked_only = load(written(tmp_path, "[cues]\nenabled = false"), {}).core_settings().ladder
    assert asked_only
    assert not any(step.by_itself for step in asked_only)


def test_a_missing_or_unreadable_file_is_one_sentence(tmp_path: Path) -> None:
    (missing,) = problems(tmp_path / "none.toml")
    assert "config init" in missing.fix
    (folder,) = problems(tmp_path)
    assert "cannot be read" in folder.message
    (tmp_path / "latin.toml").write_bytes(b'[web]\nhost = "\xe4"')
    (latin,) = problems(tmp_path / "latin.toml")
    assert "UTF-8" in latin.message


def test_the_file_is_found_where_one_would_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LULLAFLOW_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    mine = tmp_path / "home" / "lullaflow" / "lullaflow.toml"
    mine.parent.mkdir(parents=True)
    mine.write_text("")
    assert find_config() == mine
    written(tmp_path, "")
    assert find_config() == Path("lullaflow.toml")
    monkeypatch.setenv("LULLAFLOW_CONFIG", "elsewhere.toml")
    assert find_config() == Path("elsewhere.toml")
    assert find_config(mine) == mine
