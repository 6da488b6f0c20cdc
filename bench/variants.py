"""Where skip-gram with negative sampling might lose its lead: short sessions, sizes of all kinds.

`python -m bench.variants`; README.md in this folder says under which conditions.
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

# Ours is never below gensim by less than this factor.
BAR = 3.0
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
# Of the corpus, and of the configuration. A large catalogue takes many items to be met at all.
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
    parser.add_argument("--rounds", type=int, default=3, help="times everything is measured")
    arguments = parser.parse_args()
    publish("variants", [measure(arguments.items, arguments.rounds)])


def measure(items: int, rounds: int) -> Part:
    """One variant after another, so that one model is in memory; gensim and ours alternate."""
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
            f"about {items:,} items a corpus, {SETTINGS}, each changed as its row says",
            "the setting up of matrices and tables is timed on neither side",
            f"rounds: {rounds}; sgemm, one thread: {median_spread(sgemm, 0)} GFLOP/s",
        ],
        tables=[markdown_table(HEADER, rows)],
        figures={"rounds": rounds, "sgemm_gflops": sgemm, "variants": figures},
    )


def _race_all(items: int, rounds: int) -> Iterator[tuple[str, Race]]:
    for name, (of_corpus, of_config) in VARIANTS.items():
        sessions, vocabulary = build_corpus(items, **of_corpus)
        race = new_race(sessions, vocabulary, of_config)
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
