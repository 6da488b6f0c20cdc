"""Tastes: which likes go together, and how an answer is shared among them."""

from collections import Counter
from itertools import combinations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from service.model.similarity import unit
from service.model.tastes import LEAST_COSINE, clusters, interleaved, shares

MOST_LIKES = 12
mosts = st.integers(1, 5)
totals = st.lists(st.floats(0, 100, width=32), min_size=1, max_size=8).filter(any)
ks = st.integers(0, 60)
lists = st.lists(st.lists(st.integers(0, 30), unique=True, max_size=12), min_size=1, max_size=5)


@st.composite
def likes(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors, some of them alike or of length 0, and a weight for each."""
    n = draw(st.integers(1, MOST_LIKES))
    coordinate = st.sampled_from([0, 1, -1, 0.5])
    vectors = draw(arrays.arrays(np.float32, (n, 3), elements=coordinate))
    weights = draw(arrays.arrays(np.float32, n, elements=st.sampled_from([0, 0.5, 1, 3])))
    return unit(vectors), weights


def random_likes(seed: int, n: int) -> np.ndarray:
    return unit(np.random.default_rng(seed).normal(size=(n, 4)).astype(np.float32))


def groups(tastes: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(tastes == taste).tolist()) for taste in tastes}


def by_definition(units: np.ndarray, most: int) -> set[frozenset[int]]:
    """The obvious twin: of all pairs of clusters, merge the two most alike, again and again."""
    found = [[row] for row in range(len(units))]

    def mean_cosine(pair: tuple[list[int], list[int]]) -> float:
        return float((units[pair[0]] @ units[pair[1]].T).mean())

    while len(found) > 1:
        one, other = max(combinations(found, 2), key=mean_cosine)
        if mean_cosine((one, other)) < LEAST_COSINE and len(found) <= most:
            break
        found = [each for each in found if each is not one and each is not other]
        found.append(one + other)
    return {frozenset(each) for each in found}


@given(st.integers(0, 2**32 - 1), st.integers(1, 25), mosts)
def test_tastes_are_those_of_average_linkage(seed, n, most):
    units = random_likes(seed, n)
    assert groups(clusters(units, np.ones(n, np.float32), most)) == by_definition(units, most)


@given(likes(), mosts)
def test_there_are_at_most_so_many_tastes_and_the_heaviest_comes_first(likes, most):
    units, weights = likes
    tastes = clusters(units, weights, most)
    assert sorted(set(tastes.tolist())) == list(range(tastes.max() + 1))
    assert tastes.max() < most
    totals = np.bincount(tastes, weights)
    assert (np.diff(totals) <= 0).all()


@given(likes(), mosts)
def test_the_same_likes_are_the_same_tastes(likes, most):
    units, weights = likes
    first, second = (clusters(units.copy(), weights.copy(), most) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@given(st.data(), likes(), mosts)
def test_the_order_of_likes_changes_only_the_names_of_tastes(data, likes, most):
    units, weights = likes
    order = np.array(data.draw(st.permutations(range(len(units)))))
    before, after = clusters(units, weights, most), clusters(units[order], weights[order], most)
    # Equal likes may change places with one another: what counts is which vectors are together.
    assert Counter(kinds(units, before)) == Counter(kinds(units[order], after))


def kinds(units: np.ndarray, tastes: np.ndarray) -> list[tuple[bytes, ...]]:
    """The vectors of each taste."""
    return [tuple(sorted(units[row].tobytes() for row in group)) for group in groups(tastes)]


@given(st.integers(1, 30), st.integers(0, 2**32 - 1), mosts)
def test_likes_that_are_alike_are_one_taste(n, seed, most):
    noise = np.random.default_rng(seed).normal(size=(n, 3)).astype(np.float32)
    units = unit(np.array([1, 0, 0], np.float32) + 0.1 * noise)
    assert not clusters(units, np.ones(n, np.float32), most).any()


@given(st.integers(1, 15), st.integers(1, 15), st.integers(0, 2**32 - 1), st.integers(2, 5))
def test_two_groups_far_apart_are_two_tastes(first, second, seed, most):
    noise = np.random.default_rng(seed).normal(size=(first + second, 3)).astype(np.float32)
    centers = np.repeat(np.array([[1, 0, 0], [-0.5, 1, 0]], np.float32), [first, second], axis=0)
    tastes = clusters(unit(centers + 0.1 * noise), np.ones(first + second, np.float32), most)
    assert groups(tastes) == {frozenset(range(first)), frozenset(range(first, first + second))}


def test_no_likes_are_no_tastes():
    assert clusters(np.zeros((0, 3), np.float32), np.zeros(0, np.float32), 3).tolist() == []


@given(totals, ks)
def test_shares_add_up_and_are_proportional(weights, k):
    totals = np.array(weights, np.float32)
    places = shares(totals, k)
    assert len(places) == len(totals)
    assert sum(places) == k
    assert sum(share > 0 for share in places) >= min(k, len(totals))
    quotas = k * totals.astype(float) / totals.astype(float).sum()
    # Nobody has a whole place more than is due, but for the one that everybody has.
    assert all(share < quota + 1 or share == 1 for share, quota in zip(places, quotas, strict=True))
    if (quotas >= 1).all():
        assert all(abs(share - quota) < 1 for share, quota in zip(places, quotas, strict=True))


@given(totals, ks)
@example([0.0, 1.0, 1e-30], 2)
@example([0.0, 1e-30, 1.0, 0.0], 5)
def test_a_heavier_taste_has_no_less(weights, k):
    places = shares(np.array(weights, np.float32), k)
    for (one, heavy), (other, light) in combinations(zip(places, weights, strict=True), 2):
        if heavy != light:
            assert (one >= other) if heavy > light else (one <= other)


def test_what_is_left_goes_to_the_largest_remainders():
    assert shares(np.array([5, 3, 2], np.float32), 10) == [5, 3, 2]
    assert shares(np.array([5, 3, 1], np.float32), 10) == [6, 3, 1]  # 5.6, 3.3, 1.1
    assert shares(np.array([98, 1, 1], np.float32), 10) == [8, 1, 1]
    assert shares(np.array([1, 3, 2], np.float32), 2) == [0, 1, 1]


@given(st.data(), lists)
def test_an_answer_has_no_repeats_and_keeps_the_order_of_each_taste(data, lists):
    places = data.draw(st.lists(st.integers(0, 9), min_size=len(lists), max_size=len(lists)))
    answer = interleaved(lists, places)
    items = [lists[taste][place] for taste, place in answer]
    assert len({*items}) == len(items) == min(sum(places), len(set().union(*lists)))
    for taste in range(len(lists)):
        taken = [place for owner, place in answer if owner == taste]
        assert taken == sorted(taken)


@given(st.data(), st.lists(st.integers(0, 9), min_size=1, max_size=5))
def test_lists_that_are_long_enough_are_served_by_share_from_the_first_place_on(data, places):
    lists = [list(range(100 * taste, 100 * taste + 50)) for taste in range(len(places))]
    answer = interleaved(lists, places)
    served = Counter(taste for taste, _ in answer)
    assert [served[taste] for taste in range(len(places))] == places
    cut = data.draw(st.integers(0, len(answer)))
    early = Counter(taste for taste, _ in answer[:cut])
    for taste, share in enumerate(places):  # any beginning is shared as the whole is
        assert abs(early[taste] - cut * share / max(1, len(answer))) < len(places)


def test_a_list_that_runs_short_is_filled_up_from_the_others():
    assert interleaved([[1], [2, 3, 4, 5]], [3, 1]) == [(0, 0), (1, 0), (1, 1), (1, 2)]
    assert interleaved([[], [2, 3]], [1, 1]) == [(1, 0), (1, 1)]
    assert interleaved([[1, 2], [1, 2]], [2, 2]) == [(0, 0), (1, 1)]
    assert interleaved([[], []], [1, 1]) == []
