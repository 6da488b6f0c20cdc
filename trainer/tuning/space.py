"""Which settings are searched for each relation, and within what bounds."""

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

from service.model.continuations import Relation
from trainer.config.jobs import Config
from trainer.config.sources import merge, nest


@dataclass(frozen=True)
class Dimension:
    """One setting that is searched.

    Attributes:
        name: of the setting, "training.alpha".
        low: the lowest value; whole numbers where this is one.
        high: the highest value.
        log: equal factors are equally likely, not equal steps.
        apart: a further value that is no number between the ends, such as "off".
    """

    name: str
    low: float
    high: float
    log: bool = False
    apart: float | str | None = None

    def draw(self, trial: Trial) -> float | str:
        """What the sampler wants to try."""
        if self.apart is not None and trial.suggest_categorical(*self._apart()):
            return self.apart
        if isinstance(self.low, int):
            return trial.suggest_int(self.name, self.low, int(self.high), log=self.log)
        return trial.suggest_float(self.name, self.low, self.high, log=self.log)

    def parameters(self, value: float | str) -> dict[str, float | bool] | None:
        """A value as the sampler would have drawn it; None where it cannot."""
        is_apart = value == self.apart
        switch: dict[str, float | bool] = {} if self.apart is None else {self._apart()[0]: is_apart}
        if is_apart:
            return switch
        if isinstance(value, str) or not self.low <= value <= self.high:
            return None
        return {**switch, self.name: value}

    def distributions(self) -> dict[str, BaseDistribution]:
        """What the sampler draws from, by the name of the parameter."""
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
    Dimension("training.ns_exponent", -1.0, 1.0),
    Dimension("training.sample", 1e-6, 1e-2, log=True, apart=0.0),
    Dimension("training.window", 2, 30, log=True, apart="session"),
    Dimension("training.epochs", 5, 80, log=True),
    Dimension("training.negative", 2, 30, log=True),
    Dimension("training.alpha", 0.01, 0.2, log=True),
    Dimension("training.vector_size", 32, 256, log=True),
)
TABLE = (
    Dimension("next.prior_mass", 1.0, 200.0, log=True),
    Dimension("next.vector_share", 0.0, 1.0),
    Dimension("next.backwards", 0.0, 1.0),
    Dimension("next.count_window", 1, 40, log=True),
    Dimension("next.recency", 0.2, 5.0, log=True, apart=0.0),
)
DECAYS: Mapping[Relation, Dimension] = {
    "similar": Dimension("evaluation.query_decay", 0.2, 1.0),
    "next": Dimension("next.next_decay", 0.1, 1.0),
}


def space(config: Config) -> tuple[Dimension, ...]:
    """What is searched: for `similar` how vectors are trained, for `next` how it is counted.

    The table of what comes next hardly changes with the vectors, which cost nearly all of the time:
    they stay as they are. A decay is searched where the query has more than one item.
    """
    relation = config.tuning.relation
    dimensions = TRAINING if relation == "similar" else TABLE
    return dimensions if config.evaluation.query == "last" else (*dimensions, DECAYS[relation])


def with_settings(config: Config, settings: Mapping[str, Any]) -> Config:
    """The same configuration with other values of some settings, by dotted names.

    Raises:
        ConfigError: a value is impossible.
    """
    return merge({"trial": nest(dict(settings)), "given": config.model_dump(exclude_unset=True)})


def settings_of(config: Config, dimensions: tuple[Dimension, ...]) -> dict[str, Any]:
    """What a configuration has for each dimension, by dotted names."""
    dumped = config.model_dump(mode="json")
    places = (dimension.name.split(".") for dimension in dimensions)
    return {f"{section}.{name}": dumped[section][name] for section, name in places}
