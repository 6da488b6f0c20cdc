"""Whether a log goes on in time; what a live log owes, and an old one does not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from service.model.artifact import Manifest
from service.model.verdict import Check
from tests.conftest import make_artifact
from trainer.config.gate import GateConfig
from trainer.corpus import DataReport
from trainer.events.activity import Activity, hourly
from trainer.gate.times import guard_times

NOW = datetime(2026, 5, 1, 3, tzinfo=UTC)


def report(last: datetime, activity: dict[str, Any] | None = None) -> DataReport:
    return DataReport(1000, last_event=str(last.replace(tzinfo=None)), activity=activity)


def published(last: datetime, created: datetime, activity: Any = None) -> Manifest:
    data = {"last_event": str(last.replace(tzinfo=None)), "activity": activity}
    return make_artifact().manifest.model_copy(update={"data": data, "created": created})


def check(name: str, checks: list[Check]) -> Check:
    [found] = [one for one in checks if one.name == name]
    return found


def freshness(last: datetime, manifest: Manifest) -> Check:
    return check("freshness", guard_times(report(last), manifest, GateConfig(), NOW))


def test_a_live_log_that_stopped_is_refused():
    manifest = published(NOW - timedelta(hours=60), NOW - timedelta(hours=57))
    found = freshness(NOW - timedelta(hours=60), manifest)
    assert found.passed is False
    assert "60.0 hours old" in found.sentence
    assert freshness(NOW - timedelta(hours=30), manifest).passed


def test_an_old_log_may_stay_old():
    manifest = published(NOW - timedelta(days=900), NOW - timedelta(days=9))
    assert freshness(NOW - timedelta(days=900), manifest).passed is None


def test_a_log_without_times_has_no_check_of_them():
    [found] = guard_times(DataReport(10), None, GateConfig(), NOW)
    assert (found.passed, found.sentence) == (None, "the log has no times")


def test_a_log_with_times_is_not_compared_with_one_without():
    manifest = make_artifact().manifest.model_copy(update={"data": {"last_event": None}})
    names = {one.name for one in guard_times(report(NOW), manifest, GateConfig(), NOW)}
    assert names == {"future", "silent hours"}


@pytest.mark.parametrize("hours", [1, 30, 3000])
def test_who_is_active_in_an_hour_counts_once(hours: int):
    random = np.random.default_rng(hours)
    seconds = np.sort(random.integers(0, hours * 3600, 500)) + 400_000 * 3600
    owners = random.integers(0, 20, 500)
    activity = Activity()
    for part in (slice(0, 300), slice(300, 500)):
        times = pl.Series(seconds[part] * 1_000_000).cast(pl.Datetime("us"))
        activity.add(times, pl.Series(owners[part]))
    counted = hourly(activity.newest())
    for hour, active in counted.items():
        inside = (seconds // 3600) == round(hour.timestamp()) // 3600
        in_parts = len(set(owners[:300][inside[:300]])) + len(set(owners[300:][inside[300:]]))
        assert active == in_parts
    assert max(counted) == datetime.fromtimestamp(int(seconds[-1]) // 3600 * 3600, UTC)
    assert len(counted) <= 24 * 7 * 8


def test_no_times_are_no_activity():
    assert Activity().newest() is None
    assert hourly(None) == {}


def active(by_hour: dict[int, int], weeks: int = 6) -> dict[str, Any]:
    """Forty an hour for weeks, but for some hours counted back from the newest."""
    counts = [40] * (weeks * 168)
    for back, number in by_hour.items():
        counts[-1 - back] = number
    first = NOW - timedelta(hours=len(counts))
    return {"first_hour": first.isoformat(), "active": counts}


def silent(by_hour: dict[int, int], **config: Any) -> bool | None:
    checks = guard_times(report(NOW, active(by_hour)), None, GateConfig(**config), NOW)
    return check("silent hours", checks).passed


@pytest.mark.parametrize("hours", [1, 2, 6, 20])
def test_a_hole_of_any_length_is_noticed(hours: int):
    assert silent({}) is True
    assert silent(dict.fromkeys(range(30, 30 + hours), 0)) is False
    assert silent(dict.fromkeys(range(30, 30 + hours), 0), silent_hours=hours) is True


def test_the_hour_that_summer_time_skips_is_no_hole():
    sunday = next(
        back
        for back in range(1, 168)
        if (NOW - timedelta(hours=1 + back)).strftime("%a %H") == "Sun 02"
    )
    assert silent({sunday: 0}) is True
    assert silent({sunday: 0, sunday - 1: 0}) is False


LOST = ("past hours", "lost hours", "lost days")


def past(by_hour: dict[int, int], usual: int = 40) -> tuple[bool | None, ...]:
    before = NOW - timedelta(hours=24)
    seen, now = active({}), active(by_hour)
    if usual != 40:
        seen["active"] = [usual] * len(seen["active"])
        now["active"] = [by_hour.get(back, usual) for back in range(len(now["active"]))][::-1]
    found = guard_times(report(NOW, now), published(before, before, seen), GateConfig(), NOW)
    by_name = {one.name: one.passed for one in found}
    return tuple(by_name[name] for name in LOST)


def test_an_hour_that_was_seen_and_has_lost_half_is_lost():
    assert past({}) == (True, True, True)
    assert past({90: 15}) == (True, False, True)
    assert past(dict.fromkeys(range(30, 200), 50)) == (True, True, True)
    assert past(dict.fromkeys(range(30, 600), 55))[0] is False


def test_in_a_small_shop_a_day_tells_what_an_hour_does_not():
    assert past({}, usual=1) == (True, None, True)
    day = NOW.hour + 2 * 24
    assert past(dict.fromkeys(range(day, day + 24), 0), usual=1) == (True, None, False)


def test_the_cut_hours_at_both_ends_do_not_count():
    first = 6 * 168 - 1
    assert past({first: 5}) == (True, True, True)


def test_one_wrong_clock_does_not_move_the_end():
    manifest = published(NOW - timedelta(hours=24), NOW - timedelta(hours=23))
    late = replace(report(NOW + timedelta(days=400)), usual_end=str(NOW.replace(tzinfo=None)))
    found = guard_times(late, manifest, GateConfig(), NOW)
    assert all(one.passed is not False for one in found)
