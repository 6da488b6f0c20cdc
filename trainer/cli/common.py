"""What the commands share: consoles, options, configuration and store."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from service.model.errors import InputError, NoModelError
from service.model.store import Store
from service.web.settings import Settings
from trainer.config import sources
from trainer.config.jobs import Config
from trainer.config.sources import Flags, nest
from trainer.view.bars import Bars
from trainer.view.lines import JsonLines, Lines

WIDE = 10_000  # columns of piped output, so that no id is folded
# Ids and titles are printed literally: `[red]` and `:cat:` are not markup in them.
LITERAL: dict[str, Any] = {"highlight": False, "markup": False, "emoji": False}
out = Console(width=None if sys.stdout.isatty() else WIDE, **LITERAL)
log = Console(stderr=True, width=None if sys.stderr.isatty() else WIDE, **LITERAL)

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="configuration file \\[default: item2vec.toml]"),
]
ModelsOption = Annotated[
    Path | None, typer.Option("--models", help="directory of published models \\[default: models]")
]
Json = Annotated[bool, typer.Option("--json", help="print JSON instead of a table")]
Push = Annotated[
    str | None,
    typer.Option(
        "--push",
        help="object store to change as well, s3://bucket/prefix \\[default: publish.push]",
    ),
]
Version = Annotated[str | None, typer.Option(help="the version to ask \\[default: current]")]


def make_display(config: Config) -> Lines:
    """The display of a job: bars on a terminal, lines elsewhere, or JSON if so configured."""
    if config.run.log_format == "json":
        return JsonLines(log, out)
    return Bars(log, out) if log.is_terminal else Lines(log, out)


def say(label: str, message: object, style: str = "yellow") -> None:
    """Prints a labeled line on standard error."""
    log.print(Text.assemble((label, style), f" {message}"), soft_wrap=True)


def config_layers(file: Path | None, flags: Mapping[str, Any]) -> sources.Layers:
    """The settings of every source."""
    return sources.read_layers(file, flags, Settings.model_fields)


def read_config(file: Path | None, flags: Flags) -> Config:
    """The effective configuration."""
    return sources.merge(config_layers(file, nest(flags)))


def open_store(directory: Path | None) -> Store:
    """The store of --models, or of the configuration."""
    flags = {"models": directory} if directory else {}
    return Store(sources.merge(config_layers(None, flags)).models)


def check_outside(store: Store, output: Path) -> None:
    """Refuses to write where a model might be overwritten."""
    if output.resolve().is_relative_to(store.directory.resolve()):
        raise InputError(f"{output} lies in {store.directory}, among the models: name another file")


def check_page(store: Store, page: Path) -> None:
    """Refuses to write a page where something else may be."""
    check_outside(store, page)
    if page.suffix != ".html":
        raise InputError(f"--report {page}: name a file that ends in .html")


def current_version(store: Store) -> str | None:
    """The version that is served, if there is one."""
    try:
        return store.current()
    except NoModelError:
        return None


def print_json(value: object) -> None:
    """Prints a value as JSON on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
