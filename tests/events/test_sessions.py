from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from rich.console import Console

from service.model.errors import EventLogError
from tests.naive_sessions import naive_sessions
from tests.worlds import NOON, decode
from trainer.config.data import DataConfig
from trainer.corpus import DataReport
from trainer.events.dataset import read_dataset
from trainer.events.log.reader import Events
from trainer.events.sessions import build_sessions
from trainer.view.tables import data_table

LENIENT = {"min_count": 1, "min_session_length": 1, "collapse_repeats": True}
DROPPED = [
    "events_without_item",
    "events_without_session",
    "events_without_time",
    "events_collapsed",
    "events_of_rare_items",
    "events_in_short_sessions",
]


def minutes(count: float | None) -> datetime | None:
    return None if count is None else NOON + timedelta(minutes=count)


def events(*rows: tuple, owner: str = "session", read: int | None = None) -> Events:
    """Rows of (session or user, item, minutes after noon)."""
    table = pl.DataFrame(
        [(session, item, minutes(time)) for session, item, time in rows],
        schema={owner: pl.String, "item": pl.String, "time": pl.Datetime("us")},
        orient="row",
    )
    return Events(table, len(rows) if read is None else read)


def data_config(log: Events, **config) -> DataConfig:
    columns = {name: name for name in ("session", "user", "time") if name in log.table.columns}
    return DataConfig(**columns | LENIENT | config)


def baskets(log: Events, **config) -> list[list[str]]:
    sessions, vocabulary, _ = build_sessions([log], data_config(log, **config))
    return decode(sessions, vocabulary)


def report_of(log: Events, **config) -> DataReport:
    return build_sessions([log], data_config(log, **config))[2]


# Grouping and order


def test_events_of_a_session_are_brought_together():
    log = events(("a", "x", 0), ("b", "y", 1), ("a", "z", 2), ("b", "x", 3))
    assert baskets(log) == [["x", "z"], ["y", "x"]]


def test_a_session_is_in_the_order_of_time():
    log = events(("a", "z", 2), ("a", "x", 0), ("a", "y", 1), ("b", "x", 5))
    assert baskets(log) == [["x", "y", "z"], ["x"]]


def test_equal_times_keep_the_order_of_the_log():
    items = [f"i{n}" for n in range(50)]
    log = events(*[("a", item, 0) for item in items], ("a", "first", -1), ("b", "x", 9))
    assert baskets(log) == [["first", *items], ["x"]]


def test_sessions_come_in_the_order_of_their_first_event():
    log = events(("late", "x", 5), ("early", "y", 9), ("late", "z", 9), ("early", "x", 1))
    assert baskets(log) == [["x", "y"], ["x", "z"]]


def test_sessions_that_begin_together_come_in_the_order_of_the_log():
    log = events(("b", "x", 0), ("a", "y", 0), ("c", "z", 0))
    assert baskets(log) == [["x"], ["y"], ["z"]]


def test_without_times_the_order_of_the_log_counts():
    log = events(("b", "x", 0), ("a", "y", 0), ("b", "z", 0), ("a", "x", 0))
    log = Events(log.table.drop("time"), 4)
    assert baskets(log) == [["x", "z"], ["y", "x"]]
    report = report_of(log)
    assert (report.first_event, report.last_event) == (None, None)


def test_items_and_offsets_are_what_the_kernels_take():
    log = events(("a", "x", 0), ("a", "y", 1), ("b", "x", 2))
    sessions, _, _ = build_sessions([log], data_config(log))
    assert sessions.items.dtype == np.int32
    assert sessions.offsets.dtype == np.int64
    assert sessions.items.flags.c_contiguous
    assert sessions.offsets.tolist() == [0, 2, 3]
    assert sessions.lengths().tolist() == [2, 1]
    assert len(sessions) == 2


# Sessions cut from a user's events


def test_a_pause_longer_than_the_gap_ends_a_session():
    log = events(("u", "w", 0), ("u", "x", 30), ("u", "y", 60.001), ("u", "z", 61), owner="user")
    assert baskets(log, session_gap=30) == [["w", "x"], ["y", "z"]]


def test_every_user_has_sessions_of_his_own():
    log = events(("u", "w", 0), ("v", "x", 1), ("u", "y", 2), ("v", "z", 100), owner="user")
    assert baskets(log) == [["w", "y"], ["x"], ["z"]]


