"""What came right after sequences, beside an obvious twin: dictionaries, one loop an event."""

from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.model.sequences import ENDINGS, LAST, LAST_AND_THIRD, LAST_TWO, Sequences, key
from tests.conftest import Ending
from tests.worlds import sessions_of
from trainer.continuations import sequences
from trainer.continuations.sequences import build_sequences

ITEMS = 4


def naive_sequences(
    sessions: list[list[int]], longest: int = 30, most: int = 10**9
) -> dict[Ending, list[tuple[int, float]]]:
    """Endings, with what came right after them, most often first, and how often."""
    following: dict[Ending, Counter[int]] = defaultdict(Counter)
    for session in sessions:
        for place in range(1, len(session)):
            for ending in ENDINGS:
                if place - 1 - ending >= 0:
                    before = session[place - 1 - ending] if ending else 0
                    following[ending, before, session[place - 1]][session[place]] += 1
    rows = {}
    for ending, row in following.items():
        times = sorted(all_.total() for one, all_ in following.items() if one[0] == ending[0])
        # Where there are too many, those that are as rare as the first one too many go, too.
        least = times[-most] + 1 if len(times) > most else 0
        if row.total() >= max(least, 2):
            ordered = sorted(row.items(), key=lambda one: (-one[1], one[0]))[:longest]
            rows[ending] = [(item, count / (row.total() + 1)) for item, count in ordered]
    return rows


def told(found: Sequences) -> dict[int, list[tuple[int, float]]]:
    assert [one.dtype for one in found] == [np.int64, np.int64, np.int32, np.float32]
    rows = {}
    for one in found.keys.tolist():
        following, shares = found.after(one)
        rows[one] = list(zip(following.tolist(), shares.tolist(), strict=True))
    assert sorted(rows) == found.keys.tolist()
    assert len(rows) == len(found.keys)
    assert sum(map(len, rows.values())) == len(found.items)
    return rows


def keyed(rows: dict[Ending, list[tuple[int, float]]]) -> dict[int, list[tuple[int, float]]]:
    return {
        key(*ending, ITEMS): [(item, pytest.approx(share)) for item, share in row]
        for ending, row in rows.items()
    }


some_sessions = st.lists(st.lists(st.integers(0, ITEMS - 1), max_size=8), max_size=8)


@settings(max_examples=150)
@given(some_sessions)
def test_what_came_right_after_is_counted_as_by_the_obvious_twin(sessions: list[list[int]]):
    found = build_sequences(sessions_of(*sessions), ITEMS)
    assert told(found) == keyed(naive_sequences(sessions))


@settings(max_examples=100)
@given(some_sessions, st.integers(1, 4), st.integers(1, 2))
def test_of_many_sequences_those_seen_most_often_are_kept(
    sessions: list[list[int]], most: int, longest: int
):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sequences, "MOST_ROWS", most)
        patch.setattr(sequences, "LONGEST_ROW", longest)
        found = build_sequences(sessions_of(*sessions), ITEMS)
    assert told(found) == keyed(naive_sequences(sessions, longest, most))
    assert len(found.keys) <= most * len(ENDINGS)


@settings(max_examples=60)
@given(some_sessions, st.integers(1, 12))
def test_of_many_events_the_newest_are_counted(sessions: list[list[int]], most: int):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sequences, "MOST_EVENTS", most)
        found = build_sequences(sessions_of(*sessions), ITEMS)
    newest: list[list[int]] = []
    for session in reversed(sessions):
        newest.insert(0, session[max(len(session) - most, 0) :] if most else [])
        most -= len(newest[0])
    assert told(found) == keyed(naive_sequences(newest))


def test_a_share_is_less_sure_the_fewer_times_a_sequence_was_seen():
    a, b, c, d = range(4)
    found = build_sequences(sessions_of([a, b, c], [a, b, c], [a, b, d], [d, c]), ITEMS)
    assert told(found) == keyed(
        {
            (LAST, 0, a): [(b, 3 / 4)],
            (LAST, 0, b): [(c, 2 / 4), (d, 1 / 4)],
            (LAST_TWO, a, b): [(c, 2 / 4), (d, 1 / 4)],
        }
    )


def test_the_item_between_may_be_any():
    a, b, c, d = range(4)
    found = build_sequences(sessions_of([a, b, c, d], [a, d, c, d]), ITEMS)
    assert found.after(key(LAST_AND_THIRD, a, c, ITEMS))[0].tolist() == [d]
    assert found.after(key(LAST_TWO, b, c, ITEMS))[0].tolist() == []


@pytest.mark.parametrize("sessions", [[], [[]], [[0]], [[0], [], [1]], [[0, 1]]])
def test_of_sessions_without_anything_seen_twice_nothing_is_known(sessions: list[list[int]]):
    found = build_sequences(sessions_of(*sessions), ITEMS)
    assert told(found) == {}
    assert found.offsets.tolist() == [0]


def test_the_end_of_a_session_does_not_lead_into_the_next_one():
    found = build_sequences(sessions_of([0, 1], [2, 3], [0, 1], [2, 3]), ITEMS)
    assert set(told(found)) == {key(LAST, 0, 0, ITEMS), key(LAST, 0, 2, ITEMS)}
