"""Splits an event log into training sessions and test cases, as the settings say."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import polars as pl

from service.model.errors import ConfigError, EventLogError
from trainer.config.jobs import EvaluationConfig
from trainer.config.sections import DataConfig
from trainer.corpus import DataReport, Sessions, Vocabulary
from trainer.evaluation.splits import Cases, last_item, prefix_cases, sample
from trainer.events.encoding import Encoded
from trainer.events.ordering import Ordered
from trainer.events.sessions import clean, length_percentiles
from trainer.events.vocabulary import rank_items


@dataclass(frozen=True, eq=False)
class Holdout:
    """What is trained on, and what is asked afterwards.

    Attributes:
        sessions: to train on, as rows of the vocabulary.
        vocabulary: the items that occur in them.
        report: what became of every event of the log.
        cases: in rows of the vocabulary, -1 for an item that training does not know.
        words: how the log was split, for people.
    """

    sessions: Sessions
    vocabulary: Vocabulary
    report: DataReport
    cases: Cases
    words: str


def hold_out(log: Encoded, data: DataConfig, evaluation: EvaluationConfig) -> Holdout:
    """Splits a log as the settings say; training knows nothing of what is asked.

    Args:
        log: all its sessions, none of them cleaned.
        data: what is dropped from training.
        evaluation: `split`, and for a temporal one `test_share` or `test_from`.

    Raises:
        ConfigError: `test_from` is set, but the log has no times.
        EventLogError: too little is left to train on, or nothing to ask.
    """
    if evaluation.split == "last-item":
        return _asking(_last_items(log, data), data)
    first, words = first_tested(log.sessions, evaluation)
    return _asking(_later_sessions(log, data, first, words), data)


def hold_out_before(
    log: Encoded, data: DataConfig, evaluation: EvaluationConfig, share: float = 1.0
) -> Holdout:
    """Splits what is before the tested sessions as if it were the whole log; those are not read.

    So that settings can be chosen by one part of a log and judged by another.

    Args:
        log: all its sessions, none of them cleaned.
        data: what is dropped from training.
        evaluation: the tested sessions are the newest `test_share`, or those since `test_from`; of
            the others, the newest `test_share` are asked.
        share: of the sessions left to train on, the newest so many are trained on.

    Raises:
        ConfigError: the split is not temporal, or `test_from` is set, but the log has no times.
        EventLogError: too little is left to train on, or nothing to ask, now or in the test.
    """
    if evaluation.split != "temporal":
        raise ConfigError(
            f"evaluation.split = '{evaluation.split}': settings are chosen by sessions before "
            "those they are judged by; set split = temporal"
        )
    tested, words = first_tested(log.sessions, evaluation)
    if not (np.diff(log.sessions.offsets[tested:]) > 1).any():
        raise _nothing_to_ask(data, words)
    early = _part(log.sessions, 0, tested)
    validated, words = first_tested(early, evaluation.model_copy(update={"test_from": None}))
    first = validated - round(share * validated)
    later = len(log.sessions.items) - len(early.items) + int(early.offsets[first])
    dropped = log.dropped + Counter(events_held_out=later)
    rest = Encoded(_part(early, first, len(early)), log.item_ids, log.read, dropped, log.notes)
    return _asking(_later_sessions(rest, data, validated - first, words), data)


def _asking(holdout: Holdout, data: DataConfig) -> Holdout:
    """The same, if there is anything to ask."""
    if not len(holdout.cases):
        raise _nothing_to_ask(data, holdout.words)
    return holdout


def _nothing_to_ask(data: DataConfig, words: str) -> EventLogError:
    return EventLogError(
        f"{', '.join(data.paths)}: nothing is left to ask ({words}); a session needs two items to "
        "be asked about"
    )


def asked(cases: Cases, evaluation: EvaluationConfig, seed: int) -> Cases:
    """The cases that are asked, with the query that is to be asked."""
    chosen = sample(cases, evaluation.max_cases or len(cases), seed)
    return chosen if evaluation.query == "session" else chosen.last(1)


def first_tested(sessions: Ordered, evaluation: EvaluationConfig) -> tuple[int, str]:
    """The first session that is tested, and how that was found.

    Sessions that began at the same time are on the same side. Without times their order counts.

    Raises:
        ConfigError: `test_from` is set, but there are no times.
    """
    if not len(sessions):
        return 0, "there are no sessions"
    tested = max(1, round(evaluation.test_share * len(sessions)))
    if sessions.starts is None:
        if evaluation.test_from is not None:
            raise ConfigError(
                f"evaluation.test_from = '{evaluation.test_from}': the log has no times; name the "
                "`time` column, or set `test_share` instead"
            )
        return (
            len(sessions) - tested,
            f"the log has no times: the last {tested:,} of {len(sessions):,} sessions in its order "
            "are held out",
        )
    if evaluation.test_from is not None:
        cut = _microseconds(evaluation.test_from)
    else:
        cut = int(sessions.starts[len(sessions) - tested])
    first = int(np.searchsorted(sessions.starts, cut))
    began = np.datetime64(cut, "us").astype("M8[s]").item()
    tested = len(sessions) - first
    return (
        first,
        f"{tested:,} of {len(sessions):,} sessions are held out: those that began at {began} or "
        "later",
    )


def _later_sessions(log: Encoded, data: DataConfig, first: int, words: str) -> Holdout:
    """Cleans and trains on the sessions before one; every prefix of the others is a case."""
    early = _part(log.sessions, 0, first)
    late = _part(log.sessions, first, len(log.sessions))
    dropped = log.dropped + Counter(events_held_out=len(late.items))
    training = Encoded(early, log.item_ids, log.read, dropped, log.notes)
    sessions, vocabulary, report, rows = clean(training, data)
    cases = prefix_cases(Sessions(late.items, late.offsets)).encoded(rows)
    return Holdout(sessions, vocabulary, report, cases, words)


def _last_items(log: Encoded, data: DataConfig) -> Holdout:
    """Cleans everything, and asks for the last item of every session."""
    cleaned, everything, report, _ = clean(log, data)
    sessions, cases = last_item(cleaned)
    counts = np.bincount(sessions.items, minlength=len(everything))
    vocabulary, rows = rank_items(pl.Series(everything.item_ids), counts)
    if len(vocabulary) < 2:
        raise EventLogError(
            f"{', '.join(data.paths)}: without the last item of each session, {len(vocabulary)} "
            "item is left, too few to learn from; set split = temporal"
        )
    report = replace(
        report,
        events_held_out=len(cases),
        events_kept=len(sessions.items),
        items=len(vocabulary),
        session_length_percentiles=length_percentiles(sessions),
    )
    return Holdout(
        replace(sessions, items=rows[sessions.items]),
        vocabulary,
        report,
        cases.encoded(rows),
        f"the last item of {len(cases):,} of {len(sessions):,} sessions is held out",
    )


def _part(ordered: Ordered, first: int, last: int) -> Ordered:
    """The sessions from one to before another; items are not copied."""
    offsets = ordered.offsets[first : last + 1]
    events = slice(int(offsets[0]), int(offsets[-1]))
    return Ordered(
        items=ordered.items[events],
        weights=None if ordered.weights is None else ordered.weights[events],
        offsets=offsets - events.start,
        starts=None if ordered.starts is None else ordered.starts[first:last],
        ends=None if ordered.ends is None else ordered.ends[first:last],
    )


def _microseconds(time: datetime) -> int:
    """Since 1970; a time without a zone is UTC, as in the log."""
    zoned = time if time.tzinfo else time.replace(tzinfo=UTC)
    return int(np.datetime64(zoned.astimezone(UTC).replace(tzinfo=None), "us").astype(np.int64))
