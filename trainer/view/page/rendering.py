"""Renders the page from its templates; all names are escaped."""

from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    PackageLoader,
    PrefixLoader,
    StrictUndefined,
)

from trainer.evaluation.comparison import Evaluation
from trainer.view.page.charts.intervals import IntervalChart, interval_chart
from trainer.view.page.charts.item_map import map_chart
from trainer.view.page.charts.lengths import length_chart
from trainer.view.page.charts.loss import loss_chart
from trainer.view.page.content import PageContent
from trainer.view.page.weights import weight_charts


def environment() -> Environment:
    """The templates and how they are filled in; colors and charts look as those of the explorer.

    The filter `px` formats a length in pixels, `pc` one in per cent.
    """
    explorer: dict[str, BaseLoader] = {"explorer": PackageLoader("service.explorer", "static")}
    templates = Environment(
        loader=ChoiceLoader([PrefixLoader(explorer), PackageLoader("trainer.view.page")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters["px"] = "{:.1f}".format
    templates.filters["pc"] = "{:.2f}%".format
    return templates


def render_page(content: PageContent) -> str:
    """The whole page as HTML."""
    evaluation = content.evaluation
    k = max(evaluation.protocol.ks)
    metrics = list(next(iter(evaluation.models.values())).estimates)
    metrics_at_k = [metric for metric in metrics if metric.endswith(f"@{k}")]
    return (
        environment()
        .get_template("page.html")
        .render(
            content=content,
            evaluation=evaluation,
            k=k,
            metrics=metrics,
            metrics_at_k=metrics_at_k,
            best=best_values(evaluation, metrics),
            interval_charts=interval_charts(evaluation, metrics_at_k),
            loss_chart=loss_chart(content.losses) if content.losses else None,
            length_chart=(
                length_chart(content.session_lengths) if len(content.session_lengths) else None
            ),
            map_chart=map_chart(content.item_map),
            weight_charts=(
                weight_charts(content.weighed, evaluation.protocol) if content.weighed else None
            ),
        )
    )


def best_values(evaluation: Evaluation, metrics: list[str]) -> dict[str, float]:
    """The highest value of each metric among the models."""
    return {
        metric: max(scores.estimates[metric].value for scores in evaluation.models.values())
        for metric in metrics
    }


def interval_charts(evaluation: Evaluation, metrics: list[str]) -> list[IntervalChart]:
    """A chart of every model for each metric."""
    models = evaluation.models.items()
    return [
        interval_chart(metric, {name: scores.estimates[metric] for name, scores in models})
        for metric in metrics
    ]
