from contextlib import ExitStack

import numpy as np
import pytest

from trainer.config.sections import TrainingConfig
from trainer.word2vec.hot_rows import HOT_ROWS, HotRows
from trainer.word2vec.objectives import OBJECTIVES

ITEMS = 4_000


def hot_rows(threads, items=ITEMS, objective="hierarchical-softmax"):
    counts = np.arange(items, 0, -1)
    return HotRows(items, OBJECTIVES[objective](counts, TrainingConfig()), threads)


def test_one_thread_copies_nothing():
    hot = hot_rows(1)
    assert hot.spare_rows == 0
    with hot.copies() as copies:
        assert copies.n_rows == 0


def test_threads_have_places_of_their_own_behind_the_items():
    hot = hot_rows(3)
    with ExitStack() as all_at_once:
        copies = [all_at_once.enter_context(hot.copies()) for _ in range(3)]
    used = [range(c.place, c.place + 2 * c.n_rows) for c in copies]
    rows = sorted(row for places in used for row in places)
    assert rows == list(range(ITEMS, ITEMS + hot.spare_rows))


def test_a_place_is_used_again_after_an_error():
    hot = hot_rows(2)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), hot.copies():
            raise ZeroDivisionError


@pytest.mark.parametrize(
    ("objective", "first"),
    [("negative-sampling", 0), ("hierarchical-softmax", ITEMS - 1 - HOT_ROWS)],
)
def test_hot_outputs_are_frequent_items_or_the_nodes_below_the_root(objective, first):
    with hot_rows(2, objective=objective).copies() as copies:
        assert (copies.n_rows, copies.first_output) == (HOT_ROWS, first)


@pytest.mark.parametrize(("threads", "items"), [(2, 2), (64, 100), (4096, ITEMS)])
def test_copies_need_no_more_than_half_the_memory_of_the_items(threads, items):
    assert hot_rows(threads, items).spare_rows <= items / 2
