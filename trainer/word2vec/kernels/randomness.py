"""Random numbers: xorshift64 (Marsaglia 2003), 64 bits a draw."""

import numpy as np
from numpy.typing import NDArray

from trainer.compiler import fast_jit

LOW_HALF = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)


@fast_jit
def next_bits(state: NDArray[np.uint64]) -> np.uint64:
    """64 random bits; the state, uint64 [1], must not be zero."""
    x: np.uint64 = state[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    state[0] = x
    return x


@fast_jit
def below(bits: np.uint64, bound: int) -> np.int64:
    """A number in 0..bound-1 from the high half of 64 random bits."""
    return np.int64(((bits >> HALF) * np.uint64(bound)) >> HALF)
