"""Makes command-line flags from settings, so that each setting is defined only once."""

import functools
import inspect
import types
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
from pydantic.fields import FieldInfo

from trainer.config.sources import show_value

Named = tuple[str, FieldInfo]

PREFIXED = frozenset({"items"})  # sections whose flags begin with their name: `--items-title`


def add_flags(settings: Iterable[Named]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command a flag for every setting.

    The command's last parameter is `flags`: the flags on the command line, by dotted name
    (`{"training.epochs": "5"}`). Values stay text; the class of the settings checks them.

    Raises:
        ValueError: two settings would have the same flag.
    """
    named: dict[str, Named] = {}
    for name, field in settings:
        other, _ = named.setdefault(_parameter_name(name), (name, field))
        if other != name:
            raise ValueError(f"{other} and {name} have the same flag: rename one of them")

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def wrapper(**arguments: Any) -> None:
            typed = {name: arguments.pop(parameter) for parameter, (name, _) in named.items()}
            flags = {name: value for name, value in typed.items() if value not in (None, [])}
            command(**arguments, flags=flags)

        declared = [
            parameter
            for parameter in inspect.signature(command, eval_str=True).parameters.values()
            if parameter.name != "flags"
        ]
        added = [_parameter(name, field) for name, field in named.values()]
        keyword = inspect.Parameter.KEYWORD_ONLY
        signature = [parameter.replace(kind=keyword) for parameter in (*declared, *added)]
        wrapper.__signature__ = inspect.Signature(signature)  # type: ignore[attr-defined]
        wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in signature}
        return wrapper

    return decorate


def show_default(field: FieldInfo) -> str:
    """A setting's default as its help shows it."""
    default = field.get_default(call_default_factory=True, validated_data={})
    return show_value(default) if default not in (None, [], {}) else "none"


def flag_of(name: str) -> str:
    """The flag of a setting, by its dotted name."""
    return f"--{_parameter_name(name).replace('_', '-')}"


def _parameter_name(name: str) -> str:
    section, _, leaf = name.rpartition(".")
    return f"{section}_{leaf}" if section in PREFIXED else leaf


def _parameter(name: str, field: FieldInfo) -> inspect.Parameter:
    flag = flag_of(name)
    kind: Any = str | None
    names: list[str] = [flag]
    metavar: str | None = _metavar(field.annotation)
    if field.annotation is bool:
        kind, names, metavar = bool | None, [f"{flag}/--no-{flag[2:]}"], None
    elif get_origin(field.annotation) in (list, dict):
        kind = list[str]
    option = typer.Option(
        *names,
        help=f"{field.description} [default: {show_default(field)}]".replace("[", "\\["),
        metavar=metavar,
        show_default=False,
        rich_help_panel=name.rpartition(".")[0] or None,
    )
    empty: Any = [] if kind == list[str] else None
    return inspect.Parameter(
        _parameter_name(name),
        inspect.Parameter.KEYWORD_ONLY,
        default=empty,
        annotation=Annotated[kind, option],
    )


def _metavar(annotation: Any) -> str:
    """`int | Literal["session"]` as `INTEGER|session`."""
    if get_origin(annotation) in (Union, types.UnionType):
        parts = [part for part in get_args(annotation) if part is not type(None)]
        return "|".join(_metavar(part) for part in parts)
    if get_origin(annotation) is Literal:
        return "|".join(get_args(annotation))
    if get_origin(annotation) in (list, Annotated):
        return _metavar(get_args(annotation)[0])
    if get_origin(annotation) is dict:
        return "NAME=NUMBER"
    return {int: "INTEGER", float: "NUMBER", datetime: "TIME"}.get(annotation, "TEXT")
