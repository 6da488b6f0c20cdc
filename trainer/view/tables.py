"""The tables the command line prints."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import TYPE_CHECKING

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:  # so that a query does not import what only training needs
    from service.model.artifact import Manifest
    from service.model.nights import Night
    from trainer.corpus import DataReport
    from trainer.evaluation.bootstrap import Estimate
    from trainer.evaluation.comparison import Evaluation
    from trainer.evaluation.interchangeability import Interchangeability
    from trainer.tuning.findings import TuningResult

EVENT_ROWS = {
    "events read": "events_read",
    "  filtered by `where`": "events_filtered",
    "  without item": "events_without_item",
    "  without session or user": "events_without_session",
    "  without time": "events_without_time",
    "  consecutive repeats": "events_collapsed",
    "  held out for tests": "events_held_out",
    "  of rare items": "events_of_rare_items",
    "  in short sessions": "events_in_short_sessions",
    "  kept": "events_kept",
    "items": "items",
    "  dropped as rare": "rare_items",
    "sessions": "sessions",
    "  dropped as short": "short_sessions",
}
ITEM_ROWS = {
    "rows in the file of items": "rows",
    "  without id": "without_id",
    "  replaced by a later row": "replaced",
    "  of items of the log": "trained",
    "  of other items, untrained": "untrained",
}
# What the lists are like, right or wrong; headings are broken so that the table fits 80 columns.
LIST_COLUMNS = {
    "coverage": "cover-\nage",
    "personalisation": "per-\nsonali-\nsation",
    "popularity": "popu-\nlarity",
}
# Columns that stand to the right.
FIGURES = frozenset(
    {"score", "count", "items", "events", "loss", "minutes", "exit code"}
    | {"line", "overlap", "p50 ms", "p99 ms"}
)
TEXT_WIDTH, NAME_WIDTH = 79, 20


def data_table(report: DataReport) -> Table:
    """What became of the events."""
    table = Table(box=None, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    for label, name in EVENT_ROWS.items():
        if name == "events_held_out" and not report.events_held_out:
            continue  # only an evaluation holds anything out
        table.add_row(label, f"{getattr(report, name):,}")
    if report.items_file is not None:
        for label, name in ITEM_ROWS.items():
            table.add_row(label, f"{getattr(report.items_file, name):,}")
    percentiles = (report.session_length_percentiles or {}).items()
    table.add_row("session length", "  ".join(f"{name} {length:,}" for name, length in percentiles))
    if report.first_event:
        table.add_row("time", f"{report.first_event} … {report.last_event}")
    if report.notes:
        table.caption = Text("\n".join(f"note: {note}" for note in report.notes))
        table.caption_justify = "left"
    return table


def versions_table(manifests: Sequence[Manifest], current: str | None) -> Table:
    """All versions of a store, oldest first."""
    table = plain_table("version", "created", "items", "events", "loss", "")
    for manifest in manifests:
        losses = manifest.metrics.get("epoch_losses")
        table.add_row(
            manifest.model_version,
            f"{manifest.created:%Y-%m-%d %H:%M:%S}",
            f"{manifest.items:,}",
            f"{manifest.data.get('events_kept', 0):,}",
            f"{losses[-1]:.4f}" if losses else "-",
            "current"
            if manifest.model_version == current
            else "refused"
            if manifest.refused
            else "",
        )
    return table


def nights_table(nights: Iterable[Night]) -> Table:
    """The runs of the nightly job, oldest first."""
    table = plain_table("started", "minutes", "outcome", "version", "exit code", "why")
    for column in table.columns[:-1]:
        column.no_wrap = True
    for night in nights:
        table.add_row(
            f"{night.started.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
            f"{(night.ended - night.started).total_seconds() / 60:.1f}",
            night.outcome,
            night.version or "-",
            str(night.exit_code),
            night.why,
        )
    return table


def evaluation_table(evaluation: Evaluation) -> Table:
    """One row per model: metrics with their 95 % intervals, and what its lists are like.

    A mean is marked ▲ or ▼ if it is better or worse than the first model's, that is, if the paired
    interval of the difference does not contain 0.
    """
    k = max(evaluation.protocol.ks)
    metrics = [f"{name}@{k}" for name in ("HR", "NDCG", "MRR")]
    table = _models_table(*metrics, *LIST_COLUMNS.values(), "no\nanswer")
    table.caption = _caption(evaluation, k)
    for name, scores in evaluation.models.items():
        behind = evaluation.differences.get(name, {})
        table.add_row(
            Text(name),
            *(_mean_cell(scores.estimates[metric], behind.get(metric)) for metric in metrics),
            *(_share_cell(scores.lists[f"{metric}@{k}"]) for metric in LIST_COLUMNS),
            f"{scores.unanswered:.1%}",
        )
    return table


def _share_cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"


def _models_table(*headings: str) -> Table:
    """An empty table of models and their figures."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=0, caption_justify="left")
    table.add_column("model", overflow="fold", max_width=NAME_WIDTH)
    for heading in headings:
        table.add_column(Text(heading), justify="right", vertical="top")
    return table


