"""Gathers concurrent searches into one: many tastes are ranked by one matrix product."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import faiss

from service.model.answers import Neighbor
from service.model.queries import Query
from service.model.recommender import Recommender
from service.web.metrics import Metrics

MOST_AT_ONCE = 64
# FAISS compares by a matrix product where the tastes have more numbers than this in all. Measured:
# quicker from twelve tastes of a hundred numbers on; its own default is 128,000.
SMALLEST_PRODUCT = 1_200


def search_on_one_thread() -> None:
    """Makes FAISS search on one thread wherever this one searches; requests run in parallel.

    OpenMP keeps the number for each thread that searches, and would give every thread of a server a
    team with one thread per core.
    """
    faiss.omp_set_num_threads(1)


class _Search(NamedTuple):
    """A search that waits for its answer."""

    recommender: Recommender
    query: Query
    answer: "asyncio.Future[list[Neighbor]]"


class Searches:
    """Ranks similar items for concurrent requests together: one search for many costs less.

    Quick searches are those of requests that arrived in the same turn of the event loop, and run in
    it. Others run in a thread of their own: what arrives during one is the next. An answer comes
    from the recommender that it was requested from, also while another version is being swapped in.
    For one event loop.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        faiss.cvar.distance_compute_blas_threshold = SMALLEST_PRODUCT
        self._thread = ThreadPoolExecutor(1, "search", search_on_one_thread)
        self._waiting: list[_Search] = []
        self._running: asyncio.Task[None] | None = None

    async def best(self, recommender: Recommender, query: Query) -> list[Neighbor]:
        """The same as `recommender.best([query])`, without blocking the event loop for long."""
        if query.relation == "next" and recommender.is_quick(query):
            return recommender.best([query])[0]
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Neighbor]] = loop.create_future()
        self._waiting.append(_Search(recommender, query, answer))
        self._metrics.waiting(len(self._waiting))
        if self._running is None:
            self._running = loop.create_task(self._run())
        return await answer

    def close(self) -> None:
        """Ends the thread once its search is done."""
        self._thread.shutdown(wait=False)

    async def _run(self) -> None:
        try:
            while self._waiting:
                batch = self._next_batch()
                try:
                    answers = await self._ranked(batch)
                except Exception as error:
                    for search in batch:
                        _settle(search, error)
                else:
                    for search, answer in zip(batch, answers, strict=True):
                        _settle(search, answer)
                await asyncio.sleep(0)
        finally:
            self._running = None

    async def _ranked(self, batch: list[_Search]) -> list[list[Neighbor]]:
        recommender, queries = batch[0].recommender, [search.query for search in batch]
        if recommender.is_quick(queries[0]):
            return recommender.best(queries)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, recommender.best, queries)

    def _next_batch(self) -> list[_Search]:
        """The searches that have waited longest, all of one kind."""
        first = self._waiting[0]
        is_quick = first.recommender.is_quick(first.query)
        batch: list[_Search] = []
        later: list[_Search] = []
        for search in self._waiting:
            fits = search.recommender is first.recommender
            fits &= search.query.relation == first.query.relation
            fits &= search.recommender.is_quick(search.query) == is_quick
            (batch if fits and len(batch) < MOST_AT_ONCE else later).append(search)
        self._waiting = later
        self._metrics.waiting(len(later))
        self._metrics.searched(len(batch))
        return batch


def _settle(search: _Search, outcome: list[Neighbor] | Exception) -> None:
    """Hands over the answer, unless the request was given up."""
    if search.answer.done():
        return
    if isinstance(outcome, Exception):
        search.answer.set_exception(outcome)
    else:
        search.answer.set_result(outcome)
