"""Groups of items, which color the map: the values of a column, or clusters of the vectors."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.maps.clusters import cluster_names, clusters_of

MOST_VALUES = 12  # of a column that colors the map
MOST_GROUPS = 8  # that have a color of their own; the last may be of all other values
ITEMS_PER_CLUSTER = 25
OTHER = "other"


@dataclass(frozen=True, eq=False)
class Groups:
    """Which group each item is in.

    Attributes:
        kind: what the groups are, in words.
        names: one per group.
        members: int64 [items], the group of each item.
    """

    kind: str
    names: list[str]
    members: NDArray[np.int64]


def groups_of(
    metadata: Mapping[str, Sequence[Any]], names: Sequence[str], units: NDArray[np.float32]
) -> Groups:
    """Groups items by the first column of few values, else by their vectors.

    Args:
        metadata: columns, name to one value per item.
        names: of the items, the most frequent first.
        units: float32 [items, vector_size], unit vectors.
    """
    for column, values in metadata.items():
        if _has_few_values(values):
            return _by_value(column, values)
    return _by_vector(names, units)


def _has_few_values(values: Sequence[Any]) -> bool:
    """Whether there are 2 to MOST_VALUES, of at least half of the items."""
    known = [value for value in values if isinstance(value, str | bool)]
    return 2 * len(known) >= len(values) and 2 <= len(set(known)) <= MOST_VALUES


def _by_value(column: str, values: Sequence[Any]) -> Groups:
    texts = [str(value) if isinstance(value, str | bool) else OTHER for value in values]
    common = [name for name, _ in Counter(texts).most_common() if name != OTHER]
    names = common if set(texts) == set(common) else [*common, OTHER]
    if len(names) > MOST_GROUPS:
        names = [*common[: MOST_GROUPS - 1], OTHER]
    place = {name: number for number, name in enumerate(names)}
    members = [place.get(text, len(names) - 1) for text in texts]
    return Groups(f"the values of {column}", names, np.array(members, np.int64))


def _by_vector(names: Sequence[str], units: NDArray[np.float32]) -> Groups:
    """Spherical k-means (Dhillon & Modha 2001): each item is in the cluster of the nearest mean."""
    clusters = max(1, min(MOST_GROUPS, len(units) // ITEMS_PER_CLUSTER))
    members = clusters_of(units, clusters)
    kind = "clusters of the vectors (k-means), with words that are frequent in their titles"
    return Groups(kind, cluster_names(names, members, clusters), members)
