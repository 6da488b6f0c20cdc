"""What a log looks like over time: sessions by the hour, and how often a session repeats itself."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.model import ragged
from trainer.corpus import Sessions

HOUR = 3_600_000_000  # microseconds
HOURS = 24 * 7 * 8
NEWEST_EVENTS = 4_000_000


def sessions_by_hour(starts: NDArray[np.int64] | None) -> dict[str, Any] | None:
    """How many sessions began in each of the newest hours, eight weeks at most.

    Args:
        starts: int64 [sessions], in microseconds since 1970; None without times.

    Returns:
        `first_hour` (ISO 8601, UTC) and `sessions`, one count an hour from then on; None without
        times.
    """
    if starts is None or not len(starts):
        return None
    hours = starts // HOUR
    last = int(hours.max())
    first = max(int(hours.min()), last - HOURS + 1)
    counts = np.bincount((hours[hours >= first] - first).astype(np.int64))
    begin = datetime.fromtimestamp(0, UTC) + timedelta(hours=first)
    return {"first_hour": begin.isoformat(), "sessions": counts.tolist()}


def hourly(activity: Mapping[str, Any] | None) -> dict[datetime, int]:
    """The sessions of each hour that `sessions_by_hour` counted, by the hour's beginning."""
    if activity is None:
        return {}
    first = datetime.fromisoformat(activity["first_hour"])
    return {first + timedelta(hours=hour): n for hour, n in enumerate(activity["sessions"])}


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
