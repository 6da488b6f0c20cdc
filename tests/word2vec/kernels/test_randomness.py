import numpy as np
import pytest

from tests.naive import Xorshift64
from trainer.word2vec.kernels.randomness import advance, below


@pytest.mark.parametrize("seed", [1, 2**32, 2**64 - 1])
def test_random_bits_are_those_of_the_naive_twin(seed):
    bits, twin = np.uint64(seed), Xorshift64(seed)
    for _ in range(100):
        bits = advance(np.uint64(bits))
        assert int(bits) == twin.bits()


@pytest.mark.parametrize("bound", [1, 3, 2**31 - 1])
def test_a_number_below_a_bound_is_taken_from_the_high_bits(bound):
    assert below(np.uint64(0), bound) == 0
    assert below(np.uint64(2**32 - 1), bound) == 0
    assert below(np.uint64(2**63), bound) == bound // 2
    assert below(np.uint64(2**64 - 1), bound) == bound - 1
