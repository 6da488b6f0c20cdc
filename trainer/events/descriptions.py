"""Titles and metadata of items."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import polars as pl

from trainer.events.log.reader import ITEM, METADATA_PREFIX, TITLE, Events

COUNT = "count"


class Descriptions:
    """Counts what is said of items, within memory for every different thing that is said.

    A column of events says many things of one item; the most frequent one counts, equal counts
    in the order of the values. Blanks around a text are removed, empty ones count as missing.
    """

    def __init__(self) -> None:
        self._counted: dict[str, list[pl.DataFrame]] = {}

    def watch(self, pieces: Iterable[Events]) -> Iterator[Events]:
        """Passes a log on, and notes what it says."""
        for piece in pieces:
            self.add(piece.table)
            yield piece

    def add(self, table: pl.DataFrame) -> None:
        """Notes what events say, in columns title and metadata, where there are any."""
        for column in table.columns:
            if column == TITLE or column.startswith(METADATA_PREFIX):
                counted = self._counted.setdefault(column, [])
                counted.append(_count(table, column))
                # Merged when as much again has come in: no row is merged often.
                if sum(part.height for part in counted) > 2 * counted[0].height:
                    self._counted[column] = [_merge(counted)]

    def of(self, item_ids: Sequence[str]) -> dict[str, list[Any]]:
        """What is said of each item.

        Returns:
            `{"title": [...], "metadata:<name>": [...]}`, one value or None for every id.
        """
        rows = pl.DataFrame({ITEM: item_ids}, schema={ITEM: pl.String})
        return {
            column: rows.join(
                _most_frequent(_merge(counted)), on=ITEM, how="left", maintain_order="left"
            )
            .get_column(column)
            .to_list()
            for column, counted in self._counted.items()
        }


def _count(table: pl.DataFrame, column: str) -> pl.DataFrame:
    value = pl.col(column)
    if table.schema[column] == pl.String:
        value = value.str.strip_chars()
        value = pl.when(value != "").then(value).alias(column)
    return table.select(ITEM, value).drop_nulls().group_by(ITEM, column).len(COUNT)


def _merge(counted: list[pl.DataFrame]) -> pl.DataFrame:
    table = pl.concat(counted, how="vertical_relaxed")
    column = table.columns[1]
    return table.group_by(ITEM, column).agg(pl.col(COUNT).sum())


def _most_frequent(counted: pl.DataFrame) -> pl.DataFrame:
    column = counted.columns[1]
    ranked = counted.sort([ITEM, COUNT, column], descending=[False, True, False])
    return ranked.group_by(ITEM, maintain_order=True).first().select(ITEM, column)
