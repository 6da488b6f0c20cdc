import numpy as np
import pytest

from trainer.word2vec.kernels.logistic import scores_to_steps, weighted_steps
from trainer.word2vec.kernels.simd import LANES

SCORES = np.array([-60.0, -20.0, -3.0, -1e-3, 0.0, 0.5, 9.0, 30.0, 88.0], np.float32)


@pytest.mark.parametrize("n", [1, LANES - 1, LANES, LANES + 1, 3 * LANES])
@pytest.mark.parametrize("share", [0, 0.5, 1])
def test_steps_and_loss_are_exact_for_any_number_of_scores(n, share):
    n_positive = round(share * n)
    wide = np.resize(SCORES, n).astype(np.float64)
    scores = np.full(-(-n // LANES) * LANES, 7, np.float32)  # what is behind has no loss
    scores[:n] = wide
    loss = scores_to_steps(scores, 0, n_positive, n, np.float32(0.1))
    labels = np.arange(n) < n_positive
    np.testing.assert_allclose(scores[:n], 0.1 * (labels - 1 / (1 + np.exp(-wide))), atol=1e-7)
    expected = np.logaddexp(0, np.where(labels, -wide, wide)).sum()
    assert loss == pytest.approx(expected, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("n", [1, LANES - 1, LANES, LANES + 1, 3 * LANES])
def test_weights_multiply_steps_and_loss(n):
    room = -(-n // LANES) * LANES
    scores, weights = np.full((2, room), 7, np.float32)
    scores[:n] = wide = np.resize(SCORES, n)
    weights[:n] = np.resize([0, 0.25, 1, 3], n)
    weights[n:] = 0
    loss = weighted_steps(scores, weights, 0, n // 2, n, np.float32(0.1))
    labels = np.arange(n) < n // 2
    errors = labels - 1 / (1 + np.exp(-wide.astype(np.float64)))
    np.testing.assert_allclose(scores[:n], 0.1 * weights[:n] * errors, atol=3e-7)
    expected = weights[:n] @ np.logaddexp(0, np.where(labels, -wide, wide).astype(np.float64))
    assert loss == pytest.approx(expected, rel=1e-5, abs=1e-6)
