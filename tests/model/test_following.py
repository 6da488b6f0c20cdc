"""What comes next, ranked by weighed voices."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.model.answers import Neighbor
from service.model.artifact import Artifact
from service.model.continuations import Continuations
from service.model.following import Following
from service.model.logit import Logit
from service.model.queries import Rules, Taste
from service.model.recommender import Recommender
from tests.conftest import make_artifact, make_continuations, make_logit, with_voices

ITEMS = 12


def circle(logit: Logit | None = None) -> Continuations:
    """Every item is followed by the next five, less and less."""
    rows = [{(item + step) % ITEMS: 6.0 - step for step in range(1, 6)} for item in range(ITEMS)]
    return with_voices(make_continuations(rows), logit)


def following(continuations: Continuations) -> Following:
    return Following(
        continuations, np.eye(ITEMS, 4, dtype=np.float32), np.arange(ITEMS, 0, -1, dtype=np.int64)
    )


def ask(
    model: Following,
    session: list[tuple[int, float]],
    n: int | None = None,
    *,
    allow_seen: bool = False,
) -> list[tuple[int, float]]:
    items = np.array([item for item, _ in session], np.int64)
    weights = np.array([weight for _, weight in session], np.float32)
    found, scores = model.ranked(items, weights, n, allow_seen=allow_seen)
    assert (found.dtype, scores.dtype) == (np.int32, np.float32)
    return list(zip(found.tolist(), scores.tolist(), strict=True))


FEW = {"newest": 2, "recent": 2, "whole": 2}
LOGITS = [
    make_logit(),
    make_logit(**FEW),
    make_logit({"votes, recent": 2.0, "frequency": -1.0}, others=(1, 0.2, 0.1), **FEW),
    make_logit({"largest cosine": 1.0}, others=(6, 0, 0), newest=1, recent=1, whole=1),
    make_logit({}, others=(40, 0, 0), **FEW),
]
sessions = st.lists(
    st.tuples(st.integers(0, ITEMS - 1), st.sampled_from([-1.0, 0.0, 0.25, 0.5, 1.0])), max_size=7
)


@settings(max_examples=200)
@given(sessions, st.sampled_from(LOGITS), st.booleans())
def test_an_answer_falls_ties_are_in_row_order_and_it_sums_to_one_at_most(
    session: list[tuple[int, float]], logit: Logit, allow_seen: bool
):
    found = ask(following(circle(logit)), session, allow_seen=allow_seen)
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert sum(scores) <= 1 + 1e-5
    assert len({item for item, _ in found}) == len(found)
    # Of the candidates; others come after them, by their votes.
    own = {item for item, weight in session if weight > 0}
    if not allow_seen:
        assert own.isdisjoint(item for item, _ in found)


@settings(max_examples=200)
@given(sessions, st.sampled_from(LOGITS), st.integers(0, ITEMS + 2), st.booleans())
def test_a_shorter_answer_is_the_beginning_of_the_whole(
    session: list[tuple[int, float]], logit: Logit, n: int, allow_seen: bool
):
    model = following(circle(logit))
    whole = ask(model, session, allow_seen=allow_seen)
    assert ask(model, session, n, allow_seen=allow_seen) == whole[:n]


def test_equal_probabilities_are_in_row_order():
    found = ask(following(circle(make_logit({}))), [(3, 1.0)])
    assert [item for item, _ in found] == [4, 5, 6, 7, 8]
    assert len({score for _, score in found}) == 1


def test_beyond_the_candidates_come_the_others_by_their_votes():
    logit = make_logit({"frequency": 1.0}, newest=1, recent=1, whole=1)
    found = ask(following(circle(logit)), [(3, 1.0)])
    assert [item for item, _ in found] == [4, 5, 6, 7, 8]  # 4 is the only candidate
    probability = 9 / (9 + 1)  # item 4 occurs 8 times, all others speak with a weight of 0
    left = 0.1
    votes = np.array([4, 3, 2, 1]) / 10
    expected = [probability, *(left * votes)]
    assert [score for _, score in found] == pytest.approx(expected)


def test_items_of_the_session_come_back_where_they_may():
    model = following(circle(make_logit(seen={"is the last item": 30.0})))
    assert 3 not in dict(ask(model, [(3, 1.0)]))
    assert ask(model, [(3, 1.0)], 1, allow_seen=True) == [(3, pytest.approx(1.0))]


def test_where_weights_did_not_win_the_table_answers():
    only_unseen = make_logit().model_copy(update={"seen": None})
    model, table = following(circle(only_unseen)), circle()
    session = np.array([3]), np.ones(1, np.float32)
    seen = model.ranked(*session, allow_seen=True)
    for one, other in zip(seen, table.votes(*session), strict=True):
        assert one.tolist() == other.tolist()
    assert model.weighed(allow_seen=True) is None
    assert model.ranked(*session)[1].tolist() != seen[1].tolist()


def test_a_session_of_nothing_has_no_answer():
    assert ask(following(circle()), []) == []
    assert ask(following(circle()), [(3, -1.0)]) == []


# Through the recommender


@pytest.fixture(params=range(len(LOGITS)))
def artifact(request: pytest.FixtureRequest) -> Artifact:
    angles = np.linspace(0, 2, ITEMS)
    vectors = {f"i{n:02}": [float(np.cos(a)), float(np.sin(a))] for n, a in enumerate(angles)}
    return make_artifact("v1", vectors, circle(LOGITS[request.param]))


TASTES = [
    Taste(["i03"]),
    Taste(["i03", "i08", "i03"]),
    Taste(["i03", "i08"], ["i04"]),
    Taste(["i03", "i08", "i08"], allow_seen=True),
    Taste(["i03", "unknown"]),
]


def answer(model: Recommender, taste: Taste, rules: Rules | None = None) -> list[Neighbor]:
    query = model.query(taste, ITEMS, relation="next", rules=rules or Rules())
    return model.best([query])[0]


def even(neighbors: list[Neighbor]) -> list[Neighbor]:
    return [one for one in neighbors if int(one.item_id[1:]) % 2 == 0]


@pytest.mark.parametrize("taste", TASTES)
def test_what_a_filter_leaves_has_the_scores_it_has_without_one(artifact: Artifact, taste: Taste):
    kinds = ["even" if row % 2 == 0 else "odd" for row in range(ITEMS)]
    model = Recommender(replace(artifact, metadata={"kind": kinds}))
    whole = answer(model, taste)
    assert answer(model, taste, Rules(filter="kind = 'even'")) == even(whole)


@pytest.mark.parametrize("taste", TASTES)
def test_hiding_an_item_changes_no_other_score(artifact: Artifact, taste: Taste):
    model = Recommender(artifact)
    whole = answer(model, taste)
    model.hidden = model.rows_of([whole[0].item_id])
    assert answer(model, taste) == whole[1:]


@pytest.mark.parametrize("taste", TASTES)
def test_excluding_an_item_changes_no_other_score(artifact: Artifact, taste: Taste):
    model = Recommender(artifact)
    whole = answer(model, taste)
    rules = Rules(exclude=(whole[0].item_id,))
    assert answer(model, taste, rules) == whole[1:]


def test_one_answer_is_that_of_a_batch_and_of_an_evaluation(artifact: Artifact):
    model = Recommender(artifact)
    queries = [model.query(taste, 4, relation="next") for taste in TASTES]
    batch = model.best(queries)
    assert batch == [model.best([query])[0] for query in queries]
    query, found = queries[1], batch[1]
    items, scores = model.rank(
        np.array(query.items), np.array([0, 3]), query.weights, 4, "next", allow_seen=False
    )
    rows = [int(one.item_id[1:]) for one in found]
    assert items[0, : len(rows)].tolist() == rows
    assert scores[0, : len(rows)].tolist() == [one.score for one in found]
    assert (items[0, len(rows) :] == -1).all()


@pytest.mark.parametrize("names", [["only"], ["one", "two"]])
@pytest.mark.parametrize("logit", LOGITS)
def test_a_catalogue_of_one_or_two_items_answers(names: list[str], logit: Logit):
    table: list[dict[int, float]] = [{} if len(names) == 1 else {1: 1.0}, {}][: len(names)]
    vectors = {name: [float(row), 0.0] for row, name in enumerate(names)}  # the first one is zero
    model = Recommender(make_artifact("v1", vectors, with_voices(make_continuations(table), logit)))
    found = answer(model, Taste([names[0]]))
    assert [one.item_id for one in found] == names[1:]
    again = answer(model, Taste([names[0]], allow_seen=True))
    assert {one.item_id for one in again} == {*names}
    assert all(0 <= one.score <= 1 for one in (*found, *again))
