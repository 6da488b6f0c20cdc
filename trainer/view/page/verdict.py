"""The page of a verdict: every check, and the models side by side."""

from collections.abc import Mapping
from dataclasses import dataclass

from service.model.lineage import Drift
from service.model.verdict import Verdict
from trainer.evaluation.comparison import Evaluation
from trainer.view.page.charts.intervals import IntervalChart
from trainer.view.page.rendering import best_values, environment, interval_charts


@dataclass(frozen=True)
class Part:
    """One comparison as the page shows it."""

    name: str
    evaluation: Evaluation
    metrics: list[str]
    best: dict[str, float]
    charts: list[IntervalChart]
    k: int


def render_verdict(
    verdict: Verdict, evaluations: Mapping[str, Evaluation], drift: Drift | None
) -> str:
    """The whole page as HTML.

    Args:
        verdict: of the gate.
        evaluations: what it was found by, by name.
        drift: how far answers agree with those of the version before; None if there was none.
    """
    parts = [_part(name, evaluation) for name, evaluation in evaluations.items()]
    page = environment().get_template("verdict.html")
    return page.render(verdict=verdict, parts=parts, drift=drift)


def _part(name: str, evaluation: Evaluation) -> Part:
    metrics = list(next(iter(evaluation.models.values())).estimates)
    return Part(
        name=name,
        evaluation=evaluation,
        metrics=metrics,
        best=best_values(evaluation, metrics),
        charts=interval_charts(evaluation, metrics),
        k=max(evaluation.protocol.ks),
    )
