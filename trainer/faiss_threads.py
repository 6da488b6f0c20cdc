"""Limits FAISS to a number of threads for a block of code."""

from collections.abc import Iterator
from contextlib import contextmanager

import faiss


@contextmanager
def faiss_threads(workers: int) -> Iterator[None]:
    """Limits FAISS calls of this thread, which use every core by default, to some threads."""
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(workers)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
