import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from tests.worlds import ask, cases_of, sessions_of
from trainer.evaluation.baselines import ItemItem, Popularity, SessionKnn, all_baselines
from trainer.evaluation.baselines import sparse as best
from trainer.evaluation.baselines.counting import (
    co_occurrence,
    item_cosine,
    pair_counts,
    sequential_rules,
    shares,
    transitions,
)
from trainer.evaluation.ranking import rank_unseen

# Three sessions over items 0-3.
SESSIONS = sessions_of([0, 1, 2], [0, 1], [2, 0, 3, 0])


# what is counted


def test_transitions_are_pairs_side_by_side_in_the_same_session():
    expected = [[0, 2, 0, 1], [0, 0, 1, 0], [1, 0, 0, 0], [1, 0, 0, 0]]
    assert transitions(SESSIONS, 4).toarray().tolist() == expected


def test_sequential_rules_weigh_a_pair_by_its_distance():
    expected = [[1 / 2, 2, 1 / 2, 1], [0, 0, 1, 0], [1 + 1 / 3, 0, 0, 1 / 2], [1, 0, 0, 0]]
    np.testing.assert_allclose(sequential_rules(SESSIONS, 4).toarray(), expected, rtol=1e-6)


def test_shares_of_a_row_sum_to_one_and_an_empty_row_stays_empty():
    counts = sparse.csr_array(np.array([[0, 3, 1], [0, 0, 0], [2, 0, 0]], np.float32))
    assert shares(counts).toarray().tolist() == [[0, 0.75, 0.25], [0, 0, 0], [1, 0, 0]]


def test_sequential_rules_end_at_their_window():
    far = sessions_of([0, *[1] * 10, 2])
    assert sequential_rules(far, 3)[0, 2] == 0
    assert sequential_rules(far, 3, window=11)[0, 2] == pytest.approx(1 / 11)


def test_co_occurrence_counts_in_either_order_within_the_window():
    expected = [[2, 2, 2, 2], [2, 0, 1, 0], [2, 1, 0, 1], [2, 0, 1, 0]]
    assert co_occurrence(SESSIONS, 4, window=2).toarray().tolist() == expected


def test_co_occurrence_may_count_the_reverse_order_for_less_and_near_pairs_for_more():
    found = co_occurrence(SESSIONS, 4, 2, weight=lambda distance: 1 / distance, backwards=0.5)
    assert found[1, 2] == 1
    assert found[2, 1] == 0.5
    assert found[0, 2] == 0.5 + 0.5 * 1  # two steps on in the first session, one back in the third


def test_item_knn_is_the_cosine_of_session_columns():
    columns = np.array([[1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 1, 1]])  # sessions by items
    lengths = np.sqrt((columns**2).sum(axis=0))
    expected = columns.T @ columns / np.outer(lengths, lengths)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(item_cosine(SESSIONS, 4).toarray(), expected, rtol=1e-6)


def test_counting_does_not_touch_the_sessions():
    before = SESSIONS.items.copy()
    all_baselines(SESSIONS, np.bincount(SESSIONS.items))
    assert SESSIONS.items.tolist() == before.tolist()


def test_sessions_shorter_than_the_window_count_as_far_as_they_go():
    assert pair_counts(sessions_of([0], [1]), 2, window=5).nnz == 0
    assert pair_counts(sessions_of([0, 1], [1]), 2, window=5).nnz == 1


# ranking by a table


TABLE = sparse.csr_array(np.array([[0, 4, 2, 0], [1, 0, 0, 3], [0, 0, 0, 0], [5, 0, 1, 0]], "f4"))


def test_only_the_last_item_asks_where_decay_is_0():
    assert ask(ItemItem(TABLE, 0.0), [3, 0]) == [{1: 4, 2: 2}]


def test_the_rows_of_a_prefix_add_up_each_step_back_for_less():
    assert ask(ItemItem(TABLE, 0.5), [3, 0, 0]) == [{1: 4 + 2, 2: 2 + 1 + 0.25, 0: 5 / 4}]


def test_an_unknown_item_is_skipped_and_takes_no_step():
    assert ask(ItemItem(TABLE, 0.5), [3, -1, 0, -1]) == [{1: 4, 2: 2 + 0.5, 0: 5 / 2}]


def test_a_query_that_leads_nowhere_has_no_answer():
    assert ask(ItemItem(TABLE, 0.5), [2], [], [-1], [1]) == [{}, {}, {}, {3: 3, 0: 1}]


def test_the_list_is_cut_at_k():
    ranked = ItemItem(TABLE, 1.0).rank(cases_of([0, 1, 3], [1]), 2)
    assert ranked.items.tolist() == [[0, 1], [3, 0]]
    assert ranked.scores.dtype == np.float32
    assert ranked.items.dtype == np.int32


def test_popularity_recommends_the_most_frequent_items_to_everyone():
    assert ask(Popularity(np.array([5, 9, 1])), [0], [], k=2) == [{1: 9, 0: 5}] * 2
    assert ask(Popularity(np.array([5, 9])), [0], k=3) == [{1: 9, 0: 5}]


