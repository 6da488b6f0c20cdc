from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from service import continuations as module
from service.continuations import LAST_ITEMS, Continuations, NextSettings
from tests.conftest import lists, make_continuations

A, B, C, D, E = range(5)
TABLE: list[dict[int, float]] = [{B: 3, C: 1}, {C: 1}, {}, {E: 1, A: 1}, {}]
SESSIONS = [[A, B], [B, C, D], [A, E]]


def ask(continuations: Continuations, *rows: int, decay: float = 1.0) -> list[tuple[int, float]]:
    """Items and votes for a session of these rows, newest last."""
    weights = decay ** np.arange(len(rows))[::-1]
    items, votes = continuations.votes(np.array(rows, np.int64), weights.astype(np.float32))
    assert (items.dtype, votes.dtype) == (np.int32, np.float32)
    return list(zip(items.tolist(), votes.tolist(), strict=True))


def of_items(table: list[dict[int, float]] = TABLE) -> Continuations:
    """Continuations in which the past sessions have no vote."""
    return make_continuations(table, [], session_weight=0)


def of_sessions(neighbors: int, sessions: list[list[int]] = SESSIONS) -> Continuations:
    """Continuations in which the past sessions alone have a vote."""
    return make_continuations(TABLE, sessions, session_weight=1, neighbors=neighbors)


# Items


def test_an_item_votes_for_what_follows_it_most_likely_first():
    assert ask(of_items(), A) == [(B, 0.75), (C, 0.25)]


def test_the_votes_of_a_session_are_the_sum_of_its_items_votes():
    assert ask(of_items(), A, B) == [(B, pytest.approx(3 / 5)), (C, pytest.approx(2 / 5))]


def test_an_item_further_back_counts_less():
    # .5 * (B 3, C 1) + (E 1, A 1): 4 votes
    assert ask(of_items(), A, D, decay=0.5) == [(B, 1.5 / 4), (A, 1 / 4), (E, 1 / 4), (C, 0.5 / 4)]


def test_a_repeated_item_votes_every_time():
    once, twice = dict(ask(of_items(), A, D)), dict(ask(of_items(), A, D, A))
    assert once == pytest.approx({B: 3 / 6, C: 1 / 6, E: 1 / 6, A: 1 / 6})
    assert twice == pytest.approx({B: 6 / 10, C: 2 / 10, E: 1 / 10, A: 1 / 10})


def test_equal_votes_are_ordered_by_row():
    assert ask(of_items(), D) == [(A, 0.5), (E, 0.5)]


def test_an_item_that_nothing_follows_has_no_vote():
    assert ask(of_items(), C) == []
    assert ask(of_items(), A, C) == ask(of_items(), A)


def test_only_the_last_items_of_a_session_vote():
    after = [D] * LAST_ITEMS
    assert ask(of_items(), A, *after) == ask(of_items(), *after)
    assert dict(ask(of_items(), A, *after[1:]))[B] > 0


def test_an_item_of_weight_0_adds_nothing_to_the_answer():
    assert ask(of_items(), A, D, decay=0) == ask(of_items(), D)
    assert ask(of_sessions(3), C, A, decay=0) == ask(of_sessions(3), A)


# Sessions


def test_the_nearest_past_sessions_vote_for_all_their_items():
    # A, B is like session 0 by 2, and like sessions 1 and 2 by 1 each: 2+2, 1+1+1, 1+1 votes
    votes = dict(ask(of_sessions(3), A, B))
    assert votes == pytest.approx({A: 3 / 9, B: 3 / 9, C: 1 / 9, D: 1 / 9, E: 1 / 9})


def test_only_so_many_sessions_have_a_vote():
    assert ask(of_sessions(1), A, B) == [(A, 0.5), (B, 0.5)]


def test_of_sessions_equally_near_the_newest_have_the_vote():
    assert ask(of_sessions(1), A) == [(A, 0.5), (E, 0.5)]
    assert set(dict(ask(of_sessions(2), A, B))) == {A, B, E}


def test_a_session_is_near_by_the_weights_of_the_items_it_shares():
    # with decay .5 session 1 shares D and C (1.5), session 2 shares nothing with them
    assert ask(of_sessions(3), C, D, decay=0.5) == [
        (row, pytest.approx(1 / 3)) for row in (B, C, D)
    ]


def test_an_item_in_no_past_session_has_no_vote():
    assert ask(of_sessions(3, [[A, B]]), C) == []


# Both


