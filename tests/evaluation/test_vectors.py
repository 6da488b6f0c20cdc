from typing import Any

import numba
import numpy as np
import pytest

from tests.worlds import ask, cases_of
from trainer.config.sections import TrainingConfig
from trainer.corpus import Sessions, Vocabulary
from trainer.evaluation.baselines.vectors import VectorScores, item_biases, path_log_probabilities
from trainer.word2vec.huffman import build_tree
from trainer.word2vec.noise import noise_probabilities
from trainer.word2vec.training import TrainedVectors, keep_probability, train

# How often two of six items are bought together, the most frequent item first.
TOGETHER = np.array(
    [
        [0, 48, 24, 12, 6, 3],
        [48, 0, 20, 3, 9, 5],
        [24, 20, 0, 14, 2, 8],
        [12, 3, 14, 0, 16, 6],
        [6, 9, 2, 16, 0, 11],
        [3, 5, 8, 6, 11, 0],
    ]
)
COUNTS = TOGETHER.sum(axis=1)
EMPIRICAL = TOGETHER / COUNTS[:, None]
OTHERS = TOGETHER > 0
HIERARCHICAL = TrainingConfig(sample=0)
NEGATIVE = TrainingConfig(objective="negative-sampling", sample=0)

converges = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="takes compiled kernels")


def trained(**settings: Any) -> tuple[TrainedVectors, TrainingConfig]:
    """Vectors of sessions of two, until nothing changes any more."""
    first, second = np.nonzero(np.triu(TOGETHER))
    pairs = np.repeat(np.column_stack([first, second]), TOGETHER[first, second], axis=0)
    pairs = np.random.default_rng(0).permutation(pairs).astype(np.int32)
    config = TrainingConfig(
        vector_size=8, window=1, alpha=0.1, min_alpha=1e-3, epochs=300, workers=1, **settings
    )
    sessions = Sessions(pairs.ravel(), np.arange(0, pairs.size + 1, 2))
    return train(sessions, Vocabulary(list("abcdef"), COUNTS), config), config


def order(rows: np.ndarray) -> list[list[int]]:
    """For every item the other ones, those with the largest entries first."""
    return np.argsort(-np.where(OTHERS, rows, -np.inf), axis=1)[:, :5].tolist()


def subsampled(config: TrainingConfig) -> np.ndarray:
    """P'(b | a), of the pairs that subsampling leaves."""
    left = EMPIRICAL * keep_probability(COUNTS, config.sample)
    return left / left.sum(axis=1, keepdims=True)


# trained until it converges


@converges
@pytest.mark.parametrize("ns_exponent", [0.75, 0.0, -0.5])
@pytest.mark.parametrize("sample", [0, 0.02])
def test_scores_by_negative_sampling_are_ordered_as_what_was_bought_together(ns_exponent, sample):
    vectors, config = trained(
        objective="negative-sampling", ns_exponent=ns_exponent, sample=sample, negative=5
    )
    scores = vectors.input @ vectors.output.T + item_biases(COUNTS, config)
    assert order(scores) == order(EMPIRICAL)


@converges
@pytest.mark.parametrize("shared", [0, 2.5])
@pytest.mark.parametrize("sample", [0, 0.02])
def test_a_product_of_vectors_is_the_log_odds_of_a_pair_and_its_noise(sample, shared):
    vectors, config = trained(
        objective="negative-sampling", sample=sample, negative=5, shared_negatives=shared
    )
    pairs = np.where(OTHERS, subsampled(config), 0.5)
    # Noise that equals the other item of a pair is passed over, unless it is shared.
    of_noise = config.negative * noise_probabilities(COUNTS, config.ns_exponent)
    expected = np.log(pairs) - np.log(of_noise if shared else of_noise * (1 - pairs))
    wrong = (vectors.input @ vectors.output.T - expected)[OTHERS]
    assert abs(wrong.mean()) < 0.1
    assert wrong.std() < 0.2 < expected[OTHERS].std()


@converges
@pytest.mark.parametrize("sample", [0, 0.02])
def test_hierarchical_softmax_gives_the_probabilities_of_what_was_bought_together(sample):
    vectors, config = trained(sample=sample, objective="hierarchical-softmax")
    found = path_log_probabilities(vectors.input, vectors.output, build_tree(COUNTS))
    np.testing.assert_allclose(np.exp(found), subsampled(config), atol=0.02 if sample == 0 else 0.1)
    assert order(found + item_biases(COUNTS, config)) == order(EMPIRICAL)


