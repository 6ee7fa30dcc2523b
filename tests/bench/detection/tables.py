"""The benchmark's tables, in Markdown."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from bench.detection.failures import FALSE, MISSED
from bench.detection.following import followed_cells
from bench.detection.fooling import best_f1
from bench.detection.informed import Reckoned, reckoned
from bench.detection.judging import TUNED_AS, Judged, tuned_settings
from bench.detection.ours import HASTY, SOONER
from bench.detection.peers import PEERS
from bench.detection.results import (
    FamilyResult,
    Goal,
    delay_ratio,
    sober_delay_s,
    sober_limit_s,
)
from bench.detection.scoring import Figures, SessionScore, sum_up
from bench.detection.seeds import Use, seeds
from bench.detection.speed import Speed
from bench.detection.suction import suction_cells

LATE_S: Final = 10.0
"""What the 99th percentile of the delay may be, by the goal."""


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def goal_table(goals: Sequence[Goal]) -> str:
    """Goal, reached, met or not."""
    return table(
        ("figure", "goal", "reached", "met"),
        [(each.what, each.goal, each.reached, "yes" if each.met else "**no**") for each in goals],
    )


def family_table(results: Sequence[FamilyResult], use: Use) -> str:
    """Our detector, family by family."""
    header = ("figure", *(f"`{each.family}`" for each in results))
    figures = [each.figures for each in results]
    first = [seeds(each.family, use, len(each.judged)) for each in results]
    followed = [
        followed_cells([each for one in result.judged for each in one.followed])
        for result in results
    ]
    rows = {
        "seeds": [f"{each.start} to {each.stop - 1}" for each in first],
        "sessions": [f"{each.sessions}" for each in figures],
        "hours": [f"{each.hours:.1f}" for each in figures],
        "let-downs": [f"{each.let_downs}" for each in figures],
        "first let-down found (%)": [_cell(100 * each.first_found, 1) for each in figures],
        "F1, all let-downs": [_f1(each) for each in figures],
        "precision": [_cell(each.precision, 3) if each.let_downs else "–" for each in figures],
        "recall": [_cell(each.recall, 3) for each in figures],
        "false an hour": [_cell(each.false_per_hour, 2) for each in figures],
        "delay, median (s)": [_cell(each.delay_s, 1) for each in figures],
        "of the first let-down (s)": [_cell(each.first_delay_s, 1) for each in figures],
        "90th percentile (s)": [_cell(each.delay_p90_s, 1) for each in figures],
        "99th percentile (s)": [_cell(each.delay_p99_s, 1) for each in figures],
        **_limit_rows(results),
        **_short_rows(results),
        "onset error, median (s)": [_cell(each.onset_error_s, 2) for each in figures],
        **_by_name(followed),
        "calibration error": [
            _cell(each.calibration_error, 3) if each.let_downs else "–" for each in figures
        ],
        "told at milk that was held up (not counted)": [
            f"{each.resumptions_told}" for each in figures
        ],
        "`let_down_slow` told": [_slow(each, "told") for each in results],
        "milk had begun over 4 s before": [_slow(each, "known_milk") for each in results],
        "of these, unseen and over by then": [_slow(each, "gone") for each in results],
        "false: pump off": [_slow(each, "pump_off") for each in results],
        "milk had begun even a moment before": [_slow(each, "any_milk") for each in results],
    }
    suction = [suction_cells([one.suction for one in each.judged]) for each in results]
    rows |= _by_name(suction)
    return table(header, [(name, *cells) for name, cells in rows.items()])


def _by_name(cells: Sequence[Mapping[str, str]]) -> dict[str, list[str]]:
    """Return the families' cells as rows."""
    return {name: [each[name] for each in cells] for name in cells[0]}


def _limit_rows(results: Sequence[FamilyResult]) -> dict[str, list[str]]:
    """How soon the clairvoyants are that rule out what is no milk, and how much they tell."""
    eases, looking = "past_eases_s", "searching_s"
    return {
        **_beside(results, "delay_s", "clairvoyant, median (s)", "ratio"),
        "ratio, first let-downs": [_cell(_ratio(each, first=True), 2) for each in results],
        "ratio of the 90th percentiles": [_cell(_ratio(each, 0.9), 2) for each in results],
        "ratio of the 99th percentiles": [_cell(_ratio(each, 0.99), 2) for each in results],
        **_beside(
            results,
            "past_steps_s",
            "clairvoyant that must tell steps apart (s)",
            "ratio to it, steps",
        ),
        **_beside(
            results,
            eases,
            "clairvoyant that must tell steps and leans apart (s)",
            "ratio to it, steps and leans",
        ),
        "99th percentile, the first of these clairvoyants (s)": [
            _late(each, "delay_s") for each in results
        ],
        "its 99th percentile (s)": [_late(each, eases) for each in results],
        "told by it within 30 s (%)": [_told_share(each, eases) for each in results],
        "first let-downs told by it (%)": [
            _told_share(each, eases, first=True) for each in results
        ],
        **_beside(
            results,
            looking,
            "clairvoyant that must look for the milk, too (s)",
            "ratio to it, looking",
        ),
        "99th percentile, looking (s)": [_late(each, looking) for each in results],
        "told by it within 30 s, looking (%)": [_told_share(each, looking) for each in results],
        "first let-downs told by it, looking (%)": [
            _told_share(each, looking, first=True) for each in results
        ],
        **_late_rows(results),
        "looking all the time, at the best bar: F1": [_best_f1(each) for each in results],
    }


