"""Titles and metadata of items."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import polars as pl

from trainer.events.items import ItemsFile
from trainer.events.log.reader import ITEM, METADATA_PREFIX, TITLE, Events

COUNT = "count"


class Descriptions:
    """Counts the titles and metadata that events give for items, and picks one for each item.

    Where events disagree, the most frequent value wins, and of equally frequent values the first
    in sorted order. Blanks around a text are removed; an empty text counts as missing. Memory
    grows with the number of different values.

    Args:
        items: a file of items; a value that it has wins over those of events.
    """

    def __init__(self, items: ItemsFile | None = None) -> None:
        self.items = items
        self._counts: dict[str, list[pl.DataFrame]] = {}

    def watch(self, pieces: Iterable[Events]) -> Iterator[Events]:
        """Passes the events on unchanged, and counts their titles and metadata."""
        for piece in pieces:
            self.add(piece.table)
            yield piece

    def add(self, table: pl.DataFrame) -> None:
        """Counts the values in the title and metadata columns, if there are any."""
        for column in table.columns:
            if column == TITLE or column.startswith(METADATA_PREFIX):
                counts = self._counts.setdefault(column, [])
                counts.append(_count(table, column))
                # Merged whenever the size has doubled, so that no row is merged often.
                if sum(part.height for part in counts) > 2 * counts[0].height:
                    self._counts[column] = [_merge(counts)]

    def of(self, item_ids: Sequence[str]) -> dict[str, list[Any]]:
        """The title and metadata of each item.

        Returns:
            `{"title": [...], "metadata:<name>": [...]}`, one value or None for every id.
        """
        items = pl.DataFrame({ITEM: item_ids}, schema={ITEM: pl.String})
        columns = {
            column: items.join(
                _most_frequent(_merge(counts)), on=ITEM, how="left", maintain_order="left"
            )
            .get_column(column)
            .to_list()
            for column, counts in self._counts.items()
        }
        for column, values in (self.items.columns(item_ids) if self.items else {}).items():
            others = columns.get(column, values)
            columns[column] = [
                other if value is None else value
                for value, other in zip(values, others, strict=True)
            ]
        return columns


def _count(table: pl.DataFrame, column: str) -> pl.DataFrame:
    value = pl.col(column)
    if table.schema[column] == pl.String:
        value = value.str.strip_chars()
        value = pl.when(value != "").then(value).alias(column)
    return table.select(ITEM, value).drop_nulls().group_by(ITEM, column).len(COUNT)


def _merge(counts: list[pl.DataFrame]) -> pl.DataFrame:
    table = pl.concat(counts, how="vertical_relaxed")
    column = table.columns[1]
    return table.group_by(ITEM, column).agg(pl.col(COUNT).sum())


def _most_frequent(counts: pl.DataFrame) -> pl.DataFrame:
    column = counts.columns[1]
    ranked = counts.sort([ITEM, COUNT, column], descending=[False, True, False])
    return ranked.group_by(ITEM, maintain_order=True).first().select(ITEM, column)
