from dataclasses import replace

import numpy as np
import pytest

from tests.worlds import sessions_of
from trainer.corpus import Sessions
from trainer.evaluation import splits
from trainer.evaluation.splits import Cases, last_item, prefix_cases, sample


def lists(sessions: Sessions) -> list[list[int]]:
    return [part.tolist() for part in np.split(sessions.items, sessions.offsets[1:-1])]


def asked(cases: Cases) -> list[tuple[list[int], int, int]]:
    """Prefix, answer and session of each case."""
    return list(
        zip(lists(cases.prefixes()), cases.answers.tolist(), cases.session.tolist(), strict=True)
    )


def test_the_last_item_of_a_session_is_asked_for_and_not_trained_on():
    train, cases = last_item(sessions_of([3, 1, 2], [0, 4]))
    assert lists(train) == [[3, 1], [0]]
    assert asked(cases) == [([3, 1], 2, 0), ([0], 4, 1)]


def test_a_session_of_one_item_is_trained_on_and_asks_nothing():
    train, cases = last_item(sessions_of([5], [0, 4]))
    assert lists(train) == [[5], [0]]
    assert asked(cases) == [([0], 4, 1)]


def test_events_that_are_trained_on_keep_their_weights():
    sessions = sessions_of([3, 1, 2], [5], [0, 4])
    weights, starts = np.arange(6, dtype=np.float32), np.array([10, 20, 30])
    train, _ = last_item(replace(sessions, weights=weights, starts=starts))
    assert train.weights is not None
    assert train.weights.tolist() == [0, 1, 3, 4]
    assert train.starts is starts


def test_every_prefix_of_a_session_is_a_case():
    cases = prefix_cases(sessions_of([3, 1, 2], [7], [0, 4]))
    assert asked(cases) == [([3], 1, 0), ([3, 1], 2, 0), ([0], 4, 2)]


def test_prefixes_of_a_session_share_its_items():
    cases = prefix_cases(sessions_of(list(range(1000))))
    assert len(cases) == 999
    assert len(cases.items) == 1000


def test_cases_can_be_asked_with_their_last_items_only():
    cases = prefix_cases(sessions_of([3, 1, 2, 0]))
    assert asked(cases.last(1)) == [([3], 1, 0), ([1], 2, 0), ([2], 0, 0)]
    assert asked(cases.last(2))[-1] == ([1, 2], 0, 0)


def test_items_never_seen_in_training_are_no_query_and_an_answer_that_is_missed():
    cases = prefix_cases(sessions_of([3, 1, 2, 3], [2, 1]))
    rows = np.array([-1, 0, -1, 1], np.int32)  # 0 and 2 were not seen in training
    expected = [([1], 0, 0), ([1, 0], -1, 0), ([1, 0], 1, 0), ([], 0, 1)]
    assert asked(cases.encoded(rows)) == expected
    assert asked(cases.encoded(rows).encoded(np.array([5, 6], np.int32)))[1] == ([6, 5], -1, 0)


def test_a_sample_is_drawn_without_replacement_and_the_same_for_the_same_seed():
    cases = prefix_cases(sessions_of(list(range(101))))
    drawn = sample(cases, 30, seed=1).answers.tolist()
    assert len(set(drawn)) == 30
    assert drawn == sorted(drawn) == sample(cases, 30, seed=1).answers.tolist()
    assert drawn != sample(cases, 30, seed=2).answers.tolist()
    assert sample(cases, 1000, seed=1) is cases


def test_an_answer_that_was_in_the_session_before_is_a_repeated_one(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(splits, "CASES_PER_BLOCK", 2)
    cases = prefix_cases(sessions_of([3, 1, 3], [1, 0, -1, -1, 0]))
    assert cases.repeated().tolist() == [False, True, False, False, False, True]
    assert cases.last(1).repeated().tolist() == [False] * 6
    assert sample(cases, 0, seed=0).repeated().tolist() == []


@pytest.mark.parametrize(("most_cases", "most_items"), [(3, 1000), (1000, 5), (1000, 1)])
def test_blocks_are_all_cases_in_order(
    monkeypatch: pytest.MonkeyPatch, most_cases: int, most_items: int
):
    monkeypatch.setattr(splits, "CASES_PER_BLOCK", most_cases)
    monkeypatch.setattr(splits, "ITEMS_PER_BLOCK", most_items)
    cases = prefix_cases(sessions_of([3, 1, 2, 0, 5], [0, 4], [1, 2, 3]))
    blocks = list(cases.blocks())
    assert [case for block in blocks for case in asked(block)] == asked(cases)
    for block in blocks:
        assert len(block) <= most_cases
        assert len(block) == 1 or (block.stops - block.starts).sum() <= most_items
