"""Routes whose FAISS searches use one thread each; a server runs requests in parallel instead."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import faiss
from fastapi.routing import APIRoute

P = ParamSpec("P")
R = TypeVar("R")


def one_thread(answer: Callable[P, R]) -> Callable[P, R]:
    """The function, made to search with one thread.

    OpenMP keeps the number of threads for each thread that searches, and would give every thread of
    a server a team with one thread per core. So the number is set in the thread that searches.
    """

    @wraps(answer)
    def limited(*args: P.args, **kwargs: P.kwargs) -> R:
        faiss.omp_set_num_threads(1)
        return answer(*args, **kwargs)

    return limited


class OneThreadRoute(APIRoute):
    """A route whose function searches with one thread."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401
        super().__init__(path, one_thread(endpoint), **options)
