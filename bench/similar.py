"""Compares ways to train and rank similar items; settings are chosen on parts before any test.

`python -m bench.similar`; similar.md in this folder describes the questions and the results.
"""

import argparse
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bench.clickstream import training_files
from bench.report import Part, markdown_table, publish
from bench.similar_logs import Log, clicks, invoices, long_tail, planted_clusters, test_clicks
from bench.spread import spread
from service.model.recommender import Recommender
from trainer.artifacts.build import TrainedModel, make_artifact, train_model
from trainer.config.sources import merge
from trainer.corpus import Dataset
from trainer.evaluation.baselines import ItemItem
from trainer.evaluation.baselines.counting import item_cosine
from trainer.evaluation.comparison import EvaluationProtocol, evaluate
from trainer.evaluation.interchangeability import judge_neighbors
from trainer.evaluation.ranking import Ranker
from trainer.evaluation.served import Served
from trainer.view.display import Silent
from trainer.word2vec.training import DivergenceError

Values = Mapping[str, Any]
NEGATIVE = {"objective": "negative-sampling"}
WHOLE = {"window": "session"}
COMBINATIONS: dict[str, Values] = {
    "skip-gram, hierarchical softmax": {},
    "skip-gram, negative sampling": NEGATIVE,
    "CBOW, hierarchical softmax": {"architecture": "cbow"},
    "CBOW, negative sampling": NEGATIVE | {"architecture": "cbow"},
}
WINDOWS: dict[str, Values] = {"window 5": {"window": 5}, "window session": WHOLE}
CHANGES: dict[str, Values] = {
    "5 epochs": {"epochs": 5},
    "60 epochs": {"epochs": 60},
    "sample 1e-4": {"sample": 1e-4},
    "sample 0": {"sample": 0},
    "50 dimensions": {"vector_size": 50},
    "200 dimensions": {"vector_size": 200},
    "alpha .025": {"alpha": 0.025},
}
NOISE_CHANGES: dict[str, Values] = {
    "50 negatives": NEGATIVE | {"negative": 50},
    "noise exponent 0": NEGATIVE | {"ns_exponent": 0},
    "60 epochs, negative sampling": NEGATIVE | {"epochs": 60},
}
BEFORE = NEGATIVE | {"sample": 1e-4, "epochs": 30}
ITEM_KNN = "item-kNN"
DECAY = 0.5


class Figures(NamedTuple):
    """What one model reaches: means, per cent but for the agreement; None where not measured."""

    recall: float | None
    mrr: float | None
    agreement: float | None
    seldom: float | None
    half_width: float | None  # of the interval of the recall


