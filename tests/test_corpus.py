import numpy as np

from trainer.corpus import Vocabulary

FRUITS = Vocabulary(["plum", "fig"], np.array([2, 1]))


def test_a_vocabulary_tells_the_row_of_any_id():
    rows = FRUITS.rows(["fig", "hammer", "plum", "fig", ""])
    assert rows.tolist() == [1, -1, 0, 1, -1]
    assert rows.dtype == np.int32


def test_no_ids_have_no_rows_and_no_vocabulary_knows_any_id():
    assert FRUITS.rows([]).tolist() == []
    assert Vocabulary([], np.array([], np.int64)).rows(["fig"]).tolist() == [-1]
