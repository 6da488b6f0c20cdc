"""A command of the command line: how its flags are read, and its help is written."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from typer.core import TyperCommand

# What typer calls the types of values, and what a reader is told.
KINDS = {"str": "TEXT", "path": "FILE", "int": "N", "int range": "N", "float": "NUMBER"}
RANGE = re.compile(r"; \d*<?=?x[<>]=?\d*(?=\])| *\[\d*<?=?x[<>]=?\d*\]")


class Command(TyperCommand):
    """A command; without arguments of its own, it takes several values after one flag.

    `--paths a.csv b.csv` is read as `--paths a.csv --paths b.csv`. Where there are arguments, the
    values after the first could be meant as these.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - of typer
        """Reads the command line."""
        options = [one for one in self.params if one.param_type_name == "option"]
        if len(options) == len(self.params):
            repeated = {name for one in options if one.multiple for name in one.opts}
            args = list(_one_flag_each(args, repeated))
        return super().parse_args(ctx, args)

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - of typer
        """Writes the arguments, then the flags of each section of the settings."""
        write_options(self, ctx, formatter)


def write_options(command: Any, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - of typer
    """Writes a section for the arguments, one for the flags and one for each table of settings."""
    sections: dict[str, list[tuple[str, str]]] = {}
    for parameter in command.get_params(ctx):
        is_option = parameter.param_type_name == "option"
        section = "Options" if is_option else "Arguments"
        record = parameter.get_help_record(ctx)
        if record is not None:
            name, description = record
            if is_option and parameter.secondary_opts:
                name = _both(parameter)
            name, description = _plain(name), RANGE.sub("", description)
            panel = getattr(parameter, "rich_help_panel", None)
            sections.setdefault(f"[{panel}]" if panel else section, []).append((name, description))
    for section, rows in sections.items():
        with formatter.section(section):
            formatter.write_dl(rows)


def write_commands(commands: Iterable[tuple[str, str, str]], formatter: Any) -> None:  # noqa: ANN401
    """Writes a section for each panel of commands: panel, name and summary of each."""
    sections: dict[str, list[tuple[str, str]]] = {}
    for panel, name, summary in commands:
        sections.setdefault(panel, []).append((name, summary.removesuffix(".")))
    for section, rows in sections.items():
        with formatter.section(section):
            formatter.write_dl(rows)


def _plain(name: str) -> str:
    """`--k <int range>` as `--k N`."""
    return re.sub(r"<([^<>]*)>", lambda found: KINDS.get(found[1], found[1]), name)


def _both(option: Any) -> str:  # noqa: ANN401 - of typer
    """`--align` and `--no-align` as `--[no-]align`."""
    *short, name = sorted(option.opts, key=len)
    return ", ".join([*short, f"--[no-]{name.removeprefix('--')}"])


def _one_flag_each(args: list[str], repeated: set[str]) -> Iterator[str]:
    """`--paths a b` as `--paths a --paths b`, for the flags that may be repeated."""
    flag, values = "", 0
    for position, argument in enumerate(args):
        if argument == "--":
            yield from args[position:]
            return
        if argument.startswith("-") and argument != "-":
            name, equals, _ = argument.partition("=")
            flag, values = (name if name in repeated else ""), int(bool(equals))
        elif flag:
            if values:
                yield flag
            values += 1
        yield argument
