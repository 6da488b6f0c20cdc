"""Runs and remembers trials of settings, and stops bad ones early."""

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
from trainer.tuning.findings import Settings, Tried
from trainer.tuning.space import Dimension, settings_of, space
from trainer.word2vec.training import DivergenceError

NAME = "item2vec"
# So many trials are finished before one is given up for being worse than half of them.
NEVER_PRUNED = 5
# What does not change which settings are good: a study may go on with other values of these.
INCIDENTAL = ("trials", "minutes", "study")

Early = Callable[[float], bool]
Measure = Callable[[Settings, Early], float | None]


class Study:
    """All trials of one search, in a file where it is to be continued.

    The sampler is the tree-structured Parzen estimator (Bergstra et al. 2011), seeded anew for
    every trial, so that a search that was continued proposes what an uninterrupted one would.

    Args:
        config: the settings as they are given.
        holdout: what they are tried on.

    Raises:
        ConfigError: the file is no study, or one of other data or settings.
    """

    def __init__(self, config: Config, holdout: Holdout) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._dimensions: tuple[Dimension, ...] = space(config)
        self._seed = config.training.seed
        self._given = settings_of(config, self._dimensions)
        path = config.tuning.study
        self._study = optuna.create_study(
            storage=InMemoryStorage() if path is None else _storage(path),
            study_name=NAME,
            direction="maximize",
            pruner=MedianPruner(n_startup_trials=NEVER_PRUNED),
            load_if_exists=True,
        )
        self._be_the_same(_fingerprint(config, holdout), path)

    def given(self, measure: Callable[[], float]) -> Tried:
        """How good the given settings are, measured unless that is known from an earlier run.

        The sampler learns of it where it could have proposed them.
        """
        attributes = self._study.user_attrs
        if "given" not in attributes:
            value = measure()
            drawn = [one.parameters(self._given[one.name]) for one in self._dimensions]
            if None not in drawn:
                self._add_given([one for one in drawn if one is not None], value)
            self._study.set_user_attr("given", value)
        return Tried(0, self._given, self._study.user_attrs["given"], True)

    def _add_given(self, drawn: list[dict[str, float | bool]], value: float) -> None:
        parameters = {name: one for each in drawn for name, one in each.items()}
        known = {
            name: one for each in self._dimensions for name, one in each.distributions().items()
        }
        trial = create_trial(
            value=value,
            params=parameters,
            distributions={name: known[name] for name in parameters},
            user_attrs={"number": 0, "settings": self._given},
        )
        self._study.add_trial(trial)

    def tried(self) -> list[Tried]:
        """Every trial that came to an end, those of earlier runs too; not the given settings."""
        ended = self._study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED))
        return [_tried(trial) for trial in ended if trial.user_attrs["number"] > 0]

    def try_next(self, measure: Measure) -> Tried:
        """Tries what the sampler proposes.

        Args:
            measure: gets the settings, and what says by a first figure whether to give up; returns
                the metric, or None where it gave up.
        """
        number = len(self.tried()) + 1
        self._study.sampler = TPESampler(seed=(self._seed * 1_000_003 + number) % 2**32)
        trial = self._study.ask()
        settings = {one.name: one.draw(trial) for one in self._dimensions}
        trial.set_user_attr("number", number)
        trial.set_user_attr("settings", settings)

        def early(value: float) -> bool:
            trial.report(value, 0)
            return trial.should_prune()

        try:
            value = measure(settings, early)
        except (DivergenceError, ConfigError):
            value = None
        except BaseException:
            self._study.tell(trial, state=TrialState.FAIL)
            raise
        if value is None:
            return _tried(self._study.tell(trial, state=TrialState.PRUNED))
        return _tried(self._study.tell(trial, value))

    def _be_the_same(self, fingerprint: Settings, path: Path | None) -> None:
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


def _tried(trial: FrozenTrial) -> Tried:
    attributes = trial.user_attrs
    complete = trial.state == TrialState.COMPLETE
    return Tried(attributes["number"], attributes["settings"], trial.value, complete)


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


def _fingerprint(config: Config, holdout: Holdout) -> Settings:
    """What must be the same for a study to go on: the data and everything that decides a figure."""
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
