"""docs/detection.md: what it shows runs, and what it names is there."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

from lullaflow.detection import let_down
from lullaflow_sim.generate import generate_session
from lullaflow_sim.generate.files import to_csv

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "detection.md").read_text("utf-8")


def test_the_examples_run_as_they_stand(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("session.csv").write_text(to_csv(generate_session("clean", 7)), "utf-8")
    examples = "\n".join(re.findall(r"```pycon\n(.*?)```", PAGE, flags=re.DOTALL))
    assert examples.count(">>>") >= 7
    test = doctest.DocTestParser().get_doctest(examples, {}, "detection.md", None, None)
    told: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(test, out=told.append, clear_globs=False)
    assert not runner.summarize(verbose=False).failed, "".join(told)
    assert len(test.globs["found"]) > 1


def test_the_example_of_the_class_runs_as_it_stands():
    ran = doctest.testmod(let_down)
    assert ran.attempted >= 6
    assert not ran.failed


def test_every_picture_is_there_and_of_modest_size():
    names = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", PAGE)
    assert len(names) >= 5
    for name in names:
        assert 1_000 < (DOCS / name).stat().st_size < 600_000, name


def test_results_stand_between_their_marks():
    results = PAGE.split("<!-- results begin -->")[1].split("<!-- results end -->")[0]
    for family in ("clean", "typical", "hard", "dry", "volume_only", "other"):
        assert f"`{family}`" in results
    assert "| figure | goal | reached | met |" in results
