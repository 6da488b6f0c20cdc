"""The charts of the page."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from trainer.evaluation.comparison import Estimate
from trainer.view.page.content import ItemMap
from trainer.view.page.svg import (
    CHARACTER,
    Scale,
    bar,
    dot,
    drawing,
    line,
    path,
    shorten,
    text,
    ticks,
)

OURS = "#c2410c"
OTHERS = ("#64748b", "#2563a8", "#0f8a7e", "#7c5cbf", "#b07d12", "#a3456f", "#4d7c2a", "#30475e")
ROW = 30.0
LABELED_ITEMS = 24
MAP_WIDTH, MAP_HEIGHT = 1100.0, 620.0


def colors(names: Sequence[str]) -> dict[str, str]:
    """A color for each model; the first one stands out."""
    return {
        name: OTHERS[(place - 1) % len(OTHERS)] if place else OURS
        for place, name in enumerate(names)
    }


def interval_chart(metric: str, models: Mapping[str, Estimate]) -> str:
    """A metric of every model as a dot on its interval, models below each other."""
    width, left, top = 540.0, 150.0, 8.0
    bottom = top + ROW * len(models)
    marks = ticks(0, max(estimate.high for estimate in models.values()) or 1.0)
    across = Scale(0, marks[-1], left, width - 60)
    shapes = [line(across(mark), top, across(mark), bottom, kind="grid") for mark in marks]
    shapes += [
        text(across(mark), bottom + 18, f"{mark:g}", anchor="middle", kind="tick") for mark in marks
    ]
    color = colors(list(models))
    for place, (name, estimate) in enumerate(models.items()):
        y = top + ROW * (place + 0.5)
        ends = (across(estimate.low), y, across(estimate.high), y)
        told = f"{name}: {estimate.value:.4f} ({estimate.low:.4f} to {estimate.high:.4f})"
        shapes += [
            text(left - 12, y + 4, shorten(name, 20), anchor="end", kind="" if place else "ours"),
            line(*ends, style=f"stroke:{color[name]};stroke-width:5;opacity:.4"),
            dot(across(estimate.value), y, 5, color[name], told),
            text(across(estimate.high) + 9, y + 4, f"{estimate.value:.3f}", kind="tick"),
        ]
    return drawing(width, bottom + 26, shapes, f"{metric} of every model")


def decile_chart(hits: Mapping[str, Sequence[float | None]], cases: Sequence[int]) -> str:
    """The hit rate of every model by the popularity of the answer."""
    width, height, left, bottom = 1100.0, 340.0, 60.0, 280.0
    most = max((hit for rates in hits.values() for hit in rates if hit is not None), default=1.0)
    up = _vertical(ticks(0, most or 1.0), bottom)
    across = Scale(0, 9, left + 40, width - 40)
    shapes = _frame(up, ticks(0, most or 1.0), left, width)
    for decile, asked in enumerate(cases):
        shapes += [
            text(across(decile), bottom + 20, str(decile + 1), anchor="middle"),
            text(across(decile), bottom + 37, f"{asked:,}", anchor="middle", kind="tick"),
        ]
    shapes += [
        text(left + 8, bottom + 20, "tenth", anchor="end", kind="tick"),
        text(left + 8, bottom + 37, "answers", anchor="end", kind="tick"),
    ]
    color = colors(list(hits))
    for place, (name, rates) in reversed(list(enumerate(hits.items()))):
        points = [(d, rate) for d, rate in enumerate(rates) if rate is not None]
        shapes.append(
            path([(across(d), up(rate)) for d, rate in points], color[name], 1.8 if place else 3.2)
        )
        shapes += [
            dot(across(d), up(rate), 3.5 if place else 4.5, color[name], f"{name}: {rate:.4f}")
            for d, rate in points
        ]
    return drawing(width, height - 12, shapes, "hit rate by popularity of the answer")


def loss_chart(losses: Sequence[float]) -> str:
    """The loss at the end of every epoch."""
    width, left, bottom = 540.0, 60.0, 240.0
    marks = ticks(min(losses), max(losses))
    up = _vertical(marks, bottom)
    across = Scale(1, max(len(losses), 2), left + 16, width - 20)
    shapes = _frame(up, marks, left, width)
    whole = sorted({round(mark) for mark in ticks(1, len(losses), 8) if 1 <= mark <= len(losses)})
    shapes += [text(across(e), bottom + 20, str(e), anchor="middle", kind="tick") for e in whole]
    shapes.append(text((left + width) / 2, bottom + 42, "epoch", anchor="middle", kind="tick"))
    points = [(across(epoch + 1), up(loss)) for epoch, loss in enumerate(losses)]
    shapes.append(path(points, OURS, 2.5))
    shapes += [
        dot(x, y, 3, OURS, f"epoch {epoch + 1}: {losses[epoch]:.5f}")
        for epoch, (x, y) in enumerate(points)
    ]
    return drawing(width, bottom + 52, shapes, "loss per epoch")


def length_chart(lengths: NDArray[np.int64]) -> str:
    """How many sessions are how long, in bins of growing width."""
    width, left, bottom = 540.0, 60.0, 240.0
    edges = length_bins(int(lengths.max()))
    counts = np.histogram(lengths, [*edges, int(lengths.max()) + 1])[0].tolist()
    marks = ticks(0, max(counts))
    up = _vertical(marks, bottom)
    shapes = _frame(up, marks, left, width)
    step = (width - left - 30) / len(counts)
    every = -(-len(counts) // int((width - left) // 64))
    for place, (count, name) in enumerate(zip(counts, _bin_names(edges), strict=True)):
        x = left + 10 + place * step
        shapes.append(
            bar(x + 2, up(count), step - 4, bottom - up(count), f"{name} items: {count:,} sessions")
        )
        if place % every == 0:
            shapes.append(text(x + step / 2, bottom + 20, name, anchor="middle", kind="tick"))
    shapes.append(
        text((left + width) / 2, bottom + 42, "items of a session", anchor="middle", kind="tick")
    )
    return drawing(width, bottom + 52, shapes, "session lengths")


def length_bins(longest: int) -> list[int]:
    """The first length of every bin: one, two, three and four, then ever wider ones."""
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


def map_chart(items: ItemMap) -> str:
    """Items in a plane, the frequent ones larger, with names that do not overlap."""
    x, y = items.places[:, 0], items.places[:, 1]
    across = Scale(*_range(x), 30, MAP_WIDTH - 30)
    up = Scale(*_range(y), MAP_HEIGHT - 20, 20)
    share = np.sqrt(items.counts / max(int(items.counts.max(initial=1)), 1))
    shapes = [
        dot(across(x[item]), up(y[item]), 2 + 6 * share[item], "", _told(items, item))
        for item in range(len(items.names))
    ]
    return drawing(
        MAP_WIDTH, MAP_HEIGHT, [*shapes, *_map_labels(items, across, up)], "the most frequent items"
    )


def _told(items: ItemMap, item: int) -> str:
    return f"{items.names[item]} ({items.counts[item]:,} times)"


def _map_labels(
    items: ItemMap, across: Callable[[float], float], up: Callable[[float], float]
) -> list[str]:
    """Names of the most frequent items, each where no earlier one is."""
    taken: list[tuple[float, float, float, float]] = []
    labels: list[str] = []
    for item, full_name in enumerate(items.names):
        name = shorten(full_name, 26)
        left, base = across(items.places[item, 0]) + 9, up(items.places[item, 1]) + 4
        box = (left - 4, base - 14, left + CHARACTER * 1.15 * len(name) + 4, base + 6)
        free = all(
            box[2] < other[0] or other[2] < box[0] or box[3] < other[1] or other[3] < box[1]
            for other in taken
        )
        if free and box[2] < MAP_WIDTH:
            taken.append(box)
            labels.append(text(left, base, name, kind="place"))
        if len(labels) == LABELED_ITEMS:
            break
    return labels


def _range(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = float(values.min(initial=0)), float(values.max(initial=0))
    return (low, high) if high > low else (low - 1, high + 1)


def _vertical(marks: Sequence[float], bottom: float) -> Scale:
    return Scale(marks[0], marks[-1], bottom, 14)


def _frame(up: Scale, marks: Sequence[float], left: float, width: float) -> list[str]:
    """Horizontal lines with their values."""
    lines = [line(left, up(mark), width - 10, up(mark), kind="grid") for mark in marks]
    return lines + [
        text(left - 10, up(mark) + 4, f"{mark:,.6g}", anchor="end", kind="tick") for mark in marks
    ]
