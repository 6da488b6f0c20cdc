"""Generates listeners with a taste for tags, in a catalogue most of which is hardly ever played."""

import numpy as np
from numpy.typing import NDArray

from trainer.corpus import Sessions, Vocabulary

TAGS = 60
TAGS_OF_A_LISTENER = 3
NOISE = 0.2  # share of plays that have nothing to do with the listener's tags


def build_long_tail(
    listeners: int = 2000,
    plays: int = 50,
    catalogue: int = 100_000,
    exponent: float = 1.0,
    seed: int = 0,
) -> tuple[Sessions, Vocabulary, NDArray[np.float32]]:
    """Generates sessions of different items without an order, by popularity and tags.

    Item i is played in proportion to (i + 1) ** -exponent and has one to four tags, some of which
    are more common than others. A listener likes three tags, one more than the other, and plays
    `plays` different items, most of them with one of these tags.

    Returns:
        The encoded sessions, the vocabulary of the items that were played, most frequent first, and
        float32 [items, TAGS], 1 where an item has a tag.
    """
    random = np.random.default_rng(seed)
    popularity = 1 / np.arange(1, catalogue + 1) ** exponent
    common = 1 / np.arange(1, TAGS + 1) ** 0.7
    common /= common.sum()
    tags = np.zeros((catalogue, TAGS), np.bool_)
    for item, n in enumerate(1 + random.binomial(3, 0.4, catalogue)):
        tags[item, random.choice(TAGS, n, replace=False, p=common)] = True
    members = [np.flatnonzero(tags[:, tag]) for tag in range(TAGS)]
    shares = [np.cumsum(popularity[items]) for items in members]
    of_all = np.cumsum(popularity)
    played = np.empty((listeners, plays), np.int64)
    for row in played:
        liked = random.choice(TAGS, TAGS_OF_A_LISTENER, replace=False, p=common)
        weights = random.dirichlet(np.ones(TAGS_OF_A_LISTENER))
        heard: dict[int, None] = {}
        while len(heard) < plays:
            if random.random() < NOISE:
                item = _drawn(of_all, random)
            else:
                tag = random.choice(liked, p=weights)
                item = int(members[tag][_drawn(shares[tag], random)])
            heard[item] = None
        row[:] = list(heard)
    return _encoded(played, tags)


def _drawn(cumulated: NDArray[np.float64], random: np.random.Generator) -> int:
    return int(np.searchsorted(cumulated, random.random() * cumulated[-1]))


def _encoded(
    played: NDArray[np.int64], tags: NDArray[np.bool_]
) -> tuple[Sessions, Vocabulary, NDArray[np.float32]]:
    items, places, counts = np.unique(played.ravel(), return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    row_of_item = np.empty(len(items), np.int32)
    row_of_item[order] = np.arange(len(items), dtype=np.int32)
    offsets = np.arange(0, played.size + 1, played.shape[1])
    vocabulary = Vocabulary([str(row) for row in range(len(items))], counts[order])
    sessions = Sessions(row_of_item[places.ravel()], offsets)
    return sessions, vocabulary, tags[items[order]].astype(np.float32)
