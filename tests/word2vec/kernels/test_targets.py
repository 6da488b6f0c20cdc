import numpy as np
import pytest

from tests import naive
from trainer.config.sections import TrainingConfig
from trainer.word2vec.huffman import build_tree
from trainer.word2vec.kernels.copies import Copies
from trainer.word2vec.kernels.targets import fill_targets
from trainer.word2vec.matrices import Matrices
from trainer.word2vec.noise import noise_table
from trainer.word2vec.objectives import HierarchicalSoftmax, NegativeSampling

COUNTS = np.array([9, 7, 5, 4, 2, 1])
CONFIG = TrainingConfig(negative=4)
WIDTH = 16
MATRICES = Matrices(np.zeros(6 * WIDTH, np.float32), np.zeros(6 * WIDTH, np.float32), WIDTH)


def filled(source, center):
    """The targets of a center, and how many of them have label 1."""
    starts = np.full(source.max_targets + 3, -1)
    n_positive, n = fill_targets(source, center, MATRICES, Copies(0, 0, 0, 1.0), starts, 3)
    assert (starts[:3] == -1).all()
    return (starts[3 : 3 + n] // WIDTH).tolist(), n_positive


def test_noise_is_that_of_the_naive_twin_however_much_is_taken():
    source = NegativeSampling(COUNTS, CONFIG).targets(np.uint64(7))
    setting = naive.Setting(negative=4, alias=noise_table(COUNTS, 0.75).astype(np.int64))
    twin = naive.Xorshift64(7)
    for step in range(32):
        expected, _ = naive.targets_of(step % 6, setting, twin)
        assert filled(source, step % 6) == (expected, 1)


@pytest.mark.parametrize("center", range(6))
def test_a_path_is_that_of_the_tree_nodes_with_label_1_first(center):
    rows, labels = build_tree(COUNTS).path(center)
    source = HierarchicalSoftmax(COUNTS, CONFIG).targets(np.uint64(1))
    targets, n_positive = filled(source, center)
    assert n_positive == sum(labels)
    assert sorted(targets) == sorted(rows)
    assert set(targets[:n_positive]) == {
        row for row, label in zip(rows, labels, strict=True) if label
    }
