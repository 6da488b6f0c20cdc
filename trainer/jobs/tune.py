"""Searches for better settings on one part of a log, and tests them on another."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from service.model.artifact import Artifact
from service.model.errors import ConfigError
from service.model.logit import Fit
from service.model.recommender import Recommender
from trainer.artifacts.build import count_continuations, make_artifact, train_unweighed
from trainer.artifacts.weighing import Ahead, Weighed, train_ahead, weigh
from trainer.config.jobs import Config, TuningConfig
from trainer.corpus import Dataset
from trainer.evaluation.comparison import Evaluation, EvaluationProtocol, evaluate
from trainer.evaluation.holdout import Holdout, hold_out, hold_out_before, sample_cases
from trainer.evaluation.served import Served
from trainer.evaluation.splits import Cases
from trainer.events.dataset import describe, read_log
from trainer.events.descriptions import Descriptions
from trainer.tuning.findings import Trial, TuningResult, Values, Verdict
from trainer.tuning.space import with_settings
from trainer.tuning.study import GiveUp, Study
from trainer.view.display import Silent
from trainer.word2vec.training import DivergenceError

VERSION = "tuning"
INITIAL, TUNED = "as given", "tuned"
# A trial first trains this share of its epochs, with a learning rate that falls as in a whole run.
# It is given up if half of the trials before it were better at that point.
FIRST_EPOCHS = 0.25

OnTrial = Callable[[Trial, Trial], None]


def tune(
    config: Config, display: Silent, on_result: Callable[[TuningResult], None]
) -> TuningResult:
    """Searches on the validation part of a log, then evaluates the best settings on the test part.

    The log is read once. An interruption ends the search; the best settings so far are evaluated
    all the same. Settings that diverge on all sessions, though not in the search, give way to the
    next best.

    Args:
        config: every setting; those that are not searched stay as they are.
        display: where progress is shown.
        on_result: called with the result of the search before the test part is used.

    Raises:
        ConfigError: the study is of another search, or the settings do not learn the relation.
        InputError: the log cannot be used, or too little of it is left for training or for tests.
        DivergenceError: training with the initial settings diverges.
        KeyboardInterrupt: pressed before the initial settings are measured, or during the test.
    """
    tuning = config.tuning
    if tuning.relation == "next" and not config.next.continuations:
        raise ConfigError(
            "next.continuations = 0: nothing is learned of what comes next; set another number, or "
            "relation = similar"
        )
    with display.reading(config.data.paths) as on_read:
        log, descriptions = read_log(config.data, on_read, config.training.workers)
    holdout = hold_out_before(log, config.data, config.evaluation, tuning.share)
    display.data(holdout.report)
    limit = f", of which none begins after {tuning.minutes:g} minutes" if tuning.minutes else ""
    display.plan(
        f"trains the settings as given, then tries {tuning.trials} others{limit}; at last trains "
        "both the given and the best on all before the test part"
    )
    study = Study(config, holdout)
    experiment = _Experiment(config, holdout, descriptions, Silent())
    with display.searching(tuning) as on_trial:
        initial, candidates = _search(tuning, study, experiment, on_trial)
    whole = hold_out(log, config.data, config.evaluation)
    models = _Models(_dataset(whole, descriptions), display)
    for best in candidates:
        settings = with_settings(config, best.settings)
        result = TuningResult(settings, initial, best, len(study.trials()), holdout.description)
        on_result(result)
        try:
            return replace(result, verdict=_judge(config, settings, models, whole))
        except DivergenceError as error:
            if best is initial:
                raise
            display.note(f"trial {best.number} is discarded: {error}")
    raise AssertionError("the initial settings are always the last candidate")


def _search(
    tuning: TuningConfig, study: Study, experiment: "_Experiment", on_trial: OnTrial
) -> tuple[Trial, list[Trial]]:
    """Runs trials until the budget is spent or Ctrl-C is pressed.

    Returns:
        The initial trial, and the candidates: all better trials, best first, then the initial one.
    """
    deadline = time.monotonic() + 60 * (tuning.minutes or float("inf"))
    initial = study.initial(experiment.measure_initial)
    on_trial(initial, _candidates(initial, study)[0])
    try:
        while len(study.trials()) < tuning.trials and time.monotonic() < deadline:
            trial = study.run_next(experiment.measure)
            on_trial(trial, _candidates(initial, study)[0])
    except KeyboardInterrupt:
        pass
    return initial, _candidates(initial, study)


def _candidates(initial: Trial, study: Study) -> list[Trial]:
    """The complete trials that beat the initial one, best first, and then the initial one."""
    value = initial.value or 0.0
    better = [trial for trial in study.trials() if trial.complete and (trial.value or 0.0) > value]
    return [*sorted(better, key=lambda trial: -(trial.value or 0.0)), initial]


class _Experiment:
    """Trains with different settings on the same sessions and evaluates on the same cases."""

    def __init__(
        self, config: Config, holdout: Holdout, descriptions: Descriptions, display: Silent
    ) -> None:
        self._config = config
        self._models = _Models(_dataset(holdout, descriptions), display)
        self._cases = _cases(holdout, config)

    def measure_initial(self) -> float:
        """The metric of the initial settings."""
        return self._metric(self._config)

    def measure(self, settings: Values, give_up: GiveUp) -> float | None:
        """The metric of the settings; None if the trial is given up after a part of its epochs."""
        config = with_settings(self._config, settings)
        epochs = int(FIRST_EPOCHS * config.training.epochs)
        if epochs and config.training != self._config.training:
            first = with_settings(config, {"training.epochs": epochs})
            if give_up(self._metric(first)):
                return None
        return self._metric(config)

    def _metric(self, config: Config) -> float:
        models = {TUNED: self._models.served(config)}
        evaluation = _evaluate(models, self._cases, self._models.dataset, config)
        return evaluation.models[TUNED].estimates[config.tuning.metric].value


class _Models:
    """Models of one dataset; vectors are trained again only if their settings have changed."""

    def __init__(self, dataset: Dataset, display: Silent) -> None:
        self.dataset = dataset
        self._display = display
        self._trained: _Trained | None = None

    def served(self, config: Config) -> Served:
        """The model, as a ranker of the relation that is tuned."""
        relation = config.tuning.relation
        if relation == "similar":
            config = with_settings(config, {"next.continuations": 0})
        trained = self._trained
        if trained is None or _vectors_differ(trained.config, config):
            ahead = train_ahead(self.dataset, config, self._display) if config.next.weighs else None
            model = train_unweighed(self.dataset, config, self._display)
            trained = self._trained = _Trained(config, make_artifact(model, VERSION), ahead)
        decay = config.evaluation.query_decay if relation == "similar" else config.next.next_decay
        recommender = Recommender(self._counted(trained, config))
        return Served(recommender, relation, decay, not config.evaluation.exclude_seen)

    def _counted(self, trained: "_Trained", config: Config) -> Artifact:
        """The same vectors, with what comes next counted and weighed as the settings say."""
        artifact, ahead = trained.artifact, trained.ahead
        counted = count_continuations(self.dataset, artifact.input_vectors, config, self._display)
        if counted is None:
            return artifact
        if isinstance(ahead, tuple):
            weighed = weigh(*ahead, config, self._display)
        else:
            weighed = Weighed(None, ahead)
        return replace(artifact, continuations=counted.weighed(weighed.logit, weighed.fit))


@dataclass(frozen=True, eq=False)
class _Trained:
    """A model, and vectors of its older sessions or why there are none."""

    config: Config
    artifact: Artifact
    ahead: tuple[Ahead, NDArray[np.float32]] | Fit | None


def _vectors_differ(one: Config, other: Config) -> bool:
    """Whether vectors must be trained again, with other settings."""
    ahead = ("weighs", "fit_share", "fit_epochs")
    return one.training != other.training or any(
        getattr(one.next, name) != getattr(other.next, name) for name in ahead
    )


def _judge(initial: Config, tuned: Config, models: "_Models", holdout: Holdout) -> Verdict:
    """Trains on everything before the test part, and evaluates on the test part."""
    served = {TUNED: models.served(tuned), INITIAL: models.served(initial)}
    evaluation = _evaluate(served, _cases(holdout, initial), models.dataset, initial)
    metric = initial.tuning.metric
    return Verdict(
        initial=evaluation.models[INITIAL].estimates[metric],
        tuned=evaluation.models[TUNED].estimates[metric],
        difference=evaluation.differences[INITIAL][metric],
        description=holdout.description,
    )


def _dataset(holdout: Holdout, descriptions: Descriptions) -> Dataset:
    return describe(holdout.sessions, holdout.vocabulary, holdout.report, descriptions)


def _cases(holdout: Holdout, config: Config) -> Cases:
    return sample_cases(holdout.cases, config.evaluation, config.training.seed)


def _evaluate(
    models: Mapping[str, Served], cases: Cases, dataset: Dataset, config: Config
) -> Evaluation:
    protocol = EvaluationProtocol(
        ks=(int(config.tuning.metric.partition("@")[2]),),
        exclude_seen=config.evaluation.exclude_seen,
        seed=config.training.seed,
    )
    return evaluate(models, cases, dataset.vocabulary.counts, protocol)
