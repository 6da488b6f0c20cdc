"""V-SKNN: recommends what followed in the most similar sessions."""

import numpy as np
from scipy import sparse

from service.model import ragged
from trainer.corpus import Sessions
from trainer.evaluation.baselines.counting import session_matrix
from trainer.evaluation.baselines.past_sessions import PastSessions, latest_only
from trainer.evaluation.baselines.sparse import best_products, query_matrix
from trainer.evaluation.ranking import Ranked
from trainer.evaluation.splits import Cases


class SessionKnn:
    """Vector-multiplication session-based nearest neighbors.

    Ludewig & Jannach, arXiv 1803.09587, §3.2. In a prefix of n items, the item s steps back weighs
    ((n - s) / n) ** power; of a repeated item only the latest occurrence counts. The similarity of
    a past session is the sum of the weights of the items it shares with the prefix. An item's score
    is the summed similarity of the neighbors that contain it. Neighbors are chosen among the most
    recent sessions that share any item with the prefix.

    Args:
        sessions: the training sessions, oldest first.
        items: the size of the catalogue.
        neighbors: how many sessions vote.
        sample: how many of the most recent sessions are compared.
        power: 1 for weights that fall linearly, 2 for weights that fall quadratically.
        idf: whether an item's votes are multiplied by log(sessions / sessions that contain it).
    """

    def __init__(
        self,
        sessions: Sessions,
        items: int,
        neighbors: int = 100,
        sample: int = 500,
        power: float = 1.0,
        idf: bool = False,
    ) -> None:
        self.votes = session_matrix(sessions, items)
        self.past = PastSessions(self.votes, neighbors, sample)
        self.power = power
        if idf:
            frequency = np.maximum(self.votes.sum(axis=0), 1)
            self.votes = (self.votes * np.log(len(sessions) / frequency)[None, :]).tocsr()

    def rank(self, cases: Cases, k: int) -> Ranked:
        """The k items with the most votes."""
        similarity = self.past.nearest(self._queries(cases.prefixes()))
        return best_products(similarity, self.votes, k)

    def _queries(self, prefixes: Sessions) -> sparse.csr_array:
        """float32 [cases, items]: each item's weight at its latest occurrence."""
        items = self.votes.shape[1]
        lengths = np.repeat(prefixes.lengths(), prefixes.lengths())
        shares = ((lengths - ragged.steps_back(prefixes.offsets)) / lengths) ** self.power
        weights = latest_only(shares.astype(np.float32), prefixes, items)
        return query_matrix(prefixes, weights, items)
