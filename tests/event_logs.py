"""Event logs as files, and what is read from them."""

import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from service.model.errors import EventLogError
from trainer.config.data import DataConfig
from trainer.events.log.reader import Events, read_events


def write(path: Path, content: str | bytes) -> Path:
    """Gzipped where the name says so."""
    data = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def write_events(path: Path, events: list[dict]) -> Path:
    kind = path.name.removesuffix(".gz").rpartition(".")[2]
    if kind == "parquet":
        pl.DataFrame(events).write_parquet(path)
        return path
    if kind == "csv":
        return write(path, pl.DataFrame(events).write_csv())
    return write(path, "".join(json.dumps(event) + "\n" for event in events))


def read(*paths: Path | str, **columns) -> Events:
    """Reads files that have a column `session` and a column `item`."""
    config = DataConfig(
        paths=[str(path) for path in paths], **{"item": "item", "session": "session"} | columns
    )
    pieces = list(read_events(config))
    table = pl.concat([piece.table for piece in pieces], how="vertical_relaxed")
    return Events(table, sum(piece.read for piece in pieces))


def refusal(*paths: Path | str, **columns) -> str:
    """Why an event log was refused: one line."""
    with pytest.raises(EventLogError) as caught:
        read(*paths, **columns)
    message = str(caught.value)
    assert "\n" not in message
    return message
