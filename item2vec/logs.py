"""What a model is trained on: a table, sessions or files."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import polars as pl

from service.model.errors import InputError
from trainer.events.log.frames import SESSIONS, TABLE, frame_of_sessions
from trainer.events.log.tables import is_table, to_polars

if TYPE_CHECKING:
    import pandas as pd


class ArrowTable(Protocol):
    """A table that hands out its columns through Arrow's PyCapsule interface."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """The columns."""


Files = str | Path | Iterable[str | Path]
Log: TypeAlias = (
    "pl.DataFrame | pl.LazyFrame | pd.DataFrame | ArrowTable | Files | Iterable[Iterable[object]]"
)


def read_log(log: Any) -> tuple[dict[str, Any], pl.LazyFrame | None]:
    """What settings a log gives, and its table if it lies in memory.

    Raises:
        InputError: it is none of what a log can be.
    """
    if isinstance(log, str | Path):
        return {"paths": [str(log)]}, None
    if is_table(log):
        return {"paths": [TABLE]}, to_polars(log)
    if not isinstance(log, Iterable) or isinstance(log, Mapping):
        raise InputError(
            f"a log is a data frame, a list of sessions or a path, and not {type(log).__name__}"
        )
    parts = list(log)
    if parts and all(isinstance(part, str | Path) for part in parts):
        return {"paths": [str(part) for part in parts]}, None
    return (
        {"paths": [SESSIONS], "session": "session", "item": "item"},
        frame_of_sessions(parts),
    )
