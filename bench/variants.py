"""Times skip-gram with negative sampling where it may lose its lead: other sizes and lengths.

`python -m bench.variants`; README.md in this folder describes the conditions.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench.corpus import build_corpus
from bench.peer import write_sentences
from bench.race import SETTINGS, Race, new_race
from bench.report import Part, markdown_table, publish
from bench.sgemm import sgemm_gflops
from bench.spread import median_spread

# Ours is to be faster than gensim by at least this factor.
BAR = 8.0
HEADER = (
    "skip-gram, negative sampling, one thread, thousand items/s",
    "ours",
    "gensim",
    "ratio (min-max)",
    f"at least {BAR:.0f}",
    "M pairs/s",
    "GFLOP/s",
    "of sgemm",
)
# Changes to the corpus and to the settings. Only a large corpus meets much of a large catalogue.
VARIANTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "100 dimensions, 50 k items, sessions of 12": ({}, {}),
    "sessions of 5": ({"mean_length": 5.0}, {}),
    "64 dimensions": ({}, {"vector_size": 64}),
    "128 dimensions": ({}, {"vector_size": 128}),
    "300 dimensions": ({}, {"vector_size": 300}),
    "catalogue of 1 M": ({"catalogue": 1_000_000, "clusters": 8_000}, {}),
}


def main() -> None:
    """Measures, prints a table, writes bench/out/variants.md and variants.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1_500_000, help="size of a corpus")
    parser.add_argument(
        "--rounds", type=int, default=3, help="number of times to measure everything"
    )
    arguments = parser.parse_args()
    publish("variants", [measure(arguments.items, arguments.rounds)])


def measure(items: int, rounds: int) -> Part:
    """Times one variant after another, to hold one model in memory; gensim and ours alternate."""
    sgemm = [sgemm_gflops()]
    rows, figures = [], {}
    for name, race in _race_all(items, rounds):
        sgemm.append(sgemm_gflops())
        ceiling = float(np.median(sgemm[-2:]))
        rows.append(_row(name, race, ceiling))
        figures[name] = race.figures(ceiling)
        print(f"variants: {name}: {median_spread(race.ratio())}", flush=True)
    return Part(
        name="variants",
        title="Variants of skip-gram with negative sampling",
        notes=[
            f"about {items:,} items per corpus, {SETTINGS}, with the change that the row names",
            "the setup of matrices and tables is timed on neither side",
            f"rounds: {rounds}; sgemm, one thread: {median_spread(sgemm, 0)} GFLOP/s",
        ],
        tables=[markdown_table(HEADER, rows)],
        figures={"rounds": rounds, "sgemm_gflops": sgemm, "variants": figures},
    )


def _race_all(items: int, rounds: int) -> Iterator[tuple[str, Race]]:
    for name, (corpus_changes, config_changes) in VARIANTS.items():
        sessions, vocabulary = build_corpus(items, **corpus_changes)
        race = new_race(sessions, vocabulary, config_changes)
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "sessions.txt"
            write_sentences(file, sessions, vocabulary)
            for _ in range(rounds):
                race.run_gensim(file, setup=False)
                race.run_ours(setup=False)
        yield name, race


def _row(name: str, race: Race, ceiling: float) -> tuple[str, ...]:
    return (
        name,
        f"{np.median(race.ours) / 1e3:,.0f}",
        f"{np.median(race.gensim) / 1e3:,.0f}",
        median_spread(race.ratio()),
        "yes" if np.median(race.ratio()) >= BAR else "**no**",
        f"{np.median(race.pairs) / 1e6:.2f}",
        f"{race.gflops():.1f}",
        f"{race.gflops() / ceiling:.0%}",
    )


if __name__ == "__main__":
    main()
