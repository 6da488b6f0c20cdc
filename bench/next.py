"""What comes next: the table, the vectors alone and counting side by side, with intervals.

`python -m bench.next`; quality.md in this folder says what is asked, and what came of it.
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
from trainer.config.jobs import Config, EvaluationConfig
from trainer.config.sections import DataConfig
from trainer.config.sources import merge, read_layers
from trainer.corpus import Dataset
from trainer.evaluation.baselines import ItemItem, all_baselines
from trainer.evaluation.baselines.counting import (
    co_occurrence,
    sequential_rules,
    shares,
    transitions,
)
from trainer.evaluation.comparison import Estimate, Evaluation, EvaluationProtocol, evaluate
from trainer.evaluation.holdout import hold_out
from trainer.evaluation.ranking import Ranker
from trainer.evaluation.served import Served
from trainer.evaluation.splits import Cases, sample
from trainer.events.dataset import describe, read_dataset, read_log
from trainer.jobs.evaluate import vector_scores
from trainer.view.display import Silent

RETAIL = "data/online_retail.parquet"
SAMPLE = Path("item2vec.toml")
WEIGHTED = "co-occurrence in 10, 1/d"
DECAYS = (0.3, 0.6)


@dataclass(frozen=True)
class Question:
    """What is asked of all models.

    Attributes:
        name: of its entry among the figures.
        words: the same for people.
        cases: what is asked.
        protocol: how.
        metrics: which two figures are shown.
    """

    name: str
    words: str
    cases: Cases
    protocol: EvaluationProtocol
    metrics: tuple[str, str]


def main() -> None:
    """Measures, prints tables, writes bench/out/next.md and next.json."""
    arguments = _parse_arguments()
    parts = [next_purchase(arguments.data), baskets(arguments.cases)]
    if arguments.clickstream is not None:
        parts.append(clicks(arguments.clickstream, arguments.cases))
    race = next_event.measure_race(arguments.data, arguments.seeds, arguments.epochs)
    parts.append(replace(race, title="Similar items beside gensim's"))
    publish("next", parts)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default=RETAIL, help="the event log")
    parser.add_argument("--clickstream", type=Path, help="folder of a click-stream, else left out")
    parser.add_argument("--cases", type=int, default=20_000, help="cases drawn; 0: all")
    parser.add_argument("--seeds", type=int, default=3, help="runs of gensim and of ours")
    parser.add_argument("--epochs", type=int, default=40, help="of those")
    return parser.parse_args()


def next_purchase(path: str) -> Part:
    """The last event of every customer, asked with the one before it, then with all before it."""
    config = Config(data=all_of_a_customer(path))
    log, descriptions = read_log(config.data)
    holdout = hold_out(log, config.data, EvaluationConfig(split="last-item"))
    dataset = describe(holdout.sessions, holdout.vocabulary, holdout.report, descriptions)
    last = holdout.cases.last(1)
    question = Question(
        "last item", "asked with the last item", last, EvaluationProtocol(ks=(10,)), HR_NDCG
    )
    rankers, seconds = _train(dataset, config)
    longer = {name: Longer(ranker, holdout.cases.starts) for name, ranker in rankers.items()}
    whole = replace(question, name="whole session", words="asked with all before the answer")
    found = [_ask(question, rankers, dataset), _ask(whole, longer, dataset)]
    notes = ["default settings; only the last item is never recommended"]
    return _part("next_purchase", "Online Retail: the next purchase", notes, found, seconds)


def baskets(cases: int) -> Part:
    """`item2vec evaluate` on the sample: every prefix of the newest tenth of the invoices."""
    config = merge(read_layers(SAMPLE, {}))
    log, descriptions = read_log(config.data)
    holdout = hold_out(log, config.data, config.evaluation)
    dataset = describe(holdout.sessions, holdout.vocabulary, holdout.report, descriptions)
    asked = sample(holdout.cases, cases or len(holdout.cases), config.training.seed)
    words = "asked with all of the invoice so far, which is never recommended"
    question = Question("invoices", words, asked, EvaluationProtocol(), HR_NDCG)
    rankers, seconds = _train(dataset, config)
    notes = [f"settings of item2vec.toml; {holdout.description}"]
    return _part(
        "baskets", "Online Retail: invoices", notes, [_ask(question, rankers, dataset)], seconds
    )


def clicks(folder: Path, cases: int) -> Part:
    """Every prefix of the test sessions of a click-stream."""
    config = Config(data=DataConfig(paths=[str(folder / clickstream.TRAIN)]))
    dataset = read_dataset(config.data)
    everything = clickstream.read_cases(folder / clickstream.TEST, dataset.vocabulary)
    asked = sample(everything, cases or len(everything), config.training.seed)
    words = "asked with all of the session so far, nothing left out of the answers"
    protocol = EvaluationProtocol(ks=(20,), exclude_seen=False)
    question = Question("sessions", words, asked, protocol, RECALL_MRR)
    rankers, seconds = _train(dataset, config)
    notes = [f"default settings; {len(everything):,} cases, {len(asked):,} of them drawn"]
    return _part("clicks", "A click-stream", notes, [_ask(question, rankers, dataset)], seconds)


HR_NDCG = ("HR@10", "NDCG@10")
RECALL_MRR = ("HR@20", "MRR@20")  # with one answer a case, HR is recall
Asked = tuple[Question, Evaluation]


def _train(dataset: Dataset, config: Config) -> tuple[dict[str, Ranker], dict[str, float]]:
    """Everything that is compared, and how long the model took."""
    started = time.perf_counter()
    artifact = make_artifact(train_model(dataset, config, Silent()), "bench")
    training = artifact.manifest.metrics["training_seconds"]
    seconds = {"training": training, "table": time.perf_counter() - started - training}
    return _rankers(artifact, dataset, config), seconds


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
        "item2vec similar": Served(recommender, "similar"),
        "word2vec next score": vector_scores(artifact, config),
        **{
            f"{name}, decay {decay}": ItemItem(shares(counted), decay)
            for name, counted in counts.items()
            for decay in DECAYS
        },
        **all_baselines(sessions, dataset.vocabulary.counts),
    }


def _ask(question: Question, rankers: Mapping[str, Ranker], dataset: Dataset) -> Asked:
    def progress(name: str, done: int, cases: int) -> None:
        if done == cases:
            print(f"{question.name}: asked {name}", flush=True)

    counts = dataset.vocabulary.counts
    return question, evaluate(rankers, question.cases, counts, question.protocol, progress)


def _part(
    name: str, title: str, notes: list[str], asked: list[Asked], seconds: Mapping[str, float]
) -> Part:
    taken = ", ".join(f"{what} {value:.1f} s" for what, value in seconds.items())
    return Part(
        name=name,
        title=title,
        notes=[*notes, taken],
        tables=[_table(question, evaluation) for question, evaluation in asked],
        figures={
            "seconds": dict(seconds),
            **{question.name: evaluation.as_dict() for question, evaluation in asked},
        },
    )


def _table(question: Question, evaluation: Evaluation) -> str:
    first, second = question.metrics
    header = ("per cent", first, second, f"next less this, {first}", second)
    rows = [_row(evaluation, name, question.metrics) for name in evaluation.models]
    about = (
        f"{question.words}: {evaluation.cases:,} cases from {evaluation.sessions:,} sessions, "
        f"{evaluation.unseen:.1%} of the answers never seen, {evaluation.repeated:.1%} in the query"
    )
    return f"{about}\n\n{markdown_table(header, rows)}"


def _row(evaluation: Evaluation, name: str, metrics: tuple[str, str]) -> tuple[str, ...]:
    estimates: dict[str, Any] = evaluation.models[name].estimates
    less = evaluation.differences.get(name)
    shown = [_estimate(estimates[metric]) for metric in metrics]
    compared = [_estimate(less[metric], "+") if less else "" for metric in metrics]
    return (name, *shown, *compared)


def _estimate(estimate: Estimate, sign: str = "") -> str:
    value, low, high = (100 * number for number in (estimate.value, estimate.low, estimate.high))
    return f"{value:{sign}.2f} ({low:{sign}.2f} to {high:{sign}.2f})"


if __name__ == "__main__":
    main()
