"""Draw how each board is wired, and how vacuum line and scale are put together: `make drawings`.

The pins are read from the board files (see `board_pins`), so that drawing and program agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from board_pins import NAMES, Part, Wiring, read_wiring
from drawing import CARD, EDGE, INK, QUIET, Drawing
from mounting import draw_scale, draw_vacuum_line

IMAGES = Path(__file__).parent.parent / "docs" / "images" / "hardware"

BOARDS = {"esp32_s3": "Seeed Studio XIAO ESP32S3", "esp32_c3": "Seeed Studio XIAO ESP32C3"}
GAUGES = {"Mpr": "Honeywell MPRLS0025PA", "Lps33hw": "ST LPS33HW"}
SIDE = {"left": "Left", "right": "Right"}

POWER, GROUND = "#c8402f", "#3c454f"
COLOURS = {
    ("left", "SDA"): "#1c7c8c",
    ("left", "SCL"): "#2f67b1",
    ("right", "SDA"): "#3d9a6a",
    ("right", "SCL"): "#7a58b5",
    ("left", "DT"): "#d07a1f",
    ("left", "SCK"): "#a8862a",
    ("right", "DT"): "#c2487e",
    ("right", "SCK"): "#93562f",
}
BATTERY, BUTTON, LED = "#58842e", "#5c6a9c", "#b0485a"

WIDTH, HEIGHT = 1180, 812
PART_W, PART_H = 250, 132
BOARD_X, BOARD_Y, BOARD_W, PITCH = 490, 158, 200, 46
LEFT_X, RIGHT_X = 30, WIDTH - 30 - PART_W
UPPER_Y, LOWER_Y = 120, 330
BELOW_Y, BELOW_H = 610, 172

Point = tuple[float, float]


def main() -> None:
    """Write every drawing."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name, text in drawings():
        (IMAGES / name).write_text(text, "utf-8")


def drawings() -> Iterator[tuple[str, str]]:
    """Yield each drawing's file name and text."""
    for board in BOARDS:
        yield f"wiring_{board}.svg", draw_wiring(read_wiring(board))
    yield "vacuum_line.svg", draw_vacuum_line()
    yield "scale.svg", draw_scale()


def draw_wiring(wiring: Wiring) -> str:
    """Return the wiring of a board."""
    title = f"Wiring of the {BOARDS[wiring.board]}"
    sheet = Drawing(WIDTH, HEIGHT, title)
    sheet.say(30, 48, title, 22, bold=True)
    sheet.say(30, 74, "Seen from above, USB up. All 3V3 labels are joined, all GND labels too.", 13)
    sheet.say(
        30, 94, f"Pins as in firmware/lullaflow_firmware/boards/{wiring.board}.py.", 12, QUIET
    )
    ends = _pin_ends(wiring)
    used: dict[int, str] = {}
    shared = {
        gpio for part in wiring.parts for gpio in part.pins.values() if _uses(wiring, gpio) > 1
    }
    wires: list[tuple[Point, Point, str]] = []
    for part in wiring.parts:
        for number, (pin, gpio) in enumerate(part.pins.items()):
            colour = COLOURS["left" if gpio in shared else part.side, pin]
            used[gpio] = colour
            wires.append((ends[gpio], _part_end(part, number), colour))
    for gpio, end, colour in _below_ends(wiring):
        used[gpio] = colour
        wires.append((ends[gpio], end, colour))
    for start, end, colour in wires:
        sheet.wire(_route(_leaves(start, end), end), colour)
    _draw_board(sheet, wiring, ends, used, wires)
    for part in wiring.parts:
        _draw_part(sheet, wiring, part)
    _draw_battery(sheet, wiring)
    _draw_button(sheet, wiring)
    _draw_led(sheet, wiring)
    return sheet.text()


def _uses(wiring: Wiring, gpio: int) -> int:
    return sum(gpio in part.pins.values() for part in wiring.parts)


