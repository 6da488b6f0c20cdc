"""Flat lists, beside lists of lists."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.model.ragged import offsets_of, owners, places, steps_back

LISTS = st.lists(st.lists(st.integers(-9, 9), max_size=5), max_size=8)
INTEGERS = st.sampled_from([np.int32, np.int64])


def flat(lists: list[list[int]]) -> np.ndarray:
    return np.array([value for one in lists for value in one], np.int32)


def offsets(lists: list[list[int]]) -> np.ndarray:
    return offsets_of(np.array([len(one) for one in lists], np.int64))


@given(LISTS, INTEGERS)
def test_offsets_cut_a_flat_array_into_its_lists(lists, integer):
    cuts = offsets_of(np.array([len(one) for one in lists], integer))
    assert cuts.dtype == np.int64
    values = flat(lists).tolist()
    assert [values[a:b] for a, b in pairwise(cuts)] == lists
    assert (cuts[0], cuts[-1]) == (0, len(values))


@given(LISTS)
def test_every_value_knows_its_list(lists):
    expected = [number for number, one in enumerate(lists) for _ in one]
    assert owners(offsets(lists)).tolist() == expected


@given(LISTS)
def test_steps_back_count_down_to_the_last_of_a_list(lists):
    expected = [step for one in lists for step in reversed(range(len(one)))]
    assert steps_back(offsets(lists)).tolist() == expected


@given(LISTS, st.integers(0, 8))
def test_lists_in_the_middle_are_counted_from_the_first_of_them(lists, first):
    middle = offsets(lists)[min(first, len(lists)) :]
    alone = offsets(lists[first:])
    assert owners(middle).tolist() == owners(alone).tolist()
    assert steps_back(middle).tolist() == steps_back(alone).tolist()


@given(LISTS, st.data(), INTEGERS)
def test_lists_are_gathered_in_any_order_and_several_times(lists, data, integer):
    numbers = st.lists(st.sampled_from(range(len(lists))), max_size=8) if lists else st.just([])
    which = np.array(data.draw(numbers), np.int64)
    cuts = offsets(lists).astype(integer)
    found = flat(lists)[places(cuts[which], cuts[which + 1] - cuts[which])]
    assert found.tolist() == [value for number in which for value in lists[number]]


def test_lists_that_overlap_are_gathered_whole():
    assert places(np.array([2, 0, 1]), np.array([2, 3, 0])).tolist() == [2, 3, 0, 1, 2]


@pytest.mark.parametrize("lengths", [[], [0], [0, 0]])
def test_no_lists_and_empty_lists_have_no_values(lengths):
    cuts = offsets_of(np.array(lengths, np.int64))
    assert cuts.tolist() == [0] * (len(lengths) + 1)
    assert (len(owners(cuts)), len(steps_back(cuts))) == (0, 0)
    assert len(places(cuts[:-1], np.array(lengths, np.int64))) == 0
