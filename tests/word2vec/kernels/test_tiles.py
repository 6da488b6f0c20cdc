import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import naive
from trainer.word2vec.kernels.simd import LANES
from trainer.word2vec.kernels.tiles import MOST_ROWS, score, step, step_together

ITEMS = 5
SCRATCH = 7.0


class World:
    """Small matrices, rows and targets in them (some of them twice), and errors."""

    def __init__(self, n_rows, n_targets, vectors, seed):
        random = np.random.default_rng(seed)
        self.width = vectors * LANES
        self.hidden, self.output = random.normal(size=(2, ITEMS, self.width)).astype(np.float32)
        self.rows, self.targets = (random.integers(0, ITEMS, n) for n in (n_rows, n_targets))
        self.errors = random.normal(size=(n_rows, n_targets)).astype(np.float32)

    def call(self, operation, numbers, place):
        """Calls an operation on rows and targets that do not stand at the start of their arrays."""
        starts = np.concatenate([[-1], self.rows * self.width])
        targets = np.concatenate([[-1, -1], self.targets * self.width])
        hidden, output = self.hidden.ravel(), self.output.ravel()
        end = len(targets)
        n_rows = len(self.rows)
        operation(hidden, starts, 1, n_rows, output, targets, 2, end, numbers, place, self.width)


worlds = st.builds(
    World, st.integers(1, MOST_ROWS), st.integers(1, 19), st.integers(1, 3), st.integers(0, 99)
)


@settings(deadline=None)
@given(worlds, st.integers(0, 5))
def test_scores_are_the_products_of_all_pairs(world, place):
    n = world.errors.size
    scores = np.full(place + n + LANES, SCRATCH, np.float32)
    world.call(score, scores, place)
    products = world.hidden[world.rows] @ world.output[world.targets].T
    np.testing.assert_allclose(scores[place : place + n], products.T.ravel(), atol=1e-4)
    assert (scores[:place] == SCRATCH).all()


@settings(deadline=None)
@given(worlds, st.integers(0, 5), st.sampled_from([step, step_together]))
def test_steps_are_those_of_the_naive_twin(world, place, operation):
    hidden, output = (matrix.astype(np.float64) for matrix in (world.hidden, world.output))
    together = operation is step_together
    naive.step(hidden, world.rows, output, world.targets, world.errors, together=together)
    errors = np.concatenate([np.full(place, SCRATCH), world.errors.T.ravel()]).astype(np.float32)
    world.call(operation, errors, place)
    scale = max(1, np.abs(hidden).max(), np.abs(output).max())
    np.testing.assert_allclose(world.hidden, hidden, atol=1e-4 * scale)
    np.testing.assert_allclose(world.output, output, atol=1e-4 * scale)


@pytest.mark.parametrize("operation", [step, step_together])
def test_a_hidden_row_that_stands_twice_gets_both_of_its_steps(operation):
    hidden, output = np.zeros((2, LANES), np.float32)
    output[0] = 1.0
    errors = np.array([0.25, 0.5], np.float32)
    twice, target = np.zeros(2, np.int64), np.zeros(1, np.int64)
    operation(hidden, twice, 0, 2, output, target, 0, 1, errors, 0, LANES)
    assert hidden[0] == 0.75
