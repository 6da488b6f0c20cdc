"""The result of a settings search, and its configuration file."""

from dataclasses import asdict, dataclass
from typing import Any

import tomli_w

from trainer.config.jobs import Config
from trainer.evaluation.comparison import Estimate

Settings = dict[str, Any]


@dataclass(frozen=True)
class Tried:
    """One trial.

    Attributes:
        number: from 1; 0 is the settings as they were given.
        settings: by dotted names.
        value: the metric; where the trial was given up, that after a part of its epochs, or None
            if not even that was reached.
        complete: whether it was not given up.
    """

    number: int
    settings: Settings
    value: float | None
    complete: bool


@dataclass(frozen=True)
class Judged:
    """The test figures, measured once and after everything was chosen.

    Attributes:
        given: of the given settings.
        tuned: of the best settings.
        difference: tuned minus given, by paired bootstrap.
        words: how the test part was held out.
    """

    given: Estimate
    tuned: Estimate
    difference: Estimate
    words: str


@dataclass(frozen=True, eq=False)
class Tuned:
    """What a search found.

    Attributes:
        config: every setting, the best ones in their places.
        given: the given settings and their validation figure.
        best: the best settings and theirs; the given ones where nothing better was found.
        trials: how many were tried.
        words: how the validation part was held out.
        judged: on the test part; None before that was looked at.
    """

    config: Config
    given: Tried
    best: Tried
    trials: int
    words: str
    judged: Judged | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "relation": self.config.tuning.relation,
            "metric": self.config.tuning.metric,
            "trials": self.trials,
            "settings": self.best.settings,
            "validation": {
                "given": self.given.value,
                "tuned": self.best.value,
                "held_out": self.words,
            },
            "test": None if self.judged is None else asdict(self.judged),
        }

    def as_toml(self) -> str:
        """A configuration file that `train` takes: all that was set, the best settings in it."""
        settings = self.config.model_dump(
            mode="json", exclude_unset=True, exclude_none=True, exclude={"run", "tuning"}
        )
        comments = "".join(f"# {line}\n" for line in self._comments())
        return f"{comments}\n{tomli_w.dumps(settings)}"

    def _comments(self) -> list[str]:
        """What a reader of the file has to know."""
        tuning = self.config.tuning
        test = "not looked at yet"
        if self.judged is not None:
            test = f"{self.judged.given.value:.4f} as given, {self.judged.tuned.value:.4f} tuned"
        comments = [
            f"Found by `item2vec tune --relation {tuning.relation}` in {self.trials} trials.",
            f"{tuning.metric}, validation: {self.given.value:.4f} as given, "
            f"{self.best.value:.4f} tuned",
            f"{tuning.metric}, test: {test}",
        ]
        decay = self.best.settings.get("evaluation.query_decay", 1)
        if decay != 1:
            comments.append(f'Ask the service with "decay": {decay:.3g}; by itself it takes 1.')
        return comments
