"""Evaluates a model and the baselines on a held-out part of the log."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.model.artifact import Artifact
from service.model.disk import unwritable
from service.model.errors import ConfigError
from service.model.recommender import Recommender
from trainer.artifacts.build import make_artifact, train_model
from trainer.config.jobs import Config, EvaluationConfig
from trainer.corpus import DataReport, Dataset
from trainer.evaluation.attributes import attributes_of
from trainer.evaluation.baselines import all_baselines
from trainer.evaluation.baselines.vectors import VectorScores
from trainer.evaluation.comparison import (
    Answered,
    Evaluation,
    EvaluationProtocol,
    ask,
    compare,
)
from trainer.evaluation.holdout import Holdout, hold_out, sample_cases
from trainer.evaluation.interchangeability import Interchangeability, judge_neighbors
from trainer.evaluation.ranking import Ranker
from trainer.evaluation.served import Served
from trainer.evaluation.splits import Cases
from trainer.evaluation.weighed import Weighed, judge_weights, speaks
from trainer.events.dataset import describe, read_log
from trainer.view.display import Silent
from trainer.view.page import page_content, render_page
from trainer.word2vec.objectives import OBJECTIVES
from trainer.word2vec.training import DivergenceError

VERSION = "evaluation"
NEXT, SIMILAR = "item2vec next", "item2vec similar"
TABLE_ALONE = "next, table alone"


@dataclass(frozen=True, eq=False)
class EvaluationRun:
    """An evaluation and what it was made with.

    Attributes:
        holdout: the training sessions and all test cases.
        report: what became of what was read.
        cases: the cases that were ranked.
        models: the relations of the trained model, name to ranker.
        evaluation: the model and its baselines side by side.
        interchangeability: what the neighbours of all of them have in common with the item.
        weighed: what the weights of what comes next are worth; None without weights.
    """

    holdout: Holdout
    report: DataReport
    cases: Cases
    models: dict[str, Served]
    evaluation: Evaluation
    interchangeability: Interchangeability
    weighed: Weighed | None

    @property
    def model(self) -> Served:
        """The relation that the other models are compared with."""
        return next(iter(self.models.values()))

    def as_dict(self, config: Config) -> dict[str, Any]:
        """For JSON: how the log was split, every setting, the data and the comparison."""
        return {
            "held_out": self.holdout.description,
            "config": config.model_dump(mode="json"),
            "data": self.report.as_dict(),
            "training": self.model.recommender.artifact.manifest.metrics,
            "evaluation": self.evaluation.as_dict(),
            "interchangeability": self.interchangeability.as_dict(),
            "weighed": None if self.weighed is None else self.weighed.as_dict(),
        }

    def page(self) -> str:
        """The HTML page."""
        content = page_content(
            self.evaluation,
            self.interchangeability,
            self.models,
            self.cases,
            self.holdout.sessions.lengths(),
            self.holdout.description,
        )
        return render_page(replace(content, weighed=self.weighed))


def evaluate_held_out(config: Config, display: Silent) -> EvaluationRun:
    """Reads a log, trains on one part of it and evaluates on the other. Publishes nothing.

    Args:
        config: every setting; those of `run` have no effect.
        display: where progress is shown.

    Raises:
        ConfigError: the page cannot be written.
        InputError: the log cannot be used, or too little of it is left for training or for tests.
    """
    page = config.evaluation.report
    if page is not None and (reason := unwritable(page)):
        raise ConfigError(f"evaluation.report = '{page}': {reason}")
    with display.reading([*config.items.paths, *config.data.paths]) as on_read:
        log, descriptions = read_log(config.data, on_read, config.training.workers, config.items)
    holdout = hold_out(log, config.data, config.evaluation)
    cases = sample_cases(holdout.cases, config.evaluation, config.training.seed)
    dataset = describe(holdout.sessions, holdout.vocabulary, holdout.report, descriptions)
    display.data(dataset.report)
    display.plan(_plan(config, dataset, cases))
    artifact = make_artifact(train_model(dataset, config, display), VERSION)
    models = _models(Recommender(artifact), config.evaluation)
    rankers: dict[str, Ranker] = {**models}
    if config.evaluation.baselines:
        seconds = artifact.manifest.metrics["training_seconds"]
        rankers |= _other_objective(dataset, config, display, seconds)
        rankers |= table_alone(artifact)
        rankers["word2vec next score"] = vector_scores(artifact, config)
        rankers |= all_baselines(dataset.sessions, dataset.vocabulary.counts)
    protocol = EvaluationProtocol(
        ks=tuple(sorted(set(config.evaluation.cutoffs))),
        exclude_seen=config.evaluation.exclude_seen,
        seed=config.training.seed,
    )
    with display.evaluating() as on_cases:
        answered = ask(rankers, cases, len(dataset.vocabulary.counts), protocol, on_cases)
        evaluation = compare(answered, cases, dataset.vocabulary.counts, protocol)
    weighed = None
    if speaks(models[next(iter(models))]):
        with display.working("judging weights"):
            weighed = _weighed(models, answered, cases, dataset.vocabulary.counts, protocol)
    with display.working("judging neighbours"):
        interchangeability = judge_neighbors(
            {SIMILAR: rankers[SIMILAR], **rankers},
            attributes_of(dataset.titles, dataset.metadata),
            dataset.vocabulary.counts,
            protocol.resamples,
            protocol.seed,
        )
    return EvaluationRun(
        holdout, dataset.report, cases, models, evaluation, interchangeability, weighed
    )


def vector_scores(artifact: Artifact, config: Config) -> VectorScores:
    """A ranker of what comes next by a model's two matrices alone, without its table."""
    return VectorScores(
        artifact.input_vectors,
        artifact.output_vectors,
        artifact.counts,
        config.training,
        config.next.next_decay,
    )


