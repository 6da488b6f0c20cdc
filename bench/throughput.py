"""Measures the items per second of training, next to gensim in the same run.

`python -m bench.throughput`; README.md in this folder describes the conditions.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from bench.combinations import COMBINATIONS, combination_name
from bench.corpus import build_corpus
from bench.peer import write_sentences
from bench.race import SETTINGS, Race, new_race
from bench.report import Part, markdown_table, publish
from bench.sgemm import sgemm_gflops
from bench.spread import median_spread

HEADER = (
    "one thread, thousand items/s",
    "ours",
    "gensim",
    "ratio (min-max)",
    "two threads / one (min-max)",
    "M pairs/s",
    "GFLOP/s",
    "of sgemm",
)


def main() -> None:
    """Measures, prints a table, writes bench/out/throughput.md and throughput.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=3_000_000, help="size of the corpus")
    parser.add_argument(
        "--rounds", type=int, default=5, help="number of times to measure everything"
    )
    arguments = parser.parse_args()
    publish("throughput", [measure(arguments.items, arguments.rounds)])


def measure(items: int, rounds: int) -> Part:
    """Times all combinations: in each round gensim, ours, and ours with two threads."""
    sessions, vocabulary = build_corpus(items)
    races = [
        new_race(sessions, vocabulary, {"architecture": architecture, "objective": objective})
        for architecture, objective in COMBINATIONS
    ]
    sgemm: list[float] = []
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "sessions.txt"
        write_sentences(file, sessions, vocabulary)
        for round_number in range(1, rounds + 1):
            sgemm.append(sgemm_gflops())
            for race in races:
                race.run_gensim(file)
                race.run_ours()
                race.run_two_threads()
            print(f"throughput: round {round_number} of {rounds} done", flush=True)
    return _part(races, sgemm)


def _part(races: list[Race], sgemm: list[float]) -> Part:
    ceiling = float(np.median(sgemm))
    sessions, vocabulary = races[0].sessions, races[0].vocabulary
    return Part(
        name="throughput",
        title="Throughput",
        notes=[
            f"{len(sessions.items):,} items in {len(sessions):,} sessions (the longest has "
            f"{sessions.lengths().max():,}), catalogue {len(vocabulary):,}; {SETTINGS}",
            f"rounds: {len(sgemm)}; sgemm, one thread: {median_spread(sgemm, 0)} GFLOP/s",
            f"gensim read {min(min(race.read) for race in races):,} items or more",
        ],
        tables=[markdown_table(HEADER, [_row(race, ceiling) for race in races])],
        figures={
            "rounds": len(sgemm),
            "sgemm_gflops": sgemm,
            "combinations": {_name(race): race.figures(ceiling) for race in races},
        },
    )


def _name(race: Race) -> str:
    return combination_name(race.config.architecture, race.config.objective)


def _row(race: Race, ceiling: float) -> tuple[str, ...]:
    return (
        _name(race),
        f"{np.median(race.ours) / 1e3:,.0f}",
        f"{np.median(race.gensim) / 1e3:,.0f}",
        median_spread(race.ratio()),
        median_spread(race.two_threads_ratio()),
        f"{np.median(race.pairs) / 1e6:.2f}",
        f"{race.gflops():.1f}",
        f"{race.gflops() / ceiling:.0%}",
    )


if __name__ == "__main__":
    main()
