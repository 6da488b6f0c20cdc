"""Large arrays, a block at a time."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

ROWS_AT_ONCE = 65_536


def blocks(matrix: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """The rows of a matrix, some at a time, for what needs room for a copy."""
    for first in range(0, len(matrix), ROWS_AT_ONCE):
        yield matrix[first : first + ROWS_AT_ONCE]
