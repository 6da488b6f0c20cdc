from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worlds import ask, sessions_of
from trainer.evaluation.baselines import slist, sparse
from trainer.evaluation.baselines.slist import Slist, SlistSettings

PAST = [[0, 1, 4], [0, 2, 0], [1, 2, 3], [4]]
ITEMS = 5

Past = list[list[int]]


def matrix(past: Past, chosen: SlistSettings, items: int = ITEMS) -> np.ndarray:
    return Slist(sessions_of(*past), items, chosen, np.float64).matrix


def naive_slist(past: Past, chosen: SlistSettings) -> np.ndarray:
    """B with every row of X, S and T written out, and column by column; no times."""
    inputs, targets, weights = [], [], []
    for n, session in enumerate(past):
        age = (len(past) - 1 - n) / max(len(past) - 1, 1)
        recency = 1 if chosen.recency is None else np.exp(-age / chosen.recency)
        whole = np.zeros(ITEMS)
        whole[session] = 1
        inputs.append(whole / whole.sum())
        targets.append(whole)
        weights.append(chosen.alpha * recency)
        for split in range(len(session) - 1):
            before, after = np.zeros(ITEMS), np.zeros(ITEMS)
            for place, item in enumerate(session):
                if place <= split:
                    before[item] += chosen.past ** (split - place)
                else:
                    after[item] += chosen.future ** (place - split - 1)
            inputs.append(before / before.sum())
            targets.append(after)
            weights.append((1 - chosen.alpha) * recency)
    left, right = np.array(inputs), np.array(targets)
    gram = left.T @ np.diag(weights) @ left + chosen.regularization * np.eye(ITEMS)
    cross = left.T @ np.diag(weights) @ right
    solution = np.linalg.solve(gram, cross)
    for j in range(ITEMS):
        if solution[j, j] > chosen.diagonal:
            others = np.arange(ITEMS) != j
            known = cross[others, j] - gram[others, j] * chosen.diagonal
            solution[others, j] = np.linalg.solve(gram[np.ix_(others, others)], known)
            solution[j, j] = chosen.diagonal
    return solution


def test_what_follows_an_item_is_predicted_by_the_share_of_times_it_did():
    # S has 0 in two rows, T has 1 and 2 in one of them each: G_00 = 2 + lambda, C_01 = C_02 = 1.
    chosen = SlistSettings(alpha=0, regularization=1)
    expected = np.array([[0, 1 / 3, 1 / 3], [0] * 3, [0] * 3])
    assert matrix([[0, 1], [0, 2]], chosen, 3) == pytest.approx(expected)


def test_items_of_whole_sessions_predict_one_another_and_themselves_as_far_as_allowed():
    # X' is (1/2, 1/2): G = (3/4, 1/4; 1/4, 3/4), and C is 1/2 everywhere.
    chosen = SlistSettings(alpha=1, regularization=0.5)
    assert matrix([[0, 1]], chosen, 2) == pytest.approx(np.full((2, 2), 1 / 2))
    without = matrix([[0, 1]], replace(chosen, diagonal=0), 2)
    assert without == pytest.approx(np.array([[0, 2 / 3], [2 / 3, 0]]))


def test_nearer_items_of_the_future_are_predicted_more():
    chosen = SlistSettings(alpha=0, regularization=1, future=0.5)
    assert matrix([[0, 1, 2]], chosen, 3)[0] == pytest.approx([0, 1 / 2, 1 / 4])


def test_older_sessions_count_less_by_their_times():
    sessions = replace(sessions_of([0, 1], [0, 2]), starts=np.array([0, 10]))
    chosen = SlistSettings(alpha=0, regularization=1, recency=1.0)
    old = np.exp(-1)
    found = Slist(sessions, 3, chosen, np.float64).matrix[0]
    assert found == pytest.approx([0, old / (old + 2), 1 / (old + 2)])


