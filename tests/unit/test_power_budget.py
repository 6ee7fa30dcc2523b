"""The page on power says what its script adds up now."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_is_what_the_script_writes():
    script = "import runpy; print(runpy.run_path('tools/power_budget.py')['page'](), end='')"
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert (ROOT / "docs" / "power.md").read_text("utf-8") == ran.stdout, (
        "run `python tools/power_budget.py`"
    )


def test_sleeping_lets_a_cell_last_for_months_and_deep_sleep_would_not():
    page = (ROOT / "docs" / "power.md").read_text("utf-8")
    days = [int(line.split()[1]) for line in page.splitlines() if line.endswith("days asleep,")]
    assert len(days) == 2
    assert min(days) > 30
