"""STAN: recommends what stood near the shared items in the most similar sessions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from service.model import ragged
from service.model.queries import decayed
from trainer.corpus import Sessions
from trainer.evaluation.baselines.checks import check_positive, check_shares
from trainer.evaluation.baselines.past_sessions import (
    PastSessions,
    last_occurrences,
    latest_only,
)
from trainer.evaluation.baselines.recency import recency_weights
from trainer.evaluation.baselines.sparse import best_products, query_matrix
from trainer.evaluation.ranking import Ranked
from trainer.evaluation.splits import Cases

NEGLIGIBLE = 2.0**-24  # the precision of float32


@dataclass(frozen=True)
class StanSettings:
    """The settings of STAN, chosen on validation parts of three logs.

    The paper writes its decays as e^(-1 / lambda): .6 is lambda = 2.

    Attributes:
        neighbors: how many sessions vote; the paper has 500, which were no better and slower.
        sample: how many of the most recent sessions are compared.
        decay: the share of its weight an item of the prefix keeps per step back.
        recency: the age at which a past session counts 1 / e, as a share of the log; None if all
            count the same. The paper has days.
        nearness: the share of its vote that an item of a neighbor keeps per step away from the
            item that brought the neighbor in; 1 if distance does not matter.
    """

    neighbors: int = 200
    sample: int = 2500
    decay: float = 0.6
    recency: float | None = 1.0
    nearness: float = 0.6

    def __post_init__(self) -> None:
        """Raises ValueError where a value means nothing."""
        check_shares(self, "decay", "nearness")
        check_positive(self, "neighbors", "sample", "recency")


class Stan:
    """Sequence and time aware neighborhood.

    Garg et al., SIGIR 2019. The item s steps back in the prefix weighs decay ** s; of a repeated
    item only the latest occurrence counts. The similarity of a past session is the sum of the
    weights of the items it shares with the prefix, divided by the root of the number of its
    distinct items, and multiplied by its recency. (The paper also divides by the root of the
    length of the prefix and measures recency from the time of the prefix: both are the same for
    all neighbors of a prefix, so they change no ranking.) Neighbors are chosen as in V-SKNN.

    In each neighbor, the item that stands latest in the prefix is the anchor, at its last
    occurrence. An item d positions away from it, before or after, gets similarity * nearness ** d.

    Recency is by time, or by the order of the sessions where the log has no times.

    Args:
        sessions: the training sessions, oldest first.
        items: the size of the catalogue.
        settings: neighbors and decays.
    """

    def __init__(
        self, sessions: Sessions, items: int, settings: StanSettings | None = None
    ) -> None:
        self.sessions = sessions
        self.items = items
        self.settings = settings or StanSettings()
        self.keys, self.events = last_occurrences(sessions, items)
        self.is_last = np.zeros(len(sessions.items), np.bool_)
        self.is_last[self.events] = True
        self.past = PastSessions(self._contents(), self.settings.neighbors, self.settings.sample)

    def rank(self, cases: Cases, k: int) -> Ranked:
        """The k items with the most votes."""
        prefixes = cases.prefixes()
        weights = decayed(prefixes.offsets, self.settings.decay)
        weights = latest_only(weights, prefixes, self.items)
        similarity = self.past.nearest(query_matrix(prefixes, weights, self.items))
        anchors, columns = np.unique(self._anchors(prefixes, similarity), return_inverse=True)
        votes = sparse.csr_array(
            (similarity.data, columns, similarity.indptr), shape=(len(cases), len(anchors))
        )
        return best_products(votes, self._nearness(anchors), k)

    def _contents(self) -> sparse.csr_array:
        """float32 [sessions, items]: the recency of a session by the root of its length."""
        owners, items = np.divmod(self.keys, self.items)
        lengths = np.bincount(owners, minlength=len(self.sessions))
        weights = recency_weights(self.sessions, self.settings.recency)
        weights /= np.sqrt(np.maximum(lengths, 1))
        values = np.repeat(weights.astype(np.float32), lengths)
        return sparse.csr_array(
            (values, items, ragged.offsets_of(lengths)),
            shape=(len(self.sessions), self.items),
        )

    def _anchors(self, prefixes: Sessions, similarity: sparse.csr_array) -> NDArray[np.int64]:
        """The last event of each neighbor's anchor: int64 [neighbors of all prefixes]."""
        newest = prefixes.offsets[1:][ragged.owners(similarity.indptr)] - 1
        anchors = np.empty(len(newest), np.int64)
        pending = np.arange(len(newest))
        step = 0
        while len(pending):
            items = prefixes.items[newest[pending] - step]
            wanted = similarity.indices[pending].astype(np.int64) * self.items + items
            places = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
            found = self.keys[places] == wanted
            anchors[pending[found]] = self.events[places[found]]
            pending = pending[~found]
            step += 1
        return anchors

    def _nearness(self, anchors: NDArray[np.int64]) -> sparse.csr_array:
        """float32 [anchors, items]: nearness ** distance of each item in the anchor's session.

        Items so far away that it is below 2^-24, the precision of float32, are left out.
        """
        offsets, nearness = self.sessions.offsets, self.settings.nearness
        session = np.searchsorted(offsets, anchors, side="right") - 1
        reach = _reach(nearness, int(self.sessions.lengths().max(initial=0)))
        firsts = np.maximum(anchors - reach, offsets[session])
        lengths = np.minimum(anchors + reach + 1, offsets[session + 1]) - firsts
        events = ragged.places(firsts, lengths)
        anchor = np.repeat(np.arange(len(anchors)), lengths)[self.is_last[events]]
        events = events[self.is_last[events]]
        values = np.float32(nearness) ** np.abs(events - anchors[anchor]).astype(np.float32)
        counts = np.bincount(anchor, minlength=len(anchors))
        return sparse.csr_array(
            (values, self.sessions.items[events], ragged.offsets_of(counts)),
            shape=(len(anchors), self.items),
        )


def _reach(nearness: float, longest: int) -> int:
    """The largest distance that matters, at most the length of the longest session."""
    if nearness == 0:
        return 0
    if nearness == 1:
        return longest
    return min(longest, int(np.log(NEGLIGIBLE) / np.log(nearness)))
