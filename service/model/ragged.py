"""Lists of different lengths in one array, one after another.

List l is `values[offsets[l]:offsets[l + 1]]`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def offsets_of(lengths: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Where each list starts, and where the last one ends: int64 [lists + 1], from 0."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def owners(offsets: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """The list of each value, counted from 0: int64 [values]."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def steps_back(offsets: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """The distance of each value from the last one of its list: int64 [values], from 0."""
    return np.repeat(offsets[1:], np.diff(offsets)) - 1 - np.arange(offsets[0], offsets[-1])


def places(
    starts: NDArray[np.integer[Any]], lengths: NDArray[np.integer[Any]]
) -> NDArray[np.int64]:
    """The places of all values of some lists, list after list.

    Args:
        starts: int [lists], the place of the first value of each list.
        lengths: int [lists].

    Returns:
        int64 [lengths.sum()], indices into the array of values.
    """
    offsets = offsets_of(lengths)
    return np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
