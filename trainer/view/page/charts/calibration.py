"""How often first answers came next, by how probable they were said to be."""

from dataclasses import dataclass

from trainer.evaluation.weighed import Calibration
from trainer.view.page.charts.axes import Frame, Point, Scale, Tick, round_values

BOTTOM, MARGIN = 300.0, 2.0


@dataclass(frozen=True)
class Reliability:
    """Some of the cases.

    Attributes:
        probability: the mean of their first answers.
        cases: how many they are.
        point: where their share is.
        low: where its interval begins, in px.
        high: where it ends.
    """

    probability: float
    cases: int
    point: Point
    low: float
    high: float


@dataclass(frozen=True)
class CalibrationChart:
    """Dots, and the line that they would be on if every probability were right."""

    frame: Frame
    across: list[Tick]
    perfect: list[Point]
    dots: list[Reliability]


def calibration_chart(calibration: Calibration) -> CalibrationChart:
    """Lays out at least one bin; both axes have the same range."""
    bins = calibration.bins
    values = round_values(0, max(max(one.probability, one.share.high) for one in bins))
    frame = Frame(BOTTOM, values)
    across = Scale(values[0], values[-1], MARGIN, 100 - MARGIN)
    return CalibrationChart(
        frame,
        across=[Tick(across(value), f"{value:g}") for value in values],
        perfect=[Point(across(end), frame.up(end), end) for end in (values[0], values[-1])],
        dots=[
            Reliability(
                probability=one.probability,
                cases=one.cases,
                point=Point(across(one.probability), frame.up(one.share.value), one.share.value),
                low=frame.up(one.share.low),
                high=frame.up(one.share.high),
            )
            for one in bins
        ],
    )
