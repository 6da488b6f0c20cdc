"""Items on the map: beside their neighbors, in the frame of last night's map."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from service.model.item_map import SIDE
from tests.maps.test_layout import islands, nearest
from trainer.maps.pairs import NOTHING
from trainer.maps.placing import EarlierPlaces, align, fill_in, place_items

NONE = [np.nan, np.nan]


def test_an_item_without_a_place_is_put_between_its_neighbors():
    places = np.array([[0, 0], [6, 0], NONE, NONE, NONE], np.float32)
    lists = np.array([[1, 2], [0, 2], [1, 0], [2, NOTHING], [NOTHING, NOTHING]], np.int32)
    filled = fill_in(places, lists)
    assert filled[2].tolist() == [4, 0]  # the nearer one counts twice
    assert filled[3].tolist() == [4, 0]  # beside an item that was just put there
    np.testing.assert_allclose(filled[4], filled[:4].mean(axis=0))
    assert (filled[:2] == places[:2]).all()


def test_without_any_place_all_are_in_the_middle():
    lists = np.array([[1], [0]], np.int32)
    assert fill_in(np.full((2, 2), np.nan, np.float32), lists).tolist() == [[0, 0], [0, 0]]


@given(
    arrays(np.float32, (6, 2), elements=st.floats(-5, 5, width=32)),
    st.floats(0, 6.3),
    st.booleans(),
    st.tuples(st.floats(-9, 9), st.floats(-9, 9)),
)
def test_what_was_turned_mirrored_and_shifted_is_turned_back(places, angle, mirrored, shift):
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    other = places * ([-1, 1] if mirrored else [1, 1]) @ turn + shift
    np.testing.assert_allclose(align(other.astype(np.float32), places), places, atol=1e-3)


def test_items_that_the_earlier_map_lacks_do_not_count():
    places = np.array([[0, 0], [1, 0], [0, 1], [50, 50]], np.float32)
    onto = np.array([[0, 0], [0, 1], [-1, 0], NONE], np.float32)
    np.testing.assert_allclose(align(places, onto)[:3], onto[:3], atol=1e-5)


def test_a_map_begins_anew_then_goes_on():
    units = islands()
    lists = nearest(units)
    first = place_items(units, lists, lists, 1, None)
    assert not first.goes_on
    assert first.places.min() >= 0
    assert first.places.max() <= SIDE
    assert (np.ptp(first.places, axis=0).max()) > 0.9 * SIDE
    earlier = (first.places - SIDE / 2) / first.scale
    earlier[:5] = np.nan  # new items
    second = place_items(units, lists, lists, 1, EarlierPlaces(earlier, first.scale))
    assert second.goes_on
    moved = np.linalg.norm(second.places - first.places, axis=1)
    assert np.median(moved) < SIDE / 8


def test_a_map_of_mostly_other_items_is_not_gone_on_from():
    units = islands()
    lists = nearest(units)
    earlier = np.full((len(units), 2), np.nan, np.float32)
    earlier[:10] = 1
    assert not place_items(units, lists, lists, 1, EarlierPlaces(earlier, 1.0)).goes_on


def test_rarer_items_are_put_beside_those_that_are_laid_out():
    units = islands()
    order = np.argsort(np.arange(len(units)) % 25, kind="stable")  # of each island the first ones
    units = units[order]
    laid_out = 45
    placed = place_items(units[:laid_out], nearest(units[:laid_out]), nearest(units), 1, None)
    island = (order // 25)[:, None] == (order // 25)[None]
    distances = np.linalg.norm(placed.places[:, None] - placed.places[None], axis=2)
    late = distances[laid_out:, :laid_out]
    same = island[laid_out:, :laid_out]
    assert late[same].mean() < late[~same].mean() / 3
