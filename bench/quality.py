"""Checks that speed does not cost quality: next-event figures of ours, a plain twin and gensim.

`python -m bench.quality`; README.md in this folder describes the cases. All use one thread.
"""

import argparse
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import peer
from bench.cases import Cases, hold_out_last
from bench.combinations import COMBINATIONS, combination_name
from bench.corpus import build_corpus
from bench.plain import train_plain
from bench.ranking import hit_rate, ndcg, rank_vectors
from bench.report import Part, markdown_table, publish
from bench.retail import read_cases
from bench.spread import difference, not_below, spread
from trainer.config.cores import usable_cores
from trainer.config.sections import TrainingConfig
from trainer.corpus import Sessions, Vocabulary
from trainer.word2vec.training import train

RETAIL = "data/online_retail.parquet"
HEADER = ("", "HR@10 (min-max)", "NDCG@10 (min-max)", "ours less this, HR@10", "ours not below")

Train = Callable[[Sessions, Vocabulary, TrainingConfig], NDArray[np.float32]]


@dataclass(frozen=True)
class World:
    """A data set to learn from.

    Attributes:
        read: reads or generates the cases.
        settings: the settings of all methods, besides the combination and the seed.
    """

    read: Callable[[], Cases]
    settings: dict[str, Any]


@dataclass(frozen=True)
class Run:
    """One training run: a method trains a combination on a world, with a seed."""

    world: str
    combination: tuple[str, str]
    method: str
    seed: int


WORLDS = {
    "Online Retail": World(
        lambda: read_cases(RETAIL),
        {"vector_size": 50, "window": 3, "sample": 1e-4, "ns_exponent": 1.0, "epochs": 10},
    ),
    "planted clusters": World(
        lambda: hold_out_last(*build_corpus(items=480_000, catalogue=5_000, clusters=100)),
        {"vector_size": 50, "window": 5, "sample": 1e-4, "epochs": 5},
    ),
}
OURS = "ours"
METHODS: dict[str, Train] = {
    OURS: lambda sessions, vocabulary, config: train(sessions, vocabulary, config).input,
    "plain twin": train_plain,
    "gensim": peer.train_vectors,
}


def main() -> None:
    """Measures, prints tables, writes bench/out/quality.md and quality.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="runs of each method, at least two")
    parser.add_argument("--epochs", type=int, help="passes over the data; default: 10 and 5")
    parser.add_argument("--processes", type=int, default=usable_cores(), help="runs at a time")
    arguments = parser.parse_args()
    publish("quality", [measure(arguments.seeds, arguments.processes, arguments.epochs)])


def measure(seeds: int, processes: int, epochs: int | None = None) -> Part:
    """Every method on every world with every combination, once for each seed."""
    runs = [
        Run(world, combination, method, seed)
        for world in WORLDS
        for combination in COMBINATIONS
        for seed in range(1, seeds + 1)
        for method in METHODS
    ]
    figures: dict[Run, tuple[float, float]] = {}
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawn) as pool:
        for run, scores in zip(runs, pool.map(_score, runs, [epochs] * len(runs)), strict=True):
            figures[run] = scores
            print(f"{run}: HR@10 {scores[0]:.4f}, NDCG@10 {scores[1]:.4f}", flush=True)
    settings = {name: world.settings | _epochs(epochs) for name, world in WORLDS.items()}
    return Part(
        name="quality",
        title="Quality: the next event",
        notes=[f"{name}: {_world_line(name)}, {settings[name]}" for name in WORLDS],
        tables=[f"**{name}**\n\n{_table(name, figures)}" for name in WORLDS],
        figures={"seeds": seeds, "settings": settings, "worlds": _by_name(figures)},
    )


def _score(run: Run, epochs: int | None) -> tuple[float, float]:
    """HR@10 and NDCG@10."""
    cases = _cases(run.world)
    architecture, objective = run.combination
    names = {"architecture": architecture, "objective": objective, "seed": run.seed, "workers": 1}
    config = TrainingConfig.model_validate(WORLDS[run.world].settings | names | _epochs(epochs))
    vectors = METHODS[run.method](cases.sessions, cases.vocabulary, config)
    ranks = rank_vectors(vectors, cases)
    return hit_rate(ranks), ndcg(ranks)


@cache
def _cases(world: str) -> Cases:
    return WORLDS[world].read()


def _epochs(epochs: int | None) -> dict[str, int]:
    return {} if epochs is None else {"epochs": epochs}


def _world_line(world: str) -> str:
    cases = _cases(world)
    return (
        f"{len(cases.sessions):,} sessions, trained on {len(cases.sessions.items):,} events "
        f"of {len(cases.vocabulary):,} items"
    )


Figures = dict[Run, tuple[float, float]]


def _scores_of(figures: Figures, world: str, combination: tuple[str, str], method: str) -> Any:
    """float64 [seeds, 2]: HR@10 and NDCG@10."""
    key = (world, combination, method)
    return np.array(
        [
            scores
            for run, scores in figures.items()
            if (run.world, run.combination, run.method) == key
        ]
    )


def _table(world: str, figures: Figures) -> str:
    rows = []
    for combination in COMBINATIONS:
        ours = _scores_of(figures, world, combination, OURS)
        for method in METHODS:
            theirs = _scores_of(figures, world, combination, method)
            rows.append(
                (
                    f"{combination_name(*combination)}: {method}",
                    *(spread(values, 4) for values in theirs.T),
                    *(("", "") if method == OURS else _verdict(ours, theirs)),
                )
            )
    return markdown_table(HEADER, rows)


def _verdict(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> tuple[str, str]:
    gain, error = difference(ours[:, 0], theirs[:, 0])
    holds = all(not_below(mine, other) for mine, other in zip(ours.T, theirs.T, strict=True))
    return f"{gain:+.4f} ± {error:.4f}", "yes" if holds else "**no**"


def _by_name(figures: Figures) -> dict[str, Any]:
    return {
        world: {
            combination_name(*combination): {
                method: dict(
                    zip(
                        ("hit_rate_at_10", "ndcg_at_10"),
                        _scores_of(figures, world, combination, method).T.tolist(),
                        strict=True,
                    )
                )
                for method in METHODS
            }
            for combination in COMBINATIONS
        }
        for world in WORLDS
    }


if __name__ == "__main__":
    main()
