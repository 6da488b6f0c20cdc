"""The most frequent items in a plane."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.model.artifact import Artifact
from service.model.similarity import unit
from trainer.view.page.groups import Groups, groups_of
from trainer.view.page.samples import name_of

MAPPED_ITEMS = 2000


@dataclass(frozen=True, eq=False)
class ItemMap:
    """Items in a plane.

    Attributes:
        names: one per item, the most frequent first.
        counts: int64 [items].
        places: float64 [items, 2].
        groups: which group each item is in.
    """

    names: list[str]
    counts: NDArray[np.int64]
    places: NDArray[np.float64]
    groups: Groups


def item_map(artifact: Artifact) -> ItemMap:
    """The most frequent items of a model, by the directions in which their groups differ most."""
    frequent = np.argsort(-artifact.counts, kind="stable")[:MAPPED_ITEMS]
    rows = frequent.tolist()
    units = unit(np.asarray(artifact.input_vectors[frequent]))
    names = [name_of(artifact, item) for item in rows]
    metadata = {
        column: [values[item] for item in rows] for column, values in artifact.metadata.items()
    }
    groups = groups_of(metadata, names, units)
    return ItemMap(names, artifact.counts[frequent], plane(units, groups.members), groups)


def plane(vectors: NDArray[np.float32], members: NDArray[np.int64]) -> NDArray[np.float64]:
    """The vectors along the first two principal components of the means of their groups.

    What the means leave open, as those of two groups do, the components of the rest decide.

    Args:
        vectors: float32 [items, vector_size].
        members: int64 [items], the group of each.

    Returns:
        float64 [items, 2]; a component that does not exist is 0.
    """
    centered = vectors - vectors.mean(axis=0, dtype=np.float64)
    sizes = np.bincount(members)
    sums = np.zeros((len(sizes), vectors.shape[1]))
    np.add.at(sums, members, centered)
    means = sums / np.maximum(sizes, 1)[:, None]
    axes = _components(np.sqrt(sizes)[:, None] * means)
    rest = centered - centered @ axes.T @ axes
    axes = np.concatenate([axes, _components(rest)])[:2]
    places = np.zeros((len(vectors), 2))
    places[:, : len(axes)] = centered @ axes.T
    return places


def _components(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Up to two directions in which rows lie farthest from zero: float64 [0..2, columns]."""
    _, spread, directions = np.linalg.svd(rows, full_matrices=False)
    exists = spread > 1e-6 * max(float(spread.max(initial=0.0)), 1.0)
    found: NDArray[np.float64] = directions[exists][:2]
    return found