def _pin_ends(wiring: Wiring) -> dict[int, Point]:
    """Return where each pin of the board is: D0 to D6 down its left, D7 to D10 up its right."""
    ends: dict[int, Point] = {}
    for gpio, number in NAMES[wiring.board].items():
        if number <= 6:
            ends[gpio] = (BOARD_X, BOARD_Y + 40 + PITCH * number)
        else:
            ends[gpio] = (BOARD_X + BOARD_W, BOARD_Y + 40 + PITCH * (13 - number))
    return ends


def _part_place(part: Part) -> Point:
    x = LEFT_X if part.side == "left" else RIGHT_X
    return x, (LOWER_Y if part.kind == "Hx711" else UPPER_Y)


def _part_end(part: Part, number: int) -> Point:
    x, y = _part_place(part)
    return (x + PART_W if part.side == "left" else x), y + 54 + 30 * number


def _below_ends(wiring: Wiring) -> Iterator[tuple[int, Point, str]]:
    yield wiring.battery, (364, BELOW_Y), BATTERY
    yield wiring.button, (600, BELOW_Y), BUTTON
    if not wiring.led_on_board:
        yield wiring.led, (775, BELOW_Y), LED


def _leaves(start: Point, end: Point) -> Point:
    """Return where a wire leaves the board: at its pin, or under the board's other edge."""
    (x, y), middle = start, BOARD_X + BOARD_W / 2
    if end[1] == BELOW_Y or (x < middle) == (end[0] < middle):
        return start
    # Between two rows of pins, so that it is not taken for one of that edge.
    return 2 * middle - x, y + PITCH / 2


def _route(start: Point, end: Point) -> str:
    """Return a path that leaves the board sideways and reaches its end sideways, or from above."""
    (x0, y0), (x1, y1) = start, end
    out = -1 if x0 < BOARD_X + BOARD_W / 2 else 1
    if y1 == BELOW_Y:
        # In lanes of their own, the lowest pin nearest to the board.
        lane = x0 + out * (26 + (BOARD_Y + 330 - y0) / PITCH * 9)
        turn = 560 + (y0 - BOARD_Y) / PITCH * 6
        return f"M{x0:g} {y0:g} H{lane:g} V{turn:g} H{x1:g} V{y1:g}"
    reach = abs(x1 - x0) / 2
    return f"M{x0:g} {y0:g} C{x0 + out * reach:g} {y0:g} {x1 - out * reach:g} {y1:g} {x1:g} {y1:g}"


def _draw_board(
    sheet: Drawing,
    wiring: Wiring,
    ends: dict[int, Point],
    used: dict[int, str],
    wires: list[tuple[Point, Point, str]],
) -> None:
    height = 40 + PITCH * 6 + 40
    sheet.box(BOARD_X, BOARD_Y, BOARD_W, height, "#22303c", "#16202a", 18)
    centre = BOARD_X + BOARD_W / 2
    sheet.box(centre - 36, BOARD_Y - 14, 72, 34, "#c7ccd1", "#9aa3ac", 8)
    sheet.say(centre, BOARD_Y + 8, "USB", 12, INK, "middle", bold=True)
    for start, end, colour in wires:
        left = _leaves(start, end)
        if left != start:
            sheet.dashes(f"M{start[0]:g} {start[1]:g} L{left[0]:g} {left[1]:g}", colour)
    sheet.box(centre - 52, BOARD_Y + 128, 104, 84, "#3b4b59", "#16202a", 8)
    chip = wiring.board.replace("esp32_", "ESP32-").upper()
    sheet.say(centre, BOARD_Y + 165, chip, 17, "#ffffff", "middle", bold=True)
    sheet.say(centre, BOARD_Y + 187, "XIAO", 12, "#aab6c2", "middle")
    if wiring.led_on_board:
        sheet.dot(centre, BOARD_Y + 252, LED, 6)
        sheet.say(centre, BOARD_Y + 276, "LED", 11, "#aab6c2", "middle")
    right_x = BOARD_X + BOARD_W
    for number, (name, colour) in enumerate((("5V", "#7d8893"), ("GND", GROUND), ("3V3", POWER))):
        y = BOARD_Y + 40 + PITCH * number
        sheet.dot(right_x, y, colour, 7)
        sheet.say(right_x - 14, y + 5, name, 13, "#ffffff", "end", bold=True)
        if name != "5V":
            sheet.pill(right_x + 36, y, name, colour)
    for gpio, (x, y) in ends.items():
        on_left = x == BOARD_X
        sheet.dot(x, y, used.get(gpio, "#7d8893"), 7)
        inward, anchor = (14, "start") if on_left else (-14, "end")
        sheet.say(x + inward, y + 5, wiring.name(gpio), 13, "#ffffff", anchor, bold=True)


