"""Lays items out in a plane by their neighbors: PaCMAP (Wang et al., JMLR 22, 2021).

The same loss, pairs and schedule as in the authors' program; but all items move at once, which many
threads can do and which gives the same places for the same seed, and a layout can go on from an
earlier one.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from trainer.maps.kernels import Moments, Pairs, move
from trainer.threads import threads

Strengths = tuple[np.float32, np.float32, np.float32]

PHASES = 100, 100, 250  # steps: from afar, in the middle, near by
GOING_ON = 150  # steps from an earlier layout, near by
FROM_AFAR, IN_THE_MIDDLE = 1000.0, 3.0  # strengths of middling pairs
START = 0.01  # of the principal components that a layout begins from
FIRST_MOMENT, SECOND_MOMENT = 0.9, 0.999
ITEMS_OF_A_THREAD = 2_000  # fewer are not worth one


def lay_out(
    units: NDArray[np.float32],
    pairs: Pairs,
    workers: int,
    earlier: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Places of items in a plane.

    Args:
        units: float32 [items, vector_size], unit vectors.
        pairs: that are drawn together, or pushed apart.
        workers: threads; the places do not depend on their number.
        earlier: float32 [items, 2], the places to go on from; None begins anew.

    Returns:
        float32 [items, 2].
    """
    places = START * _components(units) if earlier is None else earlier.astype(np.float32)
    strengths = list(_near_by(GOING_ON) if earlier is not None else _schedule())
    return _descend(places, pairs, strengths, workers)


def _schedule() -> Iterator[Strengths]:
    """The strengths of each step of a new layout."""
    from_afar, in_the_middle, near_by = PHASES
    for step in range(from_afar):
        share = step / from_afar
        yield _strengths(2.0, (1 - share) * FROM_AFAR + share * IN_THE_MIDDLE)
    for _ in range(in_the_middle):
        yield _strengths(3.0, IN_THE_MIDDLE)
    yield from _near_by(near_by)


def _near_by(steps: int) -> Iterator[Strengths]:
    for _ in range(steps):
        yield _strengths(1.0, 0.0)


def _strengths(near: float, middling: float) -> Strengths:
    return np.float32(near), np.float32(middling), np.float32(1)


def _descend(
    places: NDArray[np.float32], pairs: Pairs, strengths: list[Strengths], workers: int
) -> NDArray[np.float32]:
    items = len(places)
    moments = Moments(np.zeros_like(places), np.zeros_like(places))
    moved = np.empty_like(places)
    parts = max(1, min(workers, items // ITEMS_OF_A_THREAD))
    bounds = np.linspace(0, items, parts + 1).astype(int).tolist()
    ranges = list(pairwise(bounds))
    with threads(parts) as in_threads:
        for step, strength in enumerate(strengths, start=1):
            rate = np.float32(np.sqrt(1 - SECOND_MOMENT**step) / (1 - FIRST_MOMENT**step))

            def part(bound: tuple[int, int]) -> None:
                move(*bound, pairs, strength, places, moved, moments, rate)  # noqa: B023

            for _ in in_threads(part, ranges):
                pass
            places, moved = moved, places
    return places


def _components(units: NDArray[np.float32]) -> NDArray[np.float32]:
    """The two directions in which the vectors lie farthest from their mean: float32 [items, 2]."""
    centered = units - units.mean(axis=0)
    _, directions = np.linalg.eigh(centered.T @ centered)
    found: NDArray[np.float32] = np.zeros((len(units), 2), np.float32)
    axes = directions[:, ::-1][:, :2]
    found[:, : axes.shape[1]] = centered @ axes
    return found
