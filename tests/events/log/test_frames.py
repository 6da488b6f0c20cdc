"""Tables in memory, read as files are."""

from datetime import UTC, date, datetime

import pandas as pd
import polars as pl
import pytest

from service.model.errors import EventLogError, InputError
from trainer.config.data import DataConfig
from trainer.config.jobs import Config
from trainer.events.log.frames import TABLE, FrameConfig
from trainer.events.log.reader import read_events
from trainer.events.log.tables import is_table, to_polars


def read(table, **columns):
    config = DataConfig(**{"paths": [TABLE], "item": "item", "session": "session"} | columns)
    pieces = list(read_events(FrameConfig.of(to_polars(table), config)))
    return pl.concat([piece.table for piece in pieces])


def items(values, **options):
    frame = pd.DataFrame({"item": pd.Series(values, **options), "session": 1})
    return read(frame)["item"].to_list()


@pytest.mark.parametrize(
    ("values", "options", "ids"),
    [
        ([1, 2], {}, ["1", "2"]),
        ([1.0, None, 2.5], {}, ["1", None, "2.5"]),
        (["007", None, ""], {}, ["007", None, None]),
        (["007", None], {"dtype": object}, ["007", None]),
        ([17, "17", None], {"dtype": object}, ["17", "17", None]),
        ([1, None], {"dtype": "Int64"}, ["1", None]),
        (["b", "a", None], {"dtype": "category"}, ["b", "a", None]),
        ([True, False], {}, ["true", "false"]),
        ([("a", 1), "b"], {"dtype": object}, ["('a', 1)", "b"]),
    ],
)
def test_ids_of_any_type_of_pandas_are_text(values, options, ids):
    assert items(values, **options) == ids


@pytest.mark.parametrize(
    "times",
    [
        pd.to_datetime(["2026-01-31 12:00", None]),
        pd.to_datetime(["2026-01-31 12:00", None]).astype("datetime64[s]"),
        pd.to_datetime(["2026-01-31 13:00", None]).tz_localize("Europe/Berlin"),
        ["2026-01-31T12:00:00Z", None],
        pd.Series([datetime(2026, 1, 31, 12), None], dtype=object),
        [1769860800, None],
    ],
)
def test_times_of_any_type_of_pandas_are_times(times):
    frame = pd.DataFrame({"item": "a", "session": 1, "when": times})
    assert read(frame, time="when")["time"].to_list() == [datetime(2026, 1, 31, 12), None]


def test_dates_and_zones_of_polars_are_times():
    for time in (date(2026, 1, 31), datetime(2026, 1, 31, tzinfo=UTC)):
        frame = pl.DataFrame({"item": ["a"], "session": [1], "when": [time]})
        assert read(frame, time="when")["time"].to_list() == [datetime(2026, 1, 31)]


def test_a_name_that_is_no_text_names_a_column_by_its_text():
    assert read(pd.DataFrame([["a", "s"]]), item="0", session="1")["item"].to_list() == ["a"]


def test_a_lazy_table_that_fails_is_explained():
    broken = pl.LazyFrame({"item": ["a"], "session": ["x"]}).with_columns(
        pl.col("session").cast(pl.Int64)
    )
    with pytest.raises(
        EventLogError, match="the data frame: conversion from `str` to `i64` failed"
    ):
        read(broken)


def test_what_is_no_table_is_none():
    assert not any(map(is_table, ([["a"]], "log.csv", {"item": ["a"]}, pd.Series([1]).to_list())))


def test_a_name_twice_is_refused():
    with pytest.raises(InputError, match="the data frame cannot be read"):
        to_polars(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_the_settings_of_a_table_are_kept_and_the_table_is_not():
    frame = pl.LazyFrame({"item": ["a"]})
    data = FrameConfig.of(frame, DataConfig(paths=[TABLE], session="session", min_count=3))
    kept = Config().model_copy(update={"data": data}).model_dump(mode="json")
    assert kept["data"] == DataConfig(paths=[TABLE], session="session", min_count=3).model_dump()
