"""A case that leaves less out of the answers than the model is told."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from trainer.evaluation.ranking import Ranked, Ranker
from trainer.evaluation.splits import Cases


@dataclass(frozen=True, eq=False)
class Longer:
    """A ranker that knows more of each session than the case says.

    The items of a case are never recommended; those that only the ranker knows may be.

    Attributes:
        ranker: what answers.
        starts: int64 [sessions], where each session begins among the items.
    """

    ranker: Ranker
    starts: NDArray[np.int64]

    def rank(self, cases: Cases, k: int) -> Ranked:
        """The k best items for the whole of each session."""
        return self.ranker.rank(replace(cases, starts=self.starts[cases.session]), k)
