"""One metric for every model, as dots with their intervals."""

from collections.abc import Mapping
from dataclasses import dataclass

from trainer.evaluation.bootstrap import Estimate
from trainer.view.page.charts.axes import Scale, Tick, round_values
from trainer.view.page.charts.labels import colors, shorten

WIDTH, LEFT, RIGHT, TOP, ROW = 540.0, 150.0, 480.0, 8.0, 30.0


@dataclass(frozen=True)
class Interval:
    """One model: its metric, and the positions of its mean and interval in px."""

    model: str
    label: str
    color: str
    estimate: Estimate
    y: float
    low: float
    value: float
    high: float


@dataclass(frozen=True)
class IntervalChart:
    """One metric of every model, the evaluated model first; lengths in px."""

    metric: str
    ticks: list[Tick]
    intervals: list[Interval]
    bottom: float
    width: float = WIDTH
    left: float = LEFT
    top: float = TOP


def interval_chart(metric: str, estimates: Mapping[str, Estimate]) -> IntervalChart:
    """Lays out one metric of every model, by the model's name."""
    values = round_values(0, max(estimate.high for estimate in estimates.values()) or 1.0)
    across = Scale(0, values[-1], LEFT, RIGHT)
    color = colors(estimates)
    return IntervalChart(
        metric=metric,
        ticks=[Tick(across(value), f"{value:g}") for value in values],
        intervals=[
            Interval(
                model=model,
                label=shorten(model, 20),
                color=color[model],
                estimate=estimate,
                y=TOP + ROW * (place + 0.5),
                low=across(estimate.low),
                value=across(estimate.value),
                high=across(estimate.high),
            )
            for place, (model, estimate) in enumerate(estimates.items())
        ],
        bottom=TOP + ROW * len(estimates),
    )
