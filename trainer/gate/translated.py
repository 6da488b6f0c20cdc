"""Rankers of different catalogues over the same cases."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.evaluation.ranking import NOTHING, Ranked, Ranker
from trainer.evaluation.splits import Cases


@dataclass(frozen=True, eq=False)
class Translated:
    """A ranker whose items are rows of a catalogue of its own, asked in codes of a common one.

    Attributes:
        ranker: ranks rows of its own.
        row_of_code: int32 [codes], its row of each code; -1 where it lacks the item.
        code_of_row: int32 [rows], the code of each of its rows.
    """

    ranker: Ranker
    row_of_code: NDArray[np.int32]
    code_of_row: NDArray[np.int32]

    @classmethod
    def of(cls, ranker: Ranker, code_of_row: NDArray[np.int32], codes: int) -> "Translated":
        """A ranker by the code of each of its rows."""
        row_of_code = np.full(codes, NOTHING, np.int32)
        row_of_code[code_of_row] = np.arange(len(code_of_row), dtype=np.int32)
        return cls(ranker, row_of_code, code_of_row)

    def rank(self, cases: Cases, k: int) -> Ranked:
        """The k best items for each prefix, in codes."""
        ranked = self.ranker.rank(cases.encoded(self.row_of_code), k)
        codes = np.append(self.code_of_row, np.int32(NOTHING))  # index -1 finds the last element
        return Ranked(codes[ranked.items], ranked.scores)
