"""Finds what a log consists of: files, databases, or a table in memory."""

import glob
from contextlib import ExitStack
from pathlib import Path

from service.model.errors import EventLogError
from trainer.config.addresses import Address
from trainer.config.data import DataConfig
from trainer.events.log.database import database_format
from trainer.events.log.frames import FrameConfig
from trainer.events.log.sources import STANDARD_INPUT, Source, open_sources


def open_log(config: DataConfig, copies: ExitStack) -> list[Source]:
    """The files of a log, its databases, or its table in memory.

    Args:
        config: where it is.
        copies: keeps copies of what cannot be read as it is; they vanish when it is closed.

    Raises:
        EventLogError: a file is missing, of an unknown kind, or of another kind than the others.
    """
    if isinstance(config, FrameConfig):
        return [config.source()]
    addresses = [path for path in config.paths if isinstance(path, Address)]
    if addresses:
        format = database_format(config.sql)
        return [Source(place, str(place), format, is_file=False) for place in addresses]
    return open_sources(find_files(config.paths), config, copies)


def find_files(patterns: list[str]) -> list[Path]:
    """The files that paths and globs match, each file once, sorted within each glob.

    Raises:
        EventLogError: no path was given, one is a directory, or one matches no file.
    """
    if not patterns:
        raise EventLogError("no event log is named: set `paths` in [data], or give --paths")
    selected: list[Path] = []
    for pattern in patterns:
        path = Path(pattern)
        if path == STANDARD_INPUT:
            selected.append(path)
            continue
        if path.is_dir():
            raise EventLogError(f"{path} is a directory: name its files, such as {path}/*.parquet")
        matches = [pattern] if path.exists() else glob.glob(pattern, recursive=True)  # noqa: PTH207
        files = sorted(match for match in map(Path, matches) if not match.is_dir())
        if not files:
            raise EventLogError(f"there is no file {pattern}")
        selected.extend(files)
    first_names = {path.resolve(): path for path in reversed(selected)}
    return [path for path in dict.fromkeys(selected) if first_names[path.resolve()] == path]
