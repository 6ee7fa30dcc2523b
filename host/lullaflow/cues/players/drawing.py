"""A gentle picture, drawn here, for those who have put no photo in their folder.

A baby sleeps on a cloud under the moon, in the warm dim colours of the page. Shapes are masks; each
gets its volume from a light that comes from the moon, at the upper right.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Final

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

SIDE_PX: Final = 1200
_SCALE: Final = 1.5  # drawn larger and reduced, for soft edges
_MARGIN: Final = 0.12  # of the side, cut off at the end, so that no shape's shading meets the edge
_CANVAS_PX: Final = round((1 + 2 * _MARGIN) * SIDE_PX * _SCALE)

Box = tuple[int, int, int, int]

Colour = tuple[int, int, int]
Colours = tuple[Colour, Colour, Colour]

_SKY: Final[Sequence[Colour]] = ((30, 20, 34), (66, 42, 58), (126, 78, 82), (206, 140, 112))
_MOON_AT: Final = (0.73, 0.22)
_MOON: Final = (255, 236, 200)
_CLOUD: Final = ((222, 188, 172), (255, 228, 200), (148, 100, 104))
_FAR_CLOUD: Final = ((126, 84, 88), (160, 110, 104), (92, 58, 68))
_SKIN: Final = ((240, 202, 174), (255, 230, 206), (206, 148, 124))
_CAP: Final = ((196, 116, 92), (226, 156, 124), (140, 74, 66))
_BRIM: Final = ((238, 206, 170), (255, 232, 202), (190, 146, 118))
_BLANKET: Final = ((178, 104, 88), (214, 146, 116), (116, 62, 62))
_STAR_ON_BLANKET: Final = (236, 190, 146)
_LINE: Final = (112, 66, 58)
_BLUSH: Final = (232, 138, 116)


def drawn_picture() -> Image.Image:
    """Return a baby asleep on a cloud."""
    picture = _sky()
    chance = random.Random(7)
    _stars(picture, chance)
    _moon(picture)
    for x, y, size in ((0.16, 0.5, 0.5), (0.9, 0.58, 0.42)):
        _cloud(picture, x, y, size, _FAR_CLOUD)
    _cloud(picture, 0.5, 0.84, 1.36, _CLOUD)
    _baby(picture)
    _cloud_front(picture)
    inside = picture.crop(_whole(_px(0, 0, 1, 1)))
    return inside.resize((SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)


# -- paint


def _px(*shares: float) -> tuple[float, ...]:
    """Return places, given as shares of the picture's side."""
    return tuple((share + _MARGIN) * SIDE_PX * _SCALE for share in shares)


def _length(share: float) -> int:
    return max(1, round(share * SIDE_PX * _SCALE))


def _whole(box: tuple[float, ...]) -> Box:
    left, top, right, bottom = (round(edge) for edge in box)
    return left, top, right, bottom


def _blank() -> Image.Image:
    return Image.new("L", (_CANVAS_PX, _CANVAS_PX))


def _part(mask: Image.Image, room_px: int = 0) -> tuple[Box, Image.Image]:
    """Return where a mask has anything, with some room about it, and what is there."""
    left, top, right, bottom = mask.getbbox() or (0, 0, 1, 1)
    box = (left - room_px, top - room_px, right + room_px, bottom + room_px)
    return box, mask.crop(box)


