from datetime import date, datetime, timedelta

import polars as pl
import pytest

from tests.event_logs import read, refusal, write, write_events


@pytest.mark.parametrize(
    "times",
    [
        ["2026-01-31T12:00:00", "2026-01-31 12:30"],
        ["2026-01-31T12:00:00Z", "2026-01-31T13:30:00+01:00"],
        [1769860800, 1769862600],
        [1769860800.0, 1769862600.0],
        [1769860800_000, 1769862600_000],
        [1769860800_000_000, 1769862600_000_000],
        [1769860800_000_000_000, 1769862600_000_000_000],
        ["1769860800", " 1769862600 "],
        ["2026-01-31T12:00Z", "2026-01-31 13:30:00.000+0100"],
    ],
)
def test_text_and_numbers_are_times(tmp_path, times):
    path = write_events(
        tmp_path / "log.jsonl", [{"session": "a", "item": "x", "at": time} for time in times]
    )
    expected = [datetime(2026, 1, 31, 12, 0), datetime(2026, 1, 31, 12, 30)]
    assert read(path, time="at").table.get_column("time").to_list() == expected


def test_fractions_of_a_second_are_kept(tmp_path):
    path = write(tmp_path / "log.csv", "session,item,at\na,x,1769860800.25\n")
    assert read(path, time="at").table.item(0, "time").microsecond == 250_000


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pl.Series([date(2026, 1, 31)]), datetime(2026, 1, 31)),
        (
            pl.Series([datetime(2026, 1, 31, 12)], dtype=pl.Datetime("ns")),
            datetime(2026, 1, 31, 12),
        ),
        (
            pl.Series([datetime(2026, 1, 31, 12)]).dt.replace_time_zone("Asia/Tokyo"),
            datetime(2026, 1, 31, 3),
        ),
        (pl.Series([1769860800], dtype=pl.Decimal(20, 0)), datetime(2026, 1, 31, 12)),
        (pl.Series([None], dtype=pl.Null), None),
        (pl.Series([float("nan")]), None),
        (pl.Series([""]), None),
    ],
)
def test_every_kind_of_time_in_parquet_is_a_datetime(tmp_path, column, expected):
    path = tmp_path / "log.parquet"
    pl.DataFrame({"session": ["a"], "item": ["x"], "at": column}).write_parquet(path)
    assert read(path, time="at").table.item(0, "time") == expected


def test_dates_one_day_and_times_the_next_are_one_log(tmp_path):
    first = write(tmp_path / "1.csv", "session,item,at\na,x,2026-01-31\n")
    second = write(tmp_path / "2.csv", "session,item,at\na,x,1769904000\n")
    times = read(first, second, time="at").table.get_column("time").to_list()
    assert times == [datetime(2026, 1, 31), datetime(2026, 2, 1)]


@pytest.mark.parametrize(
    ("times", "reason"),
    [
        (["2026-01-31", "yesterday", "?"], "row 2: column 'at': 'yesterday' is not an ISO 8601"),
        (["noon"], "row 1: column 'at': 'noon' is not an ISO 8601 time"),
        ([True, False], "column 'at' holds Boolean, not times"),
        ([1.0, float("inf")], "row 2: column 'at': inf s since 1970 is not a time"),
        ([1e300], "row 1: column 'at': 1e+300 ns since 1970 is not a time"),
        ([[1], [2]], "holds List(Int64), not one value per row"),
    ],
)
def test_a_time_that_cannot_be_read_is_named(tmp_path, times, reason):
    path = tmp_path / "log.parquet"
    pl.DataFrame({"session": "a", "item": "x", "at": times}).write_parquet(path)
    message = refusal(path, time="at")
    assert str(path) in message
    assert "column 'at'" in message
    assert reason in message


EVERY_KIND = pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])


def at(times: list) -> list[dict]:
    return [{"session": f"s{n}", "item": "x", "at": time} for n, time in enumerate(times)]


def times_of(*paths, **config) -> list[datetime]:
    return read(*paths, time="at", **config).table.get_column("time").to_list()


@EVERY_KIND
@pytest.mark.parametrize(
    "day", ["01/02/2026", "1/9/2026 10:00", "31/01/2026", "01-02-2026", "2026/02/01", "01-02-26"]
)
def test_a_day_that_may_be_a_month_is_refused_with_its_row_and_the_remedy(tmp_path, kind, day):
    path = write_events(tmp_path / f"log.{kind}", at(["2026-01-31", day]))
    assert refusal(path, time="at").startswith(
        f"{path}: row 2: column 'at': {day!r} is not an ISO 8601 time such as 2026-01-31 or "
        "2026-01-31T12:00:00Z; set time_format"
    )


@EVERY_KIND
def test_a_log_whose_days_all_come_first_is_refused_as_well(tmp_path, kind):
    path = write_events(tmp_path / f"log.{kind}", at(["01/02/2026", "02/02/2026"]))
    assert "row 1: column 'at': '01/02/2026'" in refusal(path, time="at")


@EVERY_KIND
@pytest.mark.parametrize(
    ("written", "time_format", "expected"),
    [
        ("01/02/2026", "%d/%m/%Y", datetime(2026, 2, 1)),
        ("1/9/2026 10:00", "%m/%d/%Y %H:%M", datetime(2026, 1, 9, 10)),
        ("09012026", "%d%m%Y", datetime(2026, 1, 9)),
        ("2026-01-09 10:00 +0200", "%Y-%m-%d %H:%M %z", datetime(2026, 1, 9, 8)),
    ],
)
def test_a_time_format_says_how_times_are_written(tmp_path, kind, written, time_format, expected):
    path = write_events(tmp_path / f"log.{kind}", at([written, written]))
    assert times_of(path, time_format=time_format) == [expected] * 2


