"""Random numbers: xorshift64 (Marsaglia 2003), 64 bits a draw."""

import numpy as np

from trainer.compiler import inner_jit

LOW_HALF = np.uint64(0xFFFFFFFF)
HALF = np.uint64(32)


@inner_jit
def advance(x: np.uint64) -> np.uint64:
    """The state, not zero, after `x`; its 64 bits are the random ones."""
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    return x


@inner_jit
def below(bits: np.uint64, bound: int) -> np.int64:
    """A number in 0..bound-1 from the high half of 64 random bits."""
    return np.int64(((bits >> HALF) * np.uint64(bound)) >> HALF)
