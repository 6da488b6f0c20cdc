"""Sparse item-by-item counts from which the baselines are built."""

from collections.abc import Callable

import numpy as np
from scipy import sparse

from trainer.corpus import Sessions


def pair_counts(
    sessions: Sessions, items: int, window: int, weight: Callable[[int], float] = lambda _: 1.0
) -> sparse.csr_array:
    """How often each item (column) came after each other item (row) of a session.

    Args:
        sessions: the training sessions.
        items: the size of the catalogue.
        window: the widest distance of a pair.
        weight: how much a pair at a given distance counts.

    Returns:
        float32 [items, items]: Σ_d weight(d) · |pairs at distance d ≤ window|.
    """
    session = sessions.owners()
    counts = sparse.csr_array((items, items), dtype=np.float32)
    longest = int(sessions.lengths().max(initial=0))
    for distance in range(1, min(window, longest - 1) + 1):
        same_session = session[:-distance] == session[distance:]
        pairs = (sessions.items[:-distance][same_session], sessions.items[distance:][same_session])
        values = np.full(len(pairs[0]), weight(distance), np.float32)
        counts = counts + sparse.coo_array((values, pairs), shape=(items, items)).tocsr()
    return counts


def transitions(sessions: Sessions, items: int) -> sparse.csr_array:
    """A first-order Markov chain: how often an item came directly after another."""
    return pair_counts(sessions, items, 1)


def sequential_rules(sessions: Sessions, items: int, window: int = 10) -> sparse.csr_array:
    """How often an item came later in a session, each time worth 1 / distance.

    Kamehkhosh, Jannach & Ludewig 2017; Ludewig & Jannach, arXiv 1803.09587, §3.1.
    """
    return pair_counts(sessions, items, window, lambda distance: 1 / distance)


def co_occurrence(
    sessions: Sessions,
    items: int,
    window: int = 3,
    weight: Callable[[int], float] = lambda _: 1.0,
    backwards: float = 1.0,
) -> sparse.csr_array:
    """How often two items were at most `window` positions apart.

    Args:
        sessions: the training sessions.
        items: the size of the catalogue.
        window: the widest distance of a pair.
        weight: how much a pair at a given distance counts.
        backwards: how much a pair in reverse order counts, relative to one in order; 1 ignores
            the order.
    """
    after = pair_counts(sessions, items, window, weight)
    return (after + backwards * after.T).tocsr()


def shares(counts: sparse.csr_array) -> sparse.csr_array:
    """Each row divided by its sum; an empty row stays empty."""
    sums = counts.sum(axis=1)
    divided = counts / np.where(sums > 0, sums, 1)[:, None]
    return sparse.csr_array(divided, dtype=np.float32)


def item_cosine(sessions: Sessions, items: int) -> sparse.csr_array:
    """Item-kNN: the cosine of two items' columns in the matrix of sessions by items.

    |sessions with a and b| / √(|sessions with a| · |sessions with b|), 0 for an item and itself.
    A baseline of Hidasi et al., arXiv 1511.06939. The work grows with the square of a session's
    length.
    """
    matrix = session_matrix(sessions, items)
    products = (matrix.T @ matrix).tocoo()
    norms = np.sqrt(matrix.sum(axis=0))
    first, second = products.coords
    cosines = products.data / (norms[first] * norms[second])
    distinct = first != second
    return sparse.coo_array(
        (cosines[distinct].astype(np.float32), (first[distinct], second[distinct])),
        shape=(items, items),
    ).tocsr()


def session_matrix(sessions: Sessions, items: int) -> sparse.csr_array:
    """The items of each session: float32 [sessions, items], 1 where a session has an item."""
    matrix = sparse.csr_array(
        (np.ones(len(sessions.items), np.float32), sessions.items, sessions.offsets),
        shape=(len(sessions), items),
        copy=True,
    )
    matrix.sum_duplicates()
    matrix.data[:] = 1
    return matrix
