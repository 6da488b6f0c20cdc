"""Writes the reference of all settings, docs/settings.md: `python -m trainer.cli.reference`."""

import inspect
import json
import sys
import types
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from service.web.settings import Settings
from trainer.cli.options import show_default
from trainer.config.jobs import Config

INTRODUCTION = """\
# Settings

Every setting of item2vec: its name, the values it may have, its default and what it does.

A job takes a setting from the first of these places that has it:

1. a flag: `item2vec train --epochs 10`
2. an environment variable: `ITEM2VEC_TRAINING__EPOCHS=10`
3. the file `item2vec.toml` in the current directory, or the one that `--config` names
4. the [preset](tuning.md#presets), if one is chosen
5. the default

`item2vec config show` prints every value and the place it came from. A flag is the name of the
setting without its section, with hyphens for underscores. A name that does not exist is an error
that suggests the closest one.

This page is written by `make docs-settings` from the program itself. Do not edit it by hand.
"""
SERVICE = """\
## The service

The service reads no file. Its settings are environment variables (`ITEM2VEC_PORT=9000`) or flags
(`item2vec serve --port 9000`). Keys have no flags, because others can see a command line. Variables
that Kubernetes sets for a Service called `item2vec` (`ITEM2VEC_PORT=tcp://...`) are ignored.
"""
HEADER = "| setting | values | default | what it does |\n| --- | --- | --- | --- |"
WORDS: dict[object, str] = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    datetime: "time",
    Path: "path",
    SecretStr: "text, kept secret",
}
BOUNDS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


def page() -> str:
    """The whole page, in Markdown."""
    sections = {
        name: field.annotation
        for name, field in Config.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    }
    parts = [INTRODUCTION, "## General\n", _table(_plain(Config, sections))]
    for name, section in sections.items():
        parts += [f"## {name}\n", f"{inspect.getdoc(section)}\n", _table(_fields(section))]
    parts += [SERVICE, _table((f"ITEM2VEC_{name.upper()}", f) for name, f in _fields(Settings))]
    return "\n".join(parts)


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    yield from model.model_fields.items()


def _plain(model: type[BaseModel], sections: dict[str, Any]) -> Iterator[tuple[str, FieldInfo]]:
    return ((name, field) for name, field in _fields(model) if name not in sections)


def _table(fields: Iterator[tuple[str, FieldInfo]]) -> str:
    rows = [
        f"| `{name}` | {values(field)} | {_default(field)} | {_sentence(field)} |"
        for name, field in fields
    ]
    return "\n".join([HEADER, *rows, ""])


def values(field: FieldInfo) -> str:
    """The values that a setting may have: its words, or a kind and its bounds."""
    bounds = [
        f"{sign} {getattr(each, name):g}"
        for each in field.metadata
        for name, sign in BOUNDS.items()
        if getattr(each, name, None) is not None
    ]
    return ", ".join([_kind(field.annotation), *bounds])


def _kind(annotation: object) -> str:
    arguments = get_args(annotation)
    if get_origin(annotation) in (Union, types.UnionType):
        return " or ".join(_kind(part) for part in arguments if part is not types.NoneType)
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{word}`" for word in arguments)
    if get_origin(annotation) is list:
        return f"list: {_kind(arguments[0])}"
    if get_origin(annotation) is dict:
        return "table of numbers"
    if get_origin(annotation) is Annotated:
        return _kind(arguments[0])
    return WORDS.get(annotation, "text")


def _default(field: FieldInfo) -> str:
    if field.default_factory:
        return "all cores it may use"
    default = field.get_default()
    shown = json.dumps(default) if isinstance(default, bool | list) else show_default(field)
    return "" if shown in ("none", "[]") else f"`{shown}`"


def _sentence(field: FieldInfo) -> str:
    return (field.description or "").replace("|", "\\|").replace("<", "\\<").replace("*", "\\*")


if __name__ == "__main__":
    sys.stdout.write(page())
