"""Measures how often the next event is among ten recommendations: ours, gensim and counting.

`python -m bench.next_event`; README.md in this folder describes the cases.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import peer
from bench.cases import Cases
from bench.ranking import hit_rate, ndcg, rank_scores, rank_vectors
from bench.report import Part, markdown_table, publish
from bench.retail import read_cases
from bench.spread import spread
from trainer.config.sections import TrainingConfig
from trainer.evaluation.baselines.counting import co_occurrence, transitions
from trainer.word2vec.training import train

SETTINGS = {
    "architecture": "skip-gram",
    "objective": "negative-sampling",
    "vector_size": 50,
    "window": 3,
    "negative": 5,
    "ns_exponent": 1.0,
    "sample": 1e-3,
    "alpha": 0.025,
    "workers": 2,
}
HEADER = ("method", "HR@10 (min-max)", "NDCG@10 (min-max)", "seconds of training")
VectorsOf = Callable[[Cases, TrainingConfig], NDArray[np.float32]]


@dataclass
class Method:
    """The figures of one method, one for each seed."""

    name: str
    hit_rates: list[float] = field(default_factory=list)
    ndcgs: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def add(self, ranks: NDArray[np.int64], seconds: float) -> None:
        """Adds the figures of one run."""
        self.hit_rates.append(hit_rate(ranks))
        self.ndcgs.append(ndcg(ranks))
        self.seconds.append(seconds)


def main() -> None:
    """Measures, prints a table, writes bench/out/next_event.md and next_event.json."""
    arguments = _parse_arguments()
    cases = read_cases(arguments.data)
    methods = [
        *_count(cases),
        *_race(cases, arguments.seeds, arguments.epochs),
        *_train_others(cases, arguments.epochs),
    ]
    publish("next_event", [_part(methods, cases, arguments.epochs)])


def measure_race(data: str, seeds: int, epochs: int) -> Part:
    """Compares ours with gensim, once for each seed."""
    cases = read_cases(data)
    return _part(_race(cases, seeds, epochs), cases, epochs)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="data/online_retail.parquet", help="the event log")
    parser.add_argument("--seeds", type=int, default=3, help="runs of gensim and of ours")
    parser.add_argument("--epochs", type=int, default=140, help="passes over the data")
    return parser.parse_args()


def _count(cases: Cases) -> list[Method]:
    items = len(cases.vocabulary)
    scores = {
        "popularity": lambda: np.broadcast_to(cases.vocabulary.counts, (items, items)),
        "Markov chain": lambda: transitions(cases.sessions, items).toarray(),
        "co-occurrence within 3": lambda: co_occurrence(cases.sessions, items, 3).toarray(),
    }
    methods = []
    for name, compute in scores.items():
        method = Method(name)
        started = time.perf_counter()
        matrix = compute()
        seconds = time.perf_counter() - started
        method.add(rank_scores(matrix, cases), seconds)
        methods.append(method)
    return methods


def _race(cases: Cases, seeds: int, epochs: int) -> list[Method]:
    """Trains both in turn, so that the load of the machine affects both alike."""
    base = _config(epochs)
    _ours(cases, base.model_copy(update={"epochs": 1}))  # compiles
    theirs, ours = Method("gensim, skip-gram"), Method("ours, skip-gram")
    for seed in range(1, seeds + 1):
        config = base.model_copy(update={"seed": seed})
        _run(theirs, _gensim, cases, config)
        _run(ours, _ours, cases, config)
    return [theirs, ours]


def _config(epochs: int) -> TrainingConfig:
    return TrainingConfig.model_validate(SETTINGS | {"epochs": epochs})


def _train_others(cases: Cases, epochs: int) -> list[Method]:
    others = {
        "ours, skip-gram, hierarchical softmax": {"objective": "hierarchical-softmax"},
        "ours, CBOW": {"architecture": "cbow"},
        "ours, CBOW, hierarchical softmax": {
            "architecture": "cbow",
            "objective": "hierarchical-softmax",
        },
    }
    methods = []
    for name, changes in others.items():
        method = Method(name)
        _run(method, _ours, cases, _config(epochs).model_copy(update=changes))
        methods.append(method)
    return methods


def _run(method: Method, vectors_of: VectorsOf, cases: Cases, config: TrainingConfig) -> None:
    started = time.perf_counter()
    vectors = vectors_of(cases, config)
    seconds = time.perf_counter() - started
    method.add(rank_vectors(vectors, cases), seconds)
    print(
        f"{method.name}, seed {config.seed}: HR@10 {method.hit_rates[-1]:.4f}, "
        f"NDCG@10 {method.ndcgs[-1]:.4f}, {seconds:.0f} s",
        flush=True,
    )


def _ours(cases: Cases, config: TrainingConfig) -> NDArray[np.float32]:
    return train(cases.sessions, cases.vocabulary, config).input


def _gensim(cases: Cases, config: TrainingConfig) -> NDArray[np.float32]:
    return peer.train_vectors(cases.sessions, cases.vocabulary, config)


def _part(methods: list[Method], cases: Cases, epochs: int) -> Part:
    settings = SETTINGS | {"epochs": epochs}
    return Part(
        name="next_event",
        title="The next event",
        notes=[
            f"{len(cases.sessions):,} sessions, {cases.events:,} events, {cases.catalogue:,} items",
            f"trained on {len(cases.sessions.items):,} events of {len(cases.vocabulary):,} items",
            str(settings),
        ],
        tables=[markdown_table(HEADER, [_row(method) for method in methods])],
        figures={
            "sessions": len(cases.sessions),
            "events": cases.events,
            "items": cases.catalogue,
            "events_trained_on": len(cases.sessions.items),
            "items_trained_on": len(cases.vocabulary),
            "settings": settings,
            "methods": {method.name: _figures(method) for method in methods},
        },
    )


def _row(method: Method) -> tuple[str, ...]:
    return (
        method.name,
        spread(method.hit_rates, 4),
        spread(method.ndcgs, 4),
        f"{np.mean(method.seconds):.1f}",
    )


def _figures(method: Method) -> dict[str, Any]:
    return {
        "hit_rate_at_10": method.hit_rates,
        "ndcg_at_10": method.ndcgs,
        "seconds": method.seconds,
    }


if __name__ == "__main__":
    main()
