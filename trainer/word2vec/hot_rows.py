"""Gives each thread copies of the rows that all threads would write all the time."""

from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue

from trainer.word2vec.kernels.copies import Copies
from trainer.word2vec.objectives import HierarchicalSoftmax, NegativeSampling

HOT_ROWS = 256
# Copies take at most this share of the memory of the items, and most rows of a small catalogue stay
# shared: what copies learn is averaged over the threads, which slows down rows that are not hot.
MOST_OF_ITEMS = 0.5


class HotRows:
    """Places for the copies of each thread, behind the items of both matrices.

    Args:
        items: the number of items.
        objective: knows which output rows are hot.
        threads: the number of threads; one needs no copies.
    """

    def __init__(
        self, items: int, objective: NegativeSampling | HierarchicalSoftmax, threads: int
    ) -> None:
        affordable = int(MOST_OF_ITEMS * items) // (2 * threads)
        n_rows = min(HOT_ROWS, affordable) if threads > 1 else 0
        self.spare_rows = 2 * n_rows * threads
        self._free: SimpleQueue[Copies] = SimpleQueue()
        first_output = objective.first_hot_row(n_rows)
        for thread in range(threads):
            place = items + 2 * n_rows * thread
            self._free.put(Copies(n_rows, first_output, place, 1 / threads))

    @contextmanager
    def copies(self) -> Iterator[Copies]:
        """The copies that the calling thread may use meanwhile."""
        copies = self._free.get()
        try:
            yield copies
        finally:
            self._free.put(copies)
