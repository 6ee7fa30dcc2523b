"""The benchmark's plots."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from bench.detection.binned_flow import binned_flow
from bench.detection.judging import Judged
from bench.detection.peers import PEERS
from bench.detection.recording import recording
from bench.detection.results import FamilyResult, sober_delay_s
from bench.detection.scoring import CONFIDENCE_BINS, sum_up
from bench.detection.seeds import Use, seeds
from bench.twenty_minutes import INFO
from lullaflow.cli import plotting
from lullaflow.cli.course import Course
from lullaflow.session.core import Core
from lullaflow.session.inputs import RecordingEnded

STYLE: Final = {**plotting.STYLE, "font.size": 9.0, "axes.titlesize": 9.5}
OURS, LIMIT, STEPS, EASES, LOOKED = "#1f6fb4", "#4d5560", "#a3abb5", "#d9b26a", "#b5651d"
SHORT = "#2e8b57"
FOUND, MISSED, FALSE = "#2e8b57", "#e08a1e", "#c4442f"
PEER_COLOURS: Final = ("#c4442f", "#e08a1e", "#2e8b57", "#8a5fa8")

LONGEST_S: Final = 20.0
LEAST_FALSE: Final = 0.01
"""Of the axes."""

WORST: Final = 5
"""Sessions of `typical` and of `hard` each: ten together."""

EVENING: Final = 14
"""Which recording of development is shown as an example."""

SMOOTH_BINS: Final = 6
"""What is drawn of the measured flow: a mean of three seconds."""


def draw_all(results: Sequence[FamilyResult], use: Use, folder: Path) -> None:
    """Draw every plot into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(STYLE):
        milky = [each for each in results if each.figures.let_downs]
        _draw_delays(milky, folder / "delays.svg")
        _draw_peers(milky, folder / "peers.svg")
        _draw_confidence(milky, folder / "confidence.svg")
        _draw_worst(results, use, folder / "worst.png")
    draw_evening(folder / "replay.png")


def draw_evening(path: Path) -> None:
    """Draw one recording of development as `lullaflow replay --plot` does."""
    made = recording("typical", Use.DEVELOPMENT, seeds("typical", Use.DEVELOPMENT, EVENING + 1)[-1])
    course, core = Course(), Core(INFO)
    ended = RecordingEnded(float(made.samples.t_s[-1]), "recording_ended")
    for item in course.follow(core, (made.samples, ended)):
        for event in core.step(item):
            course.add(event)
    path.write_bytes(plotting.draw(course, path.suffix, "An evening"))


def _save(figure: Any, path: Path) -> None:
    keep = {"Date": None} if path.suffix == ".svg" else {"Software": None}
    figure.savefig(path, dpi=90, metadata=keep, bbox_inches="tight")
    plt.close(figure)


def _panels(count: int, height: float) -> tuple[Any, list[Any]]:
    size = (2.6 * count, height)
    figure, axes = plt.subplots(1, count, figsize=size, sharey=True, layout="constrained")
    return figure, list(np.atleast_1d(axes))


def _legend(figure: Any, axis: Any) -> None:
    handles, labels = axis.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))


def _draw_delays(results: Sequence[FamilyResult], path: Path) -> None:
    figure, axes = _panels(len(results), 2.7)
    for axis, result in zip(axes, results, strict=True):
        known = [limit.delay_s for each in result.judged for limit in each.limits]
        past = [limit.past_steps_s for each in result.judged for limit in each.limits]
        eased = [limit.past_eases_s for each in result.judged for limit in each.limits]
        looked = [limit.searching_s for each in result.judged for limit in each.limits]
        short = [limit.past_halted_s for each in result.judged for limit in each.limits]
        ours = [delay for each in result.scores for delay in each.delays_s]
        for delays, colour, label in (
            (known, LIMIT, "clairvoyant"),
            (short, SHORT, "past short rises"),
            (past, STEPS, "past steps"),
            (eased, EASES, "and leans"),
            (looked, LOOKED, "and look for the milk"),
            (ours, OURS, "lullaflow"),
        ):
            there = np.sort([delay for delay in delays if delay is not None])
            share = 100.0 * np.arange(1, len(there) + 1) / len(delays)
            axis.step(there, share, color=colour, label=label, where="post", linewidth=1.6)
        axis.set(title=result.family, xlim=(0.0, LONGEST_S), ylim=(0.0, 101.0))
        axis.set_xlabel("after the true onset (s)")
    axes[0].set_ylabel("told (% of all let-downs)")
    _legend(figure, axes[0])
    _save(figure, path)


