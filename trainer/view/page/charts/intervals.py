"""One metric for every model, as dots with their intervals."""

from collections.abc import Mapping
from dataclasses import dataclass

from trainer.evaluation.bootstrap import Estimate
from trainer.view.page.charts.axes import Scale, Tick, round_values

TOP, ROW, NAME, DOT = 4.0, 38.0, 13.0, 25.0


@dataclass(frozen=True)
class Interval:
    """One model and its metric.

    Attributes:
        model: its name.
        estimate: the metric.
        name_y: where the name stands, in px.
        y: where the dot is, in px.
        low: where the interval begins, in per cent.
        value: where the mean is, in per cent.
        high: where the interval ends, in per cent.
    """

    model: str
    estimate: Estimate
    name_y: float
    y: float
    low: float
    value: float
    high: float


@dataclass(frozen=True)
class IntervalChart:
    """One metric of every model, the evaluated model first."""

    metric: str
    ticks: list[Tick]
    intervals: list[Interval]
    bottom: float
    top: float = TOP


def interval_chart(metric: str, estimates: Mapping[str, Estimate]) -> IntervalChart:
    """Lays out one metric of every model, by the model's name."""
    values = round_values(0, max(estimate.high for estimate in estimates.values()) or 1.0)
    across = Scale(0, values[-1], 0, 100)
    return IntervalChart(
        metric=metric,
        ticks=[Tick(across(value), f"{value:g}") for value in values],
        intervals=[
            Interval(
                model=model,
                estimate=estimate,
                name_y=TOP + ROW * place + NAME,
                y=TOP + ROW * place + DOT,
                low=across(estimate.low),
                value=across(estimate.value),
                high=across(estimate.high),
            )
            for place, (model, estimate) in enumerate(estimates.items())
        ],
        bottom=TOP + ROW * len(estimates),
    )
