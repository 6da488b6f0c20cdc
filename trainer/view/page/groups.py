"""Groups of items, which color the map: the values of a column, or clusters of the vectors."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

MOST_VALUES = 12  # of a column that colors the map
MOST_GROUPS = 8  # that have a color of their own; the last may be of all other values
ITEMS_PER_CLUSTER = 25
WORDS_OF_A_CLUSTER = 3
OTHER = "other"
WORD = re.compile(r"[^\W\d_]{3,}")


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
    means = faiss.Kmeans(
        units.shape[1], clusters, spherical=True, nredo=3, seed=1, min_points_per_centroid=1
    )
    means.train(units)
    _, nearest = means.index.search(units, 1)
    members = nearest[:, 0].astype(np.int64)
    kind = "clusters of the vectors (k-means), with words that are frequent in their titles"
    return Groups(kind, _cluster_names(names, members, clusters), members)


def _cluster_names(names: Sequence[str], members: NDArray[np.int64], clusters: int) -> list[str]:
    """Of every cluster, the words that tell it from the others, else its most frequent item."""
    words = [set(WORD.findall(name.casefold())) for name in names]
    overall = Counter(word for each in words for word in each)
    found = []
    for cluster in range(clusters):
        inside = np.flatnonzero(members == cluster).tolist()
        counts = Counter(word for item in inside for word in words[item])
        share = len(inside) / len(names)
        told = {
            word: count * np.log(count / (overall[word] * share))
            for word, count in counts.items()
            if count > 1
        }
        best = sorted(told, key=lambda word: (-told[word], word))[:WORDS_OF_A_CLUSTER]
        best = [word for word in best if told[word] > 0]
        found.append(", ".join(best) if best else names[inside[0]] if inside else "-")
    return found
