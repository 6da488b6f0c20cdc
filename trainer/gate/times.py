"""Whether the times of a log go on from those of the current version."""

import statistics
from datetime import UTC, datetime, timedelta

from service.model.artifact import Manifest
from service.model.verdict import Check
from trainer.config.gate import GateConfig
from trainer.corpus import DataReport
from trainer.events.activity import hourly
from trainer.gate.checks import HOURS, SHARE, Limits, check_range, hours_text, not_made, share

FEWEST_ACTIVE = 100  # in the hours that both know, for a comparison
BUSY = 20  # active an hour, from which on it stands out if there are none, or half of them
SEEN = 8  # active in an hour that was seen before, which do not all vanish by chance
WEEKS, SUNDAY = 4, 6
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
    last = _utc(report.usual_end or report.last_event)
    ahead = max(0.0, (last - now).total_seconds() / 3600)
    checks = [
        check_range(
            "future",
            "log",
            ahead,
            f"nearly all sessions had ended by {last:%Y-%m-%d %H:%M}, "
            + (f"{hours_text(ahead)} ahead of the clock" if ahead else "not ahead of the clock"),
            Limits(most=config.hours_ahead, form=HOURS, setting="gate.hours_ahead"),
        )
    ]
    hours = hourly(report.activity)
    before = _end_of(current)
    if current is not None and before is not None:
        checks += [_goes_on(last, before, config), _is_fresh(last, before, current, config, now)]
        checks += _same_hours(hours, hourly(current.data.get("activity")), config)
    checks.append(_silence(hours, before, config))
    return checks


def _end_of(current: Manifest | None) -> datetime | None:
    """Where the log of the current version ended; None if it has no times."""
    if current is None:
        return None
    end = current.data.get("usual_end") or current.data.get("last_event")
    return _utc(end) if end else None


def _utc(text: str) -> datetime:
    """A time of the log; without a zone it is UTC."""
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _goes_on(last: datetime, before: datetime, config: GateConfig) -> Check:
    late = (before - last).total_seconds() / 3600
    return check_range(
        "end of the log",
        "log",
        late,
        f"nearly all sessions had ended by {last:%Y-%m-%d %H:%M}, those of the current version by "
        f"{before:%Y-%m-%d %H:%M}: {hours_text(abs(late))} {'earlier' if late > 0 else 'later'}",
        Limits(most=config.hours_earlier, form=HOURS, setting="gate.hours_earlier"),
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
        f"the newest events are {hours_text(age)} old",
        Limits(most=config.stale_hours, form=HOURS, setting="gate.stale_hours"),
    )


def _same_hours(hours: Hours, known: Hours, config: GateConfig) -> list[Check]:
    """Whether the hours that the current version saw are as they were; cut ones do not count."""
    complete = [
        hour
        for hour in known
        if hour in hours and min(hours) < hour < max(hours) and min(known) < hour < max(known)
    ]
    active = sum(known[hour] for hour in complete)
    if active < FEWEST_ACTIVE:
        why = "too few are active in the hours that both logs have"
        return [not_made("past hours", "log", why)]
    either = sum(max(known[hour], hours[hour]) for hour in complete)
    moved = sum(abs(known[hour] - hours[hour]) for hour in complete) / either
    return [
        check_range(
            "past hours",
            "log",
            moved,
            f"{share(moved)} of what was active in hours that the current version saw has moved, "
            "appeared or vanished",
            Limits(most=config.changed_hours, form=SHARE, setting="gate.changed_hours"),
        ),
        _lost("hours", "%Y-%m-%d %H:%M", known, hours, complete, config.lost_hours),
        _lost("days", "%Y-%m-%d", *_by_day(known, hours, complete), config.lost_hours),
    ]


def _lost(
    unit: str, form: str, known: Hours, now: Hours, complete: list[datetime], most: int
) -> Check:
    """Whether hours or days that were seen have lost half of who was active in them, or all."""
    telling = [time for time in complete if known[time] >= SEEN]
    if not telling:
        why = f"in no {unit[:-1]} that the current version saw were {SEEN} or more active"
        return not_made(f"lost {unit}", "log", why)
    gone = [
        time
        for time in telling
        if now[time] == 0 or (known[time] >= BUSY and now[time] < known[time] / 2)
    ]
    example = ""
    if gone:
        worst = max(gone, key=lambda time: known[time] - now[time])
        example = f": on {worst:{form}} {known[worst]:,} were active, now {now[worst]:,}"
    return check_range(
        f"lost {unit}",
        "log",
        len(gone),
        f"{len(gone)} of {len(telling):,} {unit} in which the current version saw {SEEN} or more "
        f"active have lost half of them or all{example}",
        Limits(most=most, setting="gate.lost_hours"),
    )


def _by_day(
    known: Hours, hours: Hours, complete: list[datetime]
) -> tuple[Hours, Hours, list[datetime]]:
    """The same by days, and which of them are whole."""
    days: list[Hours] = [{}, {}]
    for sums, times in zip(days, (known, hours), strict=True):
        for hour in complete:
            day = hour.replace(hour=0)
            sums[day] = sums.get(day, 0) + times[hour]
    return days[0], days[1], sorted(days[0])[1:-1]


def _silence(hours: Hours, before: datetime | None, config: GateConfig) -> Check:
    """Whether hours are empty, between busy ones, that usually are not."""
    if not hours:
        return not_made("silent hours", "log", "the log has no times")
    first = max(before or datetime.min.replace(tzinfo=UTC), max(hours) - WEEK)
    new = [hour for hour in sorted(hours) if first < hour < max(hours)]
    silent: list[datetime] = []
    gap: list[datetime] = []
    open_ = False  # whether a busy hour came before
    for hour in new:
        usual = _usual(hours, hour)
        if usual >= BUSY and hours[hour] == 0:
            gap.append(hour)
            continue
        is_busy = usual >= BUSY and hours[hour] >= usual / 2
        if gap and open_ and is_busy and not _is_skipped(gap):
            silent += gap
        gap, open_ = [], is_busy
    if not any(_usual(hours, hour) >= BUSY for hour in new):
        why = f"{BUSY} or more are usually active in none of the new hours"
        return not_made("silent hours", "log", why)
    example = f", from {silent[0]:%Y-%m-%d %H:%M} on" if silent else ""
    return check_range(
        "silent hours",
        "log",
        len(silent),
        f"{len(silent)} of {len(new):,} new hours are empty, between busy ones, in which {BUSY} or "
        f"more are usually active{example}",
        Limits(most=config.silent_hours, setting="gate.silent_hours"),
    )


def _is_skipped(gap: list[datetime]) -> bool:
    """Whether it may be the hour of a Sunday night that clocks skip in spring."""
    return len(gap) == 1 and gap[0].weekday() == SUNDAY and gap[0].hour < 4


def _usual(hours: Hours, hour: datetime) -> float:
    """The median of the same hour in the four weeks before; 0 if not all are known."""
    past = [
        hours[hour - week * WEEK] for week in range(1, WEEKS + 1) if hour - week * WEEK in hours
    ]
    return statistics.median(past) if len(past) == WEEKS else 0