def main() -> None:
    """Measures, prints tables, writes bench/out/similar.md and similar.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--clickstreams", type=Path, help="folder of click-streams; skipped by default"
    )
    parser.add_argument("--cases", type=int, default=5_000, help="number of cases drawn")
    parser.add_argument("--seeds", type=int, default=3, help="runs of the combinations")
    parser.add_argument("--share", type=float, default=0.34, help="newest share of a click-stream")
    parser.add_argument(
        "--test", action="store_true", help="judge the defaults on the click-streams' test parts"
    )
    arguments = parser.parse_args()
    folder = arguments.clickstreams
    paths = [] if folder is None else training_files(folder)
    if arguments.test:
        logs = [test_clicks(path, arguments.cases) for path in paths]
        publish("similar_test", [_measure(log, _judged(arguments.seeds)) for log in logs])
        return
    logs = [planted_clusters(arguments.cases), long_tail(), invoices(arguments.cases)]
    logs += [clicks(path, arguments.share, arguments.cases) for path in paths]
    publish("similar", [_measure(log, _variants(arguments.seeds)) for log in logs])


def _measure(log: Log, variants: Iterable[tuple[str, Values, int]]) -> Part:
    rows: list[tuple[str, ...]] = []
    figures: dict[str, Any] = {}
    for name, values, n in variants:
        try:
            runs = [_model(log, values, seed) for seed in range(1, n + 1)]
        except DivergenceError:
            rows.append((name, "diverged", "", "", "", ""))
            print(f"{log.name}: {' | '.join(rows[-1])}", flush=True)
            continue
        for title, settings in (("", {"answer_shrinkage": 0}), (", rare discounted", {})):
            results = [_figures(log, _served(model, settings)) for model in runs]
            rows.append(_row(name + title, results))
            figures[name + title] = [result._asdict() for result in results]
            print(f"{log.name}: {' | '.join(rows[-1])}", flush=True)
    counted = _figures(log, _item_knn(log.dataset))
    rows.append(_row(ITEM_KNN, [counted]))
    figures[ITEM_KNN] = [counted._asdict()]
    print(f"{log.name}: {' | '.join(rows[-1])}", flush=True)
    lengths = log.dataset.sessions.lengths()
    notes = [
        f"{len(lengths):,} sessions, {lengths.sum():,} events, "
        f"{len(log.dataset.vocabulary):,} items; default settings but for what is named",
    ]
    header = ("per cent", "R@20", "MRR@20", "agreement", "seen < 5", "interval of R@20")
    return Part(f"similar_{log.name}", log.name, notes, [markdown_table(header, rows)], figures)


def _judged(seeds: int) -> Iterator[tuple[str, Values, int]]:
    yield "before", BEFORE, seeds
    yield "the defaults", {}, seeds


def _variants(seeds: int) -> Iterator[tuple[str, Values, int]]:
    for name, values in COMBINATIONS.items():
        yield name, values, seeds
        for window, width in WINDOWS.items():
            yield f"{name}, {window}", values | width, 1
    for name, values in (CHANGES | NOISE_CHANGES).items():
        yield name, values, 1


def _model(log: Log, values: Values, seed: int) -> TrainedModel:
    settings = {
        "training": {**values, "seed": seed},
        "similar": {"decay": DECAY},
        "next": {"continuations": 0},
    }
    return train_model(log.dataset, merge({"bench": settings}), Silent())


def _served(model: TrainedModel, settings: Values) -> Served:
    similar = model.config.similar.model_copy(update=settings)
    config = model.config.model_copy(update={"similar": similar})
    return Served(Recommender(make_artifact(replace(model, config=config), "bench")))


def _item_knn(dataset: Dataset) -> Ranker:
    return ItemItem(item_cosine(dataset.sessions, len(dataset.vocabulary)), DECAY)


def _figures(log: Log, ranker: Ranker) -> Figures:
    counts = log.dataset.vocabulary.counts
    recall = mrr = width = None
    if log.cases is not None:
        protocol = EvaluationProtocol(ks=(20,), exclude_seen=log.exclude_seen)
        estimates = evaluate({"": ranker}, log.cases, counts, protocol).models[""].estimates
        hits = estimates["HR@20"]
        recall, mrr = 100 * hits.value, 100 * estimates["MRR@20"].value
        width = 50 * (hits.high - hits.low)
    attributes = [] if log.attribute is None else [log.attribute]
    judged = judge_neighbors({"": ranker}, attributes, counts).models[""]
    agreement = judged[log.attribute.name].value if log.attribute else None
    seldom = next(value for name, value in judged.items() if "<" in name)
    return Figures(recall, mrr, agreement, 100 * seldom.value, width)


def _row(name: str, results: list[Figures]) -> tuple[str, ...]:
    columns = [
        [value for value in column if value is not None] for column in zip(*results, strict=True)
    ]
    digits = (1, 2, 3, 1, 1)
    cells = [spread(column, n) if column else "" for column, n in zip(columns, digits, strict=True)]
    cells[-1] = f"± {np.mean(columns[-1]):.1f}" if columns[-1] else ""
    return name, *cells


if __name__ == "__main__":
    main()
