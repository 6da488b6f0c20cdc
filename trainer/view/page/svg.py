"""The few shapes charts are drawn with, as SVG text."""

import math
from dataclasses import dataclass
from html import escape

CHARACTER = 6.4  # mean width of a character at 12 px, in px


@dataclass(frozen=True)
class Scale:
    """A range of values laid out along a range of pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Where a value is, in px."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers from the one at or below `low` to the one at or above `high`."""
    if high <= low:
        high = low + (abs(low) or 1.0)
    rough = (high - low) / most
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * magnitude for unit in (1, 2, 2.5, 5, 10) if unit * magnitude >= rough)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [number * step for number in range(first, last + 1)]


def text(x: float, y: float, words: str, *, anchor: str = "start", kind: str = "") -> str:
    """A line of text; `kind` is its class."""
    where = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {where} class="{kind}">{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, *, kind: str = "", style: str = "") -> str:
    """A straight line."""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'class="{kind}" style="{style}"/>'
    )


def path(points: list[tuple[float, float]], color: str, width: float) -> str:
    """Straight lines from point to point."""
    along = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (
        f'<polyline points="{along}" fill="none" stroke="{color}" stroke-width="{width}" '
        'stroke-linejoin="round"/>'
    )


def dot(x: float, y: float, radius: float, color: str, told: str) -> str:
    """A circle that says something when pointed at."""
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{color}">'
        f"<title>{escape(told)}</title></circle>"
    )


def bar(x: float, y: float, width: float, height: float, told: str) -> str:
    """A rectangle that says something when pointed at."""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.5):.1f}" '
        f'height="{max(height, 0):.1f}" class="bar"><title>{escape(told)}</title></rect>'
    )


def drawing(width: float, height: float, shapes: list[str], label: str) -> str:
    """The picture, scaled to the width it is given."""
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(label)}">'
        + "".join(shapes)
        + "</svg>"
    )


def shorten(words: str, characters: int) -> str:
    """At most so many characters, with an ellipsis where some are gone."""
    return words if len(words) <= characters else words[: characters - 1].rstrip() + "…"