@settings(max_examples=60)
@given(
    prefixes=st.lists(st.lists(st.integers(-1, 3), max_size=6), min_size=1, max_size=8),
    decay=st.sampled_from([0.0, 0.5, 1.0]),
    budget=st.sampled_from([1, 7, 1 << 20]),
)
def test_blocks_of_any_size_find_what_a_full_product_finds(
    prefixes: list[list[int]], decay: float, budget: int
):
    expected = []
    for prefix in prefixes:
        known = [item for item in prefix if item >= 0]
        scores = np.zeros(4)
        for step, item in enumerate(reversed(known)):
            scores += decay**step * TABLE.toarray()[item]
        order = sorted(range(4), key=lambda item: (-scores[item], item))
        expected.append({item: scores[item] for item in order if scores[item] > 0})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(best, "ENTRIES_PER_BLOCK", budget)
        found = ask(ItemItem(TABLE, decay), *prefixes)
    assert found == expected


# V-SKNN


PAST = sessions_of([0, 1, 4], [0, 2], [1, 2, 3], [5, 6])


def test_past_sessions_vote_by_the_weights_of_what_they_share():
    # Weights: 0 is 1/2, 1 is 2/2. Similarities of the sessions: 3/2, 1/2, 1, none.
    found = ask(SessionKnn(PAST, 7), [0, 1], k=7)
    assert found == [{1: 1.5 + 1, 0: 1.5 + 0.5, 2: 0.5 + 1, 4: 1.5, 3: 1}]
    assert list(found[0])[:2] == [1, 0]


def test_weights_may_fall_quadratically():
    found = ask(SessionKnn(PAST, 7, power=2), [0, 1], k=7)
    assert found == [{1: 1.25 + 1, 0: 1.25 + 0.25, 2: 0.25 + 1, 4: 1.25, 3: 1}]


def test_a_repeated_item_weighs_as_its_latest_occurrence():
    # 1, 0, 1: the first 1 is forgotten, 0 weighs 2/3.
    found = ask(SessionKnn(PAST, 7), [1, 0, 1], k=7)
    assert found[0][4] == pytest.approx(1 + 2 / 3)


def test_only_the_nearest_sessions_vote_the_newer_of_equals():
    assert ask(SessionKnn(PAST, 7, neighbors=1), [0, 1], k=7) == [{0: 1.5, 1: 1.5, 4: 1.5}]
    assert ask(SessionKnn(PAST, 7, neighbors=1), [1], k=7) == [{1: 1, 2: 1, 3: 1}]


def test_only_the_most_recent_sessions_are_compared():
    found = ask(SessionKnn(PAST, 7, sample=2), [0, 1], k=7)
    assert found == [{2: 0.5 + 1, 1: 1, 3: 1, 0: 0.5}]


def test_rare_items_may_be_worth_more():
    votes = ask(SessionKnn(PAST, 7), [0, 1], k=7)[0]
    worth = {
        item: np.log(4 / sum(item in s for s in ([0, 1, 4], [0, 2], [1, 2, 3]))) for item in votes
    }
    found = ask(SessionKnn(PAST, 7, idf=True), [0, 1], k=7)[0]
    sums = {1: 2.5, 0: 2.0, 2: 1.5, 4: 1.5, 3: 1.0}
    assert found == {item: pytest.approx(sums[item] * worth[item]) for item in votes}


@settings(max_examples=60)
@given(
    past=st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=4), min_size=1, max_size=9),
    prefix=st.lists(st.integers(0, 6), min_size=1, max_size=4),
    neighbors=st.integers(1, 4),
    recent=st.integers(1, 4),
)
def test_session_knn_is_its_obvious_twin(
    past: list[list[int]], prefix: list[int], neighbors: int, recent: int
):
    weight = {item: (step + 1) / len(prefix) for step, item in enumerate(prefix)}
    sharing = [number for number, items in enumerate(past) if set(items) & set(weight)][-recent:]
    similarity = {n: sum(weight.get(item, 0) for item in set(past[n])) for n in sharing}
    near = sorted(sharing, key=lambda n: (-round(similarity[n], 6), -n))[:neighbors]
    votes: dict[int, float] = {}
    for n in near:
        for item in set(past[n]):
            votes[item] = votes.get(item, 0) + similarity[n]
    found = ask(SessionKnn(sessions_of(*past), 7, neighbors, recent), prefix, k=7)[0]
    assert found == votes


# what was seen


def test_items_of_the_prefix_are_left_out_and_k_still_come_back():
    ranker = Popularity(np.array([9, 8, 7, 6, 5, 4]))
    ranked = rank_unseen(ranker, cases_of([1, 0, 1], [], [-1], [5, 2]), 3)
    assert ranked.items.tolist() == [[2, 3, 4], [0, 1, 2], [0, 1, 2], [0, 1, 3]]
    assert ranked.scores.tolist() == [[7, 6, 5], [9, 8, 7], [9, 8, 7], [9, 8, 6]]


def test_less_comes_back_where_all_has_been_seen():
    ranked = rank_unseen(Popularity(np.array([9, 8, 7])), cases_of([2, 0], [0, 1, 2]), 2)
    assert ranked.items.tolist() == [[1, -1], [-1, -1]]
    assert ranked.scores.tolist() == [[8, -np.inf], [-np.inf, -np.inf]]


def test_every_baseline_ranks_unseen_items_for_any_prefix():
    baselines = all_baselines(SESSIONS, np.bincount(SESSIONS.items))
    assert len(baselines) == 7
    for ranker in baselines.values():
        ranked = rank_unseen(ranker, cases_of([0], [], [3, -1, 0]), 2)
        assert ranked.items.shape == (3, 2)
        assert 1 in ranked.items[0]
        assert not {3, 0} & set(ranked.items[2].tolist())
