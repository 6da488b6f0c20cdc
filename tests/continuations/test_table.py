from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from service.model.continuations import Continuations, NextSettings
from tests.conftest import make_continuations

A, B, C, D, E = range(5)
LAST_ITEMS = 20
TABLE: list[dict[int, float]] = [{B: 3, C: 1}, {C: 1}, {}, {E: 1, A: 1}, {}]


def ask(continuations: Continuations, *rows: int, decay: float = 1.0) -> list[tuple[int, float]]:
    """Items and votes for a session of these rows, newest last."""
    weights = decay ** np.arange(len(rows))[::-1]
    items, votes = continuations.votes(np.array(rows, np.int64), weights.astype(np.float32))
    assert (items.dtype, votes.dtype) == (np.int32, np.float32)
    return list(zip(items.tolist(), votes.tolist(), strict=True))


# Items


def test_an_item_votes_for_what_follows_it_most_likely_first():
    assert ask(make_continuations(TABLE), A) == [(B, 0.75), (C, 0.25)]


def test_the_votes_of_a_session_are_the_sum_of_its_items_votes():
    assert ask(make_continuations(TABLE), A, B) == [
        (B, pytest.approx(3 / 5)),
        (C, pytest.approx(2 / 5)),
    ]


def test_an_item_further_back_counts_less():
    # .5 * (B 3, C 1) + (E 1, A 1): 4 votes
    assert ask(make_continuations(TABLE), A, D, decay=0.5) == [
        (B, 1.5 / 4),
        (A, 1 / 4),
        (E, 1 / 4),
        (C, 0.5 / 4),
    ]


def test_a_repeated_item_votes_every_time():
    once, twice = (
        dict(ask(make_continuations(TABLE), A, D)),
        dict(ask(make_continuations(TABLE), A, D, A)),
    )
    assert once == pytest.approx({B: 3 / 6, C: 1 / 6, E: 1 / 6, A: 1 / 6})
    assert twice == pytest.approx({B: 6 / 10, C: 2 / 10, E: 1 / 10, A: 1 / 10})


def test_equal_votes_are_ordered_by_row():
    assert ask(make_continuations(TABLE), D) == [(A, 0.5), (E, 0.5)]


def test_an_item_that_nothing_follows_has_no_vote():
    assert ask(make_continuations(TABLE), C) == []
    assert ask(make_continuations(TABLE), A, C) == ask(make_continuations(TABLE), A)


def test_only_the_last_items_of_a_session_vote():
    after = [D] * LAST_ITEMS
    assert ask(make_continuations(TABLE), A, *after) == ask(make_continuations(TABLE), *after)
    assert dict(ask(make_continuations(TABLE), A, *after[1:]))[B] > 0


def test_how_many_items_of_a_session_vote_is_a_setting():
    three = replace(make_continuations(TABLE), settings=NextSettings(decay=1, last_items=3))
    assert ask(three, A, D, D, D) == ask(three, D, D, D)
    assert ask(three, A, D, D) != ask(three, D, D)


def test_settings_of_an_older_artifact_let_the_last_20_items_vote():
    assert NextSettings.model_validate_json('{"decay": 0.5}').last_items == LAST_ITEMS


def test_an_item_of_weight_0_adds_nothing_to_the_answer():
    assert ask(make_continuations(TABLE), A, D, decay=0) == ask(make_continuations(TABLE), D)


def test_a_session_of_no_items_has_no_continuations():
    assert ask(make_continuations(TABLE)) == []


# The obvious twin


def naive_votes(
    table: list[dict[int, float]], session: list[tuple[int, float]]
) -> dict[int, float]:
    """The votes by dictionaries."""
    votes: dict[int, float] = defaultdict(float)
    for row, weight in session[-LAST_ITEMS:]:
        for follower, score in table[row].items():
            votes[follower] += weight * score
    return {row: vote / sum(votes.values()) for row, vote in votes.items() if vote > 0}


rows = st.integers(0, 6)
weights = st.sampled_from([0.0, 0.25, 0.5, 1.0])  # their sums are exact: equal ones are equal


@settings(max_examples=200)
@given(
    table=st.lists(st.dictionaries(rows, st.sampled_from([0.5, 1.0, 3.0])), min_size=7, max_size=7),
    session=st.lists(st.tuples(rows, weights), max_size=LAST_ITEMS + 5),
)
def test_the_votes_are_those_of_the_obvious_twin(
    table: list[dict[int, float]], session: list[tuple[int, float]]
):
    asked = np.array([row for row, _ in session], np.int64)
    weighed = np.array([weight for _, weight in session], np.float32)
    items, votes = make_continuations(table).votes(asked, weighed)
    found = list(zip((-votes).tolist(), items.tolist(), strict=True))
    assert found == sorted(found)
    expected = naive_votes(table, session)
    assert dict(zip(items.tolist(), votes.tolist(), strict=True)) == pytest.approx(
        expected, rel=1e-5
    )


# Settings


@pytest.mark.parametrize("wrong", [{"decay": -0.1}, {"decay": 1.1}, {"last_items": 0}, {"more": 1}])
def test_impossible_settings_are_refused(wrong: dict[str, float]):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        NextSettings(**({"decay": 0.5} | wrong))
