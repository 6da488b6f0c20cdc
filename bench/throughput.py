"""How many items a second training takes, beside gensim in the same run.

`python -m bench.throughput`; README.md in this folder says under which conditions.
"""

import argparse
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from gensim.models import Word2Vec
from numpy.typing import NDArray

from bench.corpus import build_corpus
from bench.machine import describe_machine, machine_line
from bench.peer import new_model, train_on_file, write_sentences
from bench.report import markdown_table, write_json
from bench.sgemm import sgemm_gflops
from trainer.config import TrainingConfig
from trainer.huffman import build_tree
from trainer.sessions import Sessions
from trainer.training import keep_probability, train
from trainer.vocabulary import Vocabulary

COMBINATIONS = (
    ("skip-gram", "negative-sampling"),
    ("skip-gram", "hierarchical-softmax"),
    ("cbow", "negative-sampling"),
    ("cbow", "hierarchical-softmax"),
)
SETTINGS = {
    "vector_size": 100,
    "window": 5,
    "negative": 5,
    "sample": 1e-3,
    "epochs": 1,
    "workers": 1,
}
# A pair of a hidden row and a target: multiply-adds for the score and for both updates.
OPERATIONS_PER_NUMBER = 6
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


@dataclass
class Combination:
    """One architecture with one objective: who is timed, and the rates of every round.

    Attributes:
        config: with one worker.
        peer: gensim's model.
        targets: output rows a hidden row is scored against, on average.
        ours, ours_two_threads, gensim: items/s.
        pairs: pairs/s of ours.
        read: items that gensim read.
    """

    config: TrainingConfig
    peer: Word2Vec
    targets: float
    ours: list[float] = field(default_factory=list)
    ours_two_threads: list[float] = field(default_factory=list)
    gensim: list[float] = field(default_factory=list)
    pairs: list[float] = field(default_factory=list)
    read: list[int] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What a table calls it."""
        return f"{self.config.architecture}, {self.config.objective.replace('-', ' ')}"

    def gflops(self) -> float:
        """The arithmetic the algorithm asks for, not what the kernel spends on padding."""
        operations = OPERATIONS_PER_NUMBER * self.config.vector_size * self.targets
        return float(np.median(self.pairs)) * operations / 1e9


def main() -> None:
    """Measures, prints a table, writes bench/out/throughput.json."""
    arguments = _parse_arguments()
    sessions, vocabulary = build_corpus(arguments.items)
    combinations = [_combination(sessions, vocabulary, *names) for names in COMBINATIONS]
    _warm_up(combinations)
    sgemm: list[float] = []
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "sessions.txt"
        write_sentences(file, sessions, vocabulary)
        for round_number in range(1, arguments.rounds + 1):
            sgemm.append(sgemm_gflops())
            for combination in combinations:
                _measure(combination, sessions, vocabulary, file)
            print(f"round {round_number} of {arguments.rounds} done", flush=True)
    _publish(combinations, sgemm, sessions, vocabulary)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=3_000_000, help="size of the corpus")
    parser.add_argument("--rounds", type=int, default=5, help="times everything is measured")
    return parser.parse_args()


def _combination(
    sessions: Sessions, vocabulary: Vocabulary, architecture: str, objective: str
) -> Combination:
    names = {"architecture": architecture, "objective": objective}
    config = TrainingConfig.model_validate(SETTINGS | names)
    peer = new_model(sessions, vocabulary, config)
    return Combination(config, peer, _targets(vocabulary.counts, config))


def _targets(counts: NDArray[np.int64], config: TrainingConfig) -> float:
    """With a Huffman tree, the mean path of the occurrences that subsampling keeps."""
    if config.objective == "negative-sampling":
        return 1.0 + config.negative
    tree = build_tree(counts)
    lengths = [len(tree.path(item)[0]) for item in range(len(counts))]
    return float(np.average(lengths, weights=counts * keep_probability(counts, config.sample)))


def _warm_up(combinations: list[Combination]) -> None:
    """Compiles everything that will be timed."""
    sessions, vocabulary = build_corpus(items=5_000, catalogue=500, clusters=5)
    for combination in combinations:
        train(sessions, vocabulary, combination.config)


def _measure(
    combination: Combination, sessions: Sessions, vocabulary: Vocabulary, file: Path
) -> None:
    """One round: gensim, ours, and ours with two threads, one right after the other."""
    combination.peer.init_weights()
    started = time.perf_counter()
    read = train_on_file(combination.peer, file, sessions)
    combination.gensim.append(read / (time.perf_counter() - started))
    combination.read.append(read)

    started = time.perf_counter()
    trained = train(sessions, vocabulary, combination.config)
    seconds = time.perf_counter() - started
    combination.ours.append(len(sessions.items) / seconds)
    combination.pairs.append(trained.last.pairs_done / seconds)

    two_threads = combination.config.model_copy(update={"workers": 2})
    started = time.perf_counter()
    train(sessions, vocabulary, two_threads)
    combination.ours_two_threads.append(len(sessions.items) / (time.perf_counter() - started))


def _publish(
    combinations: list[Combination],
    sgemm: list[float],
    sessions: Sessions,
    vocabulary: Vocabulary,
) -> None:
    machine = describe_machine()
    ceiling = float(np.median(sgemm))
    rows = [_row(combination, ceiling) for combination in combinations]
    corpus = {
        "items": len(sessions.items),
        "sessions": len(sessions),
        "catalogue": len(vocabulary),
        "longest_session": int(sessions.lengths().max()),
    }
    print(f"\n{machine_line(machine)}")
    print(", ".join(f"{name} {value:,}" for name, value in corpus.items()))
    print(f"sgemm, one thread: {ceiling:.0f} GFLOP/s ({min(sgemm):.0f}-{max(sgemm):.0f})")
    print(f"gensim read {min(min(one.read) for one in combinations):,} items or more\n")
    print(markdown_table(HEADER, rows))
    write_json(
        "throughput",
        {
            "machine": machine,
            "corpus": corpus,
            "settings": SETTINGS,
            "rounds": len(sgemm),
            "sgemm_gflops": sgemm,
            "combinations": {one.name: _figures(one, ceiling) for one in combinations},
        },
    )


def _row(combination: Combination, ceiling: float) -> tuple[str, ...]:
    gflops = combination.gflops()
    return (
        combination.name,
        f"{np.median(combination.ours) / 1e3:,.0f}",
        f"{np.median(combination.gensim) / 1e3:,.0f}",
        _spread(_ratio(combination.ours, combination.gensim)),
        _spread(_ratio(combination.ours_two_threads, combination.ours)),
        f"{np.median(combination.pairs) / 1e6:.2f}",
        f"{gflops:.1f}",
        f"{gflops / ceiling:.0%}",
    )


def _figures(combination: Combination, ceiling: float) -> dict[str, Any]:
    return {
        "ours_items_per_second": combination.ours,
        "ours_two_threads_items_per_second": combination.ours_two_threads,
        "gensim_items_per_second": combination.gensim,
        "gensim_items_read": combination.read,
        "ratio": _summary(_ratio(combination.ours, combination.gensim)),
        "two_threads_ratio": _summary(_ratio(combination.ours_two_threads, combination.ours)),
        "ours_pairs_per_second": combination.pairs,
        "targets_per_pair": combination.targets,
        "gflops": combination.gflops(),
        "share_of_sgemm": combination.gflops() / ceiling,
    }


def _ratio(left: list[float], right: list[float]) -> NDArray[np.float64]:
    """Round by round: the machine is shared, and neighbours in time share its mood."""
    return np.array(left) / np.array(right)


def _summary(ratios: NDArray[np.float64]) -> dict[str, float]:
    median = float(np.median(ratios))
    return {"min": float(ratios.min()), "median": median, "max": float(ratios.max())}


def _spread(ratios: NDArray[np.float64]) -> str:
    return f"{np.median(ratios):.2f} ({ratios.min():.2f}-{ratios.max():.2f})"


if __name__ == "__main__":
    main()
