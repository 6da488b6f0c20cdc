"""A map of items: frequent ones larger, with names that do not overlap."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.view.page.charts.axes import Scale
from trainer.view.page.charts.labels import CHARACTER, shorten
from trainer.view.page.content import ItemMap

WIDTH, HEIGHT = 1100.0, 620.0
LABELS = 24


@dataclass(frozen=True)
class Dot:
    """An item; its position and size in px."""

    name: str
    count: int
    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Label:
    """A name and the position in px where its text begins."""

    name: str
    x: float
    y: float

    def overlaps(self, other: "Label") -> bool:
        """Whether two names are too close to be legible."""
        return (
            self.x - 4 <= other.end
            and other.x - 4 <= self.end
            and self.y - 14 <= other.y + 6
            and other.y - 14 <= self.y + 6
        )

    @property
    def end(self) -> float:
        """Where the text ends, in px, with room for wide letters."""
        return self.x + CHARACTER * 1.15 * len(self.name) + 4


@dataclass(frozen=True)
class MapChart:
    """Every item as a dot, and the names of some; lengths in px."""

    dots: list[Dot]
    labels: list[Label]
    width: float = WIDTH
    height: float = HEIGHT


def map_chart(items: ItemMap) -> MapChart:
    """Lays out items; the most frequent ones get names first."""
    across = Scale(*_ends(items.places[:, 0]), 30, WIDTH - 30)
    up = Scale(*_ends(items.places[:, 1]), HEIGHT - 20, 20)
    share = np.sqrt(items.counts / max(int(items.counts.max(initial=1)), 1))
    dots = [
        Dot(name, int(count), across(x), up(y), 2 + 6 * size)
        for name, count, (x, y), size in zip(
            items.names, items.counts, items.places.tolist(), share.tolist(), strict=True
        )
    ]
    return MapChart(dots, _labels(dots))


def _labels(dots: list[Dot]) -> list[Label]:
    """Names of the first items, skipping those that would overlap an earlier name."""
    labels: list[Label] = []
    for dot in dots:
        label = Label(shorten(dot.name, 26), dot.x + 9, dot.y + 4)
        if label.end < WIDTH and not any(label.overlaps(other) for other in labels):
            labels.append(label)
        if len(labels) == LABELS:
            break
    return labels


def _ends(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = float(values.min(initial=0)), float(values.max(initial=0))
    return (low, high) if high > low else (low - 1, high + 1)