def _draw_part(sheet: Drawing, wiring: Wiring, part: Part) -> None:
    x, y = _part_place(part)
    is_scale = part.kind == "Hx711"
    sheet.box(x, y, PART_W, PART_H)
    what = "scale" if is_scale else "gauge"
    sheet.say(x + 16, y + 26, f"{SIDE[part.side]} {what}", 15, bold=True)
    lines = (
        ("HX711 module, 10 a second", "Cell: E+ red, E− black,", "A+ green, A− white")
        if is_scale
        else (GAUGES[part.kind], f"address 0x{part.address or 0:02X}", _address_hint(part))
    )
    outward = x + 16 if part.side == "left" else x + PART_W - 16
    anchor = "start" if part.side == "left" else "end"
    for number, line in enumerate(lines):
        sheet.say(outward, y + 50 + 18 * number, line, 12, QUIET, anchor)
    for number, (pin, gpio) in enumerate(part.pins.items()):
        end_x, end_y = _part_end(part, number)
        colour = COLOURS["left" if _uses(wiring, gpio) > 1 else part.side, pin]
        inward, at = (-14, "end") if part.side == "left" else (14, "start")
        sheet.say(end_x + inward, end_y + 4, pin, 12, INK, at, bold=True)
        sheet.dot(end_x, end_y, colour, 6)
    sheet.pill(x + 42, y + PART_H - 18, "3V3", POWER)
    sheet.pill(x + 96, y + PART_H - 18, "GND", GROUND)


def _address_hint(part: Part) -> str:
    if part.kind != "Lps33hw":
        return "a bus of its own"
    return "SDO/SA0 to 3V3" if (part.address or 0) & 1 else "SDO/SA0 to GND"


def _draw_battery(sheet: Drawing, wiring: Wiring) -> None:
    sheet.box(30, BELOW_Y, 360, BELOW_H)
    sheet.say(46, BELOW_Y + 28, "Cell and its voltage", 15, bold=True)
    sheet.box(50, BELOW_Y + 56, 104, 52, "#e7efe0", BATTERY, 8)
    sheet.say(102, BELOW_Y + 78, "LiPo 3.7 V", 12, INK, "middle", bold=True)
    sheet.say(102, BELOW_Y + 96, "protected", 11, QUIET, "middle")
    sheet.say(46, BELOW_Y + 158, "BAT+ and BAT− are pads under the board.", 11, QUIET)
    top, middle, low = BELOW_Y + 46, BELOW_Y + 82, BELOW_Y + 118
    sheet.wire(f"M154 {BELOW_Y + 82} H196 V{top} H250", BATTERY, 2.5, cased=False)
    sheet.say(160, top + 28, "BAT+", 11)
    for y in (top, middle):
        sheet.wire(f"M250 {y} V{y + 8} M250 {y + 28} V{y + 36}", INK, 2, cased=False)
        sheet.box(243, y + 8, 14, 20, CARD, INK, 3)
        sheet.say(262, y + 23, "220 kΩ", 11)
    sheet.wire(f"M250 {middle} H364 V{BELOW_Y}", BATTERY, 3, cased=False)
    sheet.wire(f"M324 {middle} V{middle + 14} M324 {middle + 21} V{low} H250", INK, 2, cased=False)
    sheet.wire(f"M313 {middle + 14} H335 M313 {middle + 21} H335", INK, 2.5, cased=False)
    sheet.say(341, middle + 23, "100 nF", 11)
    sheet.dot(250, middle, BATTERY)
    sheet.dot(324, middle, BATTERY)
    sheet.pill(287, low + 14, "GND", GROUND)
    sheet.say(356, BELOW_Y + 24, wiring.name(wiring.battery), 13, BATTERY, "end", bold=True)


