"""Ranks test cases with the service's own recommender."""

from dataclasses import dataclass

import numpy as np

from service.model.continuations import Relation
from service.model.queries import decayed
from service.model.recommender import Recommender
from trainer.evaluation.ranking import NOTHING, Ranked
from trainer.evaluation.splits import Cases


@dataclass(frozen=True)
class Served:
    """The product as a ranker: the service's own recommender, for one relation.

    Attributes:
        recommender: the recommender that answers.
        relation: "similar" or "next".
        decay: the share of its weight an item of a prefix keeps per step back; None is the
            service's default.
        allow_seen: whether items of a prefix may come next.
    """

    recommender: Recommender
    relation: Relation = "similar"
    decay: float | None = None
    allow_seen: bool = False

    def rank(self, cases: Cases, k: int) -> Ranked:
        """The k best items for each prefix; those of the prefix may be among them."""
        prefixes = cases.prefixes()
        default = self.recommender.default_decay(self.relation)
        weights = decayed(prefixes.offsets, default if self.decay is None else self.decay)
        items, scores = self.recommender.rank(
            prefixes.items,
            prefixes.offsets,
            weights,
            k,
            self.relation,
            allow_seen=self.allow_seen,
        )
        padding = ((0, 0), (0, k - items.shape[1]))
        return Ranked(
            np.pad(items.astype(np.int32), padding, constant_values=NOTHING),
            np.pad(scores, padding, constant_values=-np.inf),
        )
