"""The groups of a column: each item is in one of a few."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.model.columns import Columns
from service.model.grouping import MOST_GROUPS, NO_GROUP, OTHER, Grouping, groupings


def grouped(values: list) -> list[Grouping]:
    """The groups of a single column."""
    columns = Columns.of({"c": values}, [None] * len(values), np.ones(len(values), np.int64))
    return list(groupings(columns, len(values)))


def named(values: list) -> list[str | None]:
    """The name of the group of each value."""
    [found] = grouped(values)
    return [None if one == NO_GROUP else found.groups[one] for one in found.members.tolist()]


def test_few_numbers_are_a_group_each():
    assert named([3, 1, None, 3, 2.5]) == ["3", "1", None, "3", "2.5"]


def test_many_numbers_are_bands_of_as_many_items():
    [found] = grouped(list(range(800)))
    assert found.groups[0] == "< 99"
    assert found.groups[-1] == "≥ 699"
    assert np.bincount(found.members).tolist() == [99, *[100] * 6, 101]


def test_texts_are_grouped_by_the_most_frequent():
    values = [text for place, text in enumerate("abcdefghij") for _ in range(20 - place)]
    [found] = grouped(values)
    assert found.groups == [*"abcdefg", OTHER]
    assert named(["x", "y", "x", None]) == ["x", "y", "x", None]


def test_a_list_is_in_the_group_of_its_most_frequent_text():
    values = [["drama"], ["crime", "drama"], ["crime"], ["drama"], [], None]
    assert named(values) == ["drama", "drama", "crime", "drama", None, None]


@pytest.mark.parametrize("values", [[None, None], [f"{n}" for n in range(20)], ["same", "same"]])
def test_a_column_that_tells_no_items_apart_has_no_groups(values: list):
    assert grouped(values) == []


VALUES = st.one_of(
    st.lists(st.none() | st.floats(width=32) | st.booleans() | st.integers(), min_size=1),
    st.lists(st.none() | st.text("abcdefghijkl", max_size=1), min_size=1),
    st.lists(st.none() | st.lists(st.text("abcdefghijkl", max_size=1), max_size=3), min_size=1),
)


@given(VALUES)
def test_every_value_is_in_one_group_and_like_values_in_the_same(values: list):
    for found in grouped(values):
        assert 2 <= len(found.groups) <= MOST_GROUPS
        members = found.members.tolist()
        groups_of = {}
        for value, member in zip(values, members, strict=True):
            assert member == NO_GROUP or member < len(found.groups)
            groups_of.setdefault(repr(value), set()).add(member)
        assert all(len(groups) == 1 for groups in groups_of.values())
