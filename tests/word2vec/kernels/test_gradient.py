import numpy as np
import pytest

from tests import naive
from tests.word2vec.kernels.worlds import one_step
from trainer.word2vec.huffman import build_tree


def test_the_gradient_agrees_with_finite_differences_of_the_loss():
    random = np.random.default_rng(5)
    hidden, output = random.normal(size=(1, 4)), random.normal(size=(5, 4))
    targets, labels = [0, 3, 1, 4], [1, 0, 0, 0]

    def loss(hidden, output):
        scores = hidden @ output[targets].T
        return naive.loss(scores, np.broadcast_to(labels, scores.shape))

    stepped_hidden, stepped_output, _ = one_step(hidden, output, targets, labels, alpha=1.0)
    for matrix, step in (
        (hidden, stepped_hidden - hidden),
        (output, stepped_output - output),
    ):
        for place in np.ndindex(matrix.shape):
            value = matrix[place]
            matrix[place] = value + 1e-5
            above = loss(hidden, output)
            matrix[place] = value - 1e-5
            below = loss(hidden, output)
            matrix[place] = value
            assert step[place] == pytest.approx(-(above - below) / 2e-5, abs=2e-6)


@pytest.mark.parametrize("score", [-60.0, -20.0, -3.0, 0.0, 0.5, 9.0, 30.0])
@pytest.mark.parametrize("label", [0, 1])
def test_sigmoid_and_loss_are_exact_at_any_score(score, label):
    hidden, output = np.array([[score]]), np.array([[1.0]])
    stepped, _, loss = one_step(hidden, output, [0], [label], alpha=1.0)
    probability = naive.sigmoid(score)
    assert stepped[0, 0] - score == pytest.approx(label - probability, abs=4e-6)
    assert loss == pytest.approx(
        float(np.logaddexp(0, score if label == 0 else -score)), rel=1e-5, abs=1e-6
    )


def test_a_row_that_stands_twice_gets_both_of_its_steps():
    hidden, output = np.array([[0.3]]), np.array([[0.2]])
    once, _, _ = one_step(hidden, output, [0], [0], alpha=0.01)
    twice, _, _ = one_step(hidden, output, [0, 0], [0, 0], alpha=0.01)
    assert twice[0, 0] - 0.3 == pytest.approx(2 * (once[0, 0] - 0.3), rel=0.01)


def test_hierarchical_softmax_gives_probabilities_that_sum_to_one():
    random = np.random.default_rng(7)
    counts = np.array([9, 7, 5, 4, 2, 1])
    tree = build_tree(counts)
    hidden, output = random.normal(size=8), random.normal(size=(6, 8))
    total = 0.0
    for item in range(6):
        rows, labels = tree.path(item)
        # The kernel's own loss of this path is minus the log of the item's probability.
        _, _, loss = one_step(hidden[None, :], output, rows, labels, alpha=0.0)
        total += np.exp(-loss)
    assert total == pytest.approx(1.0, abs=1e-6)
