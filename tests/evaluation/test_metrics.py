import itertools

import numpy as np
import pytest
import pytrec_eval
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.evaluation import metrics
from trainer.evaluation.bootstrap import bootstrap_means, interval
from trainer.evaluation.ranking import MISSED, Ranked, answer_ranks

K = 5
ITEMS = 12


def ranked(*rows: list[tuple[int, float]]) -> Ranked:
    """Lists of (item, score), as long as the longest."""
    width = max(len(row) for row in rows)
    items = np.full((len(rows), width), -1, np.int32)
    scores = np.full((len(rows), width), -np.inf, np.float32)
    for case, row in enumerate(rows):
        for place, (item, score) in enumerate(row):
            items[case, place], scores[case, place] = item, score
    return Ranked(items, scores)


# ranks


def test_the_best_item_has_rank_0():
    lists = ranked([(4, 3.0), (2, 2.0), (7, 1.0)])
    assert answer_ranks(lists, np.array([4], np.int32)).tolist() == [0]
    assert answer_ranks(lists, np.array([2], np.int32)).tolist() == [1]


@pytest.mark.parametrize("answer", [7, 9, -1])
def test_an_answer_at_place_k_or_beyond_or_unknown_is_missed(answer: int):
    lists = ranked([(4, 3.0), (2, 2.0), (7, 1.0)])
    assert answer_ranks(lists, np.array([answer], np.int32)).tolist() == [MISSED]


def test_ties_count_against_the_model():
    lists = ranked([(4, 3.0), (2, 2.0), (7, 2.0), (1, 1.0)])
    assert answer_ranks(lists, np.array([2], np.int32)).tolist() == [2]
    assert answer_ranks(lists, np.array([7], np.int32)).tolist() == [2]


def test_a_tie_that_reaches_the_place_after_k_is_missed():
    lists = ranked([(4, 3.0), (2, 2.0), (7, 2.0), (1, 2.0)])
    assert answer_ranks(lists, np.array([2], np.int32)).tolist() == [MISSED]


def test_nothing_recommended_is_a_miss_and_not_a_tie():
    empty = ranked([(4, 1.0), (2, 0.5)], [])
    assert answer_ranks(empty, np.array([-1, 3], np.int32)).tolist() == [MISSED, MISSED]


def test_fewer_items_than_k_are_ranked_as_they_are():
    lists = ranked([(4, 1.0), (2, 0.5), (-1, -np.inf), (-1, -np.inf)])
    assert answer_ranks(lists, np.array([2], np.int32)).tolist() == [1]


@settings(max_examples=100)
@given(scores=st.lists(st.integers(0, 4), min_size=K + 1, max_size=12), data=st.data())
def test_a_list_of_k_plus_1_knows_every_rank_below_k(scores: list[int], data: st.DataObject):
    answer = data.draw(st.integers(0, len(scores) - 1))
    order = data.draw(st.permutations(range(len(scores))))  # ties in any order
    best = sorted(order, key=lambda item: -scores[item])[: K + 1]
    rank = sum(score >= scores[answer] for score in scores) - 1
    found = answer_ranks(
        ranked([(item, float(scores[item])) for item in best]), np.array([answer], np.int32)
    )
    assert found.tolist() == [rank if rank < K else MISSED]


# agreement with trec_eval, a program of others

