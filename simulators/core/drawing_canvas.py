"""The marks of which an SVG picture is made. Points in floor metres, sizes in the picture's units."""

from collections.abc import Sequence
from html import escape
from math import atan2, cos, degrees, radians, sin

from simulators.core.drawing_bounds import Bounds
from simulators.core.geometry import Point, Polygon

_LETTER = 0.56  # Width of a letter of this typeface against its height, on average.


class Canvas:
    """Collects the marks of one picture.

    Args:
        bounds: What part of the floor it shows.
        width: Its width in its own units.
        above: Room left above the plan.
    """

    def __init__(self, bounds: Bounds, width: int, above: int) -> None:
        self._bounds, self._above = bounds, above
        self.scale = width / bounds.width_m
        self.width = width
        self.plan_bottom = above + round(bounds.height_m * self.scale)
        self.marks: list[str] = []

    def place(self, point: Point) -> Point:
        """Return where in the picture a point of the floor lies."""
        x, y = point
        return (x - self._bounds.left) * self.scale, (y - self._bounds.top) * self.scale + self._above

    def polygon(self, points: Polygon, style: str, title: str) -> None:
        """Draw an area."""
        corners = " ".join(_pair(self.place(point)) for point in points)
        self.marks.append(f'<polygon class="{style}" points="{corners}">{_title(title)}</polygon>')

    def rectangle(self, points: Polygon, style: str) -> None:
        """Draw the upright rectangle round some points."""
        xs, ys = zip(*points, strict=True)
        (left, top), (right, bottom) = self.place((min(xs), min(ys))), self.place((max(xs), max(ys)))
        size = f'width="{right - left:.1f}" height="{bottom - top:.1f}"'
        self.marks.append(f'<rect class="{style}" x="{left:.1f}" y="{top:.1f}" {size}/>')

    def line(self, start: Point, end: Point, style: str, title: str = "", width_m: float | None = None) -> None:
        """Draw a line, as wide on the floor as given or as its style says."""
        (ax, ay), (bx, by) = self.place(start), self.place(end)
        ends = f'x1="{ax:.1f}" y1="{ay:.1f}" x2="{bx:.1f}" y2="{by:.1f}"'
        width = f' stroke-width="{width_m * self.scale:.1f}"' if width_m is not None else ""
        self.marks.append(f'<line class="{style}" {ends}{width}>{_title(title)}</line>')

    def dot(self, point: Point, radius: float, style: str, title: str = "") -> None:
        """Draw a disc."""
        x, y = self.place(point)
        self.marks.append(f'<circle class="{style}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}">{_title(title)}</circle>')

    def box(self, point: Point, size: float, style: str, title: str = "") -> None:
        """Draw a square with round corners about a point."""
        x, y = self.place(point)
        corner = f'x="{x - size / 2:.1f}" y="{y - size / 2:.1f}" width="{size:g}" height="{size:g}" rx="{size / 5:g}"'
        self.marks.append(f'<rect class="{style}" {corner}>{_title(title)}</rect>')

    def arrow(self, point: Point, direction: Point, style: str, length: float = 22) -> None:
        """Draw an arrow that begins at a point."""
        turn = degrees(atan2(direction[1], direction[0]))
        x, y = self.place(point)
        head = f"M0,0 H{length - 6:g} M{length:g},0 l-8,-4.5 v9 z"
        self.marks.append(
            f'<path class="{style}" d="{head}" transform="translate({x:.1f},{y:.1f}) rotate({turn:.1f})"/>'
        )

    def wedge(self, point: Point, towards: Point, angle_deg: float, radius: float, style: str, title: str) -> None:
        """Draw the sector of a circle, less than half of it, that opens towards another point."""
        x, y = self.place(point)
        middle = atan2(towards[1] - point[1], towards[0] - point[0])
        first, last = (middle + sign * radians(angle_deg) / 2 for sign in (-1, 1))
        start, end = (_pair((x + radius * cos(turn), y + radius * sin(turn))) for turn in (first, last))
        arc = f"M{x:.1f},{y:.1f} L{start} A{radius:g},{radius:g} 0 0 1 {end} Z"
        self.marks.append(f'<path class="{style}" d="{arc}">{_title(title)}</path>')

    def text(self, point: Point, words: str, style: str, shift: Point = (0, 0), *, upright: bool = False) -> None:
        """Write words centred on a point, shifted by some units, upwards if `upright`."""
        x, y = self.place(point)
        x, y = x + shift[0], y + shift[1]
        turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if upright else ""
        self.marks.append(f'<text class="{style}" x="{x:.1f}" y="{y:.1f}"{turn}>{escape(words)}</text>')

    def label(self, polygon: Polygon, words: str, style: str, size: float, *, at_foot: bool = False) -> None:
        """Write words into an area along its longer side, or leave them out where they do not fit.

        Args:
            polygon: The area.
            words: What to write.
            style: The class of the text.
            size: Height of the letters.
            at_foot: Whether to write at the lower edge instead of in the middle, where something else may be.
        """
        xs, ys = zip(*polygon, strict=True)
        wide, high = (max(xs) - min(xs)) * self.scale, (max(ys) - min(ys)) * self.scale
        if min(wide, high) < size or max(wide, high) < _LETTER * size * len(words) + size:
            return
        upright = high > wide
        drop = high / 2 - size if at_foot and not upright else 0.0
        self.text(((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2), words, style, (0, drop), upright=upright)


def svg_document(width: int, height: int, title: str, style: str, marks: Sequence[str]) -> str:
    """Return a whole SVG document."""
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">'
    paper = f'<rect class="paper" width="{width}" height="{height}"/>'
    return "\n".join([head, f"<title>{escape(title)}</title>", f"<style>{style}</style>", paper, *marks, "</svg>", ""])


def _pair(point: Point) -> str:
    return f"{point[0]:.1f},{point[1]:.1f}"


def _title(title: str) -> str:
    return f"<title>{escape(title)}</title>" if title else ""
