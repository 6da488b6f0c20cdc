"""The tastes of one account: which liked items go together, and how an answer is shared among them.

The mean of two tastes that have nothing to do with each other is close to neither. So liked items
are clustered, every taste is asked for alone, and each has places in the answer by its weight.
"""

import heapq
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LEAST_COSINE = 0.05  # on average, of the items of one taste; chosen by bench/tastes.py


def clusters(
    units: NDArray[np.float32],
    weights: NDArray[np.float32],
    most: int,
    least_cosine: float = LEAST_COSINE,
) -> NDArray[np.int64]:
    """Which taste each liked item belongs to.

    Average linkage: the two clusters whose items have the highest mean cosine become one, while it
    is at least `least_cosine` or there are more than `most`. The order of the items changes at most
    the names of tastes of equal weight.

    Args:
        units: float32 [items, vector_size], unit vectors of the liked items.
        weights: float32 [items], at least 0.
        most: how many tastes at most, at least 1.
        least_cosine: of two clusters that become one.

    Returns:
        int64 [items], the number of each item's taste: 0 is the heaviest, then in order of weight.
    """
    rows = [unit.tobytes() for unit in units]
    order = np.array(sorted(range(len(rows)), key=rows.__getitem__), np.int64)
    owners = np.empty_like(order)
    owners[order] = _linked(units[order], most, least_cosine)
    _, firsts, tastes = np.unique(owners, return_index=True, return_inverse=True)
    total = np.bincount(tastes, weights)
    places = np.empty_like(firsts)
    places[np.lexsort((firsts, -total))] = np.arange(len(firsts))
    return places[tastes]


def shares(weights: NDArray[np.float32], k: int) -> list[int]:
    """How many of k places each taste gets: in proportion, by largest remainders.

    Every taste has at least one place, the heaviest first if there are fewer places than tastes.

    Args:
        weights: float32 [tastes], at least 0 and not all 0.
        k: the number of places.
    """
    quotas = k * weights.astype(np.float64) / weights.sum(dtype=np.float64)
    claims = quotas[:, None] - np.arange(k)  # of a taste to its first, second, ... place
    is_later = np.tile(np.arange(k) > 0, (len(weights), 1))  # than the first, which come before all
    # Claims round: of two that are equal, that of the heavier taste comes first.
    lighter_last = np.repeat(-quotas, k)
    takers = np.lexsort((lighter_last, -claims.ravel(), is_later.ravel()))[:k] // max(k, 1)
    places: list[int] = np.bincount(takers, minlength=len(weights)).tolist()
    return places


def interleaved(ranked: Sequence[Sequence[int]], places: Sequence[int]) -> list[tuple[int, int]]:
    """Merges the ranked lists of some tastes so that each is spread over the answer by its share.

    An item of two lists takes a place of the taste that comes to it first. Places of a list that is
    too short go to the others.

    Args:
        ranked: the items of each taste, best first.
        places: how many each taste gets; see `shares`.

    Returns:
        The answer: the taste that each item was taken from, and its place in that list.
    """
    seen: set[int] = set()
    answer: list[tuple[int, int]] = []
    taken = [0] * len(ranked)
    unseen = [iter(enumerate(items)) for items in ranked]
    turns = [(_turn(0, share), taste) for taste, share in enumerate(places)]
    heapq.heapify(turns)
    while turns and len(answer) < sum(places):
        _, taste = turns[0]
        place, item = next(((p, i) for p, i in unseen[taste] if i not in seen), (-1, -1))
        if place < 0:
            heapq.heappop(turns)
            continue
        seen.add(item)
        answer.append((taste, place))
        taken[taste] += 1
        heapq.heapreplace(turns, (_turn(taken[taste], places[taste]), taste))
    return answer


def _turn(taken: int, share: int) -> float:
    """When a taste's next item is due: within 1 while it has places left, after that beyond 1."""
    return (taken + 0.5) / share if share else math.inf


def _linked(units: NDArray[np.float32], most: int, least_cosine: float) -> NDArray[np.int64]:
    """The cluster of each row, as one of its rows: int64 [rows]."""
    # Not a matrix product: BLAS would start threads for it, and wait for them on a busy machine.
    cosines = np.einsum("id,jd->ij", units, units)
    owners = np.arange(len(units))
    merges = sorted(_merges(cosines), reverse=True, key=lambda merge: merge[0])
    for left, (cosine, a, b) in zip(range(len(units), 0, -1), merges, strict=False):
        if cosine < least_cosine and left <= most:
            break
        owners[owners == owners[b]] = owners[a]
    return owners


def _merges(cosines: NDArray[np.float32]) -> list[tuple[float, int, int]]:
    """All merges of average linkage, as the mean cosine and a row of each of the two clusters.

    Goes from row to nearest row until two are nearest to each other, and merges them (Murtagh
    1983): what always merging the two nearest of all comes to, in another order and without looking
    at all pairs each time. The matrix is used up.
    """
    np.fill_diagonal(cosines, -np.inf)
    sizes = np.ones(len(cosines), np.float32)
    merges: list[tuple[float, int, int]] = []
    chain: list[int] = []
    a = 0
    while len(merges) < len(cosines) - 1:
        if chain:
            a = chain.pop()
        row = cosines[a]
        nearest = int(row.argmax())
        if not chain or row[nearest] > row[chain[-1]]:
            chain += [a, nearest]
            continue
        b = chain.pop()
        merges.append((float(row[b]), a, b))
        total = sizes[a] + sizes[b]
        cosines[:, a] = cosines[a] = (sizes[a] * row + sizes[b] * cosines[b]) / total
        cosines[:, b] = cosines[b] = -np.inf
        sizes[a] = total
    return merges