cases_of_lists = st.lists(
    st.tuples(
        st.permutations(range(ITEMS)).map(lambda items: items[: K + 1]), st.integers(0, ITEMS - 1)
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=50)
@given(cases=cases_of_lists)
def test_hits_ndcg_and_reciprocal_ranks_are_those_of_trec_eval(
    cases: list[tuple[list[int], int]],
):
    lists = ranked(*[[(item, 10.0 - place) for place, item in enumerate(row)] for row, _ in cases])
    ranks = answer_ranks(lists, np.array([answer for _, answer in cases], np.int32))
    relevant = {f"{case:03}": {str(answer): 1} for case, (_, answer) in enumerate(cases)}
    run = {
        f"{case:03}": {str(item): 10.0 - place for place, item in enumerate(row[:K])}
        for case, (row, _) in enumerate(cases)
    }
    theirs = pytrec_eval.RelevanceEvaluator(
        relevant, {f"recall.{K}", f"success.{K}", f"ndcg_cut.{K}", "recip_rank"}
    ).evaluate(run)
    for ours, name in [
        (metrics.hit, f"recall_{K}"),
        (metrics.hit, f"success_{K}"),
        (metrics.ndcg, f"ndcg_cut_{K}"),
        (metrics.reciprocal_rank, "recip_rank"),
    ]:
        expected = [theirs[case][name] for case in sorted(theirs)]
        np.testing.assert_allclose(ours(ranks, K), expected, atol=1e-7)


def test_metrics_at_a_smaller_k_need_no_other_ranks():
    ranks = np.array([0, 2, 4, MISSED])
    assert metrics.hit(ranks, 3).tolist() == [1, 1, 0, 0]
    assert metrics.reciprocal_rank(ranks, 3).tolist() == [1, 1 / 3, 0, 0]
    assert metrics.ndcg(ranks, 3).tolist() == [1, 0.5, 0, 0]


# what is recommended

LISTS = np.array([[0, 1, 2], [0, 1, 3], [0, -1, -1], [-1, -1, -1]], np.int32)


def test_coverage_is_the_share_of_items_recommended_to_anyone():
    assert metrics.coverage(metrics.item_frequency(LISTS, 8)) == 4 / 8


def test_personalisation_is_one_minus_the_mean_overlap_of_two_lists():
    sets = [set(row[row >= 0].tolist()) for row in LISTS]
    overlaps = [len(one & other) / 3 for one, other in itertools.combinations(sets, 2)]
    found = metrics.personalisation(metrics.item_frequency(LISTS, 8), len(LISTS), 3)
    assert found == pytest.approx(1 - np.mean(overlaps))


def test_the_same_list_for_everyone_is_not_personal_and_disjoint_lists_are():
    same = np.tile(np.arange(3, dtype=np.int32), (5, 1))
    disjoint = np.arange(15, dtype=np.int32).reshape(5, 3)
    assert metrics.personalisation(metrics.item_frequency(same, 15), 5, 3) == 0
    assert metrics.personalisation(metrics.item_frequency(disjoint, 15), 5, 3) == 1


def test_a_single_list_has_nothing_to_differ_from():
    assert metrics.personalisation(metrics.item_frequency(LISTS[:1], 8), 1, 3) is None


def test_popularity_is_the_mean_share_of_events_of_what_is_recommended():
    counts = np.array([50, 30, 10, 10])
    found = metrics.mean_popularity(metrics.item_frequency(LISTS, 4), counts)
    assert found == pytest.approx((3 * 0.5 + 2 * 0.3 + 0.1 + 0.1) / 7)
    assert metrics.mean_popularity(np.zeros(4, np.int64), counts) is None


def test_a_case_is_unanswered_where_its_list_is_empty():
    assert metrics.unanswered(LISTS).tolist() == [False, False, False, True]


def test_deciles_begin_with_the_most_frequent_items():
    counts = np.arange(20)
    assert metrics.popularity_deciles(counts).tolist() == [9 - item // 2 for item in range(20)]
    assert metrics.popularity_deciles(np.array([5, 9, 1])).tolist() == [3, 0, 6]


# intervals


def test_the_interval_of_independent_cases_is_that_of_the_normal_approximation():
    values = np.random.default_rng(0).random((2000, 1)) < 0.3
    drawn = bootstrap_means(values.astype(float), np.arange(2000), 2000, seed=1)
    low, high = interval(drawn[:, 0])
    mean = values.mean()
    reach = 1.96 * np.sqrt(mean * (1 - mean) / 2000)
    assert low == pytest.approx(mean - reach, abs=0.15 * reach)
    assert high == pytest.approx(mean + reach, abs=0.15 * reach)


def test_cases_that_repeat_within_a_session_do_not_make_the_interval_narrower():
    values = np.random.default_rng(0).random((300, 1))
    once = bootstrap_means(values, np.arange(300), 500, seed=1)
    tenfold = bootstrap_means(np.repeat(values, 10, 0), np.repeat(np.arange(300), 10), 500, seed=1)
    np.testing.assert_allclose(tenfold, once)


def test_a_session_of_many_cases_weighs_by_its_cases():
    values = np.array([[1.0], [0.0], [0.0], [0.0]])
    drawn = bootstrap_means(values, np.array([7, 3, 3, 3]), 200, seed=0)
    assert sorted(set(drawn[:, 0])) == [0, 1 / 4, 1]  # drawn: 3 twice, both, 7 twice


def test_columns_see_the_same_sessions_so_that_their_difference_is_paired():
    value = np.random.default_rng(0).random(500)
    columns = np.column_stack([value + 0.01, value])
    drawn = bootstrap_means(columns, np.arange(500), 300, seed=0)
    np.testing.assert_allclose(drawn[:, 0] - drawn[:, 1], 0.01)


def test_blocks_of_resamples_draw_what_one_block_draws(monkeypatch: pytest.MonkeyPatch):
    values = np.random.default_rng(0).random((50, 2))
    expected = bootstrap_means(values, np.arange(50) // 3, 40, seed=5)
    monkeypatch.setattr("trainer.evaluation.bootstrap.DRAWS_PER_BLOCK", 60)
    np.testing.assert_allclose(bootstrap_means(values, np.arange(50) // 3, 40, seed=5), expected)
