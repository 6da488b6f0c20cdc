"""Whether a log goes on in time; what a live log owes, and an old one does not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from service.model.artifact import Manifest
from service.model.verdict import Check
from tests.conftest import make_artifact
from trainer.config.gate import GateConfig
from trainer.corpus import DataReport
from trainer.events.activity import HOUR, hourly, sessions_by_hour
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
def test_sessions_are_counted_by_the_hour_they_began_in(hours: int):
    random = np.random.default_rng(hours)
    starts = np.sort(random.integers(0, hours * HOUR, 500)) + 400_000 * HOUR
    counted = hourly(sessions_by_hour(starts))
    newest = max(counted)
    for hour in counted:
        at = round(hour.timestamp()) * 1_000_000
        assert counted[hour] == np.count_nonzero((starts >= at) & (starts < at + HOUR))
    assert newest == datetime.fromtimestamp(int(starts[-1]) // HOUR * 3600, UTC)
    assert len(counted) <= 24 * 7 * 8


def test_no_times_are_no_activity():
    assert sessions_by_hour(None) is None
    assert hourly(None) == {}
