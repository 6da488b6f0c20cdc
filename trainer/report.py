"""What is printed: the data report, answers and versions as tables."""

from collections.abc import Iterable, Sequence

from rich import box
from rich.table import Table

from service.artifact import Manifest
from service.recommender import Neighbor
from trainer.sessions import DataReport

EVENT_ROWS = {
    "events read": "events_read",
    "  filtered by `where`": "events_filtered",
    "  without item": "events_without_item",
    "  without session or user": "events_without_session",
    "  without time": "events_without_time",
    "  consecutive repeats": "events_collapsed",
    "  of rare items": "events_of_rare_items",
    "  in short sessions": "events_in_short_sessions",
    "  kept": "events_kept",
    "items": "items",
    "  dropped as rare": "rare_items",
    "sessions": "sessions",
    "  dropped as short": "short_sessions",
}


def data_table(report: DataReport) -> Table:
    """What became of the events."""
    table = Table(box=None, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    for label, name in EVENT_ROWS.items():
        table.add_row(label, f"{getattr(report, name):,}")
    percentiles = (report.session_length_percentiles or {}).items()
    table.add_row("session length", "  ".join(f"{name} {length:,}" for name, length in percentiles))
    if report.first_event:
        table.add_row("time", f"{report.first_event} … {report.last_event}")
    return table


def neighbors_table(neighbors: Iterable[Neighbor]) -> Table:
    """An answer, best first."""
    table = _table("item", "title", "score")
    for neighbor in neighbors:
        table.add_row(neighbor.item_id, neighbor.title or "", f"{neighbor.score:.3f}")
    return table


def versions_table(manifests: Sequence[Manifest], current: str | None) -> Table:
    """All versions of a store, oldest first."""
    table = _table("version", "created", "items", "events", "loss", "")
    for manifest in manifests:
        losses = manifest.metrics.get("epoch_losses") or [float("nan")]
        table.add_row(
            manifest.model_version,
            f"{manifest.created:%Y-%m-%d %H:%M:%S}",
            f"{manifest.items:,}",
            f"{manifest.data.get('events_kept', 0):,}",
            f"{losses[-1]:.4f}",
            "current" if manifest.model_version == current else "",
        )
    return table


def settings_table(rows: Iterable[tuple[str, str, str, str]]) -> Table:
    """Settings: name, value, where it came from, its environment variable."""
    table = _table("setting", "value", "from", "environment")
    for row in rows:
        table.add_row(*row)
    return table


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for column in columns:
        numeric = column in ("score", "items", "events", "loss")
        table.add_column(
            column,
            justify="right" if numeric else "left",
            overflow="fold",
            no_wrap=column == "version",
        )
    return table
