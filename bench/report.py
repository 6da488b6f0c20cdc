"""Publishes figures: Markdown on stdout, Markdown and JSON in bench/out."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.machine import describe_machine, machine_line

OUT = Path(__file__).parent / "out"


@dataclass(frozen=True)
class Part:
    """The results of one benchmark.

    Attributes:
        name: the name of its files, and the key of its figures.
        title: its heading.
        notes: sentences above the tables, on data and conditions.
        tables: Markdown.
        figures: all measurements, for JSON.
    """

    name: str
    title: str
    notes: Sequence[str]
    tables: Sequence[str]
    figures: dict[str, Any]

    def markdown(self) -> str:
        """Heading, notes and tables."""
        notes = "\n".join(f"- {note}" for note in self.notes)
        return "\n\n".join([f"## {self.title}", notes, *self.tables]) + "\n"


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose first column is text and whose others are figures."""
    rule = ["---", *["---:" for _ in header[1:]]]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (header, rule, *rows))


def publish(name: str, parts: Sequence[Part]) -> None:
    """Prints the parts; writes bench/out/<name>.md and bench/out/<name>.json."""
    machine = describe_machine()
    text = "\n".join([f"{machine_line(machine)}\n", *(part.markdown() for part in parts)])
    figures = {"machine": machine} | {part.name: part.figures for part in parts}
    OUT.mkdir(exist_ok=True)
    (OUT / f"{name}.md").write_text(text, encoding="utf-8")
    (OUT / f"{name}.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(f"\n{text}")
