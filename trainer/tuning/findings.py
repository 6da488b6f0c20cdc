"""The result of a settings search, and its configuration file."""

from dataclasses import asdict, dataclass
from typing import Any

import tomli_w

from trainer.config.jobs import Config
from trainer.evaluation.bootstrap import Estimate

Values = dict[str, Any]  # of the searched settings, by dotted names


@dataclass(frozen=True)
class Trial:
    """The outcome of one trial.

    Attributes:
        number: from 1; 0 is the trial of the initial settings.
        settings: the searched settings and their values in this trial.
        value: the metric. For a trial that was given up: the metric after a part of its epochs, or
            None if it did not get that far.
        complete: False if the trial was given up.
    """

    number: int
    settings: Values
    value: float | None
    complete: bool


@dataclass(frozen=True)
class Verdict:
    """The metric on the test part, measured once, after all settings were chosen.

    Attributes:
        initial: of the initial settings.
        tuned: of the best settings.
        difference: tuned minus initial, by paired bootstrap.
        description: how the test part was held out.
    """

    initial: Estimate
    tuned: Estimate
    difference: Estimate
    description: str

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "given": asdict(self.initial),
            "tuned": asdict(self.tuned),
            "difference": asdict(self.difference),
            "words": self.description,
        }


@dataclass(frozen=True, eq=False)
class TuningResult:
    """The result of a search.

    Attributes:
        config: all settings, with the best values of those that were searched.
        initial: the trial of the initial settings, on the validation part.
        best: the best trial; the initial one if none was better.
        trials: the number of trials.
        description: how the validation part was held out.
        verdict: on the test part; None until the test part is used.
    """

    config: Config
    initial: Trial
    best: Trial
    trials: int
    description: str
    verdict: Verdict | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "relation": self.config.tuning.relation,
            "metric": self.config.tuning.metric,
            "trials": self.trials,
            "settings": self.best.settings,
            "validation": {
                "given": self.initial.value,
                "tuned": self.best.value,
                "held_out": self.description,
            },
            "test": None if self.verdict is None else self.verdict.as_dict(),
        }

    def as_toml(self) -> str:
        """A configuration file for `train`: all settings that were set, with the best values."""
        settings = self.config.model_dump(
            mode="json", exclude_unset=True, exclude_none=True, exclude={"run", "notify", "tuning"}
        )
        comments = "".join(f"# {line}\n" for line in self._comments())
        return f"{comments}\n{tomli_w.dumps(settings)}"

    def _comments(self) -> list[str]:
        """What a reader of the file needs to know."""
        tuning = self.config.tuning
        test = "not looked at yet"
        if self.verdict is not None:
            initial, tuned = self.verdict.initial.value, self.verdict.tuned.value
            test = f"{initial:.4f} as given, {tuned:.4f} tuned"
        return [
            f"Found by `item2vec tune --relation {tuning.relation}` in {self.trials} trials.",
            f"{tuning.metric}, validation: {self.initial.value:.4f} as given, "
            f"{self.best.value:.4f} tuned",
            f"{tuning.metric}, test: {test}",
        ]
