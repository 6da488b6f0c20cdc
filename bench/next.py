"""Compares recommendations of what comes next: weighed, by the table, by vectors, by counting.

`python -m bench.next`; quality.md in this folder describes the questions and the results.
"""

import argparse
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench import clickstream, next_event
from bench.longer import Longer
from bench.report import Part, markdown_table, publish
from bench.retail import all_of_a_customer
from service.model.artifact import Artifact
from service.model.recommender import Recommender
from trainer.artifacts.build import make_artifact, train_model
from trainer.config.data import DataConfig
from trainer.config.jobs import Config, EvaluationConfig
from trainer.config.sources import merge, read_layers
from trainer.corpus import Dataset
from trainer.evaluation.baselines import ItemItem, all_baselines
from trainer.evaluation.baselines.counting import (
    co_occurrence,
    sequential_rules,
    shares,
    transitions,
)
from trainer.evaluation.baselines.slist import MOST_ITEMS, Slist
from trainer.evaluation.bootstrap import Estimate
from trainer.evaluation.comparison import Evaluation, EvaluationProtocol, evaluate
from trainer.evaluation.holdout import hold_out
from trainer.evaluation.ranking import Ranker
from trainer.evaluation.served import Served
from trainer.evaluation.splits import Cases, sample
from trainer.events.dataset import describe, read_dataset, read_log
from trainer.jobs.evaluate import table_alone, vector_scores
from trainer.view.display import Silent

RETAIL = "data/online_retail.parquet"
SAMPLE = Path("item2vec.toml")
WEIGHTED = "co-occurrence in 10, 1/d"
DECAYS = (0.3, 0.6)


@dataclass(frozen=True)
class Question:
    """A set of cases that all models are evaluated on.

    Attributes:
        name: the key of its figures.
        description: its name for people.
        cases: the queries and their answers.
        protocol: how the answers are scored.
        metrics: the two figures to show.
    """

    name: str
    description: str
    cases: Cases
    protocol: EvaluationProtocol
    metrics: tuple[str, str]


def main() -> None:
    """Measures, prints tables, writes bench/out/next.md and next.json."""
    arguments = _parse_arguments()
    parts = [next_purchase(arguments.data), baskets(arguments.cases)]
    if arguments.clickstreams is not None:
        paths = clickstream.training_files(arguments.clickstreams)
        parts += [clicks(path, arguments.cases) for path in paths]
    race = next_event.measure_race(arguments.data, arguments.seeds, arguments.epochs)
    parts.append(replace(race, title="Similar items beside gensim's"))
    publish("next", parts)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default=RETAIL, help="the event log")
    parser.add_argument(
        "--clickstreams", type=Path, help="folder of click-streams; skipped by default"
    )
    parser.add_argument("--cases", type=int, default=20_000, help="number of cases drawn; 0: all")
    parser.add_argument("--seeds", type=int, default=3, help="runs of gensim and of ours")
    parser.add_argument("--epochs", type=int, default=40, help="passes over the data in those runs")
    return parser.parse_args()


def next_purchase(path: str) -> Part:
    """Predicts the last event of every customer from the one before it, then from all before."""
    config = Config(data=all_of_a_customer(path))
    log, descriptions = read_log(config.data)
    holdout = hold_out(log, config.data, EvaluationConfig(split="last-item"))
    dataset = describe(holdout.sessions, holdout.vocabulary, holdout.report, descriptions)
    last = holdout.cases.last(1)
    protocol = EvaluationProtocol(ks=(10,))
    question = Question("last item", "given the last item", last, protocol, HR_NDCG)
    rankers, seconds = _train(dataset, config)
    longer = {
        name: Longer(ranker, holdout.cases.starts) for name, ranker in seen_allowed(rankers).items()
    }
    whole = replace(question, name="whole session", description="given all items before the answer")
    results = [_ask(question, rankers, dataset), _ask(whole, longer, dataset)]
    notes = ["default settings; only the last item is never recommended", _size(dataset)]
    return _part("next_purchase", "Online Retail: the next purchase", notes, results, seconds)


def baskets(cases: int) -> Part:
    """`item2vec evaluate` on the sample: every prefix of the newest tenth of the invoices."""
    config = merge(read_layers(SAMPLE, {}))
    log, descriptions = read_log(config.data)
    holdout = hold_out(log, config.data, config.evaluation)
    dataset = describe(holdout.sessions, holdout.vocabulary, holdout.report, descriptions)
    selection = sample(holdout.cases, cases or len(holdout.cases), config.training.seed)
    description = "given all of the invoice so far, which is never recommended"
    question = Question("invoices", description, selection, EvaluationProtocol(), HR_NDCG)
    rankers, seconds = _train(dataset, config)
    notes = [f"settings of item2vec.toml; {holdout.description}", _size(dataset)]
    return _part(
        "baskets", "Online Retail: invoices", notes, [_ask(question, rankers, dataset)], seconds
    )