def _draw_peers(results: Sequence[FamilyResult], path: Path) -> None:
    figure, axes = _panels(len(results), 3.0)
    online = [peer for peer in PEERS if peer.online]
    for axis, result in zip(axes, results, strict=True):
        for peer, colour in zip(online, PEER_COLOURS, strict=True):
            curve = result.curve(peer) if peer.threshold else []
            points = [(sum_up(each).false_per_hour, sober_delay_s(each)) for each in curve]
            tuned = [each.peers[peer.name] for each in result.judged]
            here = (sum_up(tuned).false_per_hour, sober_delay_s(tuned))
            if points:
                xs, ys = zip(*points, strict=True)
                axis.plot(np.maximum(xs, LEAST_FALSE), ys, color=colour, linewidth=0.9, alpha=0.6)
            axis.plot(max(here[0], LEAST_FALSE), here[1], "o", color=colour, label=peer.name)
        ours = (max(result.figures.false_per_hour, LEAST_FALSE), sober_delay_s(result.scores))
        axis.plot(*ours, "*", color=OURS, markersize=13, label="lullaflow")
        soon = [each.soon for each in result.judged]
        hasty = [each.hasty for each in result.judged]
        rash = zip(*(each.rash for each in result.judged), strict=True)
        there = [
            (max(sum_up(each).false_per_hour, LEAST_FALSE), sober_delay_s(each))
            for each in (soon, hasty, *rash)
        ]
        axis.plot(*zip(*sorted([ours, *there]), strict=True), color=OURS, linewidth=0.9, alpha=0.6)
        xs, ys = zip(*there, strict=True)
        label = "lullaflow, sooner, hasty and rash"
        axis.plot(xs, ys, "*", color=OURS, markersize=8, mfc="white", label=label)
        axis.set(title=result.family, xscale="log", ylim=(0.0, 31.0))
        axis.set_xlabel("false let-downs an hour")
    axes[0].set_ylabel("median delay (s), missed: 30 s")
    _legend(figure, axes[0])
    _save(figure, path)


def _draw_confidence(results: Sequence[FamilyResult], path: Path) -> None:
    figure, axes = _panels(len(results), 2.7)
    for axis, result in zip(axes, results, strict=True):
        told = [pair for score in result.scores for pair in score.confidences]
        axis.plot((0.0, 1.0), (0.0, 1.0), color=STEPS, linewidth=1.0, linestyle=":")
        for one in range(CONFIDENCE_BINS):
            low, high = one / CONFIDENCE_BINS, (one + 1) / CONFIDENCE_BINS
            inside = [(c, true) for c, true in told if low <= c < high or (c == 1.0 == high)]
            if inside:
                confidence, true = np.mean(np.array(inside, dtype=float), axis=0)
                size = 12.0 + 180.0 * len(inside) / len(told)
                axis.scatter(confidence, true, s=size, color=OURS, alpha=0.75, linewidth=0)
        axis.set(title=result.family, xlim=(0.0, 1.03), ylim=(0.0, 1.03))
        axis.set_xlabel("confidence")
    axes[0].set_ylabel("share that was true")
    _save(figure, path)


def mistakes(judged: Judged) -> tuple[int, float]:
    """Return how bad a session was: mistakes, then the longest delay."""
    missed = sum(delay is None for delay in judged.score.delays_s)
    delays = [delay for delay in judged.score.delays_s if delay is not None]
    return missed + len(judged.score.false_s), max(delays, default=0.0)


def _draw_worst(results: Sequence[FamilyResult], use: Use, path: Path) -> None:
    chosen = [result for result in results if result.family in ("typical", "hard")]
    figure, axes = plt.subplots(WORST, 2, figsize=(13.0, 1.75 * WORST), layout="constrained")
    for column, result in zip(axes.T, chosen, strict=True):
        worst = sorted(result.judged, key=mistakes, reverse=True)[:WORST]
        for axis, judged in zip(column, worst, strict=True):
            _draw_session(axis, judged, use)
        column[-1].set_xlabel("minutes")
    _legend(figure, axes[0, 0])
    _save(figure, path)


def _draw_session(axis: Any, judged: Judged, use: Use) -> None:
    score = judged.score
    made = recording(score.family, use, score.seed)
    flow = binned_flow(made.samples)
    total = np.convolve(flow.total_ml_s, np.ones(SMOOTH_BINS) / SMOOTH_BINS)[: len(flow.end_s)]
    truth = np.sum([side.flow_g_s for side in made.sides.values()], axis=0) / 1.03
    touched = np.any([side.touched for side in made.sides.values()], axis=0)
    top = max(0.3, 1.35 * float(truth.max(initial=0.0)))
    axis.fill_between(
        made.true_t_s / 60.0, 0.0, top, where=touched, color="#efe6da", linewidth=0, label="touched"
    )
    axis.plot(flow.end_s / 60.0, total, color=STEPS, linewidth=0.6)
    axis.plot(made.true_t_s / 60.0, truth, color=LIMIT, linewidth=1.1, label="true flow")
    pairs = list(zip(score.true_onsets_s, score.delays_s, strict=True))
    found = [onset_s for onset_s, delay_s in pairs if delay_s is not None]
    missed = [onset_s for onset_s, delay_s in pairs if delay_s is None]
    for moments, mark, colour, label in (
        (found, "v", FOUND, "found"),
        (missed, "v", MISSED, "missed"),
        (score.false_s, "x", FALSE, "false"),
    ):
        heights = np.full(len(moments), 0.9 * top)
        axis.plot(np.array(moments) / 60.0, heights, mark, color=colour, label=label, markersize=6)
    axis.set(ylim=(0.0, top), xlim=(0.0, made.true_t_s[-1] / 60.0))
    axis.set_ylabel("ml/s")
    axis.set_title(f"{score.family} {score.seed}", loc="left", fontsize=8)
