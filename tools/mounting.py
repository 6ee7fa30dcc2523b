"""The drawings of what is put together by hand: the vacuum line and the scale. Not to scale."""

from __future__ import annotations

from drawing import CARD, EDGE, INK, QUIET, Drawing

TUBE, AIR, FILTER, METAL, PLATE, MILK = (
    "#9db7c9", "#e4eef4", "#e9b44c", "#b9c0c7", "#dcd3c2", "#f6efdc",
)  # fmt: skip
WARN = "#b3402f"


def draw_vacuum_line() -> str:
    """Return where the sensor branches off the pump's tube."""
    sheet = Drawing(1000, 470, "The vacuum line: tee, hydrophobic filter and gauge")
    sheet.say(30, 46, "Vacuum line, one side", 22, bold=True)
    sheet.say(30, 70, "Air only: the kit's own backflow barrier stays between milk and tube.", 13)

    for points in ("M190 330 H480", "M520 330 H770", "M500 310 V250", "M500 170 V128"):
        sheet.wire(points, TUBE, 24, cased=False)
        sheet.wire(points, AIR, 14, cased=False)
    # The tee.
    sheet.shape("M462 312 H482 V292 H518 V312 H538 V348 H462 Z", CARD, INK)
    sheet.say(500, 376, "Tee", 14, INK, "middle", bold=True)
    sheet.say(500, 395, "for the tube's inner width", 12, QUIET, "middle")
    # The filter.
    sheet.shape("M484 252 H516 L548 226 V196 L516 170 H484 L452 196 V226 Z", FILTER, "#a87719")
    sheet.wire("M452 211 H548", "#a87719", 3, cased=False)
    sheet.say(570, 200, "Hydrophobic filter, 0.2 or 0.45 µm", 14, bold=True)
    sheet.say(570, 220, "PTFE, 25 mm: air passes, milk and water do not.", 12, QUIET)
    sheet.say(570, 240, "Never without it. Wet or clouded: throw it away.", 12, WARN, bold=True)
    # The gauge.
    sheet.box(420, 84, 160, 46, "#22303c", "#16202a", 8)
    sheet.say(500, 112, "Gauge", 14, "#ffffff", "middle", bold=True)
    sheet.say(600, 104, "above the tee, so that drops run back", 12, QUIET)
    sheet.say(600, 124, "the shorter this branch, the crisper the strokes", 12, QUIET)
    # The pump and the kit.
    sheet.box(50, 280, 150, 100)
    sheet.say(125, 324, "Pump", 16, INK, "middle", bold=True)
    sheet.say(125, 346, "yours, unchanged", 12, QUIET, "middle")
    sheet.shape(
        "M770 312 H800 V296 Q800 286 810 286 H850 V374 H810 Q800 374 800 364 V348 H770 Z", CARD
    )
    sheet.shape("M850 292 L920 262 V398 L850 368 Z", CARD, QUIET)
    sheet.wire("M818 296 V364", FILTER, 4, cased=False)
    sheet.say(846, 424, "Backflow barrier and flange", 14, INK, "middle", bold=True)
    sheet.say(846, 443, "of the kit, as sold", 12, QUIET, "middle")
    sheet.say(330, 306, "tube", 12, QUIET, "middle")
    sheet.say(650, 306, "tube", 12, QUIET, "middle")
    return sheet.text()


def draw_scale() -> str:
    """Return how the load cell stands between two plates."""
    sheet = Drawing(1000, 470, "The scale: a bar load cell between two plates")
    sheet.say(30, 46, "Scale, one side", 22, bold=True)
    sheet.say(30, 70, "A bar cell for 1 kg bends between two plates that touch nothing else.", 13)

    sheet.shape(
        "M396 118 H504 L520 148 V262 Q520 270 512 270 H388 Q380 270 380 262 V148 Z", CARD, QUIET
    )
    sheet.shape("M382 196 H518 V262 Q518 268 512 268 H388 Q382 268 382 262 Z", MILK, "#e5d9b8")
    sheet.say(450, 238, "bottle", 13, QUIET, "middle")
    sheet.box(300, 270, 300, 18, PLATE, "#a4987f", 4)
    sheet.box(534, 288, 44, 14, METAL, QUIET, 2)
    sheet.shape("M322 302 H578 V346 H322 Z", METAL, QUIET)
    sheet.shape(
        "M410 324 a14 14 0 0 1 28 0 h24 a14 14 0 0 1 28 0 a14 14 0 0 1 -28 0 h-24 "
        "a14 14 0 0 1 -28 0 Z", "#fbfaf7", QUIET,
    )  # fmt: skip
    sheet.box(322, 346, 44, 14, METAL, QUIET, 2)
    sheet.box(240, 360, 420, 20, PLATE, "#a4987f", 4)
    for x in (336, 352, 548, 564):
        low = x < 450
        sheet.wire(f"M{x} {340 if low else 276} V{374 if low else 310}", INK, 2.5, cased=False)
    sheet.wire("M300 324 H322", "#c8402f", 2.5, cased=False)
    sheet.wire("M286 330 H322", "#3d9a6a", 2.5, cased=False)

    notes = (
        (600, 278, "Upper plate"),
        (578, 296, "Spacer, 2 mm, under this end only"),
        (578, 324, "Bar cell for 1 kg"),
        (366, 353, "Spacer under the other end"),
        (660, 372, "Lower plate, heavy, on rubber feet"),
    )
    for end, y, words in notes:
        sheet.wire(f"M{end + 4} {y} H676", EDGE, 1.5, cased=False)
        sheet.say(684, y + 4, words, 13, bold=True)
    sheet.shape("M305 292 H315 V360 H305 Z", METAL, QUIET)
    sheet.box(299, 348, 22, 12, METAL, QUIET, 2)
    sheet.wire("M190 302 H298", EDGE, 1.5, cased=False)
    sheet.say(60, 298, "Stop screw", 13, bold=True)
    sheet.say(60, 316, "1 mm of air above it", 12, QUIET)
    sheet.say(
        30, 424, "The upper plate has a rim, so that the bottle stands in one place.", 12, QUIET
    )
    sheet.say(
        30, 446, "The cell's arrow points down. The glue over its gauges stays as it is.", 12, QUIET
    )
    return sheet.text()
