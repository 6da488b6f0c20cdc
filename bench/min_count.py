"""Measures what a least count of answers would change: rare answers, and the quality of `similar`.

`python -m bench.min_count`: the sample without its test part, and a generated log with a long tail.
Neighbours are those of the 300 most frequent items, each alone; they agree by words of titles or by
tags, which training does not see. The events asked for are those of the newest sessions, given what
came before, or of the long tail the last play of a listener, given the one before it.
"""

from dataclasses import dataclass

import numpy as np

from bench.cases import hold_out_last
from bench.long_tail import build_long_tail
from bench.report import Part, markdown_table, publish
from bench.similar_logs import Log, invoices
from service.model.artifact import Artifact
from service.model.recommender import decayed
from service.model.similarity import SimilarSettings, answer_rows, query_rows, unit
from trainer.artifacts.build import make_artifact, train_model
from trainer.config.sources import merge
from trainer.corpus import DataReport, Dataset
from trainer.evaluation.attributes import SELDOM, Cosine
from trainer.evaluation.comparison import EvaluationProtocol, evaluate
from trainer.evaluation.ranking import NOTHING, Ranked, Ranker, rank_unseen
from trainer.evaluation.splits import Cases
from trainer.view.display import Silent

LEAST_COUNTS = (1, 3, 5, 10)
QUERIES = 300
NEIGHBORS = 10
CASES = 2_000
HEADER = ("least count", "neighbours seen < 5", "agreement", "lists shorter than 10", "HR@10", "±")


@dataclass(frozen=True)
class Frequent:
    """Similar items as the service ranks them, among those seen often enough, by brute force.

    Attributes:
        artifact: the model; its items are in order of frequency.
        settings: how answers are discounted, and the decay of a prefix.
        least: how often an answer must have been seen.
    """

    artifact: Artifact
    settings: SimilarSettings
    least: int

    def rank(self, cases: Cases, k: int) -> Ranked:
        """The k best items that were seen often enough."""
        counts, units = self.artifact.counts, unit(self.artifact.input_vectors)
        often = int(np.count_nonzero(counts >= self.least))
        answers = answer_rows(units[:often], counts[:often], self.settings)
        prefixes = cases.prefixes()
        weights = decayed(prefixes.offsets, self.settings.decay)
        known = np.flatnonzero(prefixes.lengths())
        starts = prefixes.offsets[known]
        of_prefixes = units[prefixes.items], counts[prefixes.items]
        queries = query_rows(*of_prefixes, weights, starts, self.settings)
        found = min(k, often)
        items = np.full((len(cases), k), NOTHING, np.int32)
        scores = np.full(items.shape, -np.inf, np.float32)
        for case, row in zip(known, queries, strict=True):
            every = answers @ row
            best = np.argpartition(-every, found - 1)[:found]
            best = best[np.argsort(-every[best], kind="stable")]
            items[case, :found], scores[case, :found] = best, every[best]
        return Ranked(items, scores)


def main() -> None:
    """Measures, prints tables, writes bench/out/min_count.md and min_count.json."""
    publish("min_count", [_measured(log) for log in (invoices(CASES), _long_tail())])


def _long_tail() -> Log:
    """Listeners in a catalogue most of which is hardly ever played; items have tags."""
    sessions, vocabulary, tags = build_long_tail()
    held_out = hold_out_last(sessions, vocabulary)
    places = np.arange(len(held_out.queries))
    cases = Cases(held_out.queries, places, places + 1, held_out.answers, places)
    rows = vocabulary.rows(held_out.vocabulary.item_ids)
    nameless = [None] * len(rows)
    report = DataReport(len(held_out.sessions.items))
    dataset = Dataset(held_out.sessions, held_out.vocabulary, nameless, {}, report)
    return Log("long tail", dataset, cases.take(slice(CASES)), True, Cosine("tags", tags[rows]))


def _measured(log: Log) -> Part:
    config = merge({"bench": {"training": {"seed": 1}, "next": {"continuations": 0}}})
    artifact = make_artifact(train_model(log.dataset, config, Silent()), "bench")
    counts, default = artifact.counts, artifact.manifest.similar
    figures = {}
    for title, changes in (("plain cosine", {"answer_shrinkage": 0.0}), ("rare discounted", {})):
        settings = default.model_copy(update=changes)
        for least in LEAST_COUNTS:
            figures[f"{title}, {least}"] = _figures(log, Frequent(artifact, settings, least))
    rows = [(name, *(f"{value:.4f}" for value in values)) for name, values in figures.items()]
    rare = ", ".join(f"{np.mean(counts < least):.0%} < {least}" for least in LEAST_COUNTS[1:])
    notes = [f"{len(counts):,} items, seen {rare} times"]
    return Part(log.name, log.name, notes, [markdown_table(HEADER, rows)], figures)


def _figures(log: Log, ranker: Ranker) -> list[float]:
    counts = log.dataset.vocabulary.counts
    queries = np.arange(QUERIES, dtype=np.int32)  # rows are in order of frequency
    alone = Cases(queries, queries, queries + 1, np.full(QUERIES, NOTHING, np.int32), queries)
    neighbors = rank_unseen(ranker, alone, NEIGHBORS).items
    query, place = np.nonzero(neighbors != NOTHING)
    found = neighbors[query, place]
    estimate = (
        evaluate({"": ranker}, log.cases, counts, EvaluationProtocol(ks=(10,)))
        .models[""]
        .estimates["HR@10"]
    )
    return [
        float(np.mean(counts[found] < SELDOM)),
        float(log.attribute.agreement(queries[query], found).mean()),
        float(np.mean((neighbors == NOTHING).any(axis=1))),
        estimate.value,
        (estimate.high - estimate.low) / 2,
    ]


if __name__ == "__main__":
    main()
