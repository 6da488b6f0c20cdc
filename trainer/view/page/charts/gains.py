"""Differences of some groups of cases, as dots with their intervals around zero."""

from collections.abc import Mapping
from dataclasses import dataclass

from trainer.evaluation.bootstrap import Estimate
from trainer.view.page.charts.axes import Scale, Tick, round_values

TOP, ROW = 6.0, 24.0


@dataclass(frozen=True)
class Gain:
    """One group and its difference.

    Attributes:
        group: its name.
        estimate: the difference.
        y: where it is, in px.
        low: where the interval begins, in per cent.
        value: where the mean is, in per cent.
        high: where the interval ends, in per cent.
        kind: "better" if it is surely above 0, "worse" if surely below, else "of-model".
    """

    group: str
    estimate: Estimate
    y: float
    low: float
    value: float
    high: float
    kind: str


@dataclass(frozen=True)
class GainChart:
    """Groups from top to bottom.

    Attributes:
        title: what is measured.
        ticks: round differences.
        zero: where no difference is, in per cent.
        gains: one for each group.
        bottom: in px.
    """

    title: str
    ticks: list[Tick]
    zero: float
    gains: list[Gain]
    bottom: float
    top: float = TOP


def gain_chart(title: str, estimates: Mapping[str, Estimate]) -> GainChart:
    """Lays out the differences of at least one group, by its name."""
    low = min(0.0, *(estimate.low for estimate in estimates.values()))
    high = max(0.0, *(estimate.high for estimate in estimates.values()))
    values = round_values(low, high, 4)
    across = Scale(values[0], values[-1], 0, 100)
    return GainChart(
        title=title,
        ticks=[Tick(across(value), f"{value:+g}" if round(value, 9) else "0") for value in values],
        zero=across(0),
        gains=[
            Gain(
                group=group,
                estimate=estimate,
                y=TOP + ROW * (place + 0.5),
                low=across(estimate.low),
                value=across(estimate.value),
                high=across(estimate.high),
                kind="better" if estimate.low > 0 else "worse" if estimate.high < 0 else "of-model",
            )
            for place, (group, estimate) in enumerate(estimates.items())
        ],
        bottom=TOP + ROW * len(estimates),
    )
