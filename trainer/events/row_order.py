"""Finds out how the rows of a log without times are sorted."""

from collections.abc import Iterator

import polars as pl

from trainer.config.data import DataConfig
from trainer.events.log.reader import ITEM, METADATA_PREFIX, SESSION, USER, WEIGHT

SORTED = 0.99  # of the neighboring rows of a session that differ
FEWEST = 20  # such rows, below which order is chance
RISES, FALLS = "rises", "falls"
NUMBER = "item as a number"


class RowOrder:
    """Counts how often a column rises or falls from one row of a session to the next.

    The log comes in pieces; rows of a session that are in different ones are not compared.
    """

    def __init__(self, config: DataConfig) -> None:
        self._lines = config.session is None and config.user is None
        item = ITEM if self._lines else config.item
        self._names = {
            ITEM: item,
            NUMBER: item,
            WEIGHT: config.weight,
            **{METADATA_PREFIX + name: name for name in config.metadata},
        }
        self._owner: str | None = None
        self._counts = pl.DataFrame(schema={"role": pl.String, RISES: pl.Int64, FALLS: pl.Int64})

    def add(self, table: pl.DataFrame) -> None:
        """Counts a piece of a log that has no times."""
        self._owner = SESSION if SESSION in table.columns else USER
        table = table.with_columns(pl.col(ITEM).cast(pl.Float64, strict=False).alias(NUMBER))
        for role in self._names.keys() & set(table.columns):
            if role == ITEM or table.schema[role].is_numeric():
                step = pl.col(role), pl.col(role).shift(1).over(self._owner)
                rises, falls = table.select(
                    (step[0] > step[1]).sum().alias(RISES), (step[0] < step[1]).sum().alias(FALLS)
                ).row(0)
                row = pl.DataFrame([(role, rises, falls)], self._counts.schema, orient="row")
                self._counts = pl.concat([self._counts, row]).group_by("role").sum()

    def notes(self) -> Iterator[str]:
        """Remarks for people; none for a log with times."""
        if self._owner == USER:
            yield "neither session nor time is named: all events of a user are one session"
        if by := self._sorted_by():
            yield (
                f"no time is named, and the rows of a session are sorted by {by}: `next` learns "
                "that order, not what people did next; name the time, or ask for `similar` alone "
                "(preset = 'similar', above the first [section])"
            )
        elif self._owner and not self._lines:
            yield (
                "no time is named: the order of the rows is taken for the order of events, which "
                "`next` learns"
            )

    def _sorted_by(self) -> str | None:
        """The column that rows are sorted by, and the direction; None if there is none."""
        for role, rises, falls in self._counts.sort("role").iter_rows():
            if rises + falls >= FEWEST and max(rises, falls) >= SORTED * (rises + falls):
                direction = "smallest first" if rises > falls else "largest first"
                return f"column {self._names[role]!r}, {direction}"
        return None
