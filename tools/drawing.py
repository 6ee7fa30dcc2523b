"""A few shapes as SVG, in one style: light paper, round corners, one typeface."""

from __future__ import annotations

from html import escape

INK, QUIET, PAPER, CARD, EDGE = "#26313d", "#6b7785", "#fbfaf7", "#ffffff", "#c9d0d8"
FONT = "'DejaVu Sans', Verdana, sans-serif"


class Drawing:
    """A sheet of a size in px, to which shapes are added in the order in which they lie.

    Args:
        width, height: px.
        title: what it shows, for those who cannot see it.
    """

    def __init__(self, width: int, height: int, title: str) -> None:
        self._shapes: list[str] = []
        self._head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" font-family="{FONT}" role="img">\n'
            f"<title>{escape(title)}</title>\n"
            f'<rect width="{width}" height="{height}" rx="14" fill="{PAPER}"/>'
        )

    def text(self) -> str:
        """Return the whole file."""
        return "\n".join([self._head, *self._shapes, "</svg>\n"])

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: str = CARD,
        edge: str = EDGE,
        radius: float = 10,
    ) -> None:
        """Add a rectangle with round corners."""
        self._shapes.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}" '
            f'fill="{fill}" stroke="{edge}" stroke-width="1.5"/>'
        )

    def say(
        self,
        x: float,
        y: float,
        words: str,
        size: int = 13,
        colour: str = INK,
        anchor: str = "start",
        *,
        bold: bool = False,
    ) -> None:
        """Add a line of text; `y` is its base line."""
        weight = ' font-weight="700"' if bold else ""
        self._shapes.append(
            f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{colour}" '
            f'text-anchor="{anchor}"{weight}>{escape(words)}</text>'
        )

    def wire(self, points: str, colour: str, width: float = 3, *, cased: bool = True) -> None:
        """Add a line along an SVG path; cased ones stand out where they cross others."""
        common = 'fill="none" stroke-linecap="round" stroke-linejoin="round"'
        if cased:
            self._shapes.append(
                f'<path d="{points}" {common} stroke="{PAPER}" stroke-width="{width + 4:g}"/>'
            )
        self._shapes.append(
            f'<path d="{points}" {common} stroke="{colour}" stroke-width="{width:g}"/>'
        )

    def dashes(self, points: str, colour: str) -> None:
        """Add a dashed line along an SVG path: what passes underneath."""
        self._shapes.append(
            f'<path d="{points}" fill="none" stroke="{colour}" stroke-width="2" '
            'stroke-dasharray="5 4" opacity="0.9"/>'
        )

    def shape(self, points: str, fill: str, edge: str = EDGE) -> None:
        """Add a filled shape along an SVG path."""
        self._shapes.append(
            f'<path d="{points}" fill="{fill}" stroke="{edge}" stroke-width="1.5" '
            'stroke-linejoin="round"/>'
        )

    def dot(self, x: float, y: float, colour: str, radius: float = 5) -> None:
        """Add a dot."""
        self._shapes.append(
            f'<circle cx="{x:g}" cy="{y:g}" r="{radius:g}" fill="{colour}" stroke="{CARD}" '
            'stroke-width="1.5"/>'
        )

    def pill(self, x: float, y: float, words: str, colour: str, width: float = 46) -> None:
        """Add a small label in a colour, centred on a point."""
        self.box(x - width / 2, y - 10, width, 20, colour, colour, 10)
        self.say(x, y + 4, words, 11, "#ffffff", "middle", bold=True)
