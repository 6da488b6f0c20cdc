"""Searches for better settings on one part of a log, and tests them on another."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

from service.model.artifact import Artifact
from service.model.errors import ConfigError
from service.model.recommender import Recommender
from trainer.artifacts.build import make_artifact, train_model
from trainer.config.jobs import Config, TuningConfig
from trainer.continuations.table import build_continuations
from trainer.corpus import Dataset
from trainer.evaluation.comparison import Evaluation, Protocol, evaluate
from trainer.evaluation.holdout import Holdout, asked, hold_out, hold_out_before
from trainer.evaluation.served import Served
from trainer.evaluation.splits import Cases
from trainer.events.dataset import describe, read_log
from trainer.events.descriptions import Descriptions
from trainer.tuning.findings import Judged, Settings, Tried, Tuned
from trainer.tuning.space import with_settings
from trainer.tuning.study import Early, Study
from trainer.view.display import Silent
from trainer.word2vec.training import DivergenceError

VERSION = "tuning"
GIVEN, TUNED = "as given", "tuned"
# A trial first trains this share of its epochs, with a learning rate that falls as in the whole
# run: what half of the trials before did better with is given up.
FIRST_EPOCHS = 0.25

OnTrial = Callable[[Tried, Tried], None]


def tune(config: Config, display: Silent, on_found: Callable[[Tuned], None]) -> Tuned:
    """Searches by the validation part of a log, then judges what was best by the test part.

    The log is read once. An interruption ends the search; what was best so far is judged as well.
    Settings that diverge on all sessions, though not in the search, make room for the next best.

    Args:
        config: every setting; those that are not searched stay as they are.
        display: where progress is shown.
        on_found: told what the search found, before the test part is looked at.

    Raises:
        ConfigError: the study is of another search, or the settings do not learn the relation.
        InputError: the log cannot be used, or nothing of it is left to train on or to ask.
        DivergenceError: the given settings diverge.
        KeyboardInterrupt: nothing was found before, or once the test part is looked at.
    """
    tuning = config.tuning
    if tuning.relation == "next" and not config.next.continuations:
        raise ConfigError(
            "next.continuations = 0: so nothing is learnt of what comes next; set another number, "
            "or relation = similar"
        )
    with display.reading(config.data.paths) as on_read:
        log, descriptions = read_log(config.data, on_read, config.training.workers)
    holdout = hold_out_before(log, config.data, config.evaluation, tuning.share)
    display.data(holdout.report)
    study = Study(config, holdout)
    trier = _Trier(config, holdout, descriptions, Silent())
    with display.trying(tuning) as on_trial:
        given, found = _search(tuning, study, trier, on_trial)
    whole = hold_out(log, config.data, config.evaluation)
    models = _Models(_dataset(whole, descriptions), display)
    for best in found:
        settings = with_settings(config, best.settings)
        tuned = Tuned(settings, given, best, len(study.tried()), holdout.words)
        on_found(tuned)
        try:
            return replace(tuned, judged=_judge(config, settings, models, whole))
        except DivergenceError as error:
            if best is given:
                raise
            display.note(f"trial {best.number} does not count: {error}")
    raise AssertionError("the given settings are among those found")


def _search(
    tuning: TuningConfig, study: Study, trier: "_Trier", on_trial: OnTrial
) -> tuple[Tried, list[Tried]]:
    """Tries until the budget is spent or Ctrl-C is pressed.

    Returns:
        The given settings, and those that were better, the best first, and last the given ones.
    """
    ends = time.monotonic() + 60 * (tuning.minutes or float("inf"))
    given = study.given(trier.given)
    best = _best(given, study)[0]
    on_trial(given, best)
    try:
        while len(study.tried()) < tuning.trials and time.monotonic() < ends:
            tried = study.try_next(trier.measure)
            best = _best(given, study)[0]
            on_trial(tried, best)
    except KeyboardInterrupt:
        pass
    return given, _best(given, study)


def _best(given: Tried, study: Study) -> list[Tried]:
    """What was better than the given settings, the highest first, and last those."""
    value = given.value or 0.0
    better = [one for one in study.tried() if one.complete and (one.value or 0.0) > value]
    return [*sorted(better, key=lambda one: -(one.value or 0.0)), given]


class _Trier:
    """Trains and asks the same cases again and again, under different settings."""

    def __init__(
        self, config: Config, holdout: Holdout, descriptions: Descriptions, display: Silent
    ) -> None:
        self._config = config
        self._models = _Models(_dataset(holdout, descriptions), display)
        self._cases = _cases(holdout, config)

    def given(self) -> float:
        """The metric under the given settings."""
        return self._figure(self._config)

    def measure(self, settings: Settings, early: Early) -> float | None:
        """The metric under some settings; None where it is given up after some of the epochs."""
        config = with_settings(self._config, settings)
        epochs = int(FIRST_EPOCHS * config.training.epochs)
        if epochs and config.training != self._config.training:
            first = with_settings(config, {"training.epochs": epochs})
            if early(self._figure(first)):
                return None
        return self._figure(config)

    def _figure(self, config: Config) -> float:
        models = {TUNED: self._models.served(config)}
        evaluation = _evaluate(models, self._cases, self._models.dataset, config)
        return evaluation.models[TUNED].estimates[config.tuning.metric].value


class _Models:
    """Models of one dataset; vectors are trained again only where their settings are others."""

    def __init__(self, dataset: Dataset, display: Silent) -> None:
        self.dataset = dataset
        self._display = display
        self._trained: tuple[Config, Artifact] | None = None

    def served(self, config: Config) -> Served:
        """The model for the relation that is tuned."""
        relation = config.tuning.relation
        if relation == "similar":
            config = with_settings(config, {"next.continuations": 0})
        if self._trained is None or self._trained[0].training != config.training:
            artifact = make_artifact(train_model(self.dataset, config, self._display), VERSION)
        else:
            artifact = self._trained[1]
            table = build_continuations(
                self.dataset.sessions, artifact.input_vectors, config.next, config.training.workers
            )
            artifact = replace(artifact, continuations=table)
        self._trained = config, artifact
        decay = config.evaluation.query_decay if relation == "similar" else config.next.next_decay
        return Served(Recommender(artifact), relation, decay)


def _judge(given: Config, tuned: Config, models: "_Models", holdout: Holdout) -> Judged:
    """Trains on everything before the test part, and only then looks at that."""
    served = {TUNED: models.served(tuned), GIVEN: models.served(given)}
    evaluation = _evaluate(served, _cases(holdout, given), models.dataset, given)
    metric = given.tuning.metric
    return Judged(
        given=evaluation.models[GIVEN].estimates[metric],
        tuned=evaluation.models[TUNED].estimates[metric],
        difference=evaluation.differences[GIVEN][metric],
        words=holdout.words,
    )


def _dataset(holdout: Holdout, descriptions: Descriptions) -> Dataset:
    return describe(holdout.sessions, holdout.vocabulary, holdout.report, descriptions)


def _cases(holdout: Holdout, config: Config) -> Cases:
    return asked(holdout.cases, config.evaluation, config.training.seed)


def _evaluate(
    models: Mapping[str, Served], cases: Cases, dataset: Dataset, config: Config
) -> Evaluation:
    protocol = Protocol(
        ks=(int(config.tuning.metric.partition("@")[2]),),
        exclude_seen=config.evaluation.exclude_seen,
        seed=config.training.seed,
    )
    return evaluate(models, cases, dataset.vocabulary.counts, protocol)
