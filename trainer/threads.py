"""Work of compiled code spread over threads."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any


@contextmanager
def threads(workers: int) -> Iterator[Callable[..., Iterator[Any]]]:
    """Yields a `map` that keeps its order; an interruption drops the tasks not begun."""
    if workers == 1:
        yield map
        return
    executor = ThreadPoolExecutor(workers)
    try:
        yield executor.map
    finally:
        executor.shutdown(cancel_futures=True)
