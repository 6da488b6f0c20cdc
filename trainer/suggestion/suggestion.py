"""Suggested settings, each with its reason, as a configuration file."""

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import tomli_w

WIDTH = 100
SECTIONS = ("data", "items", "training", "next")


@dataclass(frozen=True)
class Choice:
    """A suggested setting.

    Attributes:
        name: in its section; `data.where`.
        value: of a type that TOML has.
        reason: for people, in one or two sentences.
        active: whether it is set, or only shown as a comment.
    """

    name: str
    value: Any
    reason: str
    active: bool = True

    @property
    def section(self) -> str:
        """The section of the setting."""
        return self.name.partition(".")[0]


@dataclass
class Suggestion:
    """The choices for a log, in the order of the file.

    Attributes:
        choices: what is set, and what one may set.
        doubts: what cannot be told from the files.
        facts: what was looked at.
    """

    choices: list[Choice] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)

    def add(self, name: str, value: object, reason: str, *, active: bool = True) -> None:
        """Adds a choice."""
        self.choices.append(Choice(name, value, reason, active))

    def settings(self) -> dict[str, Any]:
        """What is set, nested like the file."""
        nested: dict[str, Any] = {}
        for choice in self.choices:
            section, _, name = choice.name.partition(".")
            if choice.active:
                nested.setdefault(section, {})[name] = choice.value
        return nested

    def as_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "settings": self.settings(),
            "reasons": {choice.name: choice.reason for choice in self.choices if choice.active},
            "alternatives": {
                choice.name: {"value": choice.value, "reason": choice.reason}
                for choice in self.choices
                if not choice.active
            },
            "doubts": self.doubts,
            "facts": self.facts,
        }

    def as_toml(self) -> str:
        """The configuration file, with a comment above each choice."""
        lines = [f"# {line}" for text in self.facts for line in _wrapped(text)]
        for doubt in self.doubts:
            lines += [f"# {line}" for line in _wrapped(f"Please check: {doubt}")]
        section = None
        for choice in sorted(self.choices, key=lambda choice: SECTIONS.index(choice.section)):
            if choice.section != section:
                section = choice.section
                active = any(other.active for other in self.choices if other.section == section)
                lines += ["", f"[{section}]" if active else f"# [{section}]"]
            lines += [f"# {line}" for line in _wrapped(choice.reason)]
            mark = "" if choice.active else "# "
            lines.append(mark + _line(choice.name.partition(".")[2], choice.value))
        return "\n".join(lines) + "\n"


def _line(name: str, value: object) -> str:
    if isinstance(value, Mapping):
        inner = ", ".join(_line(key, number) for key, number in value.items())
        return f"{name} = {{ {inner} }}"
    if isinstance(value, list):
        inner = ", ".join(_line("x", element).removeprefix("x = ") for element in value)
        return f"{name} = [{inner}]"
    return tomli_w.dumps({name: value}).strip().replace("\t", "\\t")


def _wrapped(text: str) -> list[str]:
    # A comment in TOML may hold no control character; an id may.
    shown = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)
    return textwrap.wrap(shown, WIDTH - 2)
