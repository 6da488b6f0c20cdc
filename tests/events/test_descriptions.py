from itertools import pairwise

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from trainer.events.descriptions import Descriptions


def describe(*tables: pl.DataFrame, items=("x", "y")) -> dict[str, list]:
    descriptions = Descriptions()
    for table in tables:
        descriptions.add(table)
    return descriptions.of(items)


def table_of(rows: list[tuple[str, str | None]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"item": pl.String, "title": pl.String}, orient="row")


def titles(*rows: tuple[str, str | None]) -> list[str | None]:
    """Of the items x and y."""
    return describe(table_of(list(rows)))["title"]


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
    assert describe(table, items=("y", "x")) == {
        "metadata:price": [None, 2.5],
        "metadata:new": [False, True],
        "metadata:kind": [None, "hat"],
    }


def test_events_without_titles_describe_nothing():
    assert describe(pl.DataFrame({"item": ["x"], "time": [1]}), items=["x"]) == {}


some_rows = st.lists(
    st.tuples(st.sampled_from(["x", "y"]), st.sampled_from(["a", " a", "b", None]))
)


@given(rows=some_rows, cuts=st.lists(st.integers(0, 20)))
def test_a_log_in_pieces_is_described_like_a_whole_one(rows, cuts):
    borders = sorted({0, *cuts, len(rows)})
    pieces = [table_of(rows[first:last]) for first, last in pairwise(borders)]
    assert describe(*pieces, table_of([])) == describe(table_of(rows))
