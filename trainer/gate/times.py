"""Whether the times of a log go on from those of the current version."""

import statistics
from datetime import UTC, datetime, timedelta

from service.model.artifact import Manifest
from service.model.verdict import Check
from trainer.config.gate import GateConfig
from trainer.corpus import DataReport
from trainer.events.activity import hourly
from trainer.gate.checks import HOURS, SHARE, Limits, check_range, not_made, share

AHEAD = timedelta(hours=15)  # that local times may be ahead of UTC
EARLIER_HOURS = 1.0  # that a log may end: its last events may have been taken back
FEWEST_SESSIONS = 100  # in the hours that both know, for a comparison
BUSY = 20  # sessions an hour, from which on it stands out if there are none, or half of them
SEEN = 8  # sessions of an hour that was seen before, which do not all vanish by chance
WEEKS = 4
HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
FRESH = timedelta(hours=48)  # of a log's newest event when its model was made: it is a live log

Hours = dict[datetime, int]


def guard_times(
    report: DataReport, current: Manifest | None, config: GateConfig, now: datetime
) -> list[Check]:
    """Checks when the events were, by themselves and beside what the current version saw.

    Args:
        report: of the log.
        current: the current version, None if there is none to compare with.
        config: the limits.
        now: with a zone.
    """
    if report.last_event is None:
        return [not_made("times", "log", "the log has no times")]
    last = _utc(report.last_event)
    ahead = max(0.0, (last - now).total_seconds() / 3600)
    checks = [
        check_range(
            "future",
            "log",
            ahead,
            f"the newest event, {report.last_event}, is {ahead:.1f} hours ahead of the clock",
            Limits(most=AHEAD.total_seconds() / 3600, form=HOURS),
        )
    ]
    hours = hourly(report.activity)
    before = (
        _utc(current.data["last_event"]) if current and current.data.get("last_event") else None
    )
    if current is not None and before is not None:
        checks += [_goes_on(last, before), _is_fresh(last, before, current, config, now)]
        known = hourly(current.data.get("activity"))
        checks.append(_same_hours(hours, known, config))
    checks.append(_silence(hours, before))
    return checks


def _utc(text: str) -> datetime:
    """A time of the log; without a zone it is UTC."""
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _goes_on(last: datetime, before: datetime) -> Check:
    late = (before - last).total_seconds() / 3600
    return check_range(
        "end of the log",
        "log",
        late,
        f"the log ends at {last:%Y-%m-%d %H:%M}, that of the current version ended at "
        f"{before:%Y-%m-%d %H:%M}: {abs(late):.1f} hours {'earlier' if late > 0 else 'later'}",
        Limits(most=EARLIER_HOURS, form="{:g} hour earlier"),
    )


def _is_fresh(
    last: datetime, before: datetime, current: Manifest, config: GateConfig, now: datetime
) -> Check:
    if current.created - before > FRESH:
        return not_made("freshness", "log", "the log of the current version was not fresh either")
    age = (now - last).total_seconds() / 3600
    return check_range(
        "freshness",
        "log",
        age,
        f"the newest event is {age:.1f} hours old",
        Limits(most=config.stale_hours, form=HOURS, setting="gate.stale_hours"),
    )


def _same_hours(hours: Hours, known: Hours, config: GateConfig) -> Check:
    """Whether the hours that the current version saw still have their sessions."""
    complete = [hour for hour in known if hour in hours and hour < max(known)]
    if sum(known[hour] for hour in complete) < FEWEST_SESSIONS:
        return not_made("past hours", "log", "too few sessions are in hours that both logs have")
    moved = sum(abs(known[hour] - hours[hour]) for hour in complete)
    moved_share = moved / sum(known[hour] for hour in complete)
    gone = [
        hour
        for hour in complete
        if (known[hour] >= BUSY and hours[hour] < known[hour] / 2)
        or (known[hour] >= SEEN and hours[hour] == 0)
    ]
    lost = ""
    if gone:
        hour = max(gone, key=lambda one: known[one] - hours[one])
        lost = f"; the hour from {hour:%Y-%m-%d %H:%M} had {known[hour]:,} and has {hours[hour]:,}"
    check = check_range(
        "past hours",
        "log",
        moved_share,
        f"{share(moved_share)} of the sessions in hours that the current version saw have moved, "
        f"appeared or vanished{lost}",
        Limits(most=config.changed_hours, form=SHARE, setting="gate.changed_hours"),
    )
    return check.model_copy(update={"passed": check.passed and not gone})


def _silence(hours: Hours, before: datetime | None) -> Check:
    """Whether an hour between two usual ones is empty that usually is not."""
    if not hours:
        return not_made("silent hours", "log", "the log has no times")
    first = max(before or datetime.min.replace(tzinfo=UTC), max(hours) - WEEK)
    new = [hour for hour in hours if first < hour < max(hours)]
    usual = {
        hour: _usual(hours, hour) for hour in hours if hour >= min(new, default=max(hours)) - HOUR
    }
    silent = [
        hour
        for hour in new
        if hours[hour] == 0
        and usual[hour] >= BUSY
        and all(hours[one] >= usual[one] / 2 for one in (hour - HOUR, hour + HOUR) if one in hours)
    ]
    example = f": no session began in the hour from {silent[0]:%Y-%m-%d %H:%M}" if silent else ""
    return check_range(
        "silent hours",
        "log",
        len(silent),
        f"{len(silent)} of {len(new):,} new hours are empty that usually have {BUSY} sessions or "
        f"more{example}",
        Limits(most=0),
    )


def _usual(hours: Hours, hour: datetime) -> float:
    """The median of the same hour in the four weeks before; 0 if not all are known."""
    past = [
        hours[hour - week * WEEK] for week in range(1, WEEKS + 1) if hour - week * WEEK in hours
    ]
    return statistics.median(past) if len(past) == WEEKS else 0