def _short_rows(results: Sequence[FamilyResult]) -> dict[str, list[str]]:
    """What rises that fall short of the rule cost the clairvoyant, us, and who tells sooner."""
    soon = [sum_up([one.soon for one in each.judged]) for each in results]
    hours = [each.figures.hours for each in results]
    short = [sum(one.short_rises for one in each.judged) for each in results]
    smaller = "past_smaller_s"
    return {
        "rises that fall short of the rule, an hour": [
            _cell(count / over, 1) for count, over in zip(short, hours, strict=True)
        ],
        **_beside(
            results,
            "past_halted_s",
            "clairvoyant that must tell these apart (s)",
            "ratio to it, short rises",
        ),
        "the same, if it knew from how they rise how high (s)": [
            _cell(delay_ratio(each.judged, smaller)[1], 1) for each in results
        ],
        "its 99th percentile then (s)": [_late(each, smaller) for each in results],
        "F1, short rises counted neither way": [
            _f1(sum_up([one.excused for one in each.judged])) for each in results
        ],
        f"told sooner, at {100 * SOONER:g} %: delay, median (s)": [
            _cell(each.delay_s, 1) for each in soon
        ],
        "F1, told sooner": [_f1(each) for each in soon],
        "F1, told sooner, short rises counted neither way": [
            _f1(sum_up([one.soon_excused for one in each.judged])) for each in results
        ],
    }


def _late_rows(results: Sequence[FamilyResult]) -> dict[str, list[str]]:
    """How many let-downs ours tells late or never, and how many of these clairvoyants do, too."""
    late = [
        [
            limit
            for each in result.judged
            for delay_s, limit in zip(each.score.delays_s, each.limits, strict=True)
            if _is_late(delay_s)
        ]
        for result in results
    ]
    counts = {
        "let-downs that ours tells after over 10 s, or never": [len(each) for each in late],
        "of these so late or never by the first clairvoyant": [
            sum(_is_late(limit.delay_s) for limit in each) for each in late
        ],
        "by the one that must tell steps and leans apart": [
            sum(_is_late(limit.past_eases_s) for limit in each) for each in late
        ],
        "by the one that must look": [
            sum(_is_late(limit.searching_s) for limit in each) for each in late
        ],
    }
    milky = [bool(result.figures.let_downs) for result in results]
    return {
        name: [str(count) if any_ else "–" for count, any_ in zip(row, milky, strict=True)]
        for name, row in counts.items()
    }


def _is_late(delay_s: float | None) -> bool:
    return delay_s is None or delay_s > LATE_S


def _ratio(result: FamilyResult, quantile: float = 0.5, *, first: bool = False) -> float:
    return delay_ratio(result.judged, quantile=quantile, first=first)[2]


def _beside(
    results: Sequence[FamilyResult], limit_name: str, median: str, ratio: str
) -> dict[str, list[str]]:
    """Return a clairvoyant's median delay and ours over it, as two rows of these names."""
    both = [delay_ratio(each.judged, limit_name) for each in results]
    return {
        median: [_cell(known_s, 1) for _, known_s, _ in both],
        ratio: [_cell(over, 2) for _, _, over in both],
    }


def peer_table(results: Sequence[FamilyResult]) -> str:
    """F1, false alarms, delay and its ratio to the clairvoyant's, of ours and of every peer."""
    ours: dict[str, Callable[[Judged], SessionScore]] = {
        "**lullaflow**": lambda one: one.score,
        f"lullaflow, hasty (ln odds {HASTY:g})": lambda one: one.hasty,
        f"lullaflow, sooner ({100 * SOONER:g} %)": lambda one: one.soon,
        "lullaflow, patient (the test alone)": lambda one: one.patient,
        "lullaflow, rash": lambda one: one.rash[-1],
    }
    rows = [
        (name, *(_four(each, [score(one) for one in each.judged]) for each in results))
        for name, score in ours.items()
    ]
    for peer in PEERS:
        scores = [[one.peers[peer.name] for one in each.judged] for each in results]
        cells = [
            _four(each, told, online=peer.online)
            for each, told in zip(results, scores, strict=True)
        ]
        rows.append((peer.name, *cells))
    return table(("", *(f"`{each.family}`" for each in results)), rows)


