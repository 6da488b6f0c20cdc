"""The settings that are searched for each relation, and their bounds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from optuna import Trial
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from trainer.config.jobs import Config
from trainer.config.sources import merge, nest

DIGITS = 3  # of a number that is tried: more make no difference, and would fill the file


@dataclass(frozen=True)
class Dimension:
    """One setting that is searched.

    Attributes:
        name: the setting's dotted name, such as "training.alpha".
        low: the lowest value; if it is an int, only whole numbers are drawn.
        high: the highest value.
        log: whether values are drawn uniformly on a logarithmic scale.
        apart: one more value, outside the range, such as "session" for a window.
    """

    name: str
    low: float
    high: float
    log: bool = False
    apart: float | str | None = None

    def draw(self, trial: Trial) -> float | str:
        """The value that the sampler proposes, rounded: what is tried is what is written."""
        if self.apart is not None and trial.suggest_categorical(*self._apart()):
            return self.apart
        if isinstance(self.low, int):
            return trial.suggest_int(self.name, self.low, int(self.high), log=self.log)
        drawn = trial.suggest_float(self.name, self.low, self.high, log=self.log)
        return min(max(float(f"{drawn:.{DIGITS}g}"), self.low), self.high)

    def parameters(self, value: float | str) -> dict[str, float | bool] | None:
        """The sampler's parameters that give a value; None if it cannot draw that value."""
        is_apart = value == self.apart
        switch: dict[str, float | bool] = {} if self.apart is None else {self._apart()[0]: is_apart}
        if is_apart:
            return switch
        if isinstance(value, str) or not self.low <= value <= self.high:
            return None
        return {**switch, self.name: value}

    def distributions(self) -> dict[str, BaseDistribution]:
        """The distributions that the sampler draws from, by name of the parameter."""
        number: BaseDistribution
        if isinstance(self.low, int):
            number = IntDistribution(self.low, int(self.high), log=self.log)
        else:
            number = FloatDistribution(self.low, self.high, log=self.log)
        if self.apart is None:
            return {self.name: number}
        name, choices = self._apart()
        return {name: CategoricalDistribution(choices), self.name: number}

    def _apart(self) -> tuple[str, list[bool]]:
        return f"{self.name} = {self.apart}", [False, True]


TRAINING = (
    Dimension("training.sample", 1e-6, 1e-2, log=True, apart=0.0),
    Dimension("training.window", 2, 30, log=True, apart="session"),
    Dimension("training.epochs", 5, 80, log=True),
    Dimension("training.alpha", 0.01, 0.2, log=True),
    Dimension("training.vector_size", 32, 256, log=True),
)
NOISE = (
    Dimension("training.ns_exponent", -1.0, 1.0),
    Dimension("training.negative", 2, 30, log=True),
)
TABLE = (
    Dimension("next.prior_mass", 1.0, 200.0, log=True),
    Dimension("next.vector_share", 0.0, 1.0),
    Dimension("next.backwards", 0.0, 1.0),
    Dimension("next.count_window", 1, 40, log=True),
    Dimension("next.recency", 0.2, 5.0, log=True, apart=0.0),
)
SESSION = (Dimension("next.next_decay", 0.1, 1.0),)


def space(config: Config) -> tuple[Dimension, ...]:
    """The searched settings: for `similar` those of the vectors, for `next` those of its table.

    The table of what comes next hardly depends on the vectors, and training these takes nearly all
    of the time, so for `next` they stay as they are. Its decay is searched if a query has more than
    one item; that of similar items is fitted in every training.
    """
    if config.tuning.relation == "next":
        return TABLE if config.evaluation.query == "last" else TABLE + SESSION
    samples_noise = config.training.objective == "negative-sampling"
    return TRAINING + NOISE if samples_noise else TRAINING


def with_settings(config: Config, settings: Mapping[str, Any]) -> Config:
    """The same configuration with other values of the settings, by dotted names.

    Raises:
        ConfigError: a value is impossible.
    """
    return merge({"trial": nest(dict(settings)), "given": config.model_dump(exclude_unset=True)})


def settings_of(config: Config, dimensions: tuple[Dimension, ...]) -> dict[str, Any]:
    """A configuration's value for each dimension, by dotted names."""
    dumped = config.model_dump(mode="json")
    places = (dimension.name.split(".") for dimension in dimensions)
    return {f"{section}.{name}": dumped[section][name] for section, name in places}
