"""SLIST: the linear item-item model that predicts sessions best, in closed form."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import linalg

from service.model.queries import decayed
from trainer.corpus import Sessions
from trainer.evaluation.baselines.checks import check_positive, check_shares
from trainer.evaluation.baselines.counting import session_matrix
from trainer.evaluation.baselines.partial_sessions import PartialSessions
from trainer.evaluation.baselines.recency import recency_weights
from trainer.evaluation.baselines.sparse import add_product, best_scores, query_matrix
from trainer.evaluation.ranking import NOTHING, Ranked
from trainer.evaluation.splits import Cases

MOST_ITEMS = 20_000
COLUMNS_PER_BLOCK = 512
SCORES_PER_BLOCK = 1 << 23

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class SlistSettings:
    """The settings of SLIST: those the authors publish for YooChoose, but for the recency.

    The paper writes its decays as e^(-1 / delta): .37 is delta = 1.

    Attributes:
        alpha: the share of SLIS, which looks at whole sessions; SLIT, which looks at what came
            before and after, has the rest.
        regularization: lambda; 10 in the authors' settings for all their logs.
        past: the share of its weight an item keeps per step back in the past of a session. 0
            keeps the last item only, as the authors do; the paper has delta_pos here as well.
        future: the same per step ahead in its future, from delta_pos.
        decay: the same per step back in the prefix of a case, from delta_inf.
        recency: the age at which a session counts 1 / e, as a share of the log; None if all
            count the same. The paper has days.
        diagonal: xi, the most that an item may predict itself; 10 in the authors' code, which
            hardly ever binds. 0 forbids it.
    """

    alpha: float = 0.2
    regularization: float = 10.0
    past: float = 0.0
    future: float = 0.37
    decay: float = 0.37
    recency: float | None = None
    diagonal: float = 10.0

    def __post_init__(self) -> None:
        """Raises ValueError where a value means nothing."""
        check_shares(self, "alpha", "past", "future", "decay")
        check_positive(self, "regularization", "recency")


class Slist:
    """Session-aware linear item similarity and transition.

    Choi et al., WWW 2021 (arXiv 2103.16104). B minimises

        alpha |W(X - X' B)|^2 + (1 - alpha) |W(T - S B)|^2 + lambda |B|^2,   B_jj <= xi

    X has a row per session, 1 for each of its items; X' is X with rows that sum to 1, as in the
    authors' code; S and T have a row per split of a session, see `PartialSessions`; W^2 is the
    recency of the session, by time, or by the order of the sessions where the log has no times.
    With G = alpha X'^T W^2 X' + (1 - alpha) S^T W^2 S + lambda I and C = alpha X'^T W^2 X +
    (1 - alpha) S^T W^2 T, the solution is G^-1 C. Where its diagonal is above xi, column j of
    it less column j of G^-1 times (B_jj - xi) / (G^-1)_jj is the solution under the constraint.

    Memory: two matrices of items x items while it is built, one afterwards: 3.2 GB and 1.6 GB of
    float32 for 20,000 items. Time grows with the cube of the items.

    Args:
        sessions: the training sessions, oldest first.
        items: the size of the catalogue, at most 20,000.
        settings: weights, decays and constraints.
        dtype: float32 or float64.

    Raises:
        ValueError: there are too many items.
    """

    def __init__(
        self,
        sessions: Sessions,
        items: int,
        settings: SlistSettings | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        if items > MOST_ITEMS:
            raise ValueError(
                f"SLIST holds matrices of items x items: {items:,} items are too many, at most "
                f"{MOST_ITEMS:,}; raise `min_count` or leave it out"
            )
        self.settings = settings or SlistSettings()
        gram = np.zeros((items, items), dtype, order="F")
        cross = np.zeros((items, items), dtype, order="F")
        self._add_sessions(sessions, gram, cross)
        self.matrix = _solve(gram, cross, self.settings)

    def rank(self, cases: Cases, k: int) -> Ranked:
        """The k items with the largest sums above 0 of the rows of a prefix's items."""
        prefixes = cases.prefixes()
        weights = decayed(prefixes.offsets, self.settings.decay)
        queries = query_matrix(prefixes, weights, len(self.matrix))
        items = np.full((len(cases), k), NOTHING, np.int32)
        scores = np.full((len(cases), k), -np.inf, np.float32)
        step = max(1, SCORES_PER_BLOCK // max(len(self.matrix), 1))
        for first in range(0, len(cases), step):
            block = slice(first, first + step)
            best = best_scores(queries[block] @ self.matrix, k)
            items[block], scores[block] = best.items, best.scores
        return Ranked(items, scores)

    def _add_sessions(self, sessions: Sessions, gram: Floats, cross: Floats) -> None:
        alpha = self.settings.alpha
        recency = recency_weights(sessions, self.settings.recency)
        whole = session_matrix(sessions, len(gram)).astype(gram.dtype)
        inputs = whole.multiply(1 / np.maximum(whole.sum(axis=1), 1)[:, None]).tocsr()
        weighted = inputs.multiply(alpha * recency[:, None]).astype(gram.dtype).T.tocsr()
        add_product(gram, weighted, inputs)
        add_product(cross, weighted, whole)
        split = PartialSessions(sessions, recency, self.settings.past, self.settings.future)
        split.add_gram(gram, 1 - alpha)
        split.add_cross(cross, 1 - alpha)
        gram[np.diag_indices_from(gram)] += self.settings.regularization


def _solve(gram: Floats, cross: Floats, settings: SlistSettings) -> Floats:
    """G^-1 C under the constraint on its diagonal, rows in order; both arguments are lost."""
    factor = linalg.cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
    solution = linalg.cho_solve(factor, cross, overwrite_b=True, check_finite=False)
    excess = np.diagonal(solution) - settings.diagonal
    columns = np.flatnonzero(excess > 0)
    for first in range(0, len(columns), COLUMNS_PER_BLOCK):
        block = columns[first : first + COLUMNS_PER_BLOCK]
        inverse = np.zeros((len(gram), len(block)), gram.dtype, order="F")
        inverse[block, np.arange(len(block))] = 1
        inverse = linalg.cho_solve(factor, inverse, overwrite_b=True, check_finite=False)
        inverse *= excess[block] / inverse[block, np.arange(len(block))]
        solution[:, block] -= inverse
    rows = gram.T  # in order, since the columns of the factor are, and nobody needs it any more
    np.copyto(rows, solution)
    return rows