def settings_table(results: Sequence[FamilyResult]) -> str:
    """How each peer was set."""
    families = [each.family for each in results if each.family not in TUNED_AS]
    rows = [
        (peer.name, *(_settings(tuned_settings(family, peer)) for family in families))
        for peer in PEERS
    ]
    return table(("peer", *(f"`{each}`" for each in families)), rows)


def informed_table(results: Sequence[FamilyResult]) -> str:
    """Who knows every law, at every bar: its F1, and how soon it tells."""
    ways: dict[str, list[Reckoned]] = {}
    for each in results:
        asked = [one for judged in each.judged for one in judged.informed]
        if asked:
            ways[f"`{each.family}`"] = reckoned([one.knowing for one in asked])
            ways[f"`{each.family}`, finding"] = reckoned([one.finding for one in asked])
    rows = [
        (f"{each[0].bar:.0%}", *(_reckoned(one) for one in each))
        for each in zip(*ways.values(), strict=True)
    ]
    return table(("told at", *ways), rows)


def _reckoned(found: Reckoned) -> str:
    if math.isnan(found.delay_s):
        return "–"
    return f"{found.f1:.3f}, {found.delay_s:.1f} s, {found.delay_p99_s:.1f} s"


def failure_table(results: Sequence[FamilyResult]) -> str:
    """Why let-downs were missed, and why false ones were told."""
    rows: list[tuple[str, ...]] = []
    for what, reasons in (("missed", MISSED), ("false", FALSE)):
        counts = [
            Counter(why for each in result.judged for why in getattr(each, what))
            for result in results
        ]
        rows += [
            (f"{what}: {reason}", *(f"{count[reason]}" for count in counts)) for reason in reasons
        ]
    return table(("", *(f"`{each.family}`" for each in results)), rows)


def speed_table(speed: Speed) -> str:
    """How fast it is, beside river's Page-Hinkley on the same samples."""
    taken = [
        ("river's Page-Hinkley, one for each channel, every sample", speed.page_hinkley_s),
        ("our detector", speed.detector_s),
        ("the whole core", speed.core_s),
    ]
    if speed.compiled:
        taken += [
            ("our detector, compiled", speed.compiled.detector_s),
            ("the whole core, compiled", speed.compiled.core_s),
        ]
    rows = [(what, f"{s:.3f}", f"{s / speed.page_hinkley_s:.1f}") for what, s in taken]
    return table(("20 minutes of both sides, one core", "s", "ratio"), rows)


def _four(result: FamilyResult, scores: Sequence[SessionScore], *, online: bool = True) -> str:
    figures = sum_up(scores)
    f1 = f"{figures.f1:.2f}, " if figures.let_downs else ""
    delay = ""
    if figures.let_downs and online:
        late_s = sober_delay_s(scores)
        delay = f", {late_s:.1f} s ({late_s / sober_limit_s(result.judged):.1f})"
    return f"{f1}{figures.false_per_hour:.2f}/h{delay}"


def _settings(settings: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in settings.items()) or "as published"


def _told_share(result: FamilyResult, limit_name: str, *, first: bool = False) -> str:
    last = 1 if first else None
    known = [
        getattr(limit, limit_name) is not None
        for each in result.judged
        for limit in each.limits[:last]
    ]
    return _cell(100.0 * sum(known) / len(known), 1) if known else "–"


def _best_f1(result: FamilyResult) -> str:
    asked = [each.fooling for each in result.judged if each.fooling is not None]
    return _cell(best_f1(asked)[0], 3) if asked else "–"


def _f1(figures: Figures) -> str:
    return _cell(figures.f1, 3) if figures.let_downs else "–"


def _late(result: FamilyResult, limit_name: str) -> str:
    known = [getattr(limit, limit_name) for each in result.judged for limit in each.limits]
    told = [delay_s for delay_s in known if delay_s is not None]
    return _cell(float(np.quantile(told, 0.99)) if told else math.nan, 1)


def _slow(result: FamilyResult, name: str) -> str:
    return f"{sum(getattr(each.slowness, name) for each in result.judged)}"


def _cell(value: float, digits: int) -> str:
    return "–" if value != value else f"{value:.{digits}f}"
