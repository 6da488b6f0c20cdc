"""Logs without times: what the order of their rows is taken for."""

import random

import polars as pl
import pytest

from tests.event_logs import write, write_events
from trainer.config.data import DataConfig
from trainer.events.dataset import read_dataset

TAKEN = (
    "no time is named: the order of the rows is taken for the order of events, which `next` learns"
)
SORTED = "no time is named, and the rows of a session are sorted by column {}"


def listeners(order=None) -> list[dict]:
    """Twenty listeners with ten artists each, whose rows may be sorted."""
    chance = random.Random(1)
    events = []
    for user in range(20):
        artists = chance.sample(range(5, 105), 10)
        rows = [{"user": f"u{user}", "artist": a, "plays": chance.randint(1, 999)} for a in artists]
        events += sorted(rows, key=order) if order else rows
    return events


def notes(log, **settings) -> tuple[str, ...]:
    columns = {"session": "user", "item": "artist"} | settings
    return read_dataset(DataConfig(paths=[str(log)], **columns)).report.notes


def test_without_a_time_the_report_says_that_rows_are_history(tmp_path):
    log = write_events(tmp_path / "log.csv", listeners())
    assert notes(log, metadata=["plays"]) == (TAKEN,)


def test_with_a_time_it_says_nothing(tmp_path):
    events = [event | {"at": f"2026-01-{1 + n % 28:02}"} for n, event in enumerate(listeners())]
    assert notes(write_events(tmp_path / "log.csv", events), time="at") == ()


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize(
    ("order", "by"),
    [
        (lambda row: -row["plays"], "'plays', largest first"),
        (lambda row: row["plays"], "'plays', smallest first"),
        (lambda row: row["artist"], "'artist', smallest first"),
        (lambda row: str(row["artist"]), "'artist', smallest first"),
    ],
)
@pytest.mark.parametrize("role", [{"weight": "plays"}, {"metadata": ["plays"]}])
def test_rows_that_are_sorted_by_a_column_are_noticed(tmp_path, kind, order, by, role):
    log = write_events(tmp_path / f"log.{kind}", listeners(order))
    found = notes(log, **role)
    assert any(note.startswith(SORTED.format(by)) for note in found)
    assert TAKEN not in found


def test_sorted_rows_are_noticed_though_sessions_are_mixed(tmp_path):
    log = write_events(tmp_path / "log.csv", sorted(listeners(), key=lambda row: -row["plays"]))
    assert any(note.startswith(SORTED.format("'plays'")) for note in notes(log, weight="plays"))


def test_the_lines_of_a_text_file_are_sessions_in_order_unless_they_are_sorted(tmp_path):
    lines = ["3 1 2", "2 3 1", "3 2 1", "1 3 2"] * 8
    assert notes(write(tmp_path / "log.txt", "\n".join(lines)), session=None) == ()
    lines = [" ".join(sorted(line.split())) for line in lines]
    (note,) = notes(write(tmp_path / "log.txt", "\n".join(lines)), session=None)
    assert note.startswith(SORTED.format("'item', smallest first"))


def test_a_user_without_session_and_time_is_a_session(tmp_path):
    log = write_events(tmp_path / "log.parquet", listeners())
    settings = {"paths": [str(log)], "item": "artist"}
    by_user = read_dataset(DataConfig(user="user", **settings))
    by_session = read_dataset(DataConfig(session="user", **settings))
    assert by_user.sessions.items.tolist() == by_session.sessions.items.tolist()
    assert by_user.sessions.offsets.tolist() == by_session.sessions.offsets.tolist()
    assert by_user.report.notes == (
        "neither session nor time is named: all events of a user are one session", TAKEN,
    )  # fmt: skip


def test_missing_users_are_counted_as_events_without_session(tmp_path):
    events = [*listeners(), {"user": None, "artist": 7, "plays": 1}]
    log = write(tmp_path / "log.csv", pl.DataFrame(events, infer_schema_length=None).write_csv())
    config = DataConfig(paths=[str(log)], user="user", item="artist")
    assert read_dataset(config).report.events_without_session == 1