def _blurred(mask: Image.Image, share: float) -> Image.Image:
    """Blur by a share of the picture's side; coarse first, as blur has no detail to lose."""
    small = mask.resize((max(1, mask.width // 6), max(1, mask.height // 6)), Image.Resampling.BOX)
    soft = small.filter(ImageFilter.GaussianBlur(share * SIDE_PX * _SCALE / 6))
    return soft.resize(mask.size, Image.Resampling.BICUBIC)


def _fill(picture: Image.Image, mask: Image.Image, colour: Colour, soft: float = 0.0) -> None:
    """Fill a shape, its edge blurred by a share of the picture's side."""
    box, part = _part(mask, _length(3.0 * soft) if soft else 0)
    picture.paste(colour, box[:2], _blurred(part, soft) if soft else part)


def _volume(picture: Image.Image, mask: Image.Image, colours: Colours, depth: float) -> None:
    """Fill a shape with its colour, light where it faces the moon and shade where it does not."""
    base, light, shade = colours
    box, mask = _part(mask, _length(2.5 * depth))
    soft = _blurred(mask, depth)
    step = _length(0.9 * depth)
    picture.paste(base, box[:2], mask)
    for colour, way in ((shade, 1), (light, -1)):
        turned = ImageChops.offset(soft, way * step, -way * step)
        rim = ImageChops.multiply(mask, ImageChops.invert(turned))
        picture.paste(colour, box[:2], rim.point(lambda value: int(value * 0.85)))


def _circle(mask: Image.Image, x: float, y: float, radius: float, level: int = 255) -> None:
    box = _px(x - radius, y - radius, x + radius, y + radius)
    ImageDraw.Draw(mask).ellipse(box, level)


# -- sky


def _sky() -> Image.Image:
    side = _CANVAS_PX
    stops = np.linspace(0, 1, len(_SKY))
    at = np.linspace(-_MARGIN, 1 + _MARGIN, side)
    column = np.stack([np.interp(at, stops, [c[i] for c in _SKY]) for i in range(3)], axis=1)
    sky = np.empty((side, side, 3), np.uint8)
    grain = np.random.default_rng(3)
    for row, colour in zip(sky, column, strict=True):
        # A little noise, or the slow change of colour would show as bands.
        row[:] = colour + grain.uniform(-1.5, 1.5, (side, 1))
    return Image.fromarray(sky)


def _stars(picture: Image.Image, chance: random.Random) -> None:
    mask, glow = _blank(), _blank()
    for _ in range(70):
        x, y = chance.random(), chance.random() ** 1.4 * 0.62
        radius = 0.0008 + 0.0016 * chance.random() ** 3
        if math.dist((x, y), _MOON_AT) < 0.16:
            continue
        _circle(mask, x, y, radius, 110 + round(120 * chance.random()))
        if radius > 0.0016:
            _circle(glow, x, y, radius * 4, 90)
    _fill(picture, glow, _MOON, soft=0.004)
    _fill(picture, mask, _MOON)


def _moon(picture: Image.Image) -> None:
    (x, y), radius = _MOON_AT, 0.105
    glow = _blank()
    _circle(glow, x, y, radius * 1.9, 150)
    _fill(picture, glow, (236, 176, 122), soft=0.09)
    disc, bite = _blank(), _blank()
    _circle(disc, x, y, radius, 255)
    _circle(bite, x - 0.45 * radius, y - 0.24 * radius, radius * 0.92, 255)
    _volume(
        picture, ImageChops.subtract(disc, bite), (_MOON, (255, 246, 224), (240, 196, 142)), 0.03
    )


def _cloud(picture: Image.Image, x: float, y: float, size: float, colours: Colours) -> None:
    mask = _blank()
    for dx, dy, radius in (
        *((-0.36, 0.05, 0.1), (-0.24, -0.02, 0.13), (-0.08, -0.06, 0.15), (0.1, -0.04, 0.15)),
        *((0.25, 0.0, 0.13), (0.37, 0.06, 0.09), (0.0, 0.06, 0.16), (-0.2, 0.08, 0.11)),
        *((0.2, 0.08, 0.11),),
    ):
        _circle(mask, x + dx * size, y + dy * size, radius * size)
    _volume(picture, mask, colours, 0.03 * size)


def _cloud_front(picture: Image.Image) -> None:
    """Tuck the baby into the cloud: its nearest tufts lie in front."""
    for dx, dy, radius in ((-0.33, 0.93, 0.12), (-0.12, 0.98, 0.15), (0.12, 0.97, 0.15)):
        _tuft(picture, 0.5 + dx, dy, radius)
    for dx, dy, radius in ((0.34, 0.93, 0.12), (-0.5, 1.0, 0.16), (0.52, 1.0, 0.16)):
        _tuft(picture, 0.5 + dx, dy, radius)


def _tuft(picture: Image.Image, x: float, y: float, radius: float) -> None:
    mask = _blank()
    _circle(mask, x, y, radius)
    _volume(picture, mask, _CLOUD, 0.05)


# -- the baby


def _baby(picture: Image.Image) -> None:
    x, y, radius = 0.345, 0.655, 0.128
    shadow = _blank()
    ImageDraw.Draw(shadow).ellipse(_px(0.2, 0.74, 0.86, 0.9), 150)
    _fill(picture, shadow, (120, 76, 80), soft=0.03)
    _blanket(picture)
    head = _blank()
    _circle(head, x, y, radius)
    ImageDraw.Draw(head).ellipse(_px(x - 0.118, y - 0.01, x + 0.11, y + 0.135), 255)
    _volume(picture, head, _SKIN, 0.035)
    _cap(picture, x, y, radius)
    _face(picture, x + 0.012, y + 0.012)


def _blanket(picture: Image.Image) -> None:
    mask = _blank()
    draw = ImageDraw.Draw(mask)
    draw.ellipse(_px(0.36, 0.6, 0.72, 0.9), 255)
    draw.ellipse(_px(0.5, 0.64, 0.84, 0.9), 255)
    draw.ellipse(_px(0.3, 0.72, 0.6, 0.9), 255)
    _volume(picture, mask, _BLANKET, 0.045)
    pattern = _blank()
    chance = random.Random(11)
    for row in range(6):
        for column in range(9):
            x = 0.36 + 0.06 * column + 0.03 * (row % 2)
            y = 0.63 + 0.05 * row
            _star(pattern, x, y, 0.0085, chance.uniform(0, 1.2))
    worn = ImageChops.multiply(pattern, mask).point(lambda value: int(value * 0.62))
    _fill(picture, worn, _STAR_ON_BLANKET)
    fold = _blank()
    ImageDraw.Draw(fold).arc(_px(0.56, 0.66, 0.8, 1.0), 186, 262, 255, _length(0.012))
    soft = ImageChops.multiply(_blurred(fold, 0.012), mask).point(lambda value: int(value * 0.7))
    _fill(picture, soft, _BLANKET[2])
    _cuff(picture, mask)


def _cuff(picture: Image.Image, blanket: Image.Image) -> None:
    """The blanket's edge, folded back under the chin."""
    cuff = _blank()
    ImageDraw.Draw(cuff).arc(_px(0.372, 0.585, 0.74, 0.915), 94, 222, 255, _length(0.052))
    _volume(picture, ImageChops.multiply(cuff, blanket), _BRIM, 0.018)


def _star(mask: Image.Image, x: float, y: float, radius: float, turn: float) -> None:
    points = []
    for corner in range(10):
        far = radius if corner % 2 == 0 else radius * 0.48
        angle = turn + corner * math.pi / 5
        points.append(_px(x + far * math.sin(angle), y - far * math.cos(angle)))
    ImageDraw.Draw(mask).polygon([(px, py) for px, py in points], 255)


def _cap(picture: Image.Image, x: float, y: float, radius: float) -> None:
    """A knitted cap, pulled down to the brows, with a bobble."""
    bobble = _blank()
    _circle(bobble, x - 0.118, y - 0.125, 0.036)
    _volume(picture, bobble, _BRIM, 0.014)
    cap, face = _blank(), _blank()
    _circle(cap, x - 0.004, y - 0.006, radius * 1.06)
    ImageDraw.Draw(face).ellipse(_px(x - 0.14, y - 0.052, x + 0.2, y + 0.28), 255)
    _volume(picture, ImageChops.subtract(cap, face), _CAP, 0.03)
    brim = _blank()
    box = _px(x - 0.14, y - 0.066, x + 0.2, y + 0.266)
    ImageDraw.Draw(brim).arc(box, 186, 312, 255, _length(0.034))
    around = _blank()
    _circle(around, x, y, radius * 1.1)
    _volume(picture, ImageChops.multiply(brim, around), _BRIM, 0.01)


def _face(picture: Image.Image, x: float, y: float) -> None:
    blush = _blank()
    for side in (-0.062, 0.068):
        _circle(blush, x + side, y + 0.062, 0.021, 170)
    _fill(picture, blush, _BLUSH, soft=0.009)
    lines = _blank()
    draw = ImageDraw.Draw(lines)
    width = _length(0.0052)
    for side in (-0.05, 0.052):
        draw.arc(_px(x + side - 0.021, y + 0.004, x + side + 0.021, y + 0.038), 22, 158, 255, width)
    draw.arc(_px(x - 0.02, y + 0.074, x + 0.022, y + 0.1), 25, 155, 255, width)
    _fill(picture, lines, _LINE)
    nose = _blank()
    ImageDraw.Draw(nose).arc(
        _px(x - 0.01, y + 0.05, x + 0.012, y + 0.066), 20, 160, 255, _length(0.0044)
    )
    _fill(picture, nose, (200, 134, 112))