def test_an_unordered_log_is_cut_as_an_ordered_one():
    log = events(("u", "z", 99), ("u", "x", 1), ("u", "y", 98), ("u", "w", 0), owner="user")
    assert baskets(log) == [["w", "x"], ["z", "y"][::-1]]


def test_a_session_column_is_not_cut_by_pauses():
    log = events(("a", "x", 0), ("a", "y", 100_000), ("b", "z", 0))
    log = Events(log.table.with_columns(pl.lit("u").alias("user")), 3)
    assert baskets(log, session_gap=1) == [["z"], ["x", "y"]][::-1]


# Repeats, rare items, short sessions


def test_consecutive_repeats_count_once():
    log = events(*[("a", item, n) for n, item in enumerate("xxyxx")], ("b", "z", 9))
    assert baskets(log) == [["x", "y", "x"], ["z"]]
    assert report_of(log).events_collapsed == 2


def test_repeats_are_kept_on_request():
    log = events(*[("a", item, n) for n, item in enumerate("xxyxx")], ("b", "z", 9))
    assert baskets(log, collapse_repeats=False) == [["x", "x", "y", "x", "x"], ["z"]]


def test_a_repeat_in_the_next_session_is_none():
    log = events(("a", "x", 0), ("a", "y", 1), ("b", "y", 2), ("c", "y", 3))
    assert baskets(log) == [["x", "y"], ["y"], ["y"]]


def test_an_item_is_rare_by_its_occurrences_after_repeats_were_collapsed():
    log = events(*[("a", item, n) for n, item in enumerate("xzzzy")], ("b", "x", 7), ("b", "y", 8))
    assert baskets(log, min_count=2) == [["x", "y"], ["x", "y"]]
    report = report_of(log, min_count=2)
    assert (report.rare_items, report.events_of_rare_items) == (1, 1)


def test_repeats_that_meet_once_a_rare_item_is_gone_are_collapsed_too():
    log = events(*[("a", item, n) for n, item in enumerate("xyrxy")], ("b", "y", 8), ("b", "x", 9))
    between = events(
        *[("a", item, n) for n, item in enumerate("yxrxy")], ("b", "y", 8), ("b", "x", 9)
    )
    assert baskets(log, min_count=2)[0] == ["x", "y", "x", "y"]
    assert baskets(between, min_count=2)[0] == ["y", "x", "y"]


def test_short_sessions_are_dropped_last():
    log = events(("a", "x", 0), ("a", "rare", 1), ("b", "x", 2), ("b", "y", 3), ("c", "y", 4))
    log.table.extend(events(("c", "x", 5)).table)
    assert baskets(log, min_count=2, min_session_length=2) == [["x", "y"], ["y", "x"]]
    report = report_of(log, min_count=2, min_session_length=2)
    assert (report.short_sessions, report.events_in_short_sessions) == (1, 1)


def test_an_item_left_without_events_is_not_in_the_vocabulary():
    log = events(("a", "x", 0), ("a", "y", 1), ("b", "z", 2), ("c", "x", 3), ("c", "y", 4))
    _, vocabulary, report = build_sessions([log], data_config(log, min_session_length=2))
    assert vocabulary.item_ids == ["x", "y"]
    assert vocabulary.counts.tolist() == [2, 2]
    assert report.items == 2


# Weights


def weighted(*rows: tuple, weights: dict[str, float], **config) -> list[list[float]]:
    """The weights of rows of (session, item, minutes after noon, type of the event)."""
    log = events(*(row[:3] for row in rows))
    types = pl.Series("event", [row[3] for row in rows], pl.String)
    log = Events(log.table.with_columns(types), len(rows))
    sessions, _, _ = build_sessions(
        [log], data_config(log, event="event", weights=weights, **config)
    )
    assert sessions.weights.dtype == np.float32
    return [sessions.weights[a:b].tolist() for a, b in pairwise(sessions.offsets.tolist())]


def test_an_event_weighs_what_its_type_does_and_other_types_weigh_one():
    rows = [("b", "x", 9, "buy"), ("a", "x", 0, "view"), ("a", "y", 1, "buy"), ("b", "y", 8, None)]
    assert weighted(*rows, weights={"buy": 4, "sell": 2}) == [[1, 4], [1, 4]]


