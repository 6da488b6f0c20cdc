"""Cleans an encoded log into training sessions and their vocabulary."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from service.model.errors import EventLogError
from trainer.config.data import DataConfig
from trainer.corpus import DataReport, Sessions, Vocabulary
from trainer.events.activity import repeated_share
from trainer.events.cleaning import count_codes, drop_rare_and_short, slices
from trainer.events.encoding import Encoded, OnRead, encode
from trainer.events.log.reader import Events
from trainer.events.vocabulary import rank_items

PERCENTILES = (5, 25, 50, 75, 95, 99, 100)


def build_sessions(
    pieces: Iterable[Events], config: DataConfig, on_read: OnRead = lambda _: None
) -> tuple[Sessions, Vocabulary, DataReport]:
    """Turns events into encoded sessions, counting everything that is dropped.

    Sessions come in the order of their first event, events of a session by time, equal times in
    the order of the log. Repeats collapse before occurrences of an item are counted; collapsed
    events keep the largest of their weights.

    Args:
        pieces: the log, piece by piece.
        config: what a session is and what is dropped.
        on_read: called with the number of events read so far, after every piece.

    Raises:
        EventLogError: fewer than two sessions or two items are ordered.
    """
    return clean(encode(pieces, config, on_read), config)[:3]


def clean(
    log: Encoded, config: DataConfig
) -> tuple[Sessions, Vocabulary, DataReport, NDArray[np.int32]]:
    """Drops rare items and short sessions, and numbers the other items by frequency.

    Returns:
        The sessions, their vocabulary, what was dropped, and the row of each item of the log:
        int32 [item_ids], -1 for one that is not in the vocabulary.

    Raises:
        EventLogError: fewer than two sessions or two items are ordered.
    """
    if len(log.sessions) == 1 and log.dropped.total() == log.dropped["events_collapsed"]:
        raise EventLogError(
            f"{', '.join(config.paths)}: all {log.read:,} events belong to one session; "
            "training needs several (in a text file, each line is a session)"
        )
    ordered, dropped = drop_rare_and_short(log.sessions, len(log.item_ids), config)
    counts = count_codes(ordered.items, len(log.item_ids))
    vocabulary, rows = rank_items(log.item_ids, counts)
    for part in slices(len(ordered.items)):
        ordered.items[part] = rows[ordered.items[part]]
    sessions = Sessions(ordered.items, ordered.offsets, ordered.weights, ordered.starts)
    report = DataReport(
        events_read=log.read,
        **(log.dropped + dropped),
        events_kept=len(ordered.items),
        items=len(vocabulary),
        sessions=len(sessions),
        session_length_percentiles=length_percentiles(sessions),
        first_event=_text(ordered.starts, np.min),
        last_event=_text(ordered.ends, np.max),
        repeated_share=repeated_share(sessions),
        largest_user_share=log.largest_user_share,
        activity=log.activity,
        usual_end=_text(ordered.ends, _nearly_last),
        items_file=None,
        notes=log.notes,
    )
    _check_enough(report, config)
    if sessions.weights is not None and not sessions.weights.any():
        raise EventLogError(
            f"{', '.join(config.paths)}: every remaining event weighs 0 (weights = "
            f"{config.weights}, weight = {config.weight!r}): raise the weight of a type that "
            "occurs, or choose a column with numbers above 0"
        )
    return sessions, vocabulary, report, rows


def length_percentiles(sessions: Sessions) -> dict[str, int] | None:
    """Percentiles of session lengths: `{"p50": 3, ...}`; None without sessions."""
    if not len(sessions):
        return None
    values = np.percentile(sessions.lengths(), PERCENTILES, method="lower")
    return {f"p{rank}": int(value) for rank, value in zip(PERCENTILES, values, strict=True)}


def _text(
    times: NDArray[np.int64] | None, extreme: Callable[[NDArray[np.int64]], np.int64]
) -> str | None:
    if times is None or not len(times):
        return None
    return str(extreme(times).astype("M8[us]").item())


def _nearly_last(ends: NDArray[np.int64]) -> np.int64:
    """When all but one session of a thousand had ended: no single wrong clock moves it."""
    return np.int64(np.quantile(ends, 0.999, method="lower"))


def _check_enough(report: DataReport, config: DataConfig) -> None:
    if report.sessions >= 2 and report.items >= 2:
        return
    dropped = {
        "filtered": report.events_filtered,
        "without item": report.events_without_item,
        "without session or user": report.events_without_session,
        "without time": report.events_without_time,
        "consecutive repeats": report.events_collapsed,
        "held out for evaluation": report.events_held_out,
        f"of items under min_count = {config.min_count}": report.events_of_rare_items,
        f"in sessions under min_session_length = {config.min_session_length}": (
            report.events_in_short_sessions
        ),
    }
    reasons = ", ".join(f"{events:,} {reason}" for reason, events in dropped.items() if events)
    raise EventLogError(
        f"{', '.join(config.paths)}: {report.sessions:,} sessions with {report.items:,} items are "
        f"left of {report.events_read:,} events, too few to learn from; dropped: "
        f"{reasons or 'nothing'}"
    )
