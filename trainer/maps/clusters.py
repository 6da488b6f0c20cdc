"""Clusters of items, and names for them: words that their titles share."""

import re
from collections import Counter
from collections.abc import Sequence

import faiss
import numpy as np
from numpy.typing import NDArray

WORDS = 3  # of a name
WORD = re.compile(r"[^\W\d_]{3,}")
SAMPLED = 100_000  # items that clusters are learned from


def clusters_of(
    units: NDArray[np.float32], clusters: int, means: NDArray[np.float32] | None = None
) -> NDArray[np.int64]:
    """Spherical k-means (Dhillon & Modha 2001): each item is in the cluster of the nearest mean.

    Args:
        units: float32 [items, vector_size], unit vectors.
        clusters: how many.
        means: float32 [clusters, vector_size], to begin from, so that clusters keep their numbers.

    Returns:
        int64 [items], the cluster of each.
    """
    kmeans = faiss.Kmeans(
        units.shape[1],
        clusters,
        spherical=True,
        nredo=3 if means is None else 1,
        seed=1,
        min_points_per_centroid=1,
    )
    kmeans.train(np.ascontiguousarray(units[:SAMPLED]), init_centroids=means)
    _, nearest = kmeans.index.search(units, 1)
    members: NDArray[np.int64] = nearest[:, 0].astype(np.int64)
    return members


def means_of(
    units: NDArray[np.float32], members: NDArray[np.int64], clusters: int
) -> NDArray[np.float32] | None:
    """The mean of each cluster, float32 [clusters, vector_size]; None if one is empty.

    Args:
        units: float32 [items, vector_size].
        members: int64 [items], the cluster of each; others than 0 to clusters - 1 do not count.
        clusters: how many there are.
    """
    counts = bincount_of(members, clusters)
    if not counts.all():
        return None
    sums = np.zeros((clusters, units.shape[1]), np.float64)
    for cluster in range(clusters):
        sums[cluster] = units[members == cluster].sum(axis=0)
    return (sums / counts[:, None]).astype(np.float32)


def bincount_of(members: NDArray[np.int64], clusters: int) -> NDArray[np.int64]:
    """How many items each cluster has: int64 [clusters]."""
    inside = members[(members >= 0) & (members < clusters)]
    counts: NDArray[np.int64] = np.bincount(inside, minlength=clusters)
    return counts


def cluster_names(names: Sequence[str], members: NDArray[np.int64], clusters: int) -> list[str]:
    """Of every cluster, the words that tell it from the others, else its most frequent item.

    Args:
        names: of items, the most frequent first.
        members: int64 [items], the cluster of each.
        clusters: how many there are.
    """
    words = [set(WORD.findall(name.casefold())) for name in names]
    overall = Counter(word for each in words for word in each)
    found = []
    for cluster in range(clusters):
        inside = np.flatnonzero(members == cluster).tolist()
        counts = Counter(word for item in inside for word in words[item])
        share = len(inside) / len(names)
        weights = {
            word: count * np.log(count / (overall[word] * share))
            for word, count in counts.items()
            if count > 1
        }
        best = sorted(weights, key=lambda word: (-weights[word], word))[:WORDS]
        best = [word for word in best if weights[word] > 0]
        found.append(", ".join(best) if best else names[inside[0]] if inside else "-")
    return found
