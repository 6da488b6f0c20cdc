"""What a search for settings found, and the configuration file it becomes."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from trainer.config.sections import Config
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
        set_before = self.config.model_dump(
            mode="json", exclude_unset=True, exclude_none=True, exclude={"run", "tuning"}
        )
        tables = {name: value for name, value in set_before.items() if isinstance(value, dict)}
        lines = [f"# {line}".rstrip() for line in self._told()]
        lines += ["", *_assigned({k: v for k, v in set_before.items() if k not in tables})]
        for name, table in tables.items():
            lines += ["", f"[{name}]", *_assigned(table)]
        return "\n".join(lines) + "\n"

    def _told(self) -> list[str]:
        """What a reader of the file has to know."""
        tuning = self.config.tuning
        test = "not looked at yet"
        if self.judged is not None:
            test = f"{self.judged.given.value:.4f} as given, {self.judged.tuned.value:.4f} tuned"
        told = [
            f"Found by `item2vec tune --relation {tuning.relation}` in {self.trials} trials.",
            f"{tuning.metric}, validation: {self.given.value:.4f} as given, "
            f"{self.best.value:.4f} tuned",
            f"{tuning.metric}, test: {test}",
        ]
        decay = self.best.settings.get("evaluation.query_decay", 1)
        if decay != 1:
            told.append(f'Ask the service with "decay": {decay:.3g}; by itself it takes 1.')
        return told


def _assigned(table: Mapping[str, Any]) -> list[str]:
    return [f"{name} = {_as_toml(value)}" for name, value in table.items()]


def _as_toml(value: object) -> str:
    """A value as JSON writes it is TOML, but for mappings and one character."""
    if isinstance(value, dict):
        pairs = (f"{_as_toml(name)} = {_as_toml(each)}" for name, each in value.items())
        return f"{{ {', '.join(pairs)} }}"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
