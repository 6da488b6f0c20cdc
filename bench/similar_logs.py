"""The logs that similar items are compared on; only `test_clicks` has sessions of a test part."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.cases import hold_out_last
from bench.clickstream import name_of, read_cases, test_file
from bench.corpus import build_corpus
from bench.long_tail import build_long_tail
from trainer.config.data import DataConfig
from trainer.config.jobs import EvaluationConfig
from trainer.config.sources import merge, read_layers
from trainer.corpus import DataReport, Dataset, Sessions, Vocabulary
from trainer.evaluation.attributes import Attribute, Cosine, title_words
from trainer.evaluation.holdout import hold_out_before
from trainer.evaluation.splits import Cases, sample
from trainer.events.dataset import describe, read_dataset, read_log

SAMPLE = Path("item2vec.toml")
SEED = 1


@dataclass(frozen=True)
class Log:
    """What models are trained and judged on.

    Attributes:
        name: the key of its figures.
        dataset: what is trained on.
        cases: sessions without their next item; none if their order means nothing.
        exclude_seen: whether items of the session are never recommended.
        attribute: by which neighbours are judged, if there is one.
    """

    name: str
    dataset: Dataset
    cases: Cases | None = None
    exclude_seen: bool = False
    attribute: Attribute | None = None


def planted_clusters(cases: int) -> Log:
    """Sessions of a cluster each; the last item is asked for, given the one before it."""
    held_out = hold_out_last(*build_corpus(items=480_000, catalogue=5_000, clusters=100))
    places = np.arange(len(held_out.queries))
    every = Cases(held_out.queries, places, places + 1, held_out.answers, places)
    dataset = _dataset(held_out.sessions, held_out.vocabulary)
    return Log("planted clusters", dataset, sample(every, cases, SEED), exclude_seen=True)


def long_tail() -> Log:
    """Listeners in a catalogue most of which is hardly ever played; items have tags."""
    sessions, vocabulary, tags = build_long_tail()
    return Log("long tail", _dataset(sessions, vocabulary), attribute=Cosine("tags", tags))


def invoices(cases: int) -> Log:
    """The sample without its test part; the newest tenth of the rest is asked for."""
    config = merge(read_layers(SAMPLE, {}))
    log, descriptions = read_log(config.data)
    holdout = hold_out_before(log, config.data, EvaluationConfig())
    dataset = describe(holdout.sessions, holdout.vocabulary, holdout.report, descriptions)
    selection = sample(holdout.cases, cases, SEED)
    return Log("invoices", dataset, selection, True, title_words(dataset.titles))


def clicks(path: Path, share: float, cases: int) -> Log:
    """The training part of a click-stream without its newest tenth; the tenth before is asked for.

    Args:
        path: one session per line, oldest first.
        share: the share of the sessions before those to train on, the newest ones.
        cases: how many cases to draw.
    """
    config = DataConfig(paths=[str(path)])
    log, descriptions = read_log(config)
    holdout = hold_out_before(log, config, EvaluationConfig(), share)
    dataset = describe(holdout.sessions, holdout.vocabulary, holdout.report, descriptions)
    return Log(name_of(path), dataset, sample(holdout.cases, cases, SEED))


def test_clicks(path: Path, cases: int) -> Log:
    """A click-stream's training part, and cases of the test part beside it."""
    dataset = read_dataset(DataConfig(paths=[str(path)]))
    every = read_cases(test_file(path), dataset.vocabulary)
    return Log(f"{name_of(path)}, test", dataset, sample(every, cases, SEED))


def _dataset(sessions: Sessions, vocabulary: Vocabulary) -> Dataset:
    nameless = [None] * len(vocabulary)
    return Dataset(sessions, vocabulary, nameless, {}, DataReport(len(sessions.items)))