def _mean_cell(mean: Estimate, behind: Estimate | None) -> Text:
    """A mean with its interval, marked if the first model's is surely higher or lower."""
    mark = ""
    if behind is not None:
        mark = "▼ " if behind.low > 0 else "▲ " if behind.high < 0 else ""
    ends = (f"{end:.3f}".removeprefix("0") for end in (mean.low, mean.high))
    return Text.assemble(f"{mark}{mean.value:.4f}\n", ("-".join(ends), "dim"))


def _caption(evaluation: Evaluation, k: int) -> Text:
    """What a reader of the figures needs to know."""
    seen = "left out of the lists" if evaluation.protocol.exclude_seen else "allowed in the lists"
    return Text(
        f"{evaluation.cases:,} cases from {evaluation.sessions:,} sessions; lists of {k}; 95 % "
        "intervals;\n▲ better, ▼ worse than the first model.\n"
        f"{evaluation.unseen:.1%} of the answers are unknown to training; "
        f"{evaluation.repeated:.1%} are items of the query,\nwhich are {seen}."
    )


def neighborhood_table(found: Interchangeability) -> Group:
    """One row per model: what the neighbours of the most frequent items have in common with them.

    A mean is marked ▲ or ▼ if it is higher or lower than the first model's, as in
    `evaluation_table`.
    """
    table = _models_table(*found.columns)
    for name, estimates in found.models.items():
        behind = found.differences.get(name, {})
        cells = (_mean_cell(estimates[column], behind.get(column)) for column in found.columns)
        table.add_row(Text(name), *cells)
    meanings = ", ".join(column.meaning for column in found.columns.values())
    text = (
        f"{found.neighbors} neighbours of each of the {found.queries:,} most frequent items: "
        f"{meanings}; 95 % intervals; ▲ higher, ▼ lower than the first model."
    )
    # Not a caption of the table, which would be as narrow as the table.
    return Group(table, Text(textwrap.fill(text, TEXT_WIDTH), style="table.caption"))


def tuning_table(result: TuningResult) -> Table:
    """The metric before and after tuning, on the validation part and on the test part if used."""
    metric, verdict = result.config.tuning.metric, result.verdict
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, caption_justify="left")
    table.add_column(metric)
    for heading in ("as given", "tuned", "difference"):
        table.add_column(heading, justify="right", vertical="top")
    initial, best = result.initial.value or 0.0, result.best.value or 0.0
    table.add_row("validation", f"{initial:.4f}", f"{best:.4f}", f"{best - initial:+.4f}")
    if verdict is not None:
        table.add_row(
            "test",
            *map(_with_interval, (verdict.initial, verdict.tuned)),
            _with_interval(verdict.difference, sign="+"),
        )
    for name, value in result.best.settings.items():
        table.add_row(name, _rounded(result.initial.settings[name]), _rounded(value))
    return table


def _with_interval(estimate: Estimate, sign: str = "") -> Text:
    ends = f"{estimate.low:{sign}.3f} … {estimate.high:{sign}.3f}"
    return Text.assemble(f"{estimate.value:{sign}.4f}\n", (ends, "dim"))


def _rounded(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def settings_table(rows: Iterable[tuple[str, str, str, str]]) -> Table:
    """Settings: name, value, where it came from, its environment variable."""
    table = plain_table("setting", "value", "from", "environment")
    for row in rows:
        table.add_row(*row)
    return table


def limits_table(rows: Iterable[tuple[str, str, str]]) -> Table:
    """Settings with their values and what they are for."""
    table = plain_table("setting", "value", "what it is")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def plain_table(*columns: str) -> Table:
    """An empty table of these columns."""
    table = Table(box=box.SIMPLE_HEAD)
    for column in columns:
        numeric = column in FIGURES
        table.add_column(
            column,
            justify="right" if numeric else "left",
            overflow="fold",
            no_wrap=column == "version",
        )
    return table
