"""A ranker asked in codes that others share answers as it does in its own rows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trainer.evaluation.ranking import NOTHING, Ranked
from trainer.evaluation.splits import Cases
from trainer.gate.translated import Translated

CODES = 9


class Echo:
    """Answers the known items of a prefix, newest first."""

    def rank(self, cases: Cases, k: int) -> Ranked:
        prefixes = cases.prefixes()
        items = np.full((len(cases), k), NOTHING, np.int32)
        for case in range(len(cases)):
            known = prefixes.items[prefixes.offsets[case] : prefixes.offsets[case + 1]][::-1][:k]
            items[case, : len(known)] = known
        return Ranked(items, np.where(items == NOTHING, -np.inf, 1).astype(np.float32))


@given(
    st.lists(st.integers(0, CODES - 1), min_size=1, max_size=8),
    st.permutations(range(CODES)),
    st.integers(1, CODES),
)
def test_known_items_are_translated_there_and_back(prefix: list[int], order: list[int], known: int):
    code_of_row = np.array(order[:known], np.int32)
    ranker = Translated.of(Echo(), code_of_row, CODES)
    items = np.array(prefix, np.int32)
    start, stop = np.zeros(1, np.int64), np.array([len(prefix)])
    cases = Cases(items, start, stop, items[:1], start)
    found = [item for item in ranker.rank(cases, 8).items[0].tolist() if item != NOTHING]
    assert found == [code for code in prefix[::-1] if code in order[:known]]
