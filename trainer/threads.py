"""Runs compiled code in threads."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any


@contextmanager
def threads(workers: int) -> Iterator[Callable[..., Iterator[Any]]]:
    """Yields an ordered, parallel `map`; an interruption cancels tasks that have not begun."""
    with _executor(workers) as executor:
        yield executor.map if executor else map


@contextmanager
def bounded_threads(workers: int) -> Iterator[Callable[..., Iterator[Any]]]:
    """Like `threads`, for large results: at most workers + 1 wait or are being computed."""
    with _executor(workers) as executor:
        yield partial(_bounded_map, executor, workers) if executor else map


def _bounded_map(
    executor: ThreadPoolExecutor, workers: int, work: Callable[..., Any], *arguments: Iterable[Any]
) -> Iterator[Any]:
    window: deque[Future[Any]] = deque()
    for task in zip(*arguments, strict=True):
        window.append(executor.submit(work, *task))
        if len(window) > workers:
            yield window.popleft().result()
    while window:
        yield window.popleft().result()


@contextmanager
def _executor(workers: int) -> Iterator[ThreadPoolExecutor | None]:
    """Yields a pool of threads; None for one worker, whose tasks run in the calling thread."""
    if workers == 1:
        yield None
        return
    executor = ThreadPoolExecutor(workers)
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)
