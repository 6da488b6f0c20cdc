"""What a log looks like: who is active in each hour, how often a session repeats an item."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from service.model import ragged
from trainer.corpus import Sessions

HOURS = 24 * 7 * 8
NEWEST_EVENTS = 4_000_000


class Activity:
    """Counts the sessions, or the users, that have an event in each hour, piece by piece.

    One that goes on from one piece of the log to the next counts twice in the hour between them.
    """

    def __init__(self) -> None:
        self._hours = pl.DataFrame(schema={"hour": pl.Int64, "active": pl.UInt32})

    def add(self, times: pl.Series, owners: pl.Series) -> None:
        """Counts a piece.

        Args:
            times: when its events were.
            owners: the session or the user of each.
        """
        hours = times.cast(pl.Datetime("us")).dt.epoch("s") // 3600
        pairs = pl.DataFrame({"hour": hours, "owner": owners.hash()}).drop_nulls()
        active = pl.col("owner").n_unique().alias("active")
        counted = pairs.group_by("hour").agg(active).cast({"hour": pl.Int64})
        self._hours = pl.concat([self._hours, counted]).group_by("hour").sum()

    def newest(self) -> dict[str, Any] | None:
        """The newest hours, eight weeks at most.

        Returns:
            `first_hour` (ISO 8601, UTC) and `active`, one number an hour from then on; None
            without events that have times.
        """
        if self._hours.is_empty():
            return None
        hours, active = self._hours["hour"].to_numpy(), self._hours["active"].to_numpy()
        first = max(int(hours.min()), int(hours.max()) - HOURS + 1)
        counts = np.zeros(int(hours.max()) - first + 1, np.int64)
        counts[hours[hours >= first] - first] = active[hours >= first]
        begin = datetime.fromtimestamp(0, UTC) + timedelta(hours=first)
        return {"first_hour": begin.isoformat(), "active": counts.tolist()}


def hourly(activity: Mapping[str, Any] | None) -> dict[datetime, int]:
    """The numbers of `Activity.newest` by the beginning of each hour; none without."""
    if activity is None:
        return {}
    first = datetime.fromisoformat(activity["first_hour"])
    return {first + timedelta(hours=hour): n for hour, n in enumerate(activity["active"])}


def repeated_share(sessions: Sessions) -> float | None:
    """The share of the newest events whose session has their item more than once, beyond the first.

    Of four million events at most, so that it costs little. None without events.
    """
    first = int(np.searchsorted(sessions.offsets, len(sessions.items) - NEWEST_EVENTS))
    offsets = sessions.offsets[first:]
    items = np.asarray(sessions.items[offsets[0] :], np.int64)
    if not len(items):
        return None
    owner = ragged.owners(offsets)
    distinct = len(np.unique(owner * (int(items.max()) + 1) + items))
    return 1 - distinct / len(items)
