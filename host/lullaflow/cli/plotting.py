"""Draws a recording: flow with its let-downs, how sure they are, suction, and the bottles.

For researchers; matplotlib comes with `pip install "lullaflow[plots]"`.
"""

from __future__ import annotations

from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from lullaflow.cli.course import Course, Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FORMATS: Final = (".png", ".svg", ".pdf")

SIDES: Final = ("left", "right")
COLOURS: Final = {"left": "#2b6ca8", "right": "#d2694c"}
INK, SOFT, GROUND = "#3b4252", "#8b93a1", "#ffffff"
MILK: Final = "#f6e7c8"
"""Where a let-down flows."""
FLOWING_ALPHA: Final = 0.18

STYLE: Final[dict[Any, Any]] = {
    "font.size": 9.5,
    "axes.edgecolor": "#c9ced6",
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#eef0f3",
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "svg.hashsalt": "lullaflow",
}

WIDTH_IN: Final = 11.0
HEIGHTS: Final = {"flow": 3.0, "confidence": 1.0, "suction": 1.7, "bottle": 1.7}
"""Of the panels, in inches."""

COLUMNS: Final = 1500
"""Points across the picture: more would not be seen."""

STROKE_S: Final = 2.0
"""The envelope of the suction is taken over a stroke or two."""

PHASE_COLOURS: Final = {"stimulation": "#b9a7d6", "expression": "#8fbcbb", "paused": "#d8dde4"}

CALM_SHARE: Final = 0.005
"""Share of a scale's readings left out at either end when its axis is chosen: hands and knocks."""


def draw(course: Course, suffix: str, title: str) -> bytes:
    """Return the picture of a recording, in the format of a file's suffix."""
    has_suction = any(len(course.channel(f"{side}_vacuum_mmhg")[0]) for side in SIDES)
    panels = [name for name in HEIGHTS if has_suction or name != "suction"]
    heights = [HEIGHTS[name] for name in panels]
    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, sum(heights) + 1.0), layout="constrained")
        axes: dict[str, Axes] = dict(
            zip(
                panels,
                figure.subplots(
                    len(panels), 1, sharex=True, gridspec_kw={"height_ratios": heights}
                ),
                strict=True,
            )
        )
        end_s = max((float(course.channel(name)[0].max(initial=0.0)) for name in _all()), default=0)
        _draw_flow(axes["flow"], course, end_s)
        _draw_confidence(axes["confidence"], course)
        if has_suction:
            _draw_suction(axes["suction"], course, end_s)
        _draw_bottles(axes["bottle"], course)
        for axis in axes.values():
            _shade_let_downs(axis, course, end_s)
        axes["bottle"].set(xlabel="minutes of the recording", xlim=(0.0, max(end_s, 1.0) / 60.0))
        axes["flow"].set_title(title, loc="left", fontsize=12, pad=22)
        figure.align_ylabels()
        picture = BytesIO()
        keep = {".png": "Software", ".svg": "Date", ".pdf": "CreationDate"}[suffix]
        figure.savefig(picture, format=suffix[1:], dpi=130, metadata={keep: None})
    return picture.getvalue()


def _all() -> list[str]:
    return [f"{side}_{what}" for side in SIDES for what in ("vacuum_mmhg", "volume_ml")]


def _shade_let_downs(axis: Axes, course: Course, end_s: float) -> None:
    for each in course.let_downs:
        over_s = end_s if each.end_s is None else each.end_s
        axis.axvspan(each.onset_s / 60.0, over_s / 60.0, color=MILK, alpha=0.55, lw=0, zorder=0)
        axis.axvline(each.onset_s / 60.0, color="#c9a24b", lw=0.9, zorder=1)


