"""Generates synthetic sessions over clusters of items."""

import numpy as np
from numpy.typing import NDArray

from service.model import ragged
from trainer.corpus import Sessions, Vocabulary

# Sessions differ in length as in click logs: most are short, a few are very long.
LENGTH_SIGMA = 0.8
SHORTEST = 2
# Share of a session's items that come from its own cluster; the rest come from everywhere.
LOYALTY = 0.8


def build_corpus(
    items: int = 7_200_000,
    catalogue: int = 50_000,
    clusters: int = 400,
    mean_length: float = 12.0,
    seed: int = 0,
) -> tuple[Sessions, Vocabulary]:
    """Generates sessions over clusters of items that follow Zipf's law with exponent 1.

    Args:
        items: occurrences in all sessions; as many whole sessions as fit.
        catalogue: items to draw from, all of them in the vocabulary; an item that is never drawn
            counts once, so that noise is drawn from the whole catalogue.
        clusters: groups of items; a session prefers one of them.
        mean_length: mean length of a session; lengths are log-normally distributed.
        seed: the same seed gives the same corpus.

    Returns:
        The encoded sessions, and their vocabulary, most frequent first.
    """
    random = np.random.default_rng(seed)
    probability = 1 / np.arange(1, catalogue + 1)
    probability /= probability.sum()
    cluster_of_item = random.integers(0, clusters, catalogue)
    lengths = _draw_lengths(items, mean_length, random)
    offsets = ragged.offsets_of(lengths)
    cluster_size = np.bincount(cluster_of_item, probability, clusters)
    cluster = np.repeat(random.choice(clusters, len(lengths), p=cluster_size), lengths)
    anywhere = random.choice(catalogue, len(cluster), p=probability)
    at_home = _draw_within(cluster, cluster_of_item, probability, random)
    drawn = np.where(random.random(len(cluster)) < LOYALTY, at_home, anywhere)
    return _encode(drawn, offsets, catalogue)


def _draw_lengths(items: int, mean_length: float, random: np.random.Generator) -> NDArray[np.int64]:
    location = np.log(mean_length) - LENGTH_SIGMA**2 / 2
    n = int(items / mean_length * 1.1) + 100
    drawn = np.rint(random.lognormal(location, LENGTH_SIGMA, n)).astype(np.int64)
    lengths = np.maximum(SHORTEST, drawn)
    return lengths[: np.searchsorted(np.cumsum(lengths), items, side="right")]


def _draw_within(
    cluster: NDArray[np.int64],
    cluster_of_item: NDArray[np.int64],
    probability: NDArray[np.float64],
    random: np.random.Generator,
) -> NDArray[np.int64]:
    """Draws an item of each cluster in `cluster`, by inverting cumulated probabilities."""
    by_cluster = np.argsort(cluster_of_item, kind="stable")
    first_item = np.searchsorted(cluster_of_item[by_cluster], np.arange(cluster.max() + 2))
    cumulated = np.concatenate([[0.0], np.cumsum(probability[by_cluster])])
    low, high = cumulated[first_item[cluster]], cumulated[first_item[cluster + 1]]
    place = (
        np.searchsorted(cumulated, low + random.random(len(cluster)) * (high - low), "right") - 1
    )
    return by_cluster[np.minimum(place, len(by_cluster) - 1)]


def _encode(
    drawn: NDArray[np.int64], offsets: NDArray[np.int64], catalogue: int
) -> tuple[Sessions, Vocabulary]:
    counts = np.maximum(np.bincount(drawn, minlength=catalogue), 1)
    most_frequent_first = np.argsort(-counts, kind="stable")
    row_of_item = np.empty(catalogue, np.int32)
    row_of_item[most_frequent_first] = np.arange(catalogue, dtype=np.int32)
    vocabulary = Vocabulary([str(row) for row in range(catalogue)], counts[most_frequent_first])
    return Sessions(row_of_item[drawn], offsets), vocabulary
