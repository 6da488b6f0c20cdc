"""A histogram of session lengths."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.view.page.charts.axes import Frame, round_values

BOTTOM, GAP = 240.0, 0.7
LABELS, LABELS_ON_A_PHONE = 8, 4


@dataclass(frozen=True)
class Bar:
    """A range of lengths and the number of sessions in it.

    Attributes:
        lengths: the range.
        sessions: how many there are.
        x: where the bar begins, in per cent.
        width: in per cent.
        y: where it ends, in px.
        height: in px.
        is_labeled: whether its range stands below it.
        is_labeled_on_a_phone: the same where there is less room.
    """

    lengths: str
    sessions: int
    x: float
    width: float
    y: float
    height: float
    is_labeled: bool
    is_labeled_on_a_phone: bool


@dataclass(frozen=True)
class LengthChart:
    """Bars side by side."""

    frame: Frame
    bars: list[Bar]


def length_chart(lengths: NDArray[np.int64]) -> LengthChart:
    """Lays out the lengths of at least one session, int64 [sessions]."""
    longest = int(lengths.max())
    edges = length_bins(longest)
    counts = np.histogram(lengths, [*edges, longest + 1])[0].tolist()
    frame = Frame(BOTTOM, round_values(0, max(counts)))
    step = 100 / len(counts)
    every = -(-len(counts) // LABELS)
    every_on_a_phone = every * -(-len(counts) // (LABELS_ON_A_PHONE * every))
    bars = [
        Bar(
            lengths=name,
            sessions=count,
            x=place * step + GAP / 2,
            width=step - GAP,
            y=frame.up(count),
            height=BOTTOM - frame.up(count),
            is_labeled=place % every == 0,
            is_labeled_on_a_phone=place % every_on_a_phone == 0,
        )
        for place, (name, count) in enumerate(zip(_bin_names(edges), counts, strict=True))
    ]
    return LengthChart(frame, bars)


def length_bins(longest: int) -> list[int]:
    """The first length of every bin: 1, 2, 3 and 4, then the bins become wider."""
    edges = [1, 2, 3, 4]
    while edges[-1] <= longest:
        edges.append(max(edges[-1] + 1, round(edges[-1] * 1.5)))
    return [edge for edge in edges if edge <= longest]


def _bin_names(edges: Sequence[int]) -> list[str]:
    lasts = [edge - 1 for edge in edges[1:]]
    names = [
        f"{first}" if first == last else f"{first}-{last}"
        for first, last in zip(edges, lasts, strict=False)
    ]
    return [*names, f"{edges[-1]}+"]
