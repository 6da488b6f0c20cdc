"""Rare answers: discounted as the formula says, off by a setting, and still there to be queried."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.model.artifact import Artifact
from service.model.recommender import Recommender
from service.model.similarity import SimilarSettings, unit
from tests.conftest import make_artifact
from trainer.artifacts.index import cosine_index
from trainer.config.sections import IndexConfig

# Two items that were sold for years, and one that was seen once, beside the first of them.
VECTORS = {"tea": [1.0, 0.0], "cup": [0.8, 0.6], "odd": [0.99, 0.1]}
COUNTS = np.array([100, 80, 1])
DISCOUNT = SimilarSettings(answer_shrinkage=3, query_shrinkage=20)


def model(settings: SimilarSettings) -> Recommender:
    artifact = make_artifact(vectors=VECTORS)
    return Recommender(with_counts(artifact, COUNTS, settings))


def with_counts(artifact: Artifact, counts: np.ndarray, settings: SimilarSettings) -> Artifact:
    return replace(
        artifact,
        manifest=artifact.manifest.model_copy(update={"similar": settings}),
        counts=counts,
        cosine_index=cosine_index(artifact.input_vectors, counts, settings, IndexConfig()),
    )


def names(recommender: Recommender, item: str) -> list[str]:
    return [neighbor.item_id for neighbor in recommender.similar(item)]


def test_a_frequent_item_is_answered_with_proven_items_first():
    assert names(model(SimilarSettings()), "tea") == ["odd", "cup"]
    assert names(model(DISCOUNT), "tea") == ["cup", "odd"]


def test_a_rare_item_can_be_queried_and_gets_the_nearest():
    assert names(model(DISCOUNT), "odd") == ["tea", "cup"]


def test_a_score_is_the_cosine_less_the_discount():
    scores = {neighbor.item_id: neighbor.score for neighbor in model(DISCOUNT).similar("tea")}
    reliable = 100 / (100 + 20)
    assert scores["cup"] == pytest.approx(0.8 - reliable * (1 - 80 / 83), abs=1e-6)
    cosine = 0.99 / np.hypot(0.99, 0.1)
    assert scores["odd"] == pytest.approx(cosine - reliable * (1 - 1 / 4), abs=1e-6)


def test_a_taste_is_as_reliable_as_its_items_by_their_weights():
    [cup] = model(DISCOUNT).recommend(["odd", "tea"], decay=0.5).neighbors
    reliable = (0.5 * 1 / 21 + 100 / 120) / 1.5
    taste = np.array([1.0, 0.0]) + 0.5 * np.array([0.99, 0.1]) / np.hypot(0.99, 0.1)
    cosine = taste @ [0.8, 0.6] / np.linalg.norm(taste)
    assert cup.score == pytest.approx(cosine - reliable * (1 - 80 / 83), abs=1e-6)


def test_an_analogy_discounts_rare_answers_too():
    plain, discounted = (model(settings) for settings in (SimilarSettings(), DISCOUNT))
    analogy = [["cup"], ["tea"]]
    [before] = plain.analogy(*analogy)
    [after] = discounted.analogy(*analogy)
    reliable = (100 / 120 + 80 / 100) / 2
    assert (before.item_id, after.item_id) == ("odd", "odd")
    assert after.score == pytest.approx(before.score - reliable * (1 - 1 / 4), abs=1e-6)


def test_a_model_has_a_decay_of_its_own():
    forgetful = model(SimilarSettings(decay=0))
    assert forgetful.recommend(["cup", "odd"]) == forgetful.recommend(["cup", "odd"], decay=0)
    assert forgetful.recommend(["cup", "odd"]) != forgetful.recommend(["cup", "odd"], decay=1)


@given(
    st.lists(st.integers(1, 2**40), min_size=6, max_size=6),
    st.floats(0, 1e9),
    st.floats(0, 1e9),
    st.integers(0, 5),
)
def test_the_index_finds_what_the_formula_says(
    occurrences: list[int], answers: float, queries: float, item: int
):
    artifact = make_artifact()
    counts = np.array(sorted(occurrences, reverse=True))
    settings = SimilarSettings(answer_shrinkage=answers, query_shrinkage=queries)
    recommender = Recommender(with_counts(artifact, counts, settings))
    units = artifact.input_vectors / np.linalg.norm(artifact.input_vectors, axis=1)[:, None]
    expected = units @ units[item] - counts[item] / (counts[item] + queries) * (
        1 - counts / (counts + answers)
    )
    for neighbor in recommender.similar(artifact.item_ids[item]):
        row = artifact.item_ids.index(neighbor.item_id)
        assert neighbor.score == pytest.approx(expected[row], abs=1e-5)


@given(st.integers(1, 2**40), st.integers(1, 2**40), st.floats(0, 1e9))
def test_equal_directions_are_ordered_by_how_often_they_were_seen(
    first: int, second: int, shrinkage: float
):
    vectors = {"query": [1.0, 0.0], "often": [1.0, 1.0], "seldom": [2.0, 2.0]}
    counts = np.array([max(first, second), *sorted([first, second], reverse=True)])
    artifact = make_artifact(vectors=vectors)
    recommender = Recommender(
        with_counts(artifact, counts, SimilarSettings(answer_shrinkage=shrinkage))
    )
    often, seldom = (
        next(one.score for one in recommender.similar("query") if one.item_id == name)
        for name in ("often", "seldom")
    )
    assert often >= seldom - 1e-6


def test_unit_vectors_have_length_one_and_a_zero_vector_stays_zero():
    vectors = np.array([[3, 4], [0, 0], [0, -2]], np.float32)
    units = unit(vectors)
    np.testing.assert_allclose(units, [[0.6, 0.8], [0, 0], [0, -1]])
    assert units.dtype == np.float32
    np.testing.assert_array_equal(vectors, [[3, 4], [0, 0], [0, -2]])  # not normalised in place
    np.testing.assert_allclose(unit(np.array([0, 5], np.float32)), [0, 1])
