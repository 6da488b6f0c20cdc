"""What the commands share: options, the store, and how they announce what they did."""

from pathlib import Path
from typing import Annotated

import typer

from service.model.errors import InputError, NoModelError
from service.model.store import Store
from trainer.cli import speech
from trainer.config.directory import models_directory

ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", metavar="FILE", help="configuration file [default: item2vec.toml]"
    ),
]
ModelsOption = Annotated[
    Path | None,
    typer.Option(
        "--models", metavar="FOLDER", help="directory of published models [default: models]"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="print JSON instead of text")]
Quiet = Annotated[
    bool | None, typer.Option("--quiet", "-q", help="neither report nor progress, warnings only")
]
Force = Annotated[
    bool, typer.Option("--force", help="replace the file, whatever it is, if it exists")
]
Push = Annotated[
    str | None,
    typer.Option(
        "--push",
        help="object store to change as well, s3://bucket/prefix [default: publish.push]",
    ),
]
Version = Annotated[str | None, typer.Option(help="the version to ask [default: current]")]


def open_store(directory: Path | None) -> Store:
    """The store of --models, or of the configuration."""
    return Store(models_directory(directory) or _configured(directory))


def _configured(directory: Path | None) -> Path:
    from trainer.cli.settings import config_of

    return config_of(directory).models


def check_outside(store: Store, output: Path) -> None:
    """Refuses to write where a model might be overwritten."""
    if output.resolve().is_relative_to(store.directory.resolve()):
        raise InputError(f"{output} lies in {store.directory}, among the models: name another file")


def current_version(store: Store) -> str | None:
    """The version that is served, if there is one."""
    try:
        return store.current()
    except NoModelError:
        return None


def announce(event: str, version: str, text: str, as_json: bool = False) -> None:
    """Prints how a job ended: `text` for people, the rest for machines."""
    if as_json or speech.in_json():
        speech.print_json({"event": event, "model_version": version})
    else:
        speech.print_line(text)