def test_of_collapsed_repeats_the_largest_weight_counts():
    rows = [
        ("a", "x", 0, "view"), ("a", "x", 1, "buy"), ("a", "x", 2, "view"), ("a", "y", 3, ""),
        ("a", "rare", 4, "view"), ("a", "y", 5, "buy"), ("b", "y", 6, ""), ("b", "x", 7, ""),
    ]  # fmt: skip
    assert weighted(*rows, weights={"buy": 2.5}, min_count=2) == [[2.5, 2.5], [1, 1]]


def test_a_log_whose_events_all_weigh_nothing_is_refused():
    rows = [("a", "x", 0, "view"), ("b", "y", 1, "view")]
    with pytest.raises(EventLogError, match="every remaining event weighs 0"):
        weighted(*rows, weights={"view": 0, "buy": 2})


# The report


def test_what_is_missing_in_an_event_is_counted_once():
    log = events(
        (None, None, None), ("a", None, 0), (None, "x", None), ("a", "x", None),
        ("a", "x", 0), ("b", "y", 0), read=16,
    )  # fmt: skip
    report = report_of(log)
    assert report.events_read == 16
    assert report.events_filtered == 10
    assert report.events_without_item == 2
    assert report.events_without_session == 1
    assert report.events_without_time == 1
    assert report.events_kept == 2


def test_percentiles_are_lengths_that_sessions_have():
    rows = [
        (f"s{length}", f"i{n}", length * 100 + n) for length in range(1, 101) for n in range(length)
    ]
    percentiles = report_of(events(*rows)).session_length_percentiles
    assert percentiles == {
        "p5": 5,
        "p25": 25,
        "p50": 50,
        "p75": 75,
        "p95": 95,
        "p99": 99,
        "p100": 100,
    }


def test_the_report_names_the_first_and_the_last_event_that_were_kept():
    log = events(("a", "x", 5), ("b", "y", 0), ("b", "x", 9), ("c", None, 99))
    report = report_of(log)
    assert report.first_event == "2026-01-31 12:00:00"
    assert report.last_event == "2026-01-31 12:09:00"


def test_the_report_is_plain_data():
    data = report_of(events(("a", "x", 0), ("b", "y", 1))).as_dict()
    assert data["events_kept"] == 2
    assert data.pop("items_file") is None
    assert set(map(type, data.values())) == {int, float, dict, str, list}


@pytest.mark.parametrize(
    ("rows", "config", "reason"),
    [
        (
            [("a", "x", 0), ("a", "y", 1), ("b", "z", 2)],
            {"min_session_length": 2},
            "1 sessions with 2",
        ),
        ([("a", "x", 0), ("b", "x", 1)], {}, "2 sessions with 1 items"),
        ([("a", "x", 0), ("b", "y", 1)], {"min_count": 2}, "2 of items under min_count = 2"),
        (
            [("a", "x", 0), ("b", "y", 1)],
            {"min_session_length": 2},
            "2 in sessions under min_session_length = 2",
        ),
        ([("a", None, 0), ("b", None, 1)], {}, "2 without item"),
        ([(None, "x", 0), ("b", "y", 1)], {}, "1 without session or user"),
        ([("a", "x", None), ("b", "y", 1)], {}, "1 without time"),
        ([("a", "x", 0), ("a", "x", 1), ("b", "x", 2)], {}, "1 consecutive repeats"),
    ],
)
def test_too_little_is_refused_with_the_counts(rows, config, reason):
    log = events(*rows)
    with pytest.raises(EventLogError) as caught:
        build_sessions([log], data_config(log, paths=["log.csv"], **config))
    message = str(caught.value)
    assert message.startswith("log.csv: ")
    assert f"left of {len(rows)} events" in message
    assert reason in message
    assert "\n" not in message


def test_a_text_file_has_no_times_whatever_the_configuration_says(tmp_path):
    path = tmp_path / "log.txt"
    path.write_text("x y\ny x\n")
    config = DataConfig(
        paths=[str(path)], session="s", time="t", event="e", weights={"x": 2}, min_count=1
    )
    dataset = read_dataset(config)
    assert (dataset.sessions.starts, dataset.sessions.weights) == (None, None)
    assert dataset.report.first_event is None


