"""Which items are answered: what a loop over the whole catalogue would find."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.model import index
from service.model.answers import Neighbor
from service.model.errors import InputError
from service.model.queries import Liked, Query, Rules, Taste
from service.model.recommender import Recommender
from service.model.similarity import SimilarSettings
from tests.conftest import make_artifact, make_continuations
from trainer.artifacts.index import cosine_index
from trainer.config.sections import IndexConfig

ITEMS = 60
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@cache
def model() -> Recommender:
    """Sixty items in three dimensions, discounted, each followed by twenty others."""
    random = np.random.default_rng(0)
    vectors = {f"i{row}": random.normal(size=3).tolist() for row in range(ITEMS)}
    table = [
        {int(row): float(score) for row, score in zip(rows, random.random(20), strict=True)}
        for rows in (random.permutation(ITEMS)[:20] for _ in range(ITEMS))
    ]
    artifact = make_artifact(vectors=vectors, continuations=make_continuations(table))
    counts = np.sort(random.integers(1, 40, ITEMS))[::-1].copy()
    similar = SimilarSettings(answer_shrinkage=3, query_shrinkage=20)
    return Recommender(
        replace(
            artifact,
            manifest=artifact.manifest.model_copy(update={"similar": similar}),
            counts=counts,
            cosine_index=cosine_index(artifact.input_vectors, counts, similar, IndexConfig()),
        )
    )


ids = st.integers(0, ITEMS - 1).map("i{}".format)
some_ids = st.lists(ids, max_size=8)
relations = st.sampled_from(["similar", "next"])
rules = st.builds(
    Rules,
    exclude=some_ids,
    candidates=st.one_of(st.none(), st.lists(ids, max_size=50)),
    min_count=st.sampled_from([1, 5, 30, 1000]),
    min_score=st.one_of(st.none(), st.sampled_from([-1.0, 0.0, 0.1, 0.9])),
    offset=st.sampled_from([0, 0, 1, 7, 100]),
)
tastes = st.builds(
    Taste,
    st.lists(ids, min_size=1, max_size=6),
    st.lists(ids, max_size=3),
    allow_seen=st.booleans(),
)


def expected(
    query: Query, taste: Taste, rules: Rules, hidden: frozenset[int] = frozenset()
) -> dict[str, float]:
    """The allowed items and their scores, one looked at after the other."""
    counts = model().artifact.counts
    scores = model()._ranker.scores(query)
    kept_out = {*taste.disliked, *rules.exclude}
    if not taste.allow_seen:
        kept_out.update(taste.liked)
    allowed = [
        row
        for row in range(ITEMS)
        if not np.isnan(scores[row])
        and row not in hidden
        and f"i{row}" not in kept_out
        and (rules.candidates is None or f"i{row}" in rules.candidates)
        and counts[row] >= rules.min_count
        and (rules.min_score is None or scores[row] >= rules.min_score)
    ]
    best = sorted(allowed, key=lambda row: (-scores[row], row))
    return {f"i{row}": scores[row] for row in best}


def assert_best(answer: list[Neighbor], allowed: dict[str, float], k: int, offset: int) -> None:
    """The answer has the scores of the best allowed items, and is of these items."""
    wanted = list(allowed.values())[offset : offset + k]
    assert [neighbor.score for neighbor in answer] == pytest.approx(wanted, abs=1e-6)
    for neighbor in answer:
        assert neighbor.score == pytest.approx(allowed[neighbor.item_id], abs=1e-6)
    assert len({neighbor.item_id for neighbor in answer}) == len(answer)


@settings(deadline=None, max_examples=300)
@given(tastes, rules, relations, st.sampled_from([1, 5, 100]), st.sets(st.integers(0, ITEMS - 1)))
def test_rules_leave_what_a_loop_over_the_catalogue_leaves(taste, rules, relation, k, hidden):
    recommender = Recommender(model().artifact)
    recommender.hidden = frozenset(hidden)
    query = recommender.query(taste, k, relation=relation, rules=rules)
    [answer] = recommender.best([query])
    allowed = expected(query, taste, rules, recommender.hidden)
    assert_best(answer, allowed, k, rules.offset)
    reason = recommender.short_because(query, len(answer))
    assert (reason is None) == (len(answer) == k)


@pytest.mark.parametrize("gathered", [1, ITEMS])
@pytest.mark.parametrize("spare", [0, 2])
def test_however_allowed_items_are_searched_the_answer_is_the_same(monkeypatch, gathered, spare):
    monkeypatch.setattr(index, "GATHERED_AS_QUICKLY", gathered)
    monkeypatch.setattr(index, "SPARE", spare)
    rules = Rules(candidates=[f"i{row}" for row in range(0, ITEMS, 3)], offset=2)
    taste = Taste(["i1", "i50"])
    query = model().query(taste, 5, rules=rules)
    [answer] = model().best([query])
    assert_best(answer, expected(query, taste, rules), 5, 2)


@settings(deadline=None)
@given(tastes, relations, st.sampled_from([0.0, 0.3, 1.0]))
@example(Taste(["i4", "i0"], ["i41", "i0"]), "similar", 0.3)
def test_contributions_add_up_to_the_score(taste, relation, decay):
    query = model().query(taste, 10, relation=relation, decay=decay)
    if not np.any(query.weights):
        return
    [answer] = model().best([query])
    for neighbor in answer:
        parts = model().reasons(query).contributions(neighbor.item_id, neighbor.score)
        assert [item for item, _ in parts] == [*taste.disliked, *taste.liked]
        # Of a taste that likes and dislikes the same, parts are large, and so is their rounding.
        rounding = 1e-5 + 1e-7 * sum(abs(part) for _, part in parts)
        assert sum(part for _, part in parts) == pytest.approx(neighbor.score, abs=rounding)
        explained = model().explain(query, neighbor.item_id)
        assert explained.score == pytest.approx(neighbor.score, abs=1e-6)
        assert explained.removed_by is None
        assert dict(explained.contributions) == pytest.approx(dict(parts), abs=1e-6)


def test_an_explanation_knows_the_rank_and_the_rule_that_removes_an_item():
    rules = Rules(exclude=["i5"], candidates=["i5", "i6", "i7", "i2"], min_count=2)
    query = model().query(["i2"], 10, rules=rules)
    [answer] = model().best([query])
    ranks = [model().explain(query, neighbor.item_id).rank for neighbor in answer]
    assert ranks == sorted(ranks)
    away = model().query(Taste(["i2"], ["i3"]), 10)
    assert model().explain(away, "i3").removed_by == "disliked"
    reasons = {item: model().explain(query, item).removed_by for item in ("i2", "i5", "i6", "i9")}
    assert reasons == {"i2": "liked", "i5": "exclude", "i6": None, "i9": "candidates"}
    rare = f"i{ITEMS - 1}"
    assert model().explain(
        model().query(["i2"], 1, rules=Rules(min_count=39)), rare
    ).removed_by == ("min_count")


def test_an_item_that_may_come_back_is_explained_as_any_other():
    taste = Taste(["i2", "i5", "i3"], ["i3"], allow_seen=True)
    query = model().query(taste, ITEMS, decay=1, rules=Rules(exclude=["i5"]))
    explained = {item: model().explain(query, item) for item in ("i2", "i5", "i3")}
    reasons = {item: found.removed_by for item, found in explained.items()}
    assert reasons == {"i2": None, "i5": "exclude", "i3": "disliked"}
    [answer] = model().best([query])
    assert explained["i2"].rank == 1 + [one.item_id for one in answer].index("i2")


def test_a_liked_item_whose_weight_has_decayed_to_nothing_is_not_called_disliked():
    query = model().query(Taste(["i2", "i5"], ["i3", "i4"]), 1, decay=0)
    reasons = {item: model().explain(query, item).removed_by for item in ("i2", "i3")}
    assert reasons == {"i2": "liked", "i3": "disliked"}


@settings(deadline=None)
@given(tastes, rules.filter(lambda rules: not rules.offset), relations)
def test_an_answer_with_seen_items_is_the_one_without_them_once_they_are_left_out(
    taste, rules, relation
):
    with_seen, without = (
        model()
        .recommend(replace(taste, allow_seen=allowed), ITEMS, relation=relation, rules=rules)
        .neighbors
        for allowed in (True, False)
    )
    others = [one for one in with_seen if one.item_id not in taste.liked]
    assert [one.score for one in others] == pytest.approx([one.score for one in without], abs=1e-6)
    assert {one.item_id for one in others} == {one.item_id for one in without}


@given(ids)
def test_one_dislike_alone_reverses_one_like_alone(item):
    plain = SimilarSettings()
    artifact = model().artifact
    undiscounted = replace(
        artifact,
        manifest=artifact.manifest.model_copy(update={"similar": plain}),
        cosine_index=cosine_index(artifact.input_vectors, artifact.counts, plain, IndexConfig()),
    )
    recommender = Recommender(undiscounted)
    liked = [one.item_id for one in recommender.recommend([item], ITEMS).neighbors]
    disliked = recommender.recommend(Taste(disliked=[item]), ITEMS).neighbors
    assert [one.item_id for one in disliked] == liked[::-1]


def test_a_weight_counts_like_so_many_repetitions():
    weighed = model().recommend(Taste([Liked("i1", 3), "i2"]), 5, decay=1)
    repeated = model().recommend(["i1", "i1", "i1", "i2"], 5, decay=1)
    assert [one.item_id for one in weighed.neighbors] == [one.item_id for one in repeated.neighbors]


def test_an_item_counts_half_after_its_half_life():
    old = Liked("i1", at=NOON - timedelta(days=30))
    faded = model().recommend(Taste([old, Liked("i2", at=NOON)], half_life=30), 5)
    halved = model().recommend(Taste([Liked("i1", 0.5), Liked("i2")]), 5, decay=1)
    assert faded == halved


def test_an_item_without_a_time_is_as_new_as_the_newest():
    times = [Liked("i1", at=NOON - timedelta(days=9)), Liked("i3", at=NOON)]
    known = model().recommend(Taste([*times, Liked("i2", at=NOON)], half_life=30), 5)
    assert model().recommend(Taste([*times, "i2"], half_life=30), 5) == known
    with pytest.raises(InputError, match="half_life: 0 days is not above 0"):
        model().recommend(Taste(times, half_life=0))


def test_a_dislike_takes_votes_away():
    liked = {one.item_id for one in model().recommend(["i1"], 60, relation="next").neighbors}
    both = model().recommend(Taste(["i1"], ["i2"]), 60, relation="next", decay=1).neighbors
    assert {one.item_id for one in both} < liked
    assert all(one.score > 0 for one in both)


@pytest.mark.parametrize(
    ("rules", "why"),
    [(Rules(diversity=1.5), "diversity: 1.5"), (Rules(offset=-1), "offset: -1 is below 0")],
)
def test_rules_that_mean_nothing_are_refused(rules, why):
    with pytest.raises(InputError, match=why):
        model().recommend(["i1"], rules=rules)


def test_hidden_items_are_in_no_answer():
    recommender = Recommender(model().artifact)
    shown = {one.item_id for one in recommender.recommend(["none"], 30).neighbors}
    recommender.hidden = recommender.rows_of([*shown, "none"])
    answers = [
        recommender.recommend(["none"], 30).neighbors,
        recommender.recommend(["i40"], 30).neighbors,
        recommender.recommend(["i40"], 30, relation="next").neighbors,
        recommender.similar("i40", 30),
        recommender.similar("i40", 30, "next"),
        recommender.analogy(["i40"], ["i41"], 30),
    ]
    for answer in answers:
        assert answer
        assert shown.isdisjoint(one.item_id for one in answer)
    assert [len(answers[one]) for one in (0, 1, 3, 5)] == [30, 29, 29, 28]


def test_popular_items_obey_the_rules():
    query = model().query((), 3, rules=Rules(exclude=["i0"], offset=1))
    assert [one.item_id for one in model().popular(query)] == ["i2", "i3", "i4"]


def test_without_a_fallback_an_unknown_taste_gets_nothing():
    answer = model().recommend(Taste(["none"], fallback="none"))
    assert (answer.neighbors, answer.unknown_items, answer.fallback_used) == ([], ["none"], None)


def test_each_of_two_tastes_gets_its_share_of_the_answer():
    units = model()._ranker.units
    far = int(np.argmin(units @ units[0]))
    near = [[f"i{row}" for row in np.argsort(-(units @ units[one]))[:3]] for one in (0, far)]
    liked = near[0] + near[1]
    query = model().query(liked, 10, decay=1)
    tastes = model().split(query, 2)
    assert sorted([model().artifact.item_ids[row] for row in taste.items] for taste in tastes) == (
        sorted(sorted(group, key=liked.index) for group in near)
    )
    neighbors, whose = model().merged(query, tastes, model().best(tastes))
    owners = [next(n for n, taste in enumerate(tastes) if taste is one) for one in whose]
    assert [owners.count(taste) for taste in (0, 1)] == [5, 5]
    assert {one.item_id for one in neighbors}.isdisjoint(liked)
    for taste, neighbor in zip(whose, neighbors, strict=True):
        parts = model().reasons(taste).contributions(neighbor.item_id, neighbor.score)
        assert sum(part for _, part in parts) == pytest.approx(neighbor.score, abs=1e-6)
    paged = model().recommend(Taste(liked, most=2), 4, decay=1, rules=Rules(offset=3)).neighbors
    assert paged == neighbors[3:7]


def test_seen_items_come_back_once_whichever_taste_they_belong_to():
    taste = Taste(["i1", "i50", "i7"], ["i7"], most=2, allow_seen=True)
    found = [one.item_id for one in model().recommend(taste, ITEMS, decay=1).neighbors]
    assert sorted(found) == sorted({f"i{row}" for row in range(ITEMS)} - {"i7"})


def test_one_taste_is_the_query_itself():
    query = model().query(["i1", "i2"], 5)
    [same] = model().split(query, 1)
    assert same is query