def _draw_button(sheet: Drawing, wiring: Wiring) -> None:
    x = 410
    sheet.box(x, BELOW_Y, 230, BELOW_H)
    sheet.say(x + 16, BELOW_Y + 28, "Button", 15, bold=True)
    at = 600
    sheet.say(at - 10, BELOW_Y + 24, wiring.name(wiring.button), 13, BUTTON, "end", bold=True)
    sheet.wire(f"M{at} {BELOW_Y} V{BELOW_Y + 52}", BUTTON, 3, cased=False)
    sheet.wire(f"M{at} {BELOW_Y + 52} L{at + 18} {BELOW_Y + 80}", INK, 2.5, cased=False)
    sheet.wire(f"M{at} {BELOW_Y + 84} V{BELOW_Y + 104}", INK, 2.5, cased=False)
    sheet.dot(at, BELOW_Y + 52, BUTTON)
    sheet.dot(at, BELOW_Y + 84, INK)
    sheet.pill(at, BELOW_Y + 114, "GND", GROUND)
    for number, line in enumerate(
        ("press: wake up", "2 s: let a host pair", "10 s: forget all hosts")
    ):
        sheet.say(x + 16, BELOW_Y + 62 + 19 * number, line, 11, QUIET)


def _draw_led(sheet: Drawing, wiring: Wiring) -> None:
    x, at = 660, 775
    sheet.box(x, BELOW_Y, 230, BELOW_H)
    sheet.say(x + 16, BELOW_Y + 28, "LED", 15, bold=True)
    if wiring.led_on_board:
        sheet.say(x + 16, BELOW_Y + 62, f"The board's own, on GPIO{wiring.led}:", 12, QUIET)
        sheet.say(x + 16, BELOW_Y + 82, "nothing to wire.", 12, QUIET)
    else:
        ends = ("GND", GROUND) if not wiring.led_lights_when_low else ("3V3", POWER)
        sheet.say(at + 12, BELOW_Y + 24, wiring.name(wiring.led), 13, LED, bold=True)
        sheet.wire(f"M{at} {BELOW_Y} V{BELOW_Y + 40}", LED, 3, cased=False)
        sheet.box(at - 7, BELOW_Y + 40, 14, 24, CARD, INK, 3)
        sheet.say(at + 16, BELOW_Y + 57, "1 kΩ", 11)
        sheet.wire(
            f"M{at} {BELOW_Y + 64} V{BELOW_Y + 76} M{at} {BELOW_Y + 98} V{BELOW_Y + 112}", INK, 2
        )
        sheet.shape(f"M{at - 12} {BELOW_Y + 76} H{at + 12} L{at} {BELOW_Y + 96} Z", "#f4d3d8", LED)
        sheet.wire(f"M{at - 12} {BELOW_Y + 97} H{at + 12}", LED, 2.5, cased=False)
        sheet.say(at + 20, BELOW_Y + 92, "any LED", 11, QUIET)
        sheet.pill(at, BELOW_Y + 122, *ends)
    _draw_key(sheet)


def _draw_key(sheet: Drawing) -> None:
    x = 910
    sheet.box(x, BELOW_Y, 240, BELOW_H, "#f3f1ea", EDGE)
    sheet.say(x + 16, BELOW_Y + 28, "Good to know", 15, bold=True)
    lines = (
        "Everything runs on 3.3 V.",
        "A single pump? Leave one side out",
        "and put None in the board file.",
        "Keep signal wires under 30 cm.",
        "Load cell colours vary: see its sheet.",
    )
    for number, line in enumerate(lines):
        sheet.say(x + 16, BELOW_Y + 52 + 20 * number, line, 11, QUIET)


if __name__ == "__main__":
    main()
