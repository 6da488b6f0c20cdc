import numpy as np
import polars as pl

from trainer.events.vocabulary import count_items


def test_rows_go_from_the_most_frequent_item_to_the_rarest():
    found, rows = count_items(pl.Series(["z", "y", "x", "y", "z", "y"]))
    assert found.item_ids == ["y", "z", "x"]
    assert found.counts.tolist() == [3, 2, 1]
    assert rows.tolist() == [1, 0, 2, 0, 1, 0]
    assert (found.counts.dtype, rows.dtype) == (np.int64, np.int32)
    assert len(found) == 3


def test_equally_frequent_items_are_in_the_order_of_their_ids():
    found, _ = count_items(pl.Series(["b", "a", "B", "10", "9", "ä", "b", "a"]))
    assert found.item_ids == ["a", "b", "10", "9", "B", "ä"]


def test_the_same_items_in_another_order_give_the_same_vocabulary():
    items = [f"i{n % 97}" for n in range(2000)]
    first, _ = count_items(pl.Series(items))
    second, _ = count_items(pl.Series(items[::-1]))
    assert first.item_ids == second.item_ids


def test_no_items_give_an_empty_vocabulary():
    found, rows = count_items(pl.Series([], dtype=pl.String))
    assert (len(found), len(rows)) == (0, 0)
