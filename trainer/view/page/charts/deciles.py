"""The hit rate of every model by the popularity of the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trainer.view.page.charts.axes import Frame, Point, Scale, round_values
from trainer.view.page.charts.labels import colors

WIDTH, BOTTOM, MARGIN = 1100.0, 280.0, 40.0


@dataclass(frozen=True)
class Decile:
    """A tenth of the catalogue: its position in px, and how many answers are in it."""

    x: float
    answers: int


@dataclass(frozen=True)
class Curve:
    """The hit rates of one model."""

    model: str
    color: str
    points: list[Point]


@dataclass(frozen=True)
class DecileChart:
    """The curves of all models; the evaluated model is last, drawn over its baselines."""

    frame: Frame
    deciles: list[Decile]
    curves: list[Curve]


def decile_chart(
    hit_rates: Mapping[str, Sequence[float | None]], answers: Sequence[int]
) -> DecileChart:
    """Lays out hit rates by model and decile; None where a decile has no answers."""
    highest = max(
        (hit for hits in hit_rates.values() for hit in hits if hit is not None), default=0.0
    )
    frame = Frame(WIDTH, BOTTOM, round_values(0, highest or 1.0))
    across = Scale(0, 9, frame.left + MARGIN, WIDTH - MARGIN)
    color = colors(hit_rates)
    curves = [
        Curve(
            model,
            color[model],
            [Point(across(d), frame.up(hit), hit) for d, hit in enumerate(hits) if hit is not None],
        )
        for model, hits in hit_rates.items()
    ]
    deciles = [Decile(across(decile), count) for decile, count in enumerate(answers)]
    return DecileChart(frame, deciles, curves[::-1])
