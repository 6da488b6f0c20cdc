"""Baselines to compare a trained model with; `all_baselines` lists those that only count."""

import numpy as np
from numpy.typing import NDArray

from trainer.corpus import Sessions
from trainer.evaluation.baselines.counting import (
    co_occurrence,
    item_cosine,
    sequential_rules,
    shares,
    transitions,
)
from trainer.evaluation.baselines.item_item import ItemItem, Popularity
from trainer.evaluation.baselines.session_knn import SessionKnn
from trainer.evaluation.baselines.stan import Stan
from trainer.evaluation.ranking import Ranker

__all__ = ["ItemItem", "Popularity", "SessionKnn", "Stan", "all_baselines"]

# Of co-occurrence, in which a pair d positions apart counts 1 / d; the best values of those tried.
WINDOW, BACKWARDS = 10, 0.5


def all_baselines(
    sessions: Sessions, counts: NDArray[np.int64], decay: float = 0.7
) -> dict[str, Ranker]:
    """Every baseline by its name, trained on the same sessions.

    Args:
        sessions: the training sessions, oldest first.
        counts: int64 [items], occurrences in them.
        decay: the share of its weight an item of the prefix keeps per step back, for baselines
            that use the whole prefix.
    """
    items = len(counts)
    pairs = co_occurrence(sessions, items, WINDOW, lambda distance: 1 / distance, BACKWARDS)
    return {
        "popularity": Popularity(counts),
        "Markov chain": ItemItem(transitions(sessions, items), 0.0),
        "sequential rules": ItemItem(sequential_rules(sessions, items), 0.0),
        "co-occurrence": ItemItem(shares(pairs), decay),
        "item-kNN": ItemItem(item_cosine(sessions, items), decay),
        "V-SKNN": SessionKnn(sessions, items),
        "STAN": Stan(sessions, items),
    }
