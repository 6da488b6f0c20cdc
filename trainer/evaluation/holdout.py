"""Splits an event log into training sessions and test cases, as the settings say."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import polars as pl

from service.model.errors import ConfigError, EventLogError
from trainer.config.data import DataConfig
from trainer.config.jobs import EvaluationConfig
from trainer.corpus import DataReport, Sessions, Vocabulary
from trainer.evaluation.splits import Cases, last_item, prefix_cases, sample
from trainer.events.encoding import Encoded
from trainer.events.ordering import Ordered
from trainer.events.sessions import clean, length_percentiles
from trainer.events.vocabulary import rank_items


@dataclass(frozen=True, eq=False)
class Holdout:
    """The training sessions of a log, and test cases from the rest.

    Attributes:
        sessions: the training sessions; items are rows of the vocabulary.
        vocabulary: the items that occur in them.
        report: what became of every event of the log.
        cases: the test cases; items are rows of the vocabulary, -1 for one unknown to training.
        description: how the log was split, as a sentence.
    """

    sessions: Sessions
    vocabulary: Vocabulary
    report: DataReport
    cases: Cases
    description: str


def hold_out(log: Encoded, data: DataConfig, evaluation: EvaluationConfig) -> Holdout:
    """Splits a log as the settings say; training sees nothing of the answers.

    Args:
        log: all its sessions, none of them cleaned.
        data: what is dropped from training.
        evaluation: `split`, and for a temporal one `test_share` or `test_from`.

    Raises:
        ConfigError: `test_from` is set, but the log has no times.
        EventLogError: too little is left to train on, or there is no test case.
    """
    if evaluation.split == "last-item":
        return _with_cases(_last_items(log, data), data)
    first, description = first_tested(log.sessions, evaluation)
    return _with_cases(_later_sessions(log, data, first, description), data)


def hold_out_before(
    log: Encoded, data: DataConfig, evaluation: EvaluationConfig, share: float = 1.0
) -> Holdout:
    """Splits the part before the test sessions as if it were the whole log.

    This way settings are chosen on one part of a log and judged on another.

    Args:
        log: all its sessions, none of them cleaned.
        data: what is dropped from training.
        evaluation: the test sessions are the newest `test_share`, or those since `test_from`. Of
            the sessions before them, the newest `test_share` give the validation cases.
        share: the share of the remaining sessions that is trained on, the newest ones.

    Raises:
        ConfigError: the split is not temporal, or `test_from` is set, but the log has no times.
        EventLogError: too little is left to train on, or there is no validation or no test case.
    """
    if evaluation.split != "temporal":
        raise ConfigError(
            f"evaluation.split = '{evaluation.split}': settings are chosen on sessions that began "
            "before those of the test; set split = temporal"
        )
    test, description = first_tested(log.sessions, evaluation)
    if not (np.diff(log.sessions.offsets[test:]) > 1).any():
        raise _no_case(data, description)
    early = _part(log.sessions, 0, test)
    validation, description = first_tested(early, evaluation.model_copy(update={"test_from": None}))
    first = validation - round(share * validation)
    later = len(log.sessions.items) - len(early.items) + int(early.offsets[first])
    dropped = log.dropped + Counter(events_held_out=later)
    rest = replace(log, sessions=_part(early, first, len(early)), dropped=dropped)
    return _with_cases(_later_sessions(rest, data, validation - first, description), data)


def _with_cases(holdout: Holdout, data: DataConfig) -> Holdout:
    """The same, if it has any case."""
    if not len(holdout.cases):
        raise _no_case(data, holdout.description)
    return holdout


def _no_case(data: DataConfig, description: str) -> EventLogError:
    return EventLogError(
        f"{', '.join(data.paths)}: no test case is left ({description}); a case needs a session of "
        "at least two items"
    )


def sample_cases(cases: Cases, evaluation: EvaluationConfig, seed: int) -> Cases:
    """At most `max_cases` random cases, whose prefixes are cut as `query` says."""
    selection = sample(cases, evaluation.max_cases or len(cases), seed)
    return selection if evaluation.query == "session" else selection.last(1)


def first_tested(sessions: Ordered, evaluation: EvaluationConfig) -> tuple[int, str]:
    """The first test session, and a sentence that describes the split.

    Sessions that began at the same time are on the same side. Without times, their order counts.

    Raises:
        ConfigError: `test_from` is set, but there are no times.
    """
    if not len(sessions):
        return 0, "there are no sessions"
    test_sessions = max(1, round(evaluation.test_share * len(sessions)))
    if sessions.starts is None:
        if evaluation.test_from is not None:
            raise ConfigError(
                f"evaluation.test_from = '{evaluation.test_from}': the log has no times; name the "
                "`time` column, or set `test_share` instead"
            )
        return (
            len(sessions) - test_sessions,
            f"the log has no times: the last {test_sessions:,} of {len(sessions):,} sessions in "
            "its order are held out",
        )
    if evaluation.test_from is not None:
        cut = _microseconds(evaluation.test_from)
    else:
        cut = int(sessions.starts[len(sessions) - test_sessions])
    first = int(np.searchsorted(sessions.starts, cut))
    start = np.datetime64(cut, "us").astype("M8[s]").item()
    return (
        first,
        f"{len(sessions) - first:,} of {len(sessions):,} sessions are held out: those that began "
        f"at {start} or later",
    )


def _later_sessions(log: Encoded, data: DataConfig, first: int, description: str) -> Holdout:
    """Training on the sessions before `first`, cleaned; a case for every prefix of the others."""
    training, late = split_at(log, first)
    sessions, vocabulary, report, rows = clean(training, data)
    cases = prefix_cases(late).encoded(rows)
    return Holdout(sessions, vocabulary, report, cases, description)


def split_at(log: Encoded, first: int) -> tuple[Encoded, Sessions]:
    """The log without its newest sessions, and those, from session `first` on; items are codes."""
    late = _part(log.sessions, first, len(log.sessions))
    dropped = log.dropped + Counter(events_held_out=len(late.items))
    training = replace(log, sessions=_part(log.sessions, 0, first), dropped=dropped)
    return training, Sessions(late.items, late.offsets, starts=late.starts)


def _last_items(log: Encoded, data: DataConfig) -> Holdout:
    """Training on the cleaned log without the last item of each session, which is the answer."""
    cleaned, all_items, report, _ = clean(log, data)
    sessions, cases = last_item(cleaned)
    counts = np.bincount(sessions.items, minlength=len(all_items))
    vocabulary, rows = rank_items(pl.Series(all_items.item_ids), counts)
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
    """The sessions from `first` to before `last`; items are not copied."""
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
    """Microseconds since 1970; a time without a zone is UTC, as in the log."""
    zoned = time if time.tzinfo else time.replace(tzinfo=UTC)
    return int(np.datetime64(zoned.astimezone(UTC).replace(tzinfo=None), "us").astype(np.int64))