@settings(max_examples=150, deadline=None)
@given(
    past=st.lists(
        st.lists(st.integers(0, ITEMS - 1), min_size=1, max_size=6), min_size=1, max_size=7
    ),
    alpha=st.sampled_from([0.0, 0.3, 1.0]),
    decays=st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 0.4, 1.0])),
    recency=st.sampled_from([None, 0.5]),
    regularization=st.sampled_from([0.1, 10.0]),
    diagonal=st.sampled_from([0.0, 0.2, 10.0]),
)
def test_slist_is_its_obvious_twin(
    past: Past,
    alpha: float,
    decays: tuple[float, float],
    recency: float | None,
    regularization: float,
    diagonal: float,
):
    chosen = SlistSettings(alpha, regularization, *decays, 0.5, recency, diagonal)
    expected = naive_slist(past, chosen)
    np.testing.assert_allclose(matrix(past, chosen), expected, rtol=1e-9, atol=1e-12)


def test_long_sessions_leave_out_only_what_cannot_be_seen():
    past = [np.random.default_rng(1).integers(0, ITEMS, 200).tolist()]
    chosen = SlistSettings(past=0.7, future=0.6, regularization=1.0)
    np.testing.assert_allclose(matrix(past, chosen), naive_slist(past, chosen), atol=1e-12)


def test_every_session_twice_with_twice_the_regularization_changes_nothing():
    chosen = SlistSettings(past=0.3, diagonal=0.1, regularization=1.0)
    twice = matrix(PAST + PAST, replace(chosen, regularization=2.0))
    np.testing.assert_allclose(twice, matrix(PAST, chosen), atol=1e-12)


def test_single_precision_is_close_to_double():
    single = Slist(sessions_of(*PAST), ITEMS).matrix
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, matrix(PAST, SlistSettings()), atol=1e-6)


def test_small_blocks_make_the_same_matrix_and_the_same_lists(monkeypatch):
    chosen = SlistSettings(alpha=0.5, diagonal=0.0, regularization=1.0)
    expected, prefixes = matrix(PAST, chosen), [[0], [1, 2], [], [4, 0]]
    lists = ask(Slist(sessions_of(*PAST), ITEMS, chosen), *prefixes)
    monkeypatch.setattr(slist, "COLUMNS_PER_BLOCK", 2)
    monkeypatch.setattr(slist, "SCORES_PER_BLOCK", 6)
    monkeypatch.setattr(sparse, "ENTRIES_PER_BLOCK", 6)
    np.testing.assert_allclose(matrix(PAST, chosen), expected, atol=1e-15)
    assert ask(Slist(sessions_of(*PAST), ITEMS, chosen), *prefixes) == lists


def test_the_rows_of_a_prefix_add_up_each_step_back_for_less():
    model = Slist(sessions_of(*PAST), ITEMS, SlistSettings(decay=0.5, regularization=1.0))
    sums = 0.25 * model.matrix[0] + 0.5 * model.matrix[2] + model.matrix[0]
    positive = {item: pytest.approx(score) for item, score in enumerate(sums) if score > 0}
    assert ask(model, [0, 2, 0], k=9) == [positive]
    best = max(positive, key=lambda item: sums[item])
    assert list(ask(model, [0, 2, 0], k=1)[0]) == [best]


def test_an_unknown_item_takes_no_step_and_an_empty_prefix_has_no_answer():
    model = Slist(sessions_of(*PAST), ITEMS)
    known, strange, empty, nothing = ask(model, [0, 1], [0, -1, 1, -1], [], [-1])
    assert strange == known
    assert empty == nothing == {}


def test_items_that_tie_come_in_order_of_the_catalogue():
    chosen = SlistSettings(alpha=0)
    assert list(ask(Slist(sessions_of([0, 2], [0, 1]), 3, chosen), [0])[0]) == [1, 2]


def test_a_catalogue_that_would_not_fit_is_refused_before_memory_is_taken():
    with pytest.raises(ValueError, match="60,416 items are too many, at most 20,000"):
        Slist(sessions_of([0, 1]), 60_416)


@pytest.mark.parametrize(
    ("name", "value"),
    [("alpha", 1.1), ("past", -0.1), ("future", 2.0), ("decay", -1.0), ("regularization", 0.0)],
)
def test_a_setting_that_means_nothing_is_refused(name: str, value: float):
    with pytest.raises(ValueError, match=f"{name} = {value}: must be "):
        SlistSettings(**{name: value})
