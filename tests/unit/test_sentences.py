"""What the page says: something calm in every state, no number, no judgement."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import pytest

from lullaflow.cues.policy import RunningCue
from lullaflow.session.view import View
from lullaflow.web.sentences import Words, words
from lullaflow.web.state import AFTER_S, CURVE_S, PumpOnPage

JUDGING = re.compile(
    r"\b(fail\w*|error\w*|bad|poor\w*|slow|late|low|weak\w*|wrong|problem\w*|only|still|yet|"
    r"little milk|not enough|enough|should|must|try|good job|well done|success\w*|normal\w*|"
    r"lost touch|alarm\w*|warning|attention|unfortunately|sorry|more milk|better|worse)\b",
    re.IGNORECASE,
)


def every_view() -> Iterator[View]:
    cues = [
        (),
        (RunningCue("music", "music", 1),),
        (RunningCue("music", "music", 1), RunningCue("photo", "photo", 2)),
        (RunningCue("lamp", "light", 1),),
    ]
    flags = (False, True)
    for (
        session,
        phase,
        running,
        flowing,
        slow,
        snoozed,
        seal_ok,
        link_up,
        let_downs,
    ) in itertools.product(
        (None, "s"),
        (None, "stimulation", "expression", "paused"),
        cues,
        *(flags, flags, flags, flags, flags),
        (0, 2),
    ):
        for faults in ({}, {"left weight": "stuck"}):
            yield View(
                session=session,
                phase=phase,  # type: ignore[arg-type]
                cues=running,
                milk_flowing=flowing,
                slow=slow,
                snoozed=snoozed,
                seal_ok=seal_ok,
                link_up=link_up,
                let_downs=let_downs,
                faults=faults,
            )


def all_words() -> set[Words]:
    said = {words(None), words(None, after_session=True)}
    for view in every_view():
        said |= {words(view), words(view, after_session=True)}
    return said


def test_every_state_has_one_short_sentence_without_number_or_judgement() -> None:
    for said in all_words():
        assert said.main.endswith(".")
        assert len(said.main) <= 48, said.main
        assert len(said.aside) <= 60, said.aside
        for text in (said.main, said.aside):
            assert not re.search(r"\d|%|!", text), text
            assert not JUDGING.search(text), text


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (View(), "All is quiet."),
        (View(session="s"), "Settle in, and breathe out slowly."),
        (View(session="s", slow=True), "Take your time. There is no hurry."),
        (
            View(session="s", slow=True, cues=(RunningCue("music", "music", 1),)),
            "Lean back, and let your shoulders sink.",
        ),
        (
            View(session="s", slow=True, cues=(RunningCue("photo", "photo", 2),)),
            "Let your eyes rest here for a while.",
        ),
        (View(session="s", milk_flowing=True, let_downs=1), "Your milk is flowing."),
        (View(session="s", let_downs=1), "All is well. More may come in its own time."),
        (View(session="s", snoozed=True, slow=True), "As you wish. It stays quiet around you."),
        (View(session="s", phase="paused"), "A little pause."),
        (View(session="s", phase="paused", milk_flowing=True), "Your milk is flowing."),
        (View(link_up=False), "The pump is out of reach."),
    ],
)
def test_what_is_happening_is_what_is_said(view: View, expected: str) -> None:
    assert words(view).main == expected


def test_out_of_reach_in_a_session_says_that_nothing_is_lost() -> None:
    said = words(View(session="s", link_up=False, milk_flowing=True))
    assert said.aside == "While it is on, it remembers the last minutes."
    assert said.mood == "away"


def test_before_the_first_pump_the_page_looks_for_it() -> None:
    assert words(None).main == "Looking for your pump."


def test_after_a_session_the_page_says_so_for_a_while_only() -> None:
    now = 100.0
    pump = PumpOnPage("Pump", clock=lambda: now)
    pump.on_view(View())
    assert not pump.after_session
    pump.on_view(View(session="s"))
    assert not pump.after_session
    pump.on_view(View())
    assert pump.after_session
    now += AFTER_S + 1
    assert not pump.after_session


def test_curve_keeps_the_last_minutes_of_this_session_at_one_point_a_second() -> None:
    pump = PumpOnPage("Pump")
    for tick in range(2000):
        pump.on_view(View(session="a", session_s=tick / 2, flow_left_ml_min=1.0, vacuum_mmhg=100.0))
    moments = [point[0] for point in pump.curve_points()]
    assert moments[-1] - moments[0] == CURVE_S
    assert all(after - before == 1.0 for before, after in itertools.pairwise(moments))
    pump.on_view(View(session="b", session_s=0.5, flow_left_ml_min=2.0, flow_right_ml_min=3.0))
    assert pump.curve_points() == [(0.5, 5.0, 0.0)]


def test_a_full_disk_is_told_whatever_happens() -> None:
    full = "Recording waits until the computer's disk has room again."
    for view in (None, View(link_up=True), View(session="s", phase="stimulation", link_up=True)):
        said = words(view, stores=False)
        assert said.main == words(view).main
        assert said.aside == full
