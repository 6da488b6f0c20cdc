"""What holds for every model and every query, drawn at its extremes."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.model.artifact import Artifact
from service.model.recommender import Neighbor, Recommender
from service.model.similarity import SimilarSettings
from tests.conftest import make_artifact, make_continuations
from trainer.artifacts.index import cosine_index
from trainer.config.sections import IndexConfig

MOST_ITEMS = 9
HUGE = 10**15
LAST_ITEMS = 20  # that have a vote for what comes next

coordinates = st.sampled_from([0.0, 0.0, 1.0, -1.0, 0.3, 1e-6, -1e6])
shrinkages = st.sampled_from([0.0, 1.0, 1e9])
counts = st.sampled_from([1, 2, 50, HUGE])
ks = st.sampled_from([1, 2, MOST_ITEMS - 1, 10 * MOST_ITEMS])
decays = st.sampled_from([None, 0.0, 0.25, 1.0])


@st.composite
def artifacts(draw: st.DrawFn, *, discounted: bool = True) -> Artifact:
    """Up to nine items, named after their rows, and what comes after each."""
    vector = st.tuples(coordinates, coordinates)
    vectors = draw(st.lists(vector, min_size=1, max_size=MOST_ITEMS))
    items = len(vectors)
    rows = st.integers(0, items - 1)
    score = st.sampled_from([1e-30, 0.25, 1.0])
    table = draw(st.lists(st.dictionaries(rows, score), min_size=items, max_size=items))
    ranked = [dict(sorted(row.items(), key=lambda pair: -pair[1])) for row in table]
    artifact = make_artifact(
        vectors={str(row): list(vector) for row, vector in enumerate(vectors)},
        continuations=make_continuations(ranked),
    )
    seen = np.array(sorted(draw(st.tuples(*[counts] * items)), reverse=True), np.int64)
    similar = SimilarSettings()
    if discounted:
        similar = SimilarSettings(
            answer_shrinkage=draw(shrinkages), query_shrinkage=draw(shrinkages)
        )
    return replace(
        artifact,
        manifest=artifact.manifest.model_copy(update={"similar": similar}),
        counts=seen,
        cosine_index=cosine_index(artifact.input_vectors, seen, similar, IndexConfig()),
    )


@st.composite
def queries(draw: st.DrawFn, *, discounted: bool = True) -> tuple[Artifact, list[str]]:
    """A model and some of its items, of which any may be repeated."""
    artifact = draw(artifacts(discounted=discounted))
    known = st.sampled_from(list(artifact.item_ids))
    return artifact, draw(st.lists(known, min_size=1, max_size=LAST_ITEMS))


def by_id(neighbors: Sequence[Neighbor]) -> dict[str, object]:
    return {one.item_id: pytest.approx(one.score, abs=1e-5) for one in neighbors}


def check(neighbors: Sequence[Neighbor], asked: Sequence[str], k: int, lowest: float) -> None:
    """What every answer keeps to, whatever it was asked."""
    named = [one.item_id for one in neighbors]
    scores = [one.score for one in neighbors]
    assert not {*named} & {*asked}
    assert len({*named}) == len(named) <= k
    assert scores == sorted(scores, reverse=True)
    assert all(lowest <= score <= 1 for score in scores)


@given(queries(), ks, decays, st.data())
def test_a_recommendation_is_filled_and_sorted_and_holds_nothing_it_was_given(
    query: tuple[Artifact, list[str]], k: int, decay: float | None, data: st.DataObject
):
    artifact, liked = query
    excluded = data.draw(st.lists(st.sampled_from([*artifact.item_ids, "unknown"])))
    found = Recommender(artifact).recommend(liked, k, excluded, decay=decay).neighbors
    check(found, [*liked, *excluded], k, lowest=-1)
    assert len(found) == min(k, len({*artifact.item_ids} - {*liked, *excluded}))


@given(queries(), ks)
def test_an_item_has_as_many_similar_ones_as_it_can(query: tuple[Artifact, list[str]], k: int):
    artifact, [item, *_] = query
    found = Recommender(artifact).similar(item, k)
    check(found, [item], k, lowest=-1)
    assert len(found) == min(k, artifact.manifest.items - 1)


@given(queries(), ks, st.data())
def test_an_analogy_is_filled_and_sorted_and_holds_none_of_its_items(
    query: tuple[Artifact, list[str]], k: int, data: st.DataObject
):
    artifact, positive = query
    negative = data.draw(st.lists(st.sampled_from(list(artifact.item_ids)), max_size=5))
    found = Recommender(artifact).analogy(positive, negative, k)
    check(found, [*positive, *negative], k, lowest=-1)
    assert len(found) == min(k, len({*artifact.item_ids} - {*positive, *negative}))


@given(queries(), ks, decays, st.data())
def test_what_comes_next_is_every_item_with_a_vote_and_its_share_of_all(
    query: tuple[Artifact, list[str]], k: int, decay: float | None, data: st.DataObject
):
    artifact, liked = query
    excluded = data.draw(st.lists(st.sampled_from(list(artifact.item_ids))))
    found = (
        Recommender(artifact).recommend(liked, k, excluded, relation="next", decay=decay).neighbors
    )
    check(found, [*liked, *excluded], k, lowest=0)
    assert sum(one.score for one in found) <= 1 + 1e-5
    voters = liked[-1:] if decay == 0 else liked
    followed = {follower for voter in voters for follower in followers(artifact, voter)}
    assert len(found) == min(k, len(followed - {*liked, *excluded}))


def followers(artifact: Artifact, item_id: str) -> list[str]:
    assert artifact.continuations is not None
    items, offsets = artifact.continuations.table
    row = int(item_id)
    return [str(item) for item in items[offsets[row] : offsets[row + 1]]]


@given(queries(), st.randoms(use_true_random=False))
@pytest.mark.parametrize("relation", ["similar", "next"])
def test_without_decay_the_order_of_likes_changes_nothing(relation, query, random):
    artifact, liked = query
    shuffled = random.sample(liked, len(liked))
    first, second = (
        Recommender(artifact).recommend(order, MOST_ITEMS, relation=relation, decay=1).neighbors
        for order in (liked, shuffled)
    )
    assert by_id(first) == by_id(second)


@given(queries(discounted=False))
def test_one_dislike_alone_turns_the_order_of_one_like_around(query: tuple[Artifact, list[str]]):
    artifact, [item, *_] = query
    recommender = Recommender(artifact)
    towards = recommender.analogy([item], k=MOST_ITEMS)
    away = recommender.analogy([], [item], k=MOST_ITEMS)
    assert by_id(away) == {one.item_id: -one.score for one in towards}
