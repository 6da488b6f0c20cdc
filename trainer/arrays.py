"""Walks over large arrays, one block at a time."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

ROWS_AT_ONCE = 65_536


def blocks(matrix: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """Yields blocks of rows (views) of a matrix, so that a computation copies one at a time."""
    for first in range(0, len(matrix), ROWS_AT_ONCE):
        yield matrix[first : first + ROWS_AT_ONCE]
