"""Gives rankers longer sessions than the cases, which decide what is not recommended."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trainer.evaluation.ranking import Ranked, Ranker
from trainer.evaluation.splits import Cases


@dataclass(frozen=True, eq=False)
class Longer:
    """A ranker that is given more of each session than the case has.

    Items of a case are never recommended; the items that only the ranker is given may be.

    Attributes:
        ranker: the ranker.
        starts: int64 [sessions], where each session begins among the items of the cases.
    """

    ranker: Ranker
    starts: NDArray[np.int64]

    def rank(self, cases: Cases, k: int) -> Ranked:
        """The k best items for each whole session."""
        return self.ranker.rank(replace(cases, starts=self.starts[cases.session]), k)
