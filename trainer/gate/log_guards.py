"""What a log must fulfil before anything is trained on it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from service.model.artifact import Artifact
from service.model.verdict import Check
from trainer.config.gate import GateConfig
from trainer.corpus import DataReport, Dataset
from trainer.gate.checks import SHARE, TIMES, Limits, check_range, not_made, share
from trainer.gate.ids import guard_ids
from trainer.gate.times import guard_times

MOST_GROWTH = 3.0  # in a night: beyond it, a date is wrong rather than a log young
FEWEST_EVENTS = 1000  # for the share of one user to mean anything


def guard_log(
    dataset: Dataset, current: Artifact | None, config: GateConfig, now: datetime
) -> list[Check]:
    """Checks a log by itself, and beside that of the current version.

    Args:
        dataset: what the log was read into.
        current: the current version, None if there is none to compare with.
        config: the limits.
        now: with a zone.
    """
    report = dataset.report
    before = current.manifest if current else None
    known = before.data if before else {}
    checks = [_largest_user(report, known.get("largest_user_share"), config)]
    if current is not None:
        growth = _growth(report, known)
        events = Limits(
            config.least_events,
            config.most_events * growth,
            TIMES,
            "gate.least_events and gate.most_events",
        )
        items = Limits(
            config.least_items,
            config.most_items * growth,
            TIMES,
            "gate.least_items and gate.most_items",
        )
        checks += [
            _ratio("events", report.events_kept, known["events_kept"], events),
            _ratio("items", report.items, known["items"], items),
            *_described(report, known.get("items_file"), config),
            *guard_ids(dataset, current, config, growth),
            _repeats(report, known.get("repeated_share"), config),
        ]
    return checks + guard_times(report, before, config, now)


def _growth(report: DataReport, known: Mapping[str, Any]) -> float:
    """How much longer the log is than that of the current version, in time; 1 if it is not.

    The log of a young shop doubles on its second day.
    """
    spans = [
        datetime.fromisoformat(last) - datetime.fromisoformat(first)
        for first, last in (
            (report.first_event, report.last_event),
            (known.get("first_event"), known.get("last_event")),
        )
        if first and last
    ]
    if len(spans) < 2 or not spans[1]:
        return 1.0
    return min(max(1.0, spans[0] / spans[1]), MOST_GROWTH)


def _ratio(name: str, seen: int, before: int, limits: Limits) -> Check:
    ratio = seen / before
    return check_range(
        name,
        "log",
        round(ratio, 4),
        f"{seen:,} {name}, {ratio:.2f} times the {before:,} of the current version",
        limits,
    )


def _described(
    report: DataReport, before: Mapping[str, Any] | None, config: GateConfig
) -> Iterator[Check]:
    """Whether the file of items still has those of the log: it may have been cut short."""
    now, name = report.items_file, "described items"
    had = before["trained"] if before else 0
    if now is not None and had:
        least = Limits(least=config.least_items, form=TIMES, setting="gate.least_items")
        yield _ratio(name, now.trained, had, least)
    elif now is not None:
        yield not_made(name, "log", "the current version had no file with its items")
    elif before is not None:
        yield not_made(name, "log", "there is no file of items any more")


def _largest_user(report: DataReport, before: float | None, config: GateConfig) -> Check:
    """A user who has always been so large is nothing new, and in a first log nobody is known."""
    largest = report.largest_user_share
    if largest is None or report.events_kept < FEWEST_EVENTS:
        return not_made("largest user", "log", "too few events to speak of a largest user")
    sentence = f"one user, or one session, has {share(largest)} of the events"
    if before is None:
        if largest <= config.largest_user:
            return not_made("largest user", "log", f"{sentence}; no log to compare with")
        why = "a bot, or all guests? `data.where` can leave them out"
        return not_made("largest user", "log", f"{sentence}: {why}")
    most = max(config.largest_user, 1.5 * before)
    limits = Limits(most=most, form=SHARE, setting="gate.largest_user")
    return check_range("largest user", "log", largest, sentence, limits)


def _repeats(report: DataReport, before: float | None, config: GateConfig) -> Check:
    now = report.repeated_share
    if now is None or before is None:
        return not_made("repeats", "log", "the current version did not count repeats")
    return check_range(
        "repeats",
        "log",
        now - before,
        f"{share(now)} of the events repeat an item of their session, {share(before)} did in the "
        "log of the current version",
        Limits(most=config.more_repeats, form="{:.0%} more", setting="gate.more_repeats"),
    )
