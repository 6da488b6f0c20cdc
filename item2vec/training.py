"""Trains a model from a log of any kind."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from item2vec.logs import read_log
from item2vec.model import Model
from item2vec.settings import read_config
from service.model.errors import ConfigError
from trainer.events.log.frames import FrameConfig
from trainer.jobs.in_memory import train_in_memory
from trainer.view.choice import display


def train(
    log: Any,
    config: str | Path | Mapping[str, Any] | None,
    progress: bool | None,
    settings: Mapping[str, Any],
) -> Model:
    """See `item2vec.train`."""
    source, frame = ({}, None) if log is None else read_log(log)
    effective = read_config(settings, config, source)
    if not effective.data.paths:
        raise ConfigError("no log is named: hand over a data frame, lists of item ids or a path")
    if frame is not None:
        data = FrameConfig.of(frame, effective.data)
        effective = effective.model_copy(update={"data": data})
    artifact = train_in_memory(effective, display(progress))
    return Model(artifact, data=effective.data)