# paths


def test_the_probabilities_of_all_paths_sum_to_one():
    random = np.random.default_rng(0)
    counts = np.sort(random.integers(1, 1000, 50))[::-1].astype(np.int64)
    tastes, output = random.normal(size=(2, 50, 4)).astype(np.float32)
    found = path_log_probabilities(tastes[:7], output, build_tree(counts))
    assert found.shape == (7, 50)
    np.testing.assert_allclose(np.exp(found).sum(axis=1), 1, rtol=1e-5)


def test_a_path_is_walked_node_by_node():
    tastes, output = np.random.default_rng(0).normal(size=(2, 6, 3)).astype(np.float32)
    tree = build_tree(COUNTS)
    found = path_log_probabilities(tastes, output, tree)
    for item in range(6):
        rows, labels = tree.path(item)
        signs = 2 * np.array(labels) - 1
        expected = -np.log1p(np.exp(-signs * (tastes @ output[rows].T))).sum(axis=1)
        np.testing.assert_allclose(found[:, item], expected, rtol=1e-5)


# as a ranker

INPUT = np.array([[1, 0], [0, 1], [1, 1]], np.float32)
OUTPUT = np.array([[1, 2], [0, 3], [4, 0]], np.float32)
EVEN = NEGATIVE.model_copy(update={"ns_exponent": 0})


def vector_scores(config: TrainingConfig = EVEN, decay: float = 0.5) -> VectorScores:
    return VectorScores(INPUT, OUTPUT, np.array([8, 4, 1]), config, decay)


def test_items_are_ranked_by_their_product_with_the_last_item():
    assert ask(vector_scores(decay=0), [1, 0], k=3) == [{2: 4.0, 0: 1.0, 1: 0.0}]


def test_the_items_of_a_prefix_are_averaged_by_their_weights():
    assert ask(vector_scores(), [1, 0], k=2) == [{2: 8 / 3, 0: 1 * 2 / 3 + 2 / 3}]


def test_the_noise_is_taken_back_out():
    noisy = NEGATIVE.model_copy(update={"ns_exponent": 1})
    assert ask(vector_scores(noisy), [0], k=1) == [{2: 4.0}]
    very_noisy = NEGATIVE.model_copy(update={"ns_exponent": 3})
    assert ask(vector_scores(very_noisy), [0], k=1) == [{0: 1 + 3 * np.log(8)}]


def test_subsampling_is_taken_back_out():
    # f of the first item is 8 / 13; keep = sqrt(t / f) + t / f with t = .01.
    sampled = EVEN.model_copy(update={"sample": 0.01})
    ratio = 0.01 / (8 / 13)
    [answer] = ask(vector_scores(sampled), [1], k=3)
    assert answer[0] == 2 - np.log(np.sqrt(ratio) + ratio)


@pytest.mark.parametrize("config", [EVEN, HIERARCHICAL], ids=["noise", "paths"])
def test_there_are_no_more_answers_than_items_and_none_to_an_unknown_prefix(config):
    ranked = vector_scores(config).rank(cases_of([0], [-1], []), 5)
    assert np.count_nonzero(ranked.items >= 0, axis=1).tolist() == [3, 0, 0]
    assert (np.isfinite(ranked.scores) == (ranked.items >= 0)).all()
    assert (ranked.items[0, :3] >= 0).all()


@pytest.mark.parametrize("config", [EVEN, HIERARCHICAL], ids=["noise", "paths"])
def test_blocks_of_cases_change_nothing(config, monkeypatch):
    prefixes = [[0], [1, 2], [2], [], [1]]
    at_once = ask(vector_scores(config), *prefixes, k=2)
    monkeypatch.setattr("trainer.evaluation.baselines.vectors.SCORES_PER_BLOCK", 6)
    assert ask(vector_scores(config), *prefixes, k=2) == at_once


def test_paths_are_ranked_by_what_their_probabilities_say():
    [answer] = ask(vector_scores(HIERARCHICAL), [0], k=3)
    assert sum(np.exp(score.expected) for score in answer.values()) == pytest.approx(1)
    assert list(answer) == sorted(answer, key=lambda item: -answer[item].expected)