@pytest.mark.parametrize("session_weight", [0.25, 0.5])
def test_both_voices_are_mixed_by_their_share(session_weight: float):
    both = make_continuations(TABLE, SESSIONS, session_weight=session_weight, neighbors=1)
    items, sessions = {B: 0.75, C: 0.25}, {A: 0.5, E: 0.5}
    expected = {row: (1 - session_weight) * vote for row, vote in items.items()}
    expected |= {row: session_weight * vote for row, vote in sessions.items()}
    assert dict(ask(both, A)) == pytest.approx(expected)


def test_a_voice_without_a_share_adds_nothing_to_the_answer():
    assert set(dict(ask(of_items(), A))) == {B, C}
    assert set(dict(ask(of_sessions(1), A))) == {A, E}


def test_a_voice_that_has_nothing_to_say_leaves_the_other_its_share():
    both = make_continuations(TABLE, SESSIONS, session_weight=0.25, neighbors=1)
    assert ask(both, C) == [(row, pytest.approx(0.25 / 3)) for row in (B, C, D)]


def test_a_session_of_no_items_has_no_continuations():
    assert ask(make_continuations(TABLE, SESSIONS)) == []


# The obvious twin


def naive_votes(
    table: list[dict[int, float]],
    sessions: list[list[int]],
    how: NextSettings,
    session: list[tuple[int, float]],
) -> dict[int, float]:
    """The votes by dictionaries."""
    session = session[-LAST_ITEMS:]
    items: dict[int, float] = defaultdict(float)
    likeness: dict[int, float] = defaultdict(float)
    for row, weight in session:
        for follower, score in table[row].items():
            items[follower] += weight * score
        for number, past in enumerate(sessions):
            if row in past:
                likeness[number] += weight
    nearest = sorted(likeness, key=lambda number: (-likeness[number], -number))[: how.neighbors]
    held: dict[int, float] = defaultdict(float)
    for number in nearest:
        for row in sessions[number]:
            held[row] += likeness[number]
    mixed: dict[int, float] = defaultdict(float)
    for votes, share in ((items, 1 - how.session_weight), (held, how.session_weight)):
        for row, vote in votes.items():
            mixed[row] += share * vote / (sum(votes.values()) or 1)
    return {row: vote for row, vote in mixed.items() if vote > 0}


rows = st.integers(0, 6)
weights = st.sampled_from([0.0, 0.25, 0.5, 1.0])  # their sums are exact: equal ones are equal


@settings(max_examples=200, deadline=None)
@given(
    table=st.lists(st.dictionaries(rows, st.sampled_from([0.5, 1.0, 3.0])), min_size=7, max_size=7),
    sessions=st.lists(st.lists(rows, unique=True, min_size=1), max_size=8),
    session=st.lists(st.tuples(rows, weights), max_size=LAST_ITEMS + 5),
    session_weight=st.sampled_from([0.0, 0.25, 1.0]),
    neighbors=st.integers(1, 9),
    slots=st.sampled_from([0, module.MAX_SLOTS_PER_KEY]),
)
def test_the_votes_are_those_of_the_obvious_twin(
    table: list[dict[int, float]],
    sessions: list[list[int]],
    session: list[tuple[int, float]],
    session_weight: float,
    neighbors: int,
    slots: int,
):
    continuations = make_continuations(
        table, sessions, session_weight=session_weight, neighbors=neighbors
    )
    asked = np.array([row for row, _ in session], np.int64)
    weighed = np.array([weight for _, weight in session], np.float32)

    with pytest.MonkeyPatch.context() as patch:  # sums by slots, or by sorting
        patch.setattr(module, "MAX_SLOTS_PER_KEY", slots)
        items, votes = continuations.votes(asked, weighed)

    found = list(zip((-votes).tolist(), items.tolist(), strict=True))
    assert found == sorted(found)
    expected = naive_votes(table, sessions, continuations.settings, session)
    assert dict(zip(items.tolist(), votes.tolist(), strict=True)) == pytest.approx(
        expected, rel=1e-5
    )


# Lists and settings


def test_the_entries_of_some_lists_are_gathered_in_the_order_asked():
    some = lists([[10, 11], [], [12], [13, 14, 15]])
    places, lengths = some.gather(np.array([3, 1, 0, 3]))
    assert some.rows[places].tolist() == [13, 14, 15, 10, 11, 13, 14, 15]
    assert lengths.tolist() == [3, 0, 2, 3]


@pytest.mark.parametrize(
    "wrong", [{"decay": -0.1}, {"decay": 1.1}, {"session_weight": 2}, {"neighbors": 0}, {"more": 1}]
)
def test_impossible_settings_are_refused(wrong: dict[str, float]):
    right = {"decay": 0.5, "session_weight": 0.5, "neighbors": 1}
    assert NextSettings(**right)  # type: ignore[arg-type]
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        NextSettings(**(right | wrong))  # type: ignore[arg-type]