def test_a_log_of_one_session_is_refused(tmp_path):
    path = tmp_path / "log.txt"
    path.write_text("x y z x y z\n")
    with pytest.raises(EventLogError, match=f"{path}: all 6 events belong to one session"):
        read_dataset(DataConfig(paths=[str(path)], min_count=1))


# Everything at once, beside the obvious twin

some_rows = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", None]),
        st.sampled_from(["w", "x", "y", "z", None]),
        st.one_of(st.none(), st.integers(0, 12).map(lambda step: step * 10)),
    ),
    min_size=1,
    max_size=40,
)
some_config = st.fixed_dictionaries(
    {
        "min_count": st.integers(1, 3),
        "min_session_length": st.integers(1, 3),
        "collapse_repeats": st.booleans(),
        "session_gap": st.sampled_from([5.0, 10.0, 30.0]),
    }
)


@hypothesis_settings(max_examples=150)
@given(
    rows=some_rows, config=some_config, owner=st.sampled_from(["session", "user"]),
    filtered=st.integers(0, 3), cut=st.integers(0, 40),
)  # fmt: skip
def test_sessions_and_counts_are_those_of_the_obvious_twin(rows, config, owner, filtered, cut):
    log = events(*rows, owner=owner, read=len(rows) + filtered)
    config = DataConfig(**config, **{owner: owner}, time="time")
    expected, dropped = naive_sessions(log.table.rows(named=True), config)
    pieces = [
        Events(log.table[:cut], min(cut, len(rows))),
        Events(log.table[cut:], log.read - min(cut, len(rows))),
    ]
    try:
        sessions, vocabulary, report = build_sessions(pieces, config)
    except EventLogError:
        assert len(expected) < 2 or len({item for basket in expected for item in basket}) < 2
        return
    assert decode(sessions, vocabulary) == expected
    for name in [*DROPPED, "rare_items", "short_sessions"]:
        assert getattr(report, name) == dropped[name], name
    assert report.events_read == len(rows) + filtered
    assert report.events_filtered == filtered
    parts = sum(getattr(report, name) for name in [*DROPPED, "events_filtered", "events_kept"])
    assert parts == report.events_read
    assert report.events_kept == len(sessions.items) == vocabulary.counts.sum()
    assert report.items == len(vocabulary)
    assert report.sessions == len(sessions)


def test_a_weight_for_a_type_that_no_event_has_is_noted_with_the_types_there_are():
    log = events(("a", "x", 0), ("b", "y", 1), ("b", "x", 2))
    types = pl.Series("event", ["view", "purchase", None])
    log = Events(log.table.with_columns(types), 3)
    weights = {"purchase": 4, "buy": 3}
    assert report_of(log, event="event", weights=weights).notes == (
        "no event is of the type 'buy', which `weights` names; the types of the log are: "
        "'purchase', 'view'",
    )
    assert report_of(log, event="event", weights={"purchase": 4}).notes == ()


def test_notes_stand_below_the_data_report(capsys):
    report = replace(report_of(events(("a", "x", 0), ("b", "y", 1))), notes=("[x] was odd",))
    Console(width=80).print(data_table(report))
    assert "note: [x] was odd" in capsys.readouterr().out


def test_the_unit_of_times_that_are_numbers_is_noted(tmp_path):
    log = tmp_path / "log.csv"
    log.write_text(
        "session,item,at\na,x,1769860800000\na,y,1769860801000\nb,x,1769860802000\nb,y,\n"
    )
    config = DataConfig(
        paths=[str(log)], session="session", item="item", time="at", min_session_length=1
    )
    assert read_dataset(config).report.notes == ("the numbers in column 'at' count ms since 1970",)


def test_ids_keep_their_numbers_over_all_pieces():
    log = events(*[(f"s{n}", f"i{n * n % 97}", n) for n in range(500)])
    whole = build_sessions([log], data_config(log))
    pieces = [Events(log.table[first : first + 7], 7) for first in range(0, 500, 7)]
    parts = build_sessions(pieces, data_config(log))
    assert decode(*parts[:2]) == decode(*whole[:2])
    assert list(parts[1].item_ids) == list(whole[1].item_ids)
