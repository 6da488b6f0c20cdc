"""Compares weighed voices with the table alone, on sessions that no weight was fitted on."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.model.logit import FitCheck
from service.model.voices import VOTES_RECENT
from trainer.continuations.calibration import calibration_error
from trainer.continuations.likelihood import Alternatives

CUTOFF = 20
SURE = 2  # standard errors


class Foretold(NamedTuple):
    """What became of some cases.

    Attributes:
        ranks: int64 [cases], of the answer, from 1; 0 where it is no candidate.
        table_ranks: the same by the votes of the table.
        first: float32 [cases], the probability of the first answer.
        is_right: bool [cases], whether it came next.
    """

    ranks: NDArray[np.int64]
    table_ranks: NDArray[np.int64]
    first: NDArray[np.float32]
    is_right: NDArray[np.bool_]


def foretell(cases: Alternatives, probabilities: NDArray[np.float32]) -> Foretold:
    """How the answers rank among candidates; ties count against them.

    Args:
        cases: the first alternative of each is no candidate.
        probabilities: float32 [alternatives].
    """
    scores = probabilities.copy()
    scores[cases.starts] = -np.inf
    votes = np.where(cases.forbidden, -np.inf, cases.features[:, VOTES_RECENT])
    votes[cases.starts] = -np.inf
    first = np.maximum.reduceat(scores, cases.starts)
    is_candidate = cases.chosen != cases.starts
    return Foretold(
        ranks=_ranks(scores, cases) * is_candidate,
        table_ranks=_ranks(votes, cases) * is_candidate,
        first=np.maximum(first, 0),
        is_right=is_candidate & (scores[cases.chosen] == first),
    )


def _ranks(scores: NDArray[np.float32], cases: Alternatives) -> NDArray[np.int64]:
    lengths = np.diff(np.append(cases.starts, len(scores)))
    ahead = scores >= np.repeat(scores[cases.chosen], lengths)
    ranks: NDArray[np.int64] = np.add.reduceat(ahead.astype(np.int64), cases.starts)
    return ranks


def check(foretold: Foretold) -> FitCheck:
    """Whether the weights beat the table.

    They do if MRR@20 rises by more than two standard errors, and HR@20 does not fall by more than
    two of its own.
    """
    hits, table_hits = _hits(foretold.ranks), _hits(foretold.table_ranks)
    reciprocal, table_reciprocal = (
        hit / np.maximum(ranks, 1)
        for hit, ranks in ((hits, foretold.ranks), (table_hits, foretold.table_ranks))
    )
    gain, error = _mean(reciprocal - table_reciprocal)
    hit_gain, hit_error = _mean(hits - table_hits)
    return FitCheck(
        cases=len(hits),
        table_hit_rate=float(table_hits.mean()),
        hit_rate=float(hits.mean()),
        table_mrr=float(table_reciprocal.mean()),
        mrr=float(reciprocal.mean()),
        calibration_error=calibration_error(foretold.first, foretold.is_right),
        wins=gain > SURE * error and hit_gain >= -SURE * hit_error,
    )


def _hits(ranks: NDArray[np.int64]) -> NDArray[np.float64]:
    return ((ranks > 0) & (ranks <= CUTOFF)).astype(np.float64)


def _mean(values: NDArray[np.float64]) -> tuple[float, float]:
    """The mean, and its standard error."""
    return float(values.mean()), float(values.std() / np.sqrt(len(values)))