def _models(recommender: Recommender, config: EvaluationConfig) -> dict[str, Served]:
    """The relations of a model by name; `next` comes first if the model knows it."""
    models = {SIMILAR: Served(recommender, "similar", config.query_decay)}
    if recommender.artifact.continuations is None:
        return models
    return {NEXT: Served(recommender, "next", allow_seen=not config.exclude_seen), **models}


def _weighed(
    models: dict[str, Served],
    answered: Mapping[str, Answered],
    cases: Cases,
    counts: NDArray[np.int64],
    protocol: EvaluationProtocol,
) -> Weighed:
    """What the weights of the first model are worth."""
    name, served = next(iter(models.items()))
    both = answered[name], answered.get(TABLE_ALONE)
    return judge_weights(served, both, cases, counts, protocol)


def table_alone(artifact: Artifact) -> dict[str, Ranker]:
    """What comes next by a model's table, by name; nothing if the table alone has a say anyway."""
    continuations = artifact.continuations
    if continuations is None or continuations.settings.logit is None:
        return {}
    plain = replace(artifact, continuations=continuations.weighed(None, None))
    return {TABLE_ALONE: Served(Recommender(plain), "next")}


def _plan(config: Config, dataset: Dataset, cases: Cases) -> str:
    models = "2 models" if config.evaluation.baselines else "1 model"
    asked = "all models, those that only count as well," if config.evaluation.baselines else "it"
    return (
        f"trains {models}, {config.training.epochs} epochs over "
        f"{dataset.report.events_kept:,} events each; then asks {asked} {len(cases):,} cases"
    )


def _other_objective(
    dataset: Dataset, config: Config, display: Silent, seconds: float
) -> dict[str, Served]:
    """Similar items by a model of the other objective, by name; none if its training diverges.

    Args:
        dataset: what to train on.
        config: every setting.
        display: where progress is shown.
        seconds: how long the first model was trained.
    """
    other = next(name for name in OBJECTIVES if name != config.training.objective)
    display.note(
        f"training again, with {other}, to compare: about as long as the first, {seconds:.0f} s"
    )
    training = config.training.model_copy(update={"objective": other})
    table = config.next.model_copy(update={"continuations": 0})
    config = config.model_copy(update={"training": training, "next": table})
    try:
        artifact = make_artifact(train_model(dataset, config, display), VERSION)
    except DivergenceError as error:
        display.warn(f"{other} is left out: {error}")
        return {}
    served = Served(Recommender(artifact), "similar", config.evaluation.query_decay)
    return {f"similar, {other}": served}
