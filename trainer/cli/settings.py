"""The settings of a command, and the display that they ask for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from service.web.settings import Settings
from trainer.cli import speech
from trainer.config import sources
from trainer.config.jobs import Config
from trainer.config.sources import Flags, nest
from trainer.view.bars import Bars
from trainer.view.display import Silent
from trainer.view.lines import JsonLines, Lines, Quiet


def make_display(config: Config) -> Silent:
    """The display of a job: bars on a terminal, lines elsewhere, or as it is configured."""
    log, in_json = speech.log(), config.run.log_format == "json"
    if config.run.quiet:
        return Quiet(JsonLines(log) if in_json else Lines(log))
    if in_json:
        return JsonLines(log)
    return Bars(log) if log.is_terminal else Lines(log)


def config_layers(file: Path | None, flags: Mapping[str, Any]) -> sources.Layers:
    """The settings of every source; what is said from now on is said as they tell."""
    layers = sources.read_layers(file, flags, Settings.model_fields)
    speech.speak(str(sources.value(layers, "run.log_format")))
    return layers


def read_config(file: Path | None, flags: Flags) -> Config:
    """The effective configuration."""
    return sources.merge(config_layers(file, nest(flags)))


def config_of(models: Path | None, quiet: bool | None = None) -> Config:
    """The configuration of a command that has no flag for every setting."""
    flags = {"models": models, "run.quiet": quiet}
    return read_config(None, {name: value for name, value in flags.items() if value is not None})