def test_a_time_that_is_not_written_in_the_format_is_refused(tmp_path):
    path = write(tmp_path / "log.csv", "session,item,at\na,x,31/01/2026\na,y,01/31/2026\n")
    message = refusal(path, time="at", time_format="%d/%m/%Y")
    assert message == (
        f"{path}: row 2: column 'at': '01/31/2026' is not written as time_format = '%d/%m/%Y'"
    )


@EVERY_KIND
@pytest.mark.parametrize(
    ("number", "time_format"),
    [
        (20260131, "%Y%m%d"),
        (202601311200, "%Y%m%d%H%M"),
        (20260131120000, "%Y%m%d%H%M%S"),
    ],
)
def test_a_date_written_as_a_number_is_refused_until_its_format_is_given(
    tmp_path, kind, number, time_format
):
    path = write_events(tmp_path / f"log.{kind}", at([number, number]))
    message = refusal(path, time="at")
    assert f"{number} looks like a date that is written as a number" in message
    assert f"set time_format = {time_format!r}" in message
    expected = datetime.strptime(str(number), time_format)
    assert times_of(path, time_format=time_format) == [expected] * 2
    assert times_of(path, time_unit="s" if number < 1e11 else "ms")


@EVERY_KIND
def test_seconds_among_milliseconds_are_refused_with_their_row(tmp_path, kind):
    path = write_events(tmp_path / f"log.{kind}", at([1769860800_000, 1769860800, 1769860801_000]))
    message = refusal(path, time="at")
    assert "row 2: column 'at': 1769860800 seems to count s, but the largest number" in message
    assert "set time_unit" in message


def test_seconds_in_one_file_and_milliseconds_in_the_next_are_refused(tmp_path):
    first = write_events(tmp_path / "1.csv", at([1769860800]))
    second = write_events(tmp_path / "2.csv", at([1769860800_000]))
    assert refusal(first, second, time="at").startswith(f"{first}: row 1: column 'at'")


def test_a_time_unit_ends_the_guessing(tmp_path):
    path = write(tmp_path / "log.csv", "session,item,at\na,x,1769860800\na,x,86400000\n")
    assert times_of(path, time_unit="ms") == [
        datetime(1970, 1, 21, 11, 37, 40, 800_000),
        datetime(1970, 1, 2),
    ]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("as_text", [False, True])
def test_the_largest_number_of_all_files_and_pieces_tells_the_unit(
    tmp_path, monkeypatch, kind, as_text
):
    monkeypatch.setattr("trainer.events.log.reader.EVENTS_AT_ONCE", 2)
    hours = [1, 2, 3, 40_000, 5, 6]  # in milliseconds, of which only the fourth is above 1e11
    numbers = [hour * 3_600_000 for hour in hours]
    times = [str(number) for number in numbers] if as_text else numbers
    first = write_events(tmp_path / f"1.{kind}", at(times[:5]))
    second = write_events(tmp_path / f"2.{kind}", at(times[5:]))
    since_1970 = [time - datetime(1970, 1, 1) for time in times_of(first, second)]
    assert since_1970 == [timedelta(hours=hour) for hour in hours]


def test_small_numbers_are_seconds(tmp_path):
    path = write(tmp_path / "log.csv", "session,item,at\na,x,1\na,y,2\n")
    assert times_of(path) == [datetime(1970, 1, 1, 0, 0, 1), datetime(1970, 1, 1, 0, 0, 2)]


def test_numbers_that_the_condition_leaves_out_do_not_tell_the_unit(tmp_path):
    path = write(tmp_path / "log.csv", "session,item,at,ok\na,x,60,1\na,y,20260131120000,0\n")
    assert times_of(path, where="ok = 1") == [datetime(1970, 1, 1, 0, 1)]


def test_a_time_that_the_condition_leaves_out_may_be_anything(tmp_path):
    path = write(tmp_path / "log.csv", "session,item,at\na,x,2026-01-31\na,y,later\n")
    assert times_of(path, where="item = 'x'") == [datetime(2026, 1, 31)]


@EVERY_KIND
def test_a_condition_sees_times_as_times_however_the_file_writes_them(tmp_path, kind):
    path = write_events(tmp_path / f"log.{kind}", at(["2026-01-31T12:00:00", "2026-02-01 00:00"]))
    assert times_of(path, where="at >= DATE '2026-02-01'") == [datetime(2026, 2, 1)]


def test_a_time_may_be_the_session_to_the_letter_as_well(tmp_path):
    path = write(tmp_path / "log.csv", "day,item\n2026-01-31,x\n")
    events = read(path, session="day", time="day")
    assert events.table.row(0, named=True) == {
        "session": "2026-01-31",
        "item": "x",
        "time": datetime(2026, 1, 31),
    }


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_day_that_may_mean_two_stays_a_text_beside_the_time(tmp_path, kind):
    rows = [("x", "01/02/2026"), ("y", "31/01/2026"), ("z", "20/02/2026")]
    events = [{"session": "a", "item": item, "sold": day} for item, day in rows]
    log = write_events(tmp_path / f"log.{kind}", events)
    assert read(log, metadata=["sold"]).table.get_column("metadata:sold").to_list() == [
        day for _, day in rows
    ]
    assert "'sold' holds text" in refusal(log, where="sold > DATE '2026-01-31'")
