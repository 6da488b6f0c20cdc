import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from service.model.sequences import ENDINGS, LAST, LAST_TWO, NO_SEQUENCES, key, keys_end
from tests.conftest import make_sequences


def after(rows: dict[tuple[int, int, int], dict[int, float]], ending: tuple[int, int, int]):
    items, shares = make_sequences(rows, 5).after(key(*ending, 5))
    assert (items.dtype, shares.dtype) == (np.int32, np.float32)
    return dict(zip(items.tolist(), shares.tolist(), strict=True))


ROWS = {(LAST, 0, 3): {1: 0.5, 4: 0.25}, (LAST_TWO, 0, 3): {2: 0.5}, (LAST_TWO, 4, 4): {4: 0.5}}


def test_what_came_after_a_sequence_is_found():
    assert {ending: after(ROWS, ending) for ending in ROWS} == ROWS


def test_a_sequence_that_was_not_seen_has_nothing_after_it():
    assert after(ROWS, (LAST, 0, 2)) == {}
    assert after(ROWS, (LAST_TWO, 3, 3)) == {}
    assert after(ROWS, (ENDINGS[-1], 4, 4)) == {}
    assert [len(one) for one in NO_SEQUENCES.after(0)] == [0, 0]


endings = st.tuples(st.sampled_from(ENDINGS), st.integers(0, 10**6 - 1), st.integers(0, 10**6 - 1))


@given(endings, endings, st.sampled_from([10**6, 2 * 10**8]))
def test_every_sequence_has_a_key_of_its_own(
    one: tuple[int, int, int], other: tuple[int, int, int], items: int
):
    first, second = key(*one, items), key(*other, items)
    assert (first == second) == (one == other)
    assert 0 <= first < keys_end(items) < 2**63
