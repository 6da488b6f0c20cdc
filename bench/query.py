"""Times one query for what comes next: weighed voices, beside the table alone.

`python -m bench.query`; the model is the made one of `serve.py`.
"""

import argparse
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.made import STEP, count_of, make_continuations, make_vectors
from bench.report import Part, markdown_table, publish
from service.model.following import Following
from service.model.queries import powers
from service.model.similarity import unit

LENGTHS = (1, 5, 20)
K = 10
BAR = 1.0  # milliseconds, for the longest session

Ask = Callable[[NDArray[np.int64], NDArray[np.float32]], object]


class Spread(NamedTuple):
    """Milliseconds of one core for a query: the median, and the lowest and highest tenth."""

    median: float
    low: float
    high: float


def main() -> None:
    """Measures, prints a table, writes bench/out/query.md and query.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=float, nargs="+", default=[50_000, 1_000_000])
    parser.add_argument("--queries", type=int, default=2_000, help="of each kind")
    arguments = parser.parse_args()
    publish("query", [measure(items, arguments.queries) for items in map(int, arguments.items)])


def measure(items: int, queries: int) -> Part:
    """Asks each ranker the same sessions, in turn."""
    random = np.random.default_rng(0)
    units = unit(make_vectors(items, random))
    counts = np.array([count_of(row) for row in range(items)])
    continuations = make_continuations(items, "logit", random)
    following = Following(continuations, units, counts)
    rankers: dict[str, Ask] = {
        "table alone": lambda session, weights: continuations.votes(session, weights, K),
        "weighed": lambda session, weights: following.ranked(session, weights, K + len(session)),
        "weighed, seen allowed": lambda session, weights: following.ranked(
            session, weights, K, allow_seen=True
        ),
    }
    found = {
        (name, length): spread
        for length in LENGTHS
        for name, spread in _times(rankers, length, items, queries).items()
    }
    header = ("", *(f"{n} {'item' if n == 1 else 'items'} (ms)" for n in LENGTHS))
    rows = [(name, *(_cell(found[name, length]) for length in LENGTHS)) for name in rankers]
    slowest = max(found[name, max(LENGTHS)].median for name in rankers)
    answer = "yes" if slowest <= BAR else "no"
    return Part(
        name=f"query_{items}",
        title=f"A query for what comes next, {items:,} items",
        notes=[
            f"{queries:,} queries of each kind in turn, processor time, k = {K}: "
            f"median and the middle four fifths; of {max(LENGTHS)} items at most {BAR} ms: {answer}"
        ],
        tables=[markdown_table(header, rows)],
        figures={f"{name}, {length}": spread._asdict() for (name, length), spread in found.items()},
    )


def _times(rankers: dict[str, Ask], length: int, items: int, queries: int) -> dict[str, Spread]:
    weights = powers(0.5, np.arange(length - 1, -1, -1))
    steps = np.arange(1, length + 1) * STEP
    seconds: dict[str, list[float]] = {name: [] for name in rankers}
    for query in range(queries + queries // 10):
        session = (query * 7919 + steps) % items
        for name, ask in rankers.items():
            started = time.thread_time()
            ask(session, weights)
            seconds[name].append(time.thread_time() - started)
    warm = {name: 1000 * np.array(some[queries // 10 :]) for name, some in seconds.items()}
    return {
        name: Spread(*np.quantile(some, (0.5, 0.1, 0.9)).tolist()) for name, some in warm.items()
    }


def _cell(spread: Spread) -> str:
    return f"{spread.median:.3f} ({spread.low:.3f}-{spread.high:.3f})"


if __name__ == "__main__":
    main()