def clicks(path: Path, cases: int) -> Part:
    """Every prefix of the test sessions of a click-stream, given its training file."""
    config = Config(data=DataConfig(paths=[str(path)]))
    dataset = read_dataset(config.data)
    everything = clickstream.read_cases(clickstream.test_file(path), dataset.vocabulary)
    selection = sample(everything, cases or len(everything), config.training.seed)
    description = "given all of the session so far, with every item as a possible answer"
    protocol = EvaluationProtocol(ks=(20,), exclude_seen=False)
    question = Question("sessions", description, selection, protocol, RECALL_MRR)
    rankers, seconds = _train(dataset, config)
    drawn = f"default settings; {len(everything):,} cases, {len(selection):,} of them drawn"
    notes = [drawn, _size(dataset)]
    name = clickstream.name_of(path)
    results = [_ask(question, seen_allowed(rankers), dataset)]
    return _part(f"clicks_{name}", f"A click-stream: {name}", notes, results, seconds)


HR_NDCG = ("HR@10", "NDCG@10")
RECALL_MRR = ("HR@20", "MRR@20")  # with one answer per case, HR is recall
Result = tuple[Question, Evaluation]


def _train(dataset: Dataset, config: Config) -> tuple[dict[str, Ranker], dict[str, float]]:
    """Trains everything that is compared; returns the rankers and the seconds of the model."""
    started = time.perf_counter()
    artifact = make_artifact(train_model(dataset, config, Silent()), "bench")
    training = artifact.manifest.metrics["training_seconds"]
    seconds = {"training": training, "table": time.perf_counter() - started - training}
    rankers = _rankers(artifact, dataset, config)
    if len(dataset.vocabulary) <= MOST_ITEMS:
        started = time.perf_counter()
        rankers["SLIST"] = Slist(dataset.sessions, len(dataset.vocabulary))
        seconds["SLIST"] = time.perf_counter() - started
    return rankers, seconds


def _size(dataset: Dataset) -> str:
    sessions, items = dataset.sessions, len(dataset.vocabulary)
    size = f"{len(sessions):,} sessions, {len(sessions.items):,} events, {items:,} items"
    return size if items <= MOST_ITEMS else f"{size}: too many for SLIST"


def _rankers(artifact: Artifact, dataset: Dataset, config: Config) -> dict[str, Ranker]:
    recommender = Recommender(artifact)
    sessions, items = dataset.sessions, len(dataset.vocabulary)
    counts = {
        "Markov chain": transitions(sessions, items),
        "sequential rules": sequential_rules(sessions, items),
        WEIGHTED: co_occurrence(sessions, items, 10, lambda distance: 1 / distance, 0.5),
    }
    return {
        "item2vec next": Served(recommender, "next"),
        **table_alone(artifact),
        "item2vec similar": Served(recommender, "similar"),
        "word2vec next score": vector_scores(artifact, config),
        **{
            f"{name}, decay {decay}": ItemItem(shares(matrix), decay)
            for name, matrix in counts.items()
            for decay in DECAYS
        },
        **all_baselines(sessions, dataset.vocabulary.counts),
    }


def seen_allowed(rankers: Mapping[str, Ranker]) -> dict[str, Ranker]:
    """The same rankers; ours weighs for a protocol where items of the session may come next."""
    return {
        name: replace(ranker, allow_seen=True) if isinstance(ranker, Served) else ranker
        for name, ranker in rankers.items()
    }


def _ask(question: Question, rankers: Mapping[str, Ranker], dataset: Dataset) -> Result:
    started = time.perf_counter()

    def progress(name: str, done: int, cases: int) -> None:
        nonlocal started
        if done == cases:
            now = time.perf_counter()
            print(f"{question.name}: asked {name}, {now - started:.1f} s", flush=True)
            started = now

    counts = dataset.vocabulary.counts
    return question, evaluate(rankers, question.cases, counts, question.protocol, progress)


def _part(
    name: str, title: str, notes: list[str], results: list[Result], seconds: Mapping[str, float]
) -> Part:
    times = ", ".join(f"{step} {value:.1f} s" for step, value in seconds.items())
    return Part(
        name=name,
        title=title,
        notes=[*notes, times],
        tables=[_table(question, evaluation) for question, evaluation in results],
        figures={
            "seconds": dict(seconds),
            **{question.name: evaluation.as_dict() for question, evaluation in results},
        },
    )


def _table(question: Question, evaluation: Evaluation) -> str:
    first, second = question.metrics
    header = ("per cent", first, second, f"next less this, {first}", second)
    rows = [_row(evaluation, name, question.metrics) for name in evaluation.models]
    about = (
        f"{question.description}: {evaluation.cases:,} cases from {evaluation.sessions:,} "
        f"sessions, {evaluation.unseen:.1%} of the answers never seen, "
        f"{evaluation.repeated:.1%} in the query"
    )
    return f"{about}\n\n{markdown_table(header, rows)}"


def _row(evaluation: Evaluation, name: str, metrics: tuple[str, str]) -> tuple[str, ...]:
    estimates: dict[str, Any] = evaluation.models[name].estimates
    differences = evaluation.differences.get(name)
    figures = [_estimate(estimates[metric]) for metric in metrics]
    compared = [_estimate(differences[metric], "+") if differences else "" for metric in metrics]
    return (name, *figures, *compared)


def _estimate(estimate: Estimate, sign: str = "") -> str:
    value, low, high = (100 * number for number in (estimate.value, estimate.low, estimate.high))
    return f"{value:{sign}.2f} ({low:{sign}.2f} to {high:{sign}.2f})"


if __name__ == "__main__":
    main()
