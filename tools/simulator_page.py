"""Draw the plots of docs/simulator.md, and write its table: published, generated, ratio.

Run it after a change of the body: `.venv/bin/python tools/simulator_page.py`. Needs matplotlib.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

from lullaflow_sim.bottle import Bottle, BottlePlan
from lullaflow_sim.chance import stream
from lullaflow_sim.generate import GeneratedSession, generate_session
from lullaflow_sim.generate.figures import Figure, StudySession, compare, study
from lullaflow_sim.pump import Mode, Pump, PumpPlan, SealFault, Wave
from lullaflow_sim.sensors import Disturbance, Scale, ScalePlan, Touch

DOCS = Path(__file__).parent.parent / "docs"
IMAGES = DOCS / "images"
PAGE = DOCS / "simulator.md"
BEGIN, END = "<!-- figures begin -->", "<!-- figures end -->"

SESSIONS = 400
SEED = 5_000_000  # far from the seeds of tests and of fitting

CLOSE = ("typical", 492)
SHOWN = (("clean", 3), ("typical", 20), ("hard", 12), ("dry", 11), ("volume_only", 4))
MOTHERS = range(20, 32)
DAYS = 6

COLOURS = {"left": "#1f6fb4", "right": "#c4442f"}
PUBLISHED_COLOUR, GENERATED_COLOUR, ONSET_COLOUR = "#e08a1e", "#4d5560", "#2e8b57"
STYLE = {
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "axes.axisbelow": True,
    "legend.frameon": False,
}


def main() -> None:
    """Make everything anew."""
    plt.rcParams.update(STYLE)
    IMAGES.mkdir(exist_ok=True)
    _draw_close(IMAGES / "simulated-session.png")
    _draw_families(IMAGES / "simulated-families.png")
    _draw_suction(IMAGES / "simulated-suction.png")
    _draw_touches(IMAGES / "simulated-touches.png")
    _draw_mothers(IMAGES / "simulated-mothers.png")
    sessions = study(range(SEED, SEED + SESSIONS))
    _draw_figures(sessions, IMAGES / "simulated-figures.png")
    text = PAGE.read_text("utf-8")
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    PAGE.write_text(f"{head}{BEGIN}\n{_table(compare(sessions))}\n{END}{tail}", "utf-8")


def _table(figures: list[Figure]) -> str:
    lines = ["| figure | published | source | generated | ratio |", "|---|---|---|---|---|"]
    for figure in figures:
        mean, spread = figure.published
        published = f"{mean:g}" if spread is None else f"{mean:g} ± {spread:g}"
        generated = f"{figure.generated[0]:.3g}"
        if spread is not None:
            generated += f" ± {figure.generated[1]:.2g}"
        lines.append(
            f"| {figure.name} | {published} | {figure.source} | {generated} | {figure.ratio:.2f} |"
        )
    return "\n".join(lines)


def _draw_close(path: Path) -> None:
    """Draw one session in full: suction, scales, flow."""
    session = generate_session(*CLOSE)
    figure, (suction, scale, flow) = plt.subplots(
        3, 1, figsize=(11, 6.6), sharex=True, height_ratios=(1.1, 1.2, 1.2)
    )
    for side, truth in session.sides.items():
        vacuum = getattr(session, f"{side}_vacuum_mmhg")
        suction.plot(session.t_s, vacuum, COLOURS[side], lw=0.15, alpha=0.5)
        suction.plot(session.true_t_s, truth.suction_mmhg, COLOURS[side], lw=1.2)
        _draw_scale(scale, session, side)
        flow.plot(session.true_t_s, truth.flow_g_s, COLOURS[side], lw=1.2)
    for (at_s, name), until_s in zip(
        session.phases, [*(at_s for at_s, _ in session.phases[1:]), session.stop_s], strict=True
    ):
        suction.text(
            (at_s + until_s) / 2, 1.02, name, ha="center", fontsize=8, transform=_top(suction)
        )
        suction.axvline(at_s, color="k", lw=0.6, ls=":")
    suction.set_ylabel("suction, mmHg")
    scale.set_ylabel("scale shows, ml")
    scale.legend(loc="upper left", ncols=2)
    flow.axhspan(0.3, 0.7, color=PUBLISHED_COLOUR, alpha=0.12, lw=0)
    flow.axhline(0.5, color=PUBLISHED_COLOUR, lw=1)
    flow.text(session.stop_s + 58, 0.51, "published peak: 0.5 ± 0.2 g/s", ha="right", fontsize=8)
    first_s = session.start_s + 90.0
    flow.plot([first_s], [0.01], marker="^", color=PUBLISHED_COLOUR, ms=8, zorder=5)
    flow.text(first_s - 26, 0.04, "published first\nejection: 90 s", ha="right", fontsize=8)
    _mark_onsets(flow, session)
    flow.set_ylabel("true flow, g/s")
    flow.set_xlabel("s")
    _save(figure, path)


def _draw_families(path: Path) -> None:
    figure, axes = plt.subplots(len(SHOWN), 2, figsize=(11, 2.0 * len(SHOWN)), sharex="row")
    for (left, right), (family, seed) in zip(axes, SHOWN, strict=True):
        session = generate_session(family, seed)
        for side, truth in session.sides.items():
            _draw_scale(left, session, side)
            right.plot(session.true_t_s, truth.flow_g_s, COLOURS[side], lw=1.0)
        _mark_onsets(right, session)
        right.set_ylim(0, 0.8)
        right.set_ylabel("g/s")
        left.set_ylabel(f"{family}\nml")
    axes[0][0].legend(loc="upper left", ncols=2)
    axes[0][0].set_title("what the scale shows")
    axes[0][1].set_title("true flow that reaches the bottle; green: let-downs to be found")
    for axis in axes[-1]:
        axis.set_xlabel("s")
    _save(figure, path)


def _draw_scale(axis: Any, session: GeneratedSession, side: str) -> None:
    volume = getattr(session, f"{side}_volume_ml")
    there = ~np.isnan(volume)
    axis.plot(session.t_s[there], volume[there], COLOURS[side], lw=0.8, label=side)


def _mark_onsets(axis: Any, session: GeneratedSession) -> None:
    for each in session.let_downs:
        axis.axvline(each["onset_s"], color=ONSET_COLOUR, lw=1.2, alpha=0.8, zorder=1)


def _draw_suction(path: Path) -> None:
    """Draw cycles of each family of pumps, and what happens to them."""
    figure, axes = plt.subplots(2, 5, figsize=(11, 4.2), sharey=True)
    expression = Mode(50.0, 180.0)
    for axis, wave in zip(axes[0], Wave, strict=True):
        plan = PumpPlan(0.0, 90.0, expression=expression, switch_s=0.0, wave=wave)
        _plot_suction(axis, plan, (30.0, 36.0))
        axis.set_title(wave.value.replace("_", " "))
    own = PumpPlan(0.0, 90.0, expression=expression, switch_s=0.0, wave=Wave.EXPONENTIAL)
    happens = (
        ("stimulation to expression", replace(own, switch_s=33.0), (25.0, 41.0)),
        ("a leak opens", replace(own, faults=(SealFault(33.0, 60.0, 0, leak=0.6),)), (25.0, 41.0)),
        ("a valve clogs", replace(own, faults=(SealFault(33.0, 60.0, 0, clog=0.5),)), (25.0, 41.0)),
        ("a pause", replace(own, pauses=((30.0, 36.0),)), (25.0, 41.0)),
        ("micro-vibration", replace(own, ripple_mmhg=12.0), (30.0, 36.0)),
    )
    for axis, (name, plan, span_s) in zip(axes[1], happens, strict=True):
        _plot_suction(axis, plan, span_s)
        axis.set_title(name)
        axis.set_xlabel("s")
    for row in axes:
        row[0].set_ylabel("mmHg")
    _save(figure, path)


def _plot_suction(axis: Any, plan: PumpPlan, span_s: tuple[float, float]) -> None:
    pump = Pump(plan, stream(1, "page"))
    parts = [pump.advance(_stretch_s(i)) for i in range(45)]
    vacuum = np.concatenate([part.vacuum_mmhg[0] for part in parts])
    t_s = np.arange(len(vacuum)) * 0.02
    part = (t_s >= span_s[0]) & (t_s < span_s[1])
    axis.plot(t_s[part], vacuum[part], COLOURS["left"], lw=0.9)


def _draw_touches(path: Path) -> None:
    """Draw what each error of a scale looks like, on milk that flows at 0.3 g/s from 20 s on."""
    quiet = ScalePlan(white_g=0.03, vibration_g=0.03)
    touches = (
        ("knock", Disturbance(Touch.BUMP, 30.0, 0.5, 0, 25.0)),
        ("bottle sits otherwise", Disturbance(Touch.SETTLE, 30.0, 0.0, 0, -3.0)),
        ("hand", Disturbance(Touch.HAND, 26.0, 8.0, 0, 40.0)),
        ("somebody leans", Disturbance(Touch.LEAN, 24.0, 20.0, 0, 8.0)),
        ("lifted", Disturbance(Touch.LIFT, 28.0, 6.0, 0, 0.3)),
        ("another bottle", Disturbance(Touch.SWAP, 28.0, 8.0, 0, 1.0)),
        ("tare", Disturbance(Touch.TARE, 32.0)),
        ("tilt", Disturbance(Touch.TILT, 24.0, 20.0, 0, 0.04)),
    )
    scales = (
        ("good scale", quiet),
        ("noise that wanders", replace(quiet, coloured_g=0.3, walk_g=0.05)),
        ("pump shakes it", replace(quiet, vibration_g=0.6, tube_g=0.5)),
        ("bad contact", replace(quiet, spikes=0.02)),
        ("drift and creep", replace(quiet, drift_g_min=1.5, creep_share=0.02, creep_s=20.0)),
        ("whole millilitres", replace(quiet, quantum_g=1.03)),
        ("plain scale's filter", replace(quiet, smooth_s=2.0, quantum_g=0.5)),
        ("full at 8 g", replace(quiet, high_g=8.0)),
    )
    figure, axes = plt.subplots(4, 4, figsize=(11, 7.6), sharex=True)
    flat = axes.ravel().tolist()
    for axis, (name, touch) in zip(flat[:8], touches, strict=True):
        _plot_scale(axis, name, quiet, (touch,))
    for axis, (name, plan) in zip(flat[8:], scales, strict=True):
        _plot_scale(axis, name, plan, ())
    for axis in axes[-1]:
        axis.set_xlabel("s")
    for row in axes:
        row[0].set_ylabel("g")
    _save(figure, path)


def _plot_scale(axis: Any, name: str, plan: ScalePlan, touches: Sequence[Disturbance]) -> None:
    bottle = Bottle(BottlePlan(), stream(2, "page"))
    scale = Scale(plan, touches, stream(3, "page"))
    pump = Pump(PumpPlan(5.0, 60.0, switch_s=0.0), stream(1, "page"))
    shown, milk = [], []
    for number in range(30):
        t_s = _stretch_s(number)
        suction = pump.advance(t_s)
        _, milk_g = bottle.advance(
            t_s,
            np.where(t_s < 20.0, 0.0, 0.3),
            suction.releases[0],
            suction.running,
            suction.clog[0],
        )
        milk.append(milk_g)
        shown.append(scale.advance(t_s, milk_g, suction.phase, suction.vacuum_mmhg[0][::5])[0])
    t_s = np.arange(600) * 0.1
    axis.plot(t_s, np.concatenate(shown), COLOURS["left"], lw=0.8)
    axis.plot(t_s, np.concatenate(milk), "k", lw=0.8, ls=":")
    axis.set_title(name)


def _draw_mothers(path: Path) -> None:
    """Draw how mothers differ, and how each resembles herself."""
    days = [
        [generate_session("clean", 1000 * mother + day, "all", mother) for day in range(DAYS)]
        for mother in MOTHERS
    ]
    panels: tuple[tuple[str, Callable[[GeneratedSession], float]], ...] = (
        ("time to first ejection, s", lambda each: each.let_downs[0]["onset_s"] - each.start_s),
        ("ejections in 10 min", _in_10_min),
        ("peak flow, g/s", lambda each: max(truth.flow_g_s.max() for truth in each.sides.values())),
    )
    days.sort(key=lambda own: float(np.median([panels[0][1](s) for s in own if s.let_downs])))
    figure, axes = plt.subplots(1, len(panels), figsize=(11, 2.8))
    for axis, (name, measure) in zip(axes, panels, strict=True):
        for place, own in enumerate(days, 1):
            values = [measure(session) for session in own if session.let_downs]
            axis.plot([place] * len(values), values, "o", color=COLOURS["left"], ms=4, alpha=0.5)
            axis.plot([place], [float(np.median(values))], "_", color="k", ms=12)
        axis.set_title(name)
        axis.set_xlabel(f"mother ({DAYS} days each)")
        axis.set_xticks(range(1, len(days) + 1))
        axis.set_ylim(bottom=0)
    _save(figure, path)


def _in_10_min(session: GeneratedSession) -> float:
    end_s = session.start_s + 600.0
    return float(sum(each["onset_s"] < end_s for each in session.let_downs))


def _draw_figures(sessions: list[StudySession], path: Path) -> None:
    """Draw how the generated figures spread, beside what was published."""
    milky = [each for each in sessions if each.let_downs]
    flows = [flow for each in milky for flow in each.flows]
    shares = [[sum(r.grams for r in one.rises if r) for one in each.let_downs] for each in milky]
    milk_g = [sum(float(flow.sum()) for flow in each.flows) * 0.1 for each in milky]
    first_two = [100.0 * sum(s[:2]) / total for s, total in zip(shares, milk_g, strict=True)]
    panels: tuple[tuple[str, Sequence[float], float, float | None, Any], ...] = (
        (
            "time to first ejection, s (median)",
            [each.let_downs[0].onset_s - each.start_s for each in milky],
            *(90.0, None, np.arange(0, 460, 20)),
        ),
        (
            "ejections in 15 min, both breasts",
            [len(each.let_downs) for each in milky if each.double],
            *(5.1, 2.0, np.arange(0.5, 14)),
        ),
        (
            "ejections in 15 min, one breast",
            [len(each.let_downs) for each in milky if not each.double],
            *(4.2, 2.0, np.arange(0.5, 14)),
        ),
        (
            "milk of a breast in 15 min, g",
            [float(flow.sum()) * 0.1 for each in sessions for flow in each.flows],
            *(69.8, 42.5, np.arange(0, 260, 10)),
        ),
        ("share of milk in the first two, %", first_two, 62.0, None, np.arange(0, 101, 5)),
        (
            "peak flow of a breast, g/s",
            [float(flow.max()) for flow in flows],
            *(0.5, 0.2, np.arange(0, 1.01, 0.05)),
        ),
    )
    figure, axes = plt.subplots(2, 3, figsize=(11, 5.0))
    for axis, (name, values, published, spread, bins) in zip(axes.ravel(), panels, strict=True):
        middle = float(np.median(values) if "median" in name else np.mean(values))
        axis.hist(values, bins=bins, color="#b9c2cc")
        if spread is not None:
            axis.axvspan(published - spread, published + spread, color=PUBLISHED_COLOUR, alpha=0.13)
        axis.axvline(published, color=PUBLISHED_COLOUR, lw=2, label=f"published: {published:g}")
        axis.axvline(
            middle, color=GENERATED_COLOUR, lw=2, ls="--", label=f"generated: {middle:.3g}"
        )
        axis.set_title(name)
        axis.set_yticks([])
        axis.legend(loc="upper right", fontsize=8)
    _save(figure, path)


def _stretch_s(number: int) -> Any:
    return (number * 20 + np.arange(20)) * 0.1


def _top(axis: Any) -> Any:
    return axis.get_xaxis_transform()


def _save(figure: Any, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, dpi=90, metadata={"Software": None})
    plt.close(figure)


if __name__ == "__main__":
    sys.exit(main())
