"""Recommenders without training, which a trained one has to beat."""

import numpy as np
from numpy.typing import NDArray

from trainer.baselines.counting import co_occurrence, item_cosine, sequential_rules, transitions
from trainer.baselines.item_item import ItemItem, Popularity
from trainer.baselines.session_knn import SessionKnn
from trainer.ranking import Ranker
from trainer.sessions import Sessions

__all__ = ["ItemItem", "Popularity", "SessionKnn", "all_baselines"]


def all_baselines(
    sessions: Sessions, counts: NDArray[np.int64], window: int = 3, decay: float = 0.7
) -> dict[str, Ranker]:
    """Every baseline by its name, trained on the same sessions.

    Args:
        sessions: the training sessions, oldest first.
        counts: int64 [items], occurrences in them.
        window: the widest distance of co-occurrence.
        decay: what an item of the prefix loses in weight per step back, where all of them count.
    """
    items = len(counts)
    return {
        "popularity": Popularity(counts),
        "Markov chain": ItemItem(transitions(sessions, items), 0.0),
        "sequential rules": ItemItem(sequential_rules(sessions, items), 0.0),
        "co-occurrence": ItemItem(co_occurrence(sessions, items, window), decay),
        "item-kNN": ItemItem(item_cosine(sessions, items), decay),
        "V-SKNN": SessionKnn(sessions, items),
    }
