"""Numbers items by frequency: from here on an item is a row, not a string."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainer.corpus import Vocabulary
from trainer.events.log.reader import ITEM


def count_items(items: pl.Series) -> tuple[Vocabulary, NDArray[np.int32]]:
    """Builds the vocabulary of a column of item ids and encodes the column with it.

    Returns:
        The vocabulary, and int32 rows of the vocabulary in the order of the column.
    """
    table = items.alias(ITEM).to_frame().group_by(ITEM).len("count").with_row_index("code")
    codes = items.alias(ITEM).to_frame().join(table, on=ITEM, how="left", maintain_order="left")
    counts = table.get_column("count").cast(pl.Int64).to_numpy()
    vocabulary, rows = rank_items(table.get_column(ITEM), counts)
    return vocabulary, rows[codes.get_column("code").to_numpy()]


def rank_items(
    item_ids: pl.Series, counts: NDArray[np.int64]
) -> tuple[Vocabulary, NDArray[np.int32]]:
    """Builds the vocabulary of the items that occur, most frequent first.

    Args:
        item_ids: ids in any order.
        counts: int64 [item_ids], occurrences.

    Returns:
        The vocabulary, and int32 [item_ids], the row of each id; -1 for one that does not occur.
    """
    table = pl.DataFrame({ITEM: item_ids, "count": counts}).with_row_index("code")
    ranked = table.filter(pl.col("count") > 0).sort(["count", ITEM], descending=[True, False])
    rows = np.full(len(counts), -1, np.int32)
    rows[ranked.get_column("code").to_numpy()] = np.arange(ranked.height)
    vocabulary = Vocabulary(
        ranked.get_column(ITEM).to_list(), ranked.get_column("count").to_numpy()
    )
    return vocabulary, rows