def _draw_flow(axis: Axes, course: Course, end_s: float) -> None:
    top = 6.0
    for side in SIDES:
        t_s, flow = course.flow_ml_min(side)
        if not np.isfinite(flow).any():
            continue
        top = max(top, float(np.nanmax(flow)))
        colour = COLOURS[side]
        axis.fill_between(t_s / 60.0, 0.0, flow, color=colour, alpha=FLOWING_ALPHA, lw=0)
        axis.plot(t_s / 60.0, flow, color=colour, lw=1.0, label=side)
    axis.set(ylabel="flow (ml/min)", ylim=(0.0, 1.22 * top))
    for each in course.let_downs:
        _label(axis, each.onset_s, 1.02, f"{each.index}", ha="center")
    for at_s in course.slow_s:
        axis.axvline(at_s / 60.0, color=SOFT, lw=1.0, ls=(0, (2, 2)))
        _label(axis, at_s, 0.9, " slow", color=SOFT)
    for cue in course.cues:
        over_s = end_s if cue.end_s is None else cue.end_s
        row = 0.84 - 0.07 * list(dict.fromkeys(each.cue for each in course.cues)).index(cue.cue)
        axis.plot(
            (cue.begin_s / 60.0, over_s / 60.0),
            (row, row),
            color="#8a77b5",
            lw=3.0,
            solid_capstyle="round",
            transform=axis.get_xaxis_transform(),
        )
        _label(axis, over_s, row, f"  {cue.cue}", color="#8a77b5", va="center", fontsize=8)
    if axis.get_legend_handles_labels()[0]:
        axis.legend(loc="lower right", bbox_to_anchor=(1.0, 1.07), ncols=2)


def _draw_confidence(axis: Axes, course: Course) -> None:
    for each in course.let_downs:
        at_min = each.detected_s / 60.0
        colour = COLOURS.get(each.side, INK)
        axis.plot((at_min, at_min), (0.0, each.confidence), color=colour, lw=1.4)
        axis.plot(at_min, each.confidence, "o", color=colour, ms=5.5)
        axis.annotate(
            f"{each.confidence:.2f}",
            (at_min, each.confidence),
            xytext=(6, -3),
            textcoords="offset points",
            fontsize=8,
        )
    axis.set(ylabel="confidence", ylim=(0.0, 1.18), yticks=(0.0, 0.5, 1.0))


def _draw_suction(axis: Axes, course: Course, end_s: float) -> None:
    top = 50.0
    for side in SIDES:
        t_s, vacuum = course.channel(f"{side}_vacuum_mmhg")
        if not len(t_s):
            continue
        at_s, low, high = _envelope(t_s, vacuum, end_s)
        top = max(top, float(high.max()))
        axis.fill_between(at_s / 60.0, low, high, color=COLOURS[side], alpha=0.28, lw=0)
        axis.plot(at_s / 60.0, high, color=COLOURS[side], lw=0.8)
    axis.set(ylabel="suction (mmHg)", ylim=(-0.04 * top, 1.22 * top))
    for (begin_s, name), (over_s, _) in pairwise([*course.phases, (end_s, "")]):
        axis.plot(
            (begin_s / 60.0, over_s / 60.0),
            (0.97, 0.97),
            color=PHASE_COLOURS[name],
            lw=4.0,
            solid_capstyle="butt",
            transform=axis.get_xaxis_transform(),
        )
        if over_s - begin_s > 0.07 * end_s:
            _label(axis, begin_s, 0.93, name, va="top", fontsize=8)
    for leak_s in course.leaks_s:
        ground = {"boxstyle": "round,pad=0.25", "fc": GROUND, "ec": "#d9c9a8", "lw": 0.7}
        _label(axis, leak_s, 0.12, "seal", color="#8a6d3b", fontsize=7.5, bbox=ground)


def _draw_bottles(axis: Axes, course: Course) -> None:
    calm = []
    for side in SIDES:
        t_s, volume = course.channel(f"{side}_volume_ml")
        if not len(t_s):
            continue
        axis.plot(t_s / 60.0, volume, color=COLOURS[side], lw=0.9)
        calm.append(np.quantile(volume, (CALM_SHARE, 1.0 - CALM_SHARE)))
    if calm:
        low, high = float(np.min(calm)), float(np.max(calm))
        room = max(0.08 * (high - low), 1.0)
        axis.set_ylim(low - room, high + room)
    axis.set_ylabel("scale (ml)")


def _label(axis: Axes, at_s: float, height: float, text: str, **how: Any) -> None:
    axis.text(at_s / 60.0, height, text, transform=axis.get_xaxis_transform(), **how)


def _envelope(t_s: Curve, values: Curve, end_s: float) -> tuple[Curve, Curve, Curve]:
    """Return moments, and the least and the largest value about each."""
    column = (t_s / max(STROKE_S, end_s / COLUMNS)).astype(int)
    starts = np.concatenate([np.zeros(1, dtype=int), np.flatnonzero(np.diff(column)) + 1])
    low = np.minimum.reduceat(values, starts)
    return t_s[starts], low, np.maximum.reduceat(values, starts)
