"""The compiled step of a layout: every item is drawn to some items and pushed off by others."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainer.compiler import fast_jit

FIRST_MOMENT, SECOND_MOMENT, TINY = np.float32(0.9), np.float32(0.999), np.float32(1e-7)
ONE = np.float32(1)


class Partners(NamedTuple):
    """The other items of each item's pairs: of item i `items[offsets[i]:offsets[i + 1]]`.

    offsets: int64 [items + 1].
    items: int32.
    """

    offsets: NDArray[np.int64]
    items: NDArray[np.int32]


class Pairs(NamedTuple):
    """The three kinds of pairs of PaCMAP, each pair once with either of its items.

    near: neighbors, which are drawn together.
    middling: items that are nearer than most, which are drawn together from afar.
    far: items that are not neighbors, which are pushed apart.
    """

    near: Partners
    middling: Partners
    far: Partners


class Moments(NamedTuple):
    """The state of Adam (Kingma & Ba 2015), of each item and coordinate.

    first: float32 [items, 2], the mean of the gradients.
    second: float32 [items, 2], the mean of their squares.
    """

    first: NDArray[np.float32]
    second: NDArray[np.float32]


@fast_jit
def pull(
    item: int,
    partners: Partners,
    places: NDArray[np.float32],
    strength: np.float32,
    reach: np.float32,
) -> tuple[np.float32, np.float32]:
    """The gradient of an item by `strength * d / (reach + d)`, d = 1 + its squared distances.

    Args:
        item: whose gradient it is.
        partners: of one kind of pair.
        places: float32 [items, 2].
        strength: of the pull; below zero it pushes.
        reach: the squared distance from which on it weakens.
    """
    x, y = places[item, 0], places[item, 1]
    right, up = np.float32(0), np.float32(0)
    numerator = np.float32(2) * strength * reach
    for place in range(partners.offsets[item], partners.offsets[item + 1]):
        other = partners.items[place]
        dx, dy = x - places[other, 0], y - places[other, 1]
        distance = reach + ONE + dx * dx + dy * dy
        slope = numerator / (distance * distance)
        right += slope * dx
        up += slope * dy
    return right, up


@fast_jit
def move(
    first: int,
    last: int,
    pairs: Pairs,
    strengths: tuple[np.float32, np.float32, np.float32],
    places: NDArray[np.float32],
    moved: NDArray[np.float32],
    moments: Moments,
    rate: np.float32,
) -> None:
    """One step of Adam down the loss of PaCMAP (Wang et al., JMLR 22, 2021) for a range of items.

    All items move at once, from `places` to `moved`, so ranges can be done in any order.

    Args:
        first: of the range.
        last: behind it.
        pairs: of all items.
        strengths: of near, middling and far pairs.
        places: float32 [items, 2], where items are.
        moved: float32 [items, 2], where those of the range are put.
        moments: of all items; those of the range are changed.
        rate: of the step, with Adam's correction of the beginning.
    """
    near, middling, far = strengths
    for item in range(first, last):
        right, up = pull(item, pairs.near, places, near, np.float32(10))
        if middling > 0:
            x, y = pull(item, pairs.middling, places, middling, np.float32(10_000))
            right += x
            up += y
        # 1 / (1 + d) is 1 - d / (1 + d).
        x, y = pull(item, pairs.far, places, -far, ONE)
        gradient = (right + x, up + y)
        for axis in range(2):
            slope = gradient[axis]
            mean = FIRST_MOMENT * moments.first[item, axis] + (ONE - FIRST_MOMENT) * slope
            square = SECOND_MOMENT * moments.second[item, axis]
            square += (ONE - SECOND_MOMENT) * slope * slope
            moments.first[item, axis], moments.second[item, axis] = mean, square
            moved[item, axis] = places[item, axis] - rate * mean / (np.sqrt(square) + TINY)
