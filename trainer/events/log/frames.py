"""Tables in memory as event logs."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl
from pydantic import ConfigDict, Field

from service.model.errors import InputError, short
from trainer.config.data import DataConfig
from trainer.events.log.formats import Format
from trainer.events.log.sources import Source

TABLE, SESSIONS = "the data frame", "the list of sessions"  # in messages and manifests
MISSING = ("NAType", "NaTType")  # of pandas, which need not be installed


class FrameConfig(DataConfig):
    """What the columns of a log mean that is a table in memory; `paths` is the name of the table.

    A model of it keeps the settings in its manifest, and not the table.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    frame: pl.LazyFrame = Field(exclude=True, repr=False)

    @classmethod
    def of(cls, frame: pl.LazyFrame, config: DataConfig) -> Self:
        """The same settings, with their table."""
        return cls(**config.model_dump(), frame=frame)

    def source(self) -> Source:
        """The table as a file that is called by its name."""
        [name] = self.paths
        scan = Format(lambda _path, _columns: iter([self.frame]))
        return Source(Path(name), name, scan, is_file=False)


def frame_of_sessions(sessions: Iterable[Iterable[object]]) -> pl.LazyFrame:
    """Lists of ids as a table of the columns `session`, a number, and `item`.

    Raises:
        InputError: a session is a text or no list at all, or holds what is no id.
    """
    lists = [_texts(session, number) for number, session in enumerate(sessions, 1)]
    table = pl.DataFrame({"item": pl.Series(lists, dtype=pl.List(pl.String))})
    numbered = table.with_row_index("session", 1).filter(pl.col("item").list.len() > 0)
    return numbered.explode("item").lazy()


def _texts(session: object, number: int) -> Sequence[str | None]:
    if isinstance(session, str | bytes) or not isinstance(session, Iterable):
        raise InputError(
            f"session {number:,} is {session!r}, not a list of item ids: write "
            '[["apple", "pear"], ["saw", "drill"]]'
        )
    return [item if isinstance(item, str) else _text(item, number) for item in session]


def _text(item: object, number: int) -> str | None:
    """An id as text, whole numbers as such; None if it is missing."""
    if item is None or type(item).__name__ in MISSING:
        return None
    if isinstance(item, Iterable):
        raise InputError(
            f"session {number:,} holds {short(repr(item))}, not an item id: a text or a number"
        )
    if isinstance(item, float | np.floating):
        if np.isnan(item):
            return None
        return str(int(item)) if item.is_integer() else str(item)
    return str(item)
