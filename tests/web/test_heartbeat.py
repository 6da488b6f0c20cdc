"""When the nightly job ran last, as `/metrics` says it."""

import re
from datetime import UTC, datetime

import httpx
import pytest
from fastapi.testclient import TestClient

from service.model.nights import Night, Nights, Outcome
from service.model.store import Store
from tests.web.test_main import running

LINE = re.compile(
    r'^item2vec_job_last_run_timestamp_seconds\{model="",outcome="(\w+)"\} (\S+)$', re.MULTILINE
)


def note(store: Store, day: int, outcome: Outcome) -> float:
    """Notes a run; returns when it ended."""
    when = datetime(2026, 1, day, 3, tzinfo=UTC)
    night = Night(started=when, ended=when, outcome=outcome, exit_code=0, why="")
    Nights(store.directory).add(night)
    return when.timestamp()


def last_runs(metrics: str) -> dict[str, float]:
    return {outcome: float(value) for outcome, value in LINE.findall(metrics)}


def test_the_last_run_of_each_outcome_is_in_the_metrics_at_once(client: TestClient, store: Store):
    assert last_runs(client.get("/metrics").text) == {}
    note(store, 1, "failed")
    published = note(store, 2, "published")
    assert last_runs(client.get("/metrics").text)["published"] == published
    failed = note(store, 3, "failed")
    expected = {"published": published, "failed": failed}
    assert last_runs(client.get("/metrics").text) == expected


def test_a_record_that_is_damaged_is_reported_once_and_the_times_stay(
    client: TestClient, store: Store, caplog: pytest.LogCaptureFixture
):
    failed = note(store, 1, "failed")
    assert last_runs(client.get("/metrics").text) == {"failed": failed}
    with (store.directory / "nights").open("a") as file:
        file.write("?\n")
    for _ in range(2):
        response = client.get("/metrics")
        assert (response.status_code, last_runs(response.text)) == (200, {"failed": failed})
    assert caplog.text.count("nights is damaged in line 2") == 1


def test_several_workers_agree_on_the_last_run(store: Store):
    def answers(server: str) -> list[dict[str, float]]:
        """Each over a connection of its own, so that both workers are asked."""
        return [last_runs(httpx.get(f"{server}/metrics").text) for _ in range(8)]

    first = note(store, 1, "refused")
    with running(store, workers=2) as (server, _):
        assert answers(server) == [{"refused": first}] * 8
        second = note(store, 2, "refused")
        assert answers(server) == [{"refused": second}] * 8
