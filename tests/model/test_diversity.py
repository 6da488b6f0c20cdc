"""Diversity: how a list changes with it, and what never does."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from service.model.diversity import diversified
from service.model.similarity import unit

MOST_CANDIDATES = 12
diversities = st.floats(0, 1)
ks = st.integers(0, MOST_CANDIDATES + 3)


@st.composite
def candidates(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors, some of them alike, and their scores, best first."""
    n = draw(st.integers(1, MOST_CANDIDATES))
    coordinate = st.sampled_from([0, 1, -1, 0.5])
    vectors = draw(arrays.arrays(np.float32, (n, 3), elements=coordinate))
    scores = draw(arrays.arrays(np.float32, n, elements=st.floats(-1, 1, width=32)))
    return unit(vectors), np.sort(scores)[::-1]


def by_formula(units: np.ndarray, scores: np.ndarray, diversity: float, k: int) -> list[int]:
    """The obvious twin: all candidates against all those chosen, at every place."""
    chosen: list[int] = []
    while len(chosen) < min(k, len(scores)):
        worth = {}
        for item in range(len(scores)):
            if item not in chosen:
                closest = max((float(units[item] @ units[one]) for one in chosen), default=0.0)
                worth[item] = (1 - diversity) * float(scores[item]) - diversity * closest
        chosen.append(max(worth, key=worth.__getitem__) if chosen else 0)
    return chosen


@given(candidates(), ks)
def test_no_diversity_keeps_the_order(candidates, k):
    units, scores = candidates
    assert diversified(units, scores, 0, k).tolist() == list(range(min(k, len(scores))))


@given(candidates(), diversities, ks)
def test_an_answer_has_no_repeats_and_begins_with_the_best(candidates, diversity, k):
    units, scores = candidates
    chosen = diversified(units, scores, diversity, k).tolist()
    assert chosen[:1] == [0][:k]
    assert len({*chosen}) == len(chosen) == min(k, len(scores))
    assert {*chosen} <= {*range(len(scores))}


@given(candidates(), diversities, ks, st.integers(0, MOST_CANDIDATES))
def test_a_shorter_answer_is_the_beginning_of_a_longer_one(candidates, diversity, k, less):
    units, scores = candidates
    longer = diversified(units, scores, diversity, k).tolist()
    shorter = diversified(units, scores, diversity, min(k, less)).tolist()
    assert shorter == longer[: len(shorter)]


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), diversities, ks)
def test_every_choice_is_that_of_the_formula(seed, n, diversity, k):
    random = np.random.default_rng(seed)  # without ties, which rounding would decide
    units = unit(random.normal(size=(n, 8)).astype(np.float32))
    scores = np.sort(random.random(n).astype(np.float32))[::-1]
    worth = by_formula(units, scores, diversity, k)
    assert diversified(units, scores, diversity, k).tolist() == worth


@given(st.integers(2, 6), st.integers(1, 5))
def test_full_diversity_takes_one_of_each_kind_before_a_second_of_any(kinds, of_each):
    units = np.repeat(np.eye(kinds, dtype=np.float32), of_each, axis=0)
    scores = np.linspace(1, 0.5, len(units), dtype=np.float32)
    chosen = diversified(units, scores, 1, kinds)
    assert (chosen // of_each).tolist() == list(range(kinds))
    assert (chosen % of_each == 0).all()  # the best one of each kind


def test_more_diversity_gives_up_more_of_the_score():
    units = unit(np.array([[1, 0], [1, 0.1], [0, 1]], np.float32))
    scores = np.array([0.9, 0.8, 0.5], np.float32)
    assert diversified(units, scores, 0.2, 2).tolist() == [0, 1]
    assert diversified(units, scores, 0.5, 2).tolist() == [0, 2]


def test_what_was_given_is_not_changed():
    units, scores = np.eye(2, dtype=np.float32), np.array([1, 0.5], np.float32)
    diversified(units, scores, 0.5, 2)
    np.testing.assert_array_equal(units, np.eye(2))
    np.testing.assert_array_equal(scores, [1, 0.5])
