"""Runs trials of settings, stores their results, and stops bad ones early."""

import hashlib
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import optuna
from optuna.pruners import MedianPruner
from optuna.samplers import TPESampler
from optuna.storages import BaseStorage, InMemoryStorage, RDBStorage
from optuna.trial import FrozenTrial, TrialState, create_trial
from sqlalchemy import URL
from sqlalchemy.exc import DatabaseError

from service.model.disk import unwritable
from service.model.errors import ConfigError
from trainer.config.jobs import Config
from trainer.evaluation.holdout import Holdout
from trainer.tuning.findings import Trial, Values
from trainer.tuning.space import Dimension, settings_of, space
from trainer.word2vec.training import DivergenceError

NAME = "item2vec"
# The first trials are never given up; a later one is, if it is worse than half of the others.
NEVER_PRUNED = 5
# Settings that do not change which values are good: a study may be continued with other ones.
INCIDENTAL = ("trials", "minutes", "study")

GiveUp = Callable[[float], bool]
Measure = Callable[[Values, GiveUp], float | None]


class Study:
    """All trials of one search, stored in a file if the search is to be continued.

    The sampler is the tree-structured Parzen estimator (Bergstra et al. 2011). It is seeded anew
    for every trial, so a continued search proposes what an uninterrupted one would.

    Args:
        config: all settings, with the initial values of those that are searched.
        holdout: the sessions and cases of the trials.

    Raises:
        ConfigError: the file holds no study, or a study of other data or settings.
    """

    def __init__(self, config: Config, holdout: Holdout) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._dimensions: tuple[Dimension, ...] = space(config)
        self._seed = config.training.seed
        self._initial = settings_of(config, self._dimensions)
        path = config.tuning.study
        self._study = optuna.create_study(
            storage=InMemoryStorage() if path is None else _storage(path),
            study_name=NAME,
            direction="maximize",
            pruner=MedianPruner(n_startup_trials=NEVER_PRUNED),
            load_if_exists=True,
        )
        self._check_fingerprint(_fingerprint(config, holdout), path)

    def initial(self, measure: Callable[[], float]) -> Trial:
        """The trial of the initial settings, measured unless an earlier run has measured it.

        The sampler learns from it if it could have proposed these settings.
        """
        attributes = self._study.user_attrs
        if "given" not in attributes:
            value = measure()
            parameters: dict[str, float | bool] = {}
            for dimension in self._dimensions:
                drawn = dimension.parameters(self._initial[dimension.name])
                if drawn is None:
                    break
                parameters |= drawn
            else:
                self._add_initial(parameters, value)
            self._study.set_user_attr("given", value)
        return Trial(0, self._initial, self._study.user_attrs["given"], True)

    def _add_initial(self, parameters: dict[str, float | bool], value: float) -> None:
        distributions = {
            name: distribution
            for dimension in self._dimensions
            for name, distribution in dimension.distributions().items()
        }
        trial = create_trial(
            value=value,
            params=parameters,
            distributions={name: distributions[name] for name in parameters},
            user_attrs={"number": 0, "settings": self._initial},
        )
        self._study.add_trial(trial)

    def trials(self) -> list[Trial]:
        """Every finished trial, those of earlier runs included, without the initial settings."""
        finished = self._study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED))
        return [_outcome(trial) for trial in finished if trial.user_attrs["number"] > 0]

    def run_next(self, measure: Measure) -> Trial:
        """Runs a trial of the settings that the sampler proposes.

        Args:
            measure: called with the settings and a function that takes a first value of the metric
                and says whether to give up; returns the metric, or None if it gave up.
        """
        number = len(self.trials()) + 1
        self._study.sampler = TPESampler(seed=(self._seed * 1_000_003 + number) % 2**32)
        trial = self._study.ask()
        settings = {dimension.name: dimension.draw(trial) for dimension in self._dimensions}
        trial.set_user_attr("number", number)
        trial.set_user_attr("settings", settings)

        def give_up(value: float) -> bool:
            trial.report(value, 0)
            return trial.should_prune()

        try:
            value = measure(settings, give_up)
        except (DivergenceError, ConfigError):
            value = None
        except BaseException:
            self._study.tell(trial, state=TrialState.FAIL)
            raise
        if value is None:
            return _outcome(self._study.tell(trial, state=TrialState.PRUNED))
        return _outcome(self._study.tell(trial, value))

    def _check_fingerprint(self, fingerprint: Values, path: Path | None) -> None:
        known = self._study.user_attrs.get("fingerprint")
        if known is None:
            self._study.set_user_attr("fingerprint", fingerprint)
            return
        for name in sorted(known.keys() | fingerprint.keys()):
            was, now = known.get(name), fingerprint.get(name)
            if was != now:
                other = "other data" if name == "data" else f"{name} = {was!r}, not {now!r}"
                raise ConfigError(
                    f"tuning.study = '{path}': it was begun with {other}; name another file"
                )


def _outcome(trial: FrozenTrial) -> Trial:
    attributes = trial.user_attrs
    complete = trial.state == TrialState.COMPLETE
    return Trial(attributes["number"], attributes["settings"], trial.value, complete)


def _storage(path: Path) -> BaseStorage:
    if reason := unwritable(path):
        raise ConfigError(f"tuning.study = '{path}': {reason}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return RDBStorage(URL.create("sqlite", database=str(path)).render_as_string())
    except DatabaseError:
        raise ConfigError(
            f"tuning.study = '{path}': it holds no study; name another file"
        ) from None


def _fingerprint(config: Config, holdout: Holdout) -> Values:
    """What must stay the same for a study to continue: the data and all that changes a metric."""
    digest = hashlib.sha256("\n".join(holdout.vocabulary.item_ids).encode())
    sessions, cases = holdout.sessions, holdout.cases
    arrays = [sessions.items, sessions.offsets, cases.items, cases.starts, cases.stops]
    if sessions.weights is not None:
        arrays.append(sessions.weights)
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    sections = {"training", "next", "evaluation", "tuning"}
    dumped = config.model_dump(mode="json", include=sections)
    flat = {
        f"{section}.{name}": value
        for section in sections
        for name, value in dumped[section].items()
        if name not in (*INCIDENTAL, "workers", "report", "baselines", "cutoffs")
    }
    return {"data": digest.hexdigest(), **flat}
