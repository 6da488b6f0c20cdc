"""The charts of what weights are worth."""

from collections.abc import Sequence
from dataclasses import dataclass

from trainer.evaluation.comparison import EvaluationProtocol
from trainer.evaluation.weighed import Part, Weighed
from trainer.view.page.charts.calibration import CalibrationChart, calibration_chart
from trainer.view.page.charts.gains import GainChart, gain_chart


@dataclass(frozen=True)
class WeightCharts:
    """Charts of one evaluation.

    Attributes:
        calibration: of the first answer's probability.
        without_repeats: whether cases whose answer was in the session are not in it.
        gains: over the table alone, by length of the session and popularity of the answer.
    """

    calibration: CalibrationChart
    without_repeats: bool
    gains: list[GainChart]


def weight_charts(weighed: Weighed, protocol: EvaluationProtocol) -> WeightCharts:
    """Lays out what weights are worth."""
    return WeightCharts(
        calibration=calibration_chart(weighed.calibration),
        without_repeats=protocol.exclude_seen,
        gains=[
            *_gain_charts(weighed.by_length, "items so far"),
            *_gain_charts(weighed.by_decile, "popularity of the answer"),
        ],
    )


def _gain_charts(parts: Sequence[Part], groups: str) -> list[GainChart]:
    metrics = parts[0].gain if parts else ()
    return [
        gain_chart(f"{metric} by {groups}", {part.name: part.gain[metric] for part in parts})
        for metric in metrics
    ]
