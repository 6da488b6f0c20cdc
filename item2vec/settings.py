"""Settings that are given as keywords."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from service.model.errors import ConfigError
from trainer.config.data import DataConfig
from trainer.config.jobs import Config
from trainer.config.sources import (
    keyword,
    merge,
    nest,
    read_file,
    remedy,
    settings,
    with_preset,
)
from trainer.events.log.frames import SESSIONS

TRAINING = ("preset", "data.", "items.", "training.", "index.", "similar.", "next.")
EVALUATION = (*TRAINING, "evaluation.")
THE_LOG = ("paths", "sentences", "corpus_iterable", "corpus_file")  # here and in gensim
OF_SESSIONS = {"scratch", "session_gap", "collapse_repeats", "min_count", "min_session_length"}


def read_config(
    keywords: Mapping[str, Any],
    config: str | Path | Mapping[str, Any] | None,
    log: Mapping[str, Any],
    allowed: Collection[str] = TRAINING,
) -> Config:
    """The effective settings: those of the log, then keywords, then the configuration.

    Args:
        keywords: the short name of a setting, such as window, to its value.
        config: a file, or the same as a mapping.
        log: settings of `[data]` that the log brings.
        allowed: how the full names of settings begin that mean something here.

    Raises:
        ConfigError: a setting is unknown or impossible, or contradicts the log.
    """
    names = {keyword(name): name for name, _ in settings()}
    keywords = _with_items(keywords)
    for leaf in keywords:
        _check(leaf, names, tuple(allowed))
        if leaf in log:
            raise ConfigError(f"{leaf}: lists of item ids have no columns; leave it out")
    arguments = {names[leaf]: value for leaf, value in keywords.items()}
    name, layer = _named(config)
    if log.get("paths") == [SESSIONS]:
        layer = _without_columns(layer)
    arguments |= {f"data.{leaf}": log[leaf] for leaf in log}
    return merge(with_preset({"argument": nest(arguments), name: layer}))


def _with_items(keywords: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same keywords, with `items` by its full name."""
    if "items" not in keywords:
        return keywords
    others = dict(keywords)
    items = others.pop("items")
    paths = [items] if isinstance(items, str | Path) else items
    if not isinstance(paths, list | tuple) or not all(isinstance(p, str | Path) for p in paths):
        raise ConfigError(
            f"items is a file with a row for each item, or several, and not {type(items).__name__}"
            ': items="movies.csv", items_id="movie_id"'
        )
    if "items_paths" in others:
        raise ConfigError("items and items_paths mean the same: name one of them")
    return {**others, "items_paths": [str(path) for path in paths]}


def _named(config: str | Path | Mapping[str, Any] | None) -> tuple[str, Mapping[str, Any]]:
    """What a configuration is called in messages, and what it sets."""
    if isinstance(config, str | Path):
        return str(config), read_file(Path(config))
    return "config", config or {}


def _without_columns(layer: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same settings, less those of the files and columns of another log."""
    data = layer.get("data")
    if not isinstance(data, Mapping):
        return layer
    known = DataConfig.model_fields.keys() - OF_SESSIONS
    return {**layer, "data": {name: data[name] for name in data if name not in known}}


def _check(leaf: str, names: Mapping[str, str], allowed: tuple[str, ...]) -> None:
    if leaf in THE_LOG:
        raise ConfigError(f"{leaf}: hand over the log as the first argument")
    usable = {name: name for name, full in names.items() if full.startswith(allowed)}
    if leaf in usable:
        return
    if leaf in names:
        raise ConfigError(
            f"{leaf} ({names[leaf]}) has no meaning here: it is a setting of the command line"
        )
    raise ConfigError(f"{leaf} is not a setting; {remedy(leaf, usable)}")
