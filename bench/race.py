"""Times ours and gensim at the same work, one right after the other."""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from gensim.models import Word2Vec
from numpy.typing import NDArray

from bench.corpus import build_corpus
from bench.peer import new_model, train_on_file
from bench.spread import summary
from trainer.config.sections import TrainingConfig
from trainer.corpus import Sessions, Vocabulary
from trainer.word2vec.huffman import build_tree
from trainer.word2vec.training import Snapshot, keep_probability, train

SETTINGS = {
    "objective": "negative-sampling",
    "vector_size": 100,
    "window": 5,
    "negative": 5,
    "sample": 1e-3,
    "alpha": 0.025,
    "epochs": 1,
    "workers": 1,
}
# A pair of a hidden row and a target: multiply-adds for the score and for both updates.
OPERATIONS_PER_NUMBER = 6


@dataclass
class Race:
    """One configuration on one corpus, and the rates of each round.

    Attributes:
        sessions, vocabulary: the corpus.
        config: the settings, with one worker.
        peer: the model of gensim.
        targets: the mean number of output rows that a hidden row is scored against.
        ours, ours_two_threads, gensim: items/s.
        pairs: pairs/s of ours.
        read: the number of items that gensim read.
    """

    sessions: Sessions
    vocabulary: Vocabulary
    config: TrainingConfig
    peer: Word2Vec
    targets: float
    ours: list[float] = field(default_factory=list)
    ours_two_threads: list[float] = field(default_factory=list)
    gensim: list[float] = field(default_factory=list)
    pairs: list[float] = field(default_factory=list)
    read: list[int] = field(default_factory=list)

    def run_gensim(self, file: Path, *, setup: bool = True) -> None:
        """Times gensim on the file of the sessions, with or without its setup.

        Its setup copies the vocabulary. Without it, the time that gensim takes for a file of the
        first session alone is subtracted.
        """
        self.peer.init_weights()
        seconds, read = self._train_gensim(file)
        if not setup:
            first = file.with_suffix(".first")
            with file.open(encoding="utf-8") as lines:
                first.write_text(lines.readline(), encoding="utf-8")
            seconds -= self._train_gensim(first)[0]
        self.gensim.append(read / seconds)
        self.read.append(read)

    def run_ours(self, *, setup: bool = True) -> None:
        """Times ours with one thread, with or without the setup of matrices and tables."""
        seconds, last = self._train(self.config)
        seconds = seconds if setup else last.seconds
        self.ours.append(len(self.sessions.items) / seconds)
        self.pairs.append(last.pairs_done / seconds)

    def run_two_threads(self) -> None:
        """Times ours with two threads."""
        seconds, _ = self._train(self.config.model_copy(update={"workers": 2}))
        self.ours_two_threads.append(len(self.sessions.items) / seconds)

    def _train(self, config: TrainingConfig) -> tuple[float, Snapshot]:
        started = time.perf_counter()
        trained = train(self.sessions, self.vocabulary, config)
        return time.perf_counter() - started, trained.last

    def _train_gensim(self, file: Path) -> tuple[float, int]:
        started = time.perf_counter()
        read = train_on_file(self.peer, file, self.sessions)
        return time.perf_counter() - started, read

    def ratio(self) -> NDArray[np.float64]:
        """Ours over gensim, by round: runs next to each other meet the same load of the machine."""
        return np.array(self.ours) / np.array(self.gensim)

    def two_threads_ratio(self) -> NDArray[np.float64]:
        """Two threads over one, by round."""
        return np.array(self.ours_two_threads) / np.array(self.ours)

    def gflops(self) -> float:
        """GFLOP/s of ours, counting what the algorithm needs, without the padding of the kernel."""
        operations = OPERATIONS_PER_NUMBER * self.config.vector_size * self.targets
        return float(np.median(self.pairs)) * operations / 1e9

    def figures(self, ceiling: float) -> dict[str, Any]:
        """All figures, for JSON; the ceiling is the rate of sgemm."""
        figures = {
            "corpus": {
                "items": len(self.sessions.items),
                "sessions": len(self.sessions),
                "catalogue": len(self.vocabulary),
                "longest_session": int(self.sessions.lengths().max()),
            },
            "settings": self.config.model_dump(mode="json"),
            "ours_items_per_second": self.ours,
            "gensim_items_per_second": self.gensim,
            "gensim_items_read": self.read,
            "ratio": summary(self.ratio()),
            "ours_pairs_per_second": self.pairs,
            "targets_per_pair": self.targets,
            "gflops": self.gflops(),
            "share_of_sgemm": self.gflops() / ceiling,
        }
        if self.ours_two_threads:
            figures["ours_two_threads_items_per_second"] = self.ours_two_threads
            figures["two_threads_ratio"] = summary(self.two_threads_ratio())
        return figures


def new_race(sessions: Sessions, vocabulary: Vocabulary, changes: dict[str, Any]) -> Race:
    """A race with changed SETTINGS; compiles everything that will be timed."""
    config = TrainingConfig.model_validate(SETTINGS | changes)
    train(*build_corpus(items=5_000, catalogue=500, clusters=5), config)
    peer = new_model(sessions, vocabulary, config)
    return Race(sessions, vocabulary, config, peer, _targets(vocabulary.counts, config))


def _targets(counts: NDArray[np.int64], config: TrainingConfig) -> float:
    """The mean number of targets; of a tree, the mean path of the occurrences that are kept."""
    if config.objective == "negative-sampling":
        return 1.0 + config.negative
    tree = build_tree(counts)
    lengths = [len(tree.path(item)[0]) for item in range(len(counts))]
    return float(np.average(lengths, weights=counts * keep_probability(counts, config.sample)))
