"""Blocks of neighboring centers, which are trained together."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Centers of a block.
CENTERS = 4
# Positions of the context that share the targets of a center; a wider one is trained in parts.
SPAN = 64


class Centers(NamedTuple):
    """The centers of a chunk of sessions, and what surrounds them.

    items: int32 [positions], the events that are kept, session after session.
    rows: int32 [positions], their rows in both matrices (see `copies`).
    places: int32 [centers], the positions of the centers.
    low, high: int32 [centers]: the context of a center is at low..high-1, without itself.
    """

    items: NDArray[np.int32]
    rows: NDArray[np.int32]
    places: NDArray[np.int32]
    low: NDArray[np.int32]
    high: NDArray[np.int32]


class Block(NamedTuple):
    """Centers that are trained together, and the part of their contexts that is trained.

    first, last: the centers first..last-1, at most CENTERS.
    low, high: the positions low..high-1.
    fresh: the first position that the block before did not have.
    side: 0 or 1, the part of the workspace that it uses.
    """

    first: int
    last: int
    low: int
    high: int
    fresh: int
    side: int


class Workspace(NamedTuple):
    """Memory for two blocks: while one is trained, the rows of the other are on their way.

    room: the targets of a block, at most.
    targets: int64 [2 room], where target rows start in the output matrix.
    n_positive, n_targets: int64 [2 CENTERS], the targets of each center, with label 1 and in all.
    weights: float32 [2 CENTERS room + 16], those of the scores, where centers share targets.
    scores: float32 [MOST_ROWS room + 16].
    starts: int64 [SPAN], where hidden rows start.
    hidden: float32 [2 CENTERS width], hidden rows that are in neither matrix.
    """

    room: int
    targets: NDArray[np.int64]
    n_positive: NDArray[np.int64]
    n_targets: NDArray[np.int64]
    weights: NDArray[np.float32]
    scores: NDArray[np.float32]
    starts: NDArray[np.int64]
    hidden: NDArray[np.float32]
