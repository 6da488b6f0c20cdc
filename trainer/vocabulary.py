"""Item ids in row order, most frequent first: the only place where strings end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainer.events import ITEM, METADATA_PREFIX, TITLE


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The catalogue of a training run.

    Attributes:
        item_ids: ids in row order, most frequent first, equal counts by id.
        counts: int64 [items], occurrences in the sessions.
    """

    item_ids: Sequence[str]
    counts: NDArray[np.int64]

    def __len__(self) -> int:
        """The number of items."""
        return len(self.item_ids)


def count_items(items: pl.Series) -> tuple[Vocabulary, NDArray[np.int32]]:
    """Builds the vocabulary of a column of item ids and encodes the column with it.

    Returns:
        The vocabulary, and int32 rows of the vocabulary in the order of the column.
    """
    column = items.alias(ITEM).to_frame()
    ranked = (
        column.lazy().group_by(ITEM).len("count").sort(["count", ITEM], descending=[True, False])
    )
    table = ranked.with_row_index("row").collect()
    rows = column.join(table, on=ITEM, how="left", maintain_order="left").get_column("row")
    vocabulary = Vocabulary(
        table.get_column(ITEM).to_list(), table.get_column("count").cast(pl.Int64).to_numpy()
    )
    return vocabulary, rows.cast(pl.Int32).to_numpy(writable=True)


def describe(events: pl.DataFrame, vocabulary: Vocabulary) -> dict[str, list[Any]]:
    """The title and metadata of every item of the vocabulary, in row order.

    A column of events says many things of one item; the most frequent one counts, equal counts
    in the order of the values. Blanks around a text are removed, empty ones count as missing.

    Returns:
        `{"title": [...], "metadata:<name>": [...]}` for the columns the events have.
    """
    columns = [name for name in events.columns if name == TITLE or name.startswith(METADATA_PREFIX)]
    rows = pl.DataFrame({ITEM: vocabulary.item_ids}, schema={ITEM: pl.String})
    return {
        column: rows.join(
            _most_frequent(events, column), on=ITEM, how="left", maintain_order="left"
        )
        .get_column(column)
        .to_list()
        for column in columns
    }


def _most_frequent(events: pl.DataFrame, column: str) -> pl.DataFrame:
    value = pl.col(column)
    if events.schema[column] == pl.String:
        value = value.str.strip_chars()
        value = pl.when(value != "").then(value).alias(column)
    counted = events.lazy().select(ITEM, value).drop_nulls().group_by(ITEM, column).len("count")
    ranked = counted.sort([ITEM, "count", column], descending=[False, True, False])
    return ranked.group_by(ITEM, maintain_order=True).first().select(ITEM, column).collect()
