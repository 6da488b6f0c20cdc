"""The size of a log beside that of the current version."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from service.model.artifact import Artifact
from service.model.verdict import Check
from tests.conftest import make_artifact
from trainer.config.gate import GateConfig
from trainer.corpus import DataReport, Dataset, Sessions, Vocabulary
from trainer.gate.log_guards import guard_log

NOW = datetime(2026, 5, 9, tzinfo=UTC)


def log(item_ids: list[str], events: int, last: str, **others: Any) -> Dataset:
    report = DataReport(
        events,
        events_kept=events,
        items=len(item_ids),
        first_event="2026-05-01 00:00:00",
        last_event=last,
        **others,
    )
    sessions = Sessions(np.zeros(0, np.int32), np.zeros(1, np.int64))
    counts = np.full(len(item_ids), events // len(item_ids), np.int64)
    return Dataset(sessions, Vocabulary(item_ids, counts), [None] * len(item_ids), {}, report)


def published(events: int, last: str, **others: Any) -> Artifact:
    artifact = make_artifact()
    data = {"events_kept": events, "items": 6, "first_event": "2026-05-01 00:00:00"}
    manifest = artifact.manifest.model_copy(
        update={"data": {**data, "last_event": last, **others}, "created": NOW}
    )
    return replace(artifact, manifest=manifest)


def checks(dataset: Dataset, current: Artifact | None) -> dict[str, Check]:
    return {one.name: one for one in guard_log(dataset, current, GateConfig(), NOW)}


KNOWN = ["apple", "pear", "plum", "hammer", "saw", "drill"]


def test_a_young_log_may_double_in_a_day():
    before = published(10_000, "2026-05-02 00:00:00")
    new = [*KNOWN, *(f"new {number}" for number in range(4))]
    found = checks(log(new, 21_000, "2026-05-03 00:00:00"), before)
    assert found["events"].passed
    assert found["items"].passed
    assert found["new items"].passed


@pytest.mark.parametrize("events", [6_000, 21_000])
def test_a_log_as_long_as_before_has_about_as_many_events(events: int):
    found = checks(
        log(KNOWN, events, "2026-05-02 00:00:00"), published(10_000, "2026-05-02 00:00:00")
    )
    assert found["events"].passed is False
    assert "by gate.least_events and gate.most_events" in found["events"].sentence


def test_a_user_who_was_always_large_is_nothing_new():
    large = log(KNOWN, 10_000, "2026-05-02 00:00:00", largest_user_share=0.4)
    first = checks(large, None)["largest user"]
    assert first.passed is None
    assert "a bot, or all guests?" in first.sentence
    small = published(10_000, "2026-05-02 00:00:00", largest_user_share=0.01)
    assert "at most 20% by gate.largest_user" in checks(large, small)["largest user"].sentence
    assert checks(large, small)["largest user"].passed is False
    known = published(10_000, "2026-05-02 00:00:00", largest_user_share=0.38)
    assert checks(large, known)["largest user"].passed


def test_a_log_may_end_a_little_earlier():
    before = published(10_000, "2026-05-02 00:30:00")
    assert checks(log(KNOWN, 10_000, "2026-05-02 00:00:00"), before)["end of the log"].passed
    late = published(10_000, "2026-05-02 03:00:00")
    assert checks(log(KNOWN, 10_000, "2026-05-02 00:00:00"), late)["end of the log"].passed is False
