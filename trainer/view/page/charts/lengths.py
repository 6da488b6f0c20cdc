"""A histogram of session lengths."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.view.page.charts.axes import Frame, round_values

WIDTH, BOTTOM, MARGIN, GAP, LABEL = 540.0, 240.0, 10.0, 4.0, 64.0


@dataclass(frozen=True)
class Bar:
    """A range of lengths and the number of sessions in it; positions in px."""

    lengths: str
    sessions: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class LengthChart:
    """Bars side by side; every `labels_every`-th one has a label, starting with the first."""

    frame: Frame
    bars: list[Bar]
    labels_every: int


def length_chart(lengths: NDArray[np.int64]) -> LengthChart:
    """Lays out the lengths of at least one session, int64 [sessions]."""
    longest = int(lengths.max())
    edges = length_bins(longest)
    counts = np.histogram(lengths, [*edges, longest + 1])[0].tolist()
    frame = Frame(WIDTH, BOTTOM, round_values(0, max(counts)))
    step = (WIDTH - frame.left - 3 * MARGIN) / len(counts)
    bars = [
        Bar(
            lengths=name,
            sessions=count,
            x=frame.left + MARGIN + place * step + GAP / 2,
            y=frame.up(count),
            width=step - GAP,
            height=BOTTOM - frame.up(count),
        )
        for place, (name, count) in enumerate(zip(_bin_names(edges), counts, strict=True))
    ]
    return LengthChart(frame, bars, -(-len(counts) // int((WIDTH - frame.left) // LABEL)))


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
