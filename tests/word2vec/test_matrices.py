import numpy as np
import pytest

from service.model.similarity import unit
from trainer.config.sections import TrainingConfig
from trainer.corpus import Vocabulary
from trainer.word2vec.matrices import KnownVectors, new_matrices, rows, take_over
from trainer.word2vec.training import train

SETTINGS = TrainingConfig(vector_size=5, workers=1, epochs=1, seed=3)


def vocabulary(*item_ids: str) -> Vocabulary:
    return Vocabulary(item_ids, np.ones(len(item_ids), np.int64))


def test_input_rows_begin_small_and_output_rows_at_zero():
    matrices = new_matrices(100, SETTINGS)
    start = rows(matrices.input, matrices.width)
    assert matrices.width == 16
    assert np.abs(start[:, :5]).max() <= 1 / 5
    assert np.abs(start[:, :5]).mean() == pytest.approx(0.5 / 5, rel=0.1)
    assert not start[:, 5:].any()
    assert not matrices.output.any()


def test_rows_begin_at_a_cache_line():
    for items in range(1, 9):
        matrices = new_matrices(items, SETTINGS)
        assert matrices.input.ctypes.data % 64 == matrices.output.ctypes.data % 64 == 0


def test_known_items_keep_their_vectors_and_new_ones_begin_at_random():
    matrices, fresh = new_matrices(3, SETTINGS), new_matrices(3, SETTINGS)
    known = KnownVectors(["gone", "b", "a"], np.eye(3, 5, dtype=np.float32), None)
    assert take_over(matrices, vocabulary("a", "new", "b"), known) == 2
    start = rows(matrices.input, 16)
    assert start[0, :5].tolist() == [0, 0, 1, 0, 0]
    assert start[2, :5].tolist() == [0, 1, 0, 0, 0]
    assert start[1].tolist() == rows(fresh.input, 16)[1].tolist()
    assert not matrices.output.any()


def test_output_rows_are_taken_over_where_they_belong_to_items():
    matrices = new_matrices(2, SETTINGS)
    known = KnownVectors(["b"], np.ones((1, 5), np.float32), np.full((1, 5), 2, np.float32))
    take_over(matrices, vocabulary("a", "b"), known)
    assert rows(matrices.output, 16)[:, 0].tolist() == [0, 2]


def test_a_run_that_hardly_learns_ends_where_it_began(islands):
    sessions, vocabulary = islands
    names = list(vocabulary.item_ids)
    vectors = np.random.default_rng(0).normal(size=(8, 5)).astype(np.float32)
    known = KnownVectors(names, vectors, vectors[::-1].copy())
    still = TrainingConfig(vector_size=5, workers=1, epochs=1, alpha=1e-12, min_alpha=0)
    trained = train(sessions, vocabulary, still, known=known)
    np.testing.assert_allclose(trained.input, vectors, atol=1e-6)
    np.testing.assert_allclose(trained.output, vectors[::-1], atol=1e-6)


@pytest.mark.parametrize("objective", ["negative-sampling", "hierarchical-softmax"])
def test_a_warm_start_keeps_the_directions_of_the_vectors(islands, objective):
    """Also where the output vectors belong to a tree, which is another one in every run."""
    sessions, vocabulary = islands

    def vectors(seed: int, known: KnownVectors | None = None) -> np.ndarray:
        config = TrainingConfig(
            objective=objective, vector_size=32, epochs=40, sample=0, workers=1, seed=seed
        )
        return unit(train(sessions, vocabulary, config, known=known).input)

    first = vectors(seed=1)
    warm = vectors(seed=2, known=KnownVectors(vocabulary.item_ids, first, None))
    cold = vectors(seed=2)
    assert (first * warm).sum(axis=1).min() > 0.6
    assert np.abs((first * cold).sum(axis=1)).mean() < 0.4
