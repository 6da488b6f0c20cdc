"""Commands that are imported when they are called, so that a query does not wait for all."""

import ast
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from trainer.cli.command import Command, write_commands, write_options

LONGEST = 200  # characters of the sentence for a command in a list

Panels = Mapping[str, Mapping[str, str]]


def group(help: str, panels: Panels) -> typer.Typer:
    """A group of commands that prints its help if none is named.

    Args:
        help: what the group is for.
        panels: for each panel of its help the names of commands, and where each is found, as
            "module:function".
    """

    class Group(TyperGroup):
        def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - of typer
            registered = attributes.pop("commands")
            super().__init__(**attributes)
            self.commands: _Commands = _Commands(panels, registered)  # type: ignore[assignment]

        def list_commands(self, ctx: object) -> list[str]:  # noqa: ARG002 - of typer
            return list(self.commands)

        def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - of typer
            write_options(self, ctx, formatter)
            write_commands(self.commands.summaries(), formatter)

    made = typer.Typer(cls=Group, pretty_exceptions_enable=False, rich_markup_mode=None)
    made.callback(help=help, invoke_without_command=True)(print_help)
    return made


def print_help(context: typer.Context) -> None:
    """Prints the help of a group, if no command of it is called."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


class _Commands(Mapping[str, Any]):
    """The commands of a group by name, each made when it is looked up."""

    def __init__(self, panels: Panels, registered: Mapping[str, Any]) -> None:
        self._places = {
            name: (panel, place)
            for panel, commands in panels.items()
            for name, place in commands.items()
        }
        self._made = dict(registered)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._places, *self._made)))

    def __len__(self) -> int:
        return len(set(self))

    def summaries(self) -> Iterator[tuple[str, str, str]]:
        """Panel, name and what it does, of each command; none is imported for that."""
        for name in self:
            if name in self._made:
                command = self._made[name]
                yield command.rich_help_panel, name, command.get_short_help_str(LONGEST)
            else:
                panel, place = self._places[name]
                yield panel, name, _summary(*place.split(":"))

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - typer's own kind of command
        if name not in self._made:
            panel, place = self._places[name]
            module, _, function = place.partition(":")
            self._made[name] = _command(name, panel, getattr(import_module(module), function))
        return self._made[name]


def _summary(module: str, function: str) -> str:
    """The first sentence of a function's docstring, read from the source."""
    spec = find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    [found] = (
        one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == function
    )
    return " ".join((ast.get_docstring(found) or "").partition("\n\n")[0].split())


def _command(name: str, panel: str, function: Callable[..., None]) -> Any:  # noqa: ANN401
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command(name, cls=Command, rich_help_panel=panel)(function)
    return get_command(alone)
