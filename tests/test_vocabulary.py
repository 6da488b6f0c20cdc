import numpy as np
import polars as pl

from trainer.vocabulary import Vocabulary, count_items, describe


def vocabulary(*item_ids: str) -> Vocabulary:
    return Vocabulary(item_ids, np.ones(len(item_ids), np.int64))


def titles(*rows: tuple[str, str | None]) -> list[str | None]:
    """Of the items x and y."""
    table = pl.DataFrame(list(rows), schema={"item": pl.String, "title": pl.String}, orient="row")
    return describe(table, vocabulary("x", "y"))["title"]


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


def test_the_title_of_an_item_is_its_most_frequent_one():
    assert titles(("x", "old"), ("x", "new"), ("x", "new"), ("y", "Y")) == ["new", "Y"]


def test_of_equally_frequent_titles_the_first_in_the_order_of_the_alphabet_counts():
    assert titles(("x", "b"), ("x", "a"), ("y", "Y")) == ["a", "Y"]


def test_blanks_around_a_title_do_not_make_it_another():
    assert titles(("x", " hat"), ("x", "hat\t"), ("x", "cap"), ("y", "Y"))[0] == "hat"


def test_missing_and_blank_titles_do_not_count():
    assert titles(("x", None), ("x", "  "), ("x", None), ("x", "hat"), ("y", "Y"))[0] == "hat"


def test_an_item_without_title_has_none():
    assert titles(("x", "hat"), ("y", None), ("y", "")) == ["hat", None]


def test_titles_of_items_that_were_dropped_are_forgotten():
    assert titles(("dropped", "hat"), ("x", "cap"), ("y", "Y")) == ["cap", "Y"]


def test_metadata_is_described_like_a_title_with_its_own_types():
    table = pl.DataFrame(
        {
            "item": ["x", "x", "x", "y", None],
            "metadata:price": [2.5, 2.5, 3.0, None, 9.0],
            "metadata:new": [True, True, False, False, None],
            "metadata:kind": ["hat ", "hat", "cap", "", "x"],
        }
    )
    assert describe(table, vocabulary("y", "x")) == {
        "metadata:price": [None, 2.5],
        "metadata:new": [False, True],
        "metadata:kind": [None, "hat"],
    }


def test_events_without_titles_describe_nothing():
    assert describe(pl.DataFrame({"item": ["x"], "time": [1]}), vocabulary("x")) == {}
