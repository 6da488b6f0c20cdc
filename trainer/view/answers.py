"""The tables of answers: items, their scores and the reasons for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table

from trainer.view.printable import printable
from trainer.view.tables import plain_table

if TYPE_CHECKING:
    from service.model.answers import Explanation, Item


def neighbors_table(items: Sequence[Mapping[str, Any]], title: str | None = None) -> Table:
    """An answer, best first.

    Args:
        items: as `service.model.bodies` has them, all alike.
        title: what stands above.
    """
    first: Mapping[str, Any] = items[0] if items else {"title": None}
    metadata = [*first.get("metadata", ())]
    titles = ["title"] if "title" in first else []
    reasons = ["because of"] if "contributions" in first else []
    table = plain_table("item", *titles, *map(printable, metadata), "score", *reasons)
    table.title = title
    for item in items:
        names = [printable(item["title"] or "")] if titles else []
        values = [_shown(item["metadata"][name]) for name in metadata]
        parts = [
            f"{printable(part['item_id'])} {part['contribution']:+.3f}"
            for part in item.get("contributions", ())
        ]
        because = [", ".join(parts)] if reasons else []
        table.add_row(printable(item["item_id"]), *names, *values, f"{item['score']:.3f}", *because)
    return table


def items_table(items: Sequence[Item]) -> Table:
    """Items that were searched for, and all that is known of them."""
    metadata = list(items[0].metadata) if items else []
    table = plain_table("item", "title", "count", *map(printable, metadata))
    for item in items:
        values = (_shown(item.metadata[name]) for name in metadata)
        table.add_row(
            printable(item.item_id), printable(item.title or ""), f"{item.count:,}", *values
        )
    return table


def item_table(item: Item, hidden: bool) -> Table:
    """All that is known of an item."""
    table = _facts()
    table.add_row("item", printable(item.item_id))
    table.add_row("title", printable(item.title or "-"))
    table.add_row("seen in training", f"{item.count:,} times")
    if hidden:
        table.add_row("hidden", "yes: no answer names it; `item2vec show` shows it again")
    for name, value in item.metadata.items():
        table.add_row(printable(name), _shown(value))
    return table


def explanation_table(found: Explanation) -> Table:
    """Score, rank, what each item of the taste adds to the score, and which voices speak for it."""
    table = _facts()
    table.add_row("item", printable(f"{found.item.item_id} {found.item.title or ''}".rstrip()))
    table.add_row("score", "-" if found.score is None else f"{found.score:.3f}")
    table.add_row("rank", "-" if found.rank is None else f"{found.rank:,}")
    table.add_row("kept out by", printable(found.removed_by or "-"))
    for item_id, part in found.contributions:
        table.add_row(f"from {printable(item_id)}", f"{part:+.3f}")
    for voice, part in found.voices:
        table.add_row(voice, f"{part:+.2f} log-odds")
    return table


def _facts() -> Table:
    table = Table(box=None, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    return table


def _shown(value: Any) -> str:  # noqa: ANN401 - metadata may be anything that JSON has
    if value is None:
        return "-"
    return printable(", ".join(map(str, value)) if isinstance(value, list) else str(value))
