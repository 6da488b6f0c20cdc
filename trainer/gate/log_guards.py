"""What a log must fulfil before anything is trained on it."""

from datetime import datetime

from service.model.artifact import Artifact
from service.model.verdict import Check
from trainer.config.gate import GateConfig
from trainer.corpus import DataReport, Dataset
from trainer.gate.checks import SHARE, TIMES, Limits, check_range, not_made, share
from trainer.gate.ids import guard_ids
from trainer.gate.times import guard_times

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
    checks = [_largest_user(report, config)]
    if current is not None:
        known = current.manifest.data
        checks += [
            _ratio(
                "events",
                report.events_kept,
                known["events_kept"],
                config.least_events,
                config.most_events,
            ),
            _ratio("items", report.items, known["items"], config.least_items, config.most_items),
            *guard_ids(dataset, current, config),
            _repeats(report, known.get("repeated_share"), config),
        ]
    return checks + guard_times(report, before, config, now)


def _ratio(name: str, seen: int, before: int, least: float, most: float) -> Check:
    ratio = seen / before
    return check_range(
        name,
        "log",
        round(ratio, 4),
        f"{seen:,} {name}, {ratio:.2f} times the {before:,} of the current version",
        Limits(least, most, TIMES),
    )


def _largest_user(report: DataReport, config: GateConfig) -> Check:
    largest = report.largest_user_share
    if largest is None or report.events_kept < FEWEST_EVENTS:
        return not_made("largest user", "log", f"the log has fewer than {FEWEST_EVENTS:,} events")
    return check_range(
        "largest user",
        "log",
        largest,
        f"one user, or one session, has {share(largest)} of the events",
        Limits(most=config.largest_user, form=SHARE),
    )


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
        Limits(most=config.more_repeats, form="{:.0%} more"),
    )
