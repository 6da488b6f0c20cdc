import numpy as np
import pytest

from trainer.word2vec.kernels.copies import Copies, copied, hand_back_copies, take_copies
from trainer.word2vec.kernels.simd import LANES
from trainer.word2vec.matrices import Matrices

ITEMS = 5
# Two hot rows of each matrix: the first of the input, the second and third of the output.
HOT = Copies(n_rows=2, first_output=1, place=ITEMS, share=0.5)


def new_matrices():
    """Matrices whose rows are their numbers, with room for copies behind the items."""
    rows = np.repeat(np.arange(ITEMS + 4, dtype=np.float32), LANES)
    return Matrices(rows, 10 * rows, LANES)


def rows_of(flat):
    return flat.reshape(-1, LANES)[:, 0].tolist()


def test_hot_rows_are_copied_twice_behind_the_items():
    matrices = new_matrices()
    take_copies(matrices, HOT)
    assert rows_of(matrices.input) == [0, 1, 2, 3, 4, 0, 1, 0, 1]
    assert rows_of(matrices.output) == [0, 10, 20, 30, 40, 10, 20, 10, 20]


def test_a_hot_row_moves_by_the_share_of_what_its_copy_has_moved():
    matrices = new_matrices()
    take_copies(matrices, HOT)
    matrices.input[ITEMS * LANES :][:LANES] += 8  # the copy of input row 0
    matrices.output[(ITEMS + 1) * LANES :][:LANES] -= 2  # the copy of output row 2
    matrices.input[:LANES] += 100  # another thread, meanwhile
    hand_back_copies(matrices, HOT)
    assert rows_of(matrices.input)[:ITEMS] == [104, 1, 2, 3, 4]
    assert rows_of(matrices.output)[:ITEMS] == [0, 10, 19, 30, 40]


@pytest.mark.parametrize(("row", "used"), [(0, 0), (1, 5), (2, 6), (3, 3), (4, 4)])
def test_a_thread_uses_the_copy_of_a_hot_row_alone(row, used):
    assert copied(row, HOT.first_output, HOT) == used


def test_without_hot_rows_nothing_is_copied():
    none = Copies(0, 0, ITEMS, 1.0)
    matrices = new_matrices()
    take_copies(matrices, none)
    hand_back_copies(matrices, none)
    assert rows_of(matrices.input) == rows_of(new_matrices().input)
    assert [copied(row, 0, none) for row in range(ITEMS)] == list(range(ITEMS))
