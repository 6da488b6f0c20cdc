"""Ranks test cases with the service's own recommender."""

from dataclasses import dataclass

import numpy as np

from service.model.continuations import Relation
from service.model.recommender import Recommender, decayed
from trainer.evaluation.ranking import NOTHING, Ranked
from trainer.evaluation.splits import Cases


@dataclass(frozen=True)
class Served:
    """The product as a ranker: the service's own recommender, asked for one relation.

    Attributes:
        recommender: what answers.
        relation: "similar" or "next".
        decay: what an item of a prefix loses in weight per step back; None is the service's own.
    """

    recommender: Recommender
    relation: Relation = "similar"
    decay: float | None = None

    def rank(self, cases: Cases, k: int) -> Ranked:
        """The k best items for each prefix."""
        prefixes = cases.prefixes()
        default = self.recommender.default_decay(self.relation)
        weights = decayed(prefixes.offsets, default if self.decay is None else self.decay)
        rows, scores = self.recommender.rank(
            prefixes.items, prefixes.offsets, weights, k, self.relation
        )
        missing = ((0, 0), (0, k - rows.shape[1]))
        return Ranked(
            np.pad(rows.astype(np.int32), missing, constant_values=NOTHING),
            np.pad(scores, missing, constant_values=-np.inf),
        )
