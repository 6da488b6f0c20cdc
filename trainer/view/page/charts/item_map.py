"""A map of items: frequent ones larger, with names that do not overlap."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainer.view.page.charts.axes import Scale
from trainer.view.page.charts.labels import CHARACTER, shorten
from trainer.view.page.places import ItemMap

HEIGHT, MARGIN = 560.0, 2.0
LINE = 15.0  # from one line of text to the next, in px


class Room(NamedTuple):
    """How much room there is for names.

    Attributes:
        width: of the map, in px, at least.
        characters: of a name, at most.
        labels: how many names, at most.
    """

    width: float
    characters: int
    labels: int


WIDE, NARROW = Room(900, 36, 24), Room(270, 28, 12)


@dataclass(frozen=True)
class Dot:
    """An item, its size in px, and its place: in per cent across, and in px down."""

    name: str
    count: int
    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Label:
    """A name beside its dot.

    Attributes:
        name: as it is shown.
        x: of the dot, in per cent.
        y: of the baseline, in px.
        is_before: whether the name ends at the dot instead of beginning there.
        start: where the text begins, in px of the width it was laid out for.
        end: where it ends, with room for wide letters.
    """

    name: str
    x: float
    y: float
    is_before: bool
    start: float
    end: float

    def overlaps(self, other: "Label") -> bool:
        """Whether two names are too close to be legible."""
        return (
            self.start - 4 <= other.end
            and other.start - 4 <= self.end
            and abs(self.y - other.y) <= LINE
        )


@dataclass(frozen=True)
class Group:
    """The items of one color.

    Attributes:
        name: what they are.
        items: how many they are.
        dots: the items.
    """

    name: str
    items: int
    dots: list[Dot]


@dataclass(frozen=True)
class MapChart:
    """Every item as a dot, and the names of some.

    Attributes:
        kind: what the groups are.
        groups: of the items.
        labels: names on a wide page.
        narrow_labels: names on a phone.
        height: in px.
    """

    kind: str
    groups: list[Group]
    labels: list[Label]
    narrow_labels: list[Label]
    height: float = HEIGHT


def map_chart(items: ItemMap) -> MapChart:
    """Lays out items; the most frequent ones get names first."""
    across = Scale(*_ends(items.places[:, 0]), MARGIN, 100 - MARGIN)
    up = Scale(*_ends(items.places[:, 1]), HEIGHT - 20, 20)
    share = np.sqrt(items.counts / max(int(items.counts.max(initial=1)), 1))
    dots = [
        Dot(name, int(count), across(x), up(y), 2 + 6 * size)
        for name, count, (x, y), size in zip(
            items.names, items.counts, items.places.tolist(), share.tolist(), strict=True
        )
    ]
    members: list[list[Dot]] = [[] for _ in items.groups.names]
    for dot, group in zip(dots, items.groups.members.tolist(), strict=True):
        members[group].append(dot)
    return MapChart(
        items.groups.kind,
        [
            Group(name, len(of_group), of_group)
            for name, of_group in zip(items.groups.names, members, strict=True)
        ],
        _labels(dots, WIDE),
        _labels(dots, NARROW),
    )


def _labels(dots: list[Dot], room: Room) -> list[Label]:
    """Names of the first items, skipping those that would overlap an earlier name."""
    labels: list[Label] = []
    for dot in dots:
        label = _label(dot, room)
        if label is not None and not any(label.overlaps(other) for other in labels):
            labels.append(label)
        if len(labels) == room.labels:
            break
    return labels


def _label(dot: Dot, room: Room) -> Label | None:
    """The name to the right of the dot, else to its left, else none."""
    name = shorten(dot.name, room.characters)
    length = CHARACTER * 1.15 * len(name) + 4
    x, gap = dot.x / 100 * room.width, dot.radius + 3
    if x + gap + length < room.width:
        return Label(name, dot.x, dot.y + 4, False, x + gap, x + gap + length)
    if x - gap - length > 0:
        return Label(name, dot.x, dot.y + 4, True, x - gap - length, x - gap)
    return None


def _ends(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = float(values.min(initial=0)), float(values.max(initial=0))
    return (low, high) if high > low else (low - 1, high + 1)
