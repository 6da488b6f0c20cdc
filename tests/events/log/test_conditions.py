from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from service.model.errors import EventLogError
from tests.event_logs import read, refusal, write, write_events
from trainer.events.log.conditions import Condition


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ("n > 1", ["y", "z"]),
        ("item <> 'y' AND session LIKE 'a%'", ["x"]),
        ("item ~ '^[xy]$'", ["x", "y"]),
        ("n IS NOT NULL", ["x", "y", "z"]),
        ("TRUE", ["x", "y", "z", "w"]),
        ("", ["x", "y", "z", "w"]),
        (None, ["x", "y", "z", "w"]),
    ],
)
def test_a_condition_chooses_events_and_all_are_counted(tmp_path, where, kept):
    path = write(tmp_path / "log.csv", "session,item,n\nab,x,1\nab,y,2\nb,z,3\nb,w,\n")
    events = read(path, where=where)
    assert events.table.get_column("item").to_list() == kept
    assert events.read == 4


def test_a_condition_may_name_columns_that_have_no_role(tmp_path):
    path = write_events(
        tmp_path / "log.parquet",
        [{"session": 1, "item": 1, "ok": True}, {"session": 2, "item": 2, "ok": False}],
    )
    assert read(path, where="ok").table.rows() == [("1", "1")]


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("n >>> 1", "it is not SQL: a condition is written as event = 'purchase' AND price > 0"),
        ("item = 'x", "the quote ' at character 8 is not closed"),
        ("n > $1", "$ at character 5 is not understood"),
        ("SELECT * FROM log", "SELECT looks beyond the one event"),
        (
            "event = sold",
            "there is no column 'event' (a text is written in single quotes: 'event'); there are: "
            "'session', 'item', 'n'",
        ),
        ("n > 'x'", "column 'n' holds numbers: write a number without quotes, not 'x'"),
        ("'1' = n", "column 'n' holds numbers: write a number without quotes, not '1'"),
        ("n IN (1, '2')", "column 'n' holds numbers: write a number without quotes, not '2'"),
        ("item = 17", "column 'item' holds text: write '17', not 17"),
        ("n + 'x' = 1", "its types do not fit ('n' holds numbers): write a text as 'text'"),
        ("LOWER(n) = 'a'", "its types do not fit ('n' holds numbers)"),
        ("CAST(item AS INT) = 1", "TRY_CAST gives NULL where CAST fails"),
        ("item > DATE '01/02/2026'", "DATE '01/02/2026' is not an ISO 8601 time: write"),
        ("n > CURRENT_DATE - 90", "write CURRENT_DATE - INTERVAL '90 days'"),
        ("CURRENT_DATE > CURRENT_DATE - INTERVAL '3 fortnights'", "unit: 'fortnights' not"),
        ("item ~ '['", "unclosed character class"),
        ("n = MAX(n)", "MAX(...) cannot be used: a condition sees one event"),
        ("best(n)", "best(...) cannot be used"),
        ("GREATEST()", "cannot return empty fold"),
        ("n + 1", "is Int64, not true or false"),
        ("1", "is Int32, not true or false"),
        ("n > 7", "none of 1 events meets the condition"),
    ],
)
def test_a_broken_condition_is_quoted_with_the_reason(tmp_path, where, reason):
    message = refusal(write(tmp_path / "log.csv", "session,item,n\na,x,1\n"), where=where)
    assert repr(where) in message
    assert reason in message


ONE_EVENT = """
n > 1
n % 2 = 0 OR NOT n BETWEEN 3 AND 4
n IN (1, 2, 3)
item NOT IN ('a', 'b')
item LIKE 'a%' AND item NOT ILIKE '%B'
item ~ '^(a|b)' AND item !~* 'C$'
REGEXP_LIKE(item, 'a')
LOWER(item) = 'a' AND UPPER(TRIM(item)) <> 'B'
item || 'x' = CONCAT(item, 'x')
SUBSTR(item, 1, 2) = LEFT(item, 2)
REPLACE(item, 'a', 'b') = 'b'
LENGTH(item) > 1 AND STARTS_WITH(item, 'a')
CASE WHEN n > 1 THEN TRUE ELSE FALSE END
IF(n > 1, TRUE, FALSE)
COALESCE(n, 0) > IFNULL(NULLIF(n, 1), 2)
GREATEST(n, 2) > LEAST(n, 3)
ABS(n) > ROUND(SQRT(n), 1)
POW(n, 2) > MOD(n, 2)
CAST(n AS DECIMAL(10, 2)) > 1 AND n::TEXT = '1'
TRY_CAST(item AS INT) = 1
at >= DATE '2026-01-31'
at >= TIMESTAMP '2026-01-31 12:00:00'
at > CURRENT_DATE - INTERVAL '90 days'
DATE(item) > STRPTIME(item, '%Y-%m-%d')
EXTRACT(YEAR FROM at) = 2026 AND DATE_PART('month', at) = 1
STRFTIME(at, '%Y') = '2026'
n IS NOT NULL AND ok IS TRUE
n IS DISTINCT FROM 1
POSITION('a' IN item) > 0
(n = 1) AND (NOT (ok))
item = 'SELECT MAX(n) OVER () FROM read_csv(''x'') -- /*'
n > 1 -- not MAX(n)
n > /* SELECT */ 1
"item" = 'a'
""".strip().splitlines()
MANY_EVENTS = """
MAX(n) > 1
max (n) > 1
"MAX"(n) > 1
`MAX`(n) > 1
MAX/**/(n) > 1
n = MIN(n)
n - MIN(n) < 100
COUNT(*) > 1
COUNT(DISTINCT n) > 1
COUNT(*) FILTER (WHERE n > 1) = 1
COUNT(*) OVER () > 1
SUM(n) > 1
SUM(n) OVER (PARTITION BY item) > 1
SUM(n) OVER (ORDER BY n) > 1
ROW_NUMBER() OVER () > 1
n = 1 AND ROW_NUMBER() OVER (PARTITION BY item ORDER BY n) = 1
RANK() OVER (ORDER BY n) = 1
DENSE_RANK() OVER (ORDER BY n) = 1
PERCENT_RANK() OVER (ORDER BY n) > 0.5
NTILE(2) OVER (ORDER BY n) = 1
LAG(n) OVER (ORDER BY n) = 1
LEAD(n) OVER (ORDER BY n) = 1
FIRST_VALUE(n) OVER (ORDER BY n) = 1
FIRST(n) = 1 OR LAST(n) = 1
MEDIAN(n) > 1
QUANTILE_CONT(n, 0.5) > 1
AVG(n) > 1
ABS(n - AVG(n)) < 1
STDDEV(n) > 1
VARIANCE(n) > 1
CORR(n, n) > 0.5
COVAR(n, n) > 0.5
CASE WHEN n > MAX(n) THEN TRUE ELSE FALSE END
COALESCE(MAX(n), 1) > 1
n IN (MAX(n))
n BETWEEN MIN(n) AND 5
ARRAY_AGG(n) IS NOT NULL
STRING_AGG(item, ',') = 'a'
UNNEST(item) = 'a'
COLUMNS('n') > 1
""".strip().splitlines()
LOG = pl.Schema({"item": pl.String, "n": pl.Int64, "ok": pl.Boolean, "at": pl.Datetime("us")})


@pytest.mark.parametrize("where", ONE_EVENT)
def test_a_condition_may_use_every_function_of_one_event(where):
    Condition(where).on(LOG)


@pytest.mark.parametrize("where", MANY_EVENTS)
def test_a_condition_that_looks_at_many_events_is_refused(where):
    """Polars would take a piece of the log for the whole."""
    with pytest.raises(EventLogError, match=r"a condition sees"):
        Condition(where)


@pytest.mark.parametrize(
    "where",
    [
        "item IN (SELECT a FROM read_csv('{file}'))",
        "item IN (FROM read_csv('{file}'))",
        "item IN (/**/SELECT/**/a FROM read_csv('{file}'))",
        "n = (SELECT MAX(a) FROM read_parquet('{file}'))",
        "n > ANY (SELECT 1 FROM read_json('{file}'))",
        "EXISTS (SELECT 1 FROM read_ipc('{file}'))",
        "n = (WITH a AS (SELECT 1 FROM read_csv('{file}')) SELECT * FROM a)",
        "\"read_csv\"('{file}') = 1",
        "item = E'\\' OR n IN (SELECT a FROM read_csv(''{file}'')) --'",
        "item = 'a' OR item = $$'$$ OR n IN (SELECT a FROM read_csv(''{file}'')) --'",
        "/* /* */ ' */ n IN (SELECT a FROM read_csv(''{file}'')) --'",
    ],
)
def test_a_condition_opens_no_file(tmp_path, where):
    """Polars would open the file as soon as it sees the text, and miss it."""
    log = write(tmp_path / "log.csv", "session,item,n\na,x,1\n")
    message = refusal(log, where=where.format(file=tmp_path / "missing"))
    assert "where = " in message
    assert "No such file" not in message


def test_a_condition_that_is_too_long_is_refused_at_once(tmp_path):
    log = write(tmp_path / "log.csv", "session,item,n\na,x,1\n")
    message = refusal(log, where=" AND ".join(f"n <> {number}" for number in range(5_000)))
    assert "it has 19,999 words and signs, the limit is 2,000" in message
    assert len(message) < 1_000


def test_a_long_list_is_not_a_long_condition(tmp_path):
    log = write(tmp_path / "log.csv", "session,item,n\na,x,1\nb,y,7000\n")
    where = f"n IN ({', '.join(map(str, range(5_000)))})"
    assert read(log, where=where).table.get_column("item").to_list() == ["x"]


SEPTEMBER = [
    "at >= '2011-09-01'",
    "'2011-09-01' <= at",
    "\"at\" >= '2011-09-01T00:00:00'",
    "at > '2011-08-31 23:59:59.999'",
    "at >= '2011-09-01T02:00:00+02:00'",
    "at BETWEEN '2011-09-01' AND '2011-10-01 00:00'",
    "at NOT BETWEEN '2011-08-01' AND '2011-08-31'",
    "at IN ('2011-09-01', '2011-09-02') AND item <> '2011-09-01'",
    "NOT at < '2011-09-01' AND at != '2011-08-01'",
    "at >= DATE '2011-09-01'",
]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("where", SEPTEMBER)
def test_a_time_is_compared_with_an_iso_text(tmp_path, kind, where):
    days = {"x": "2011-08-01T00:00:00", "y": "2011-09-01T00:00:00"}
    events = [{"session": "a", "item": item, "at": day} for item, day in days.items()]
    log = write_events(tmp_path / f"log.{kind}", events)
    assert read(log, time="at", where=where).table.get_column("item").to_list() == ["y"]


@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
@pytest.mark.parametrize("where", SEPTEMBER)
def test_times_of_any_zone_are_compared_in_utc(tmp_path, zone, where):
    days = [datetime(2011, 8, 1, tzinfo=UTC), datetime(2011, 9, 1, tzinfo=UTC)]
    at = pl.Series(days).dt.convert_time_zone(zone or "UTC")
    at = at if zone else at.dt.replace_time_zone(None)
    table = pl.DataFrame({"session": ["a", "a"], "item": ["x", "y"], "at": at})
    table.write_parquet(tmp_path / "log.parquet")
    kept = read(tmp_path / "log.parquet", time="at", where=where).table
    assert kept.rows() == [("y", "a", days[1].replace(tzinfo=None))]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("value", ["'01/09/2011'", "'soon'", "1314835200"])
def test_a_time_is_compared_with_nothing_but_iso_texts(tmp_path, kind, value):
    events = [{"session": "a", "item": "x", "at": "2011-09-01T10:00:00"}]
    log = write_events(tmp_path / f"log.{kind}", events)
    message = refusal(log, time="at", where=f"at >= {value}")
    assert "column 'at' holds times: compare it with '2026-01-31' or" in message
    assert message.endswith(f"not with {value}")


def test_a_time_of_a_function_is_compared_with_a_date(tmp_path):
    log = write(tmp_path / "log.csv", "session,item,at\na,x,2011-09-01\n")
    message = refusal(log, time="at", where="at - INTERVAL '1 day' > '2011-08-01'")
    assert "its types do not fit ('at' holds times)" in message
    assert "a time as DATE '2026-01-31'" in message
    where = "at - INTERVAL '1 day' > DATE '2011-08-01'"
    assert read(log, time="at", where=where).read == 1


def test_a_truth_is_not_compared_with_a_text(tmp_path):
    events = [{"session": "a", "item": "x", "ok": True}]
    log = write_events(tmp_path / "log.parquet", events)
    assert "column 'ok' is true or false: write ok = TRUE" in refusal(log, where="ok = 'true'")


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_window_of_days_rolls_with_today(tmp_path, kind):
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    ages = {"old": 91, "new": 89, "newest": 0}
    events = [
        {"session": "a", "item": item, "at": (now - timedelta(days=days)).isoformat()}
        for item, days in ages.items()
    ]
    log = write_events(tmp_path / f"log.{kind}", events)
    where = "at > CURRENT_DATE - INTERVAL '90 days'"
    kept = read(log, time="at", where=where).table.get_column("item").to_list()
    assert kept == ["new", "newest"]


def test_a_column_of_days_that_come_first_is_a_text_for_a_condition(tmp_path):
    log = write(tmp_path / "log.csv", "session,item,sold\na,x,01/02/2026\nb,y,01/03/2026\n")
    where = "STRPTIME(sold, '%d/%m/%Y') < DATE '2026-02-02'"
    assert read(log, where=where).table.get_column("item").to_list() == ["x"]


def test_a_column_of_iso_days_is_a_date_for_a_condition(tmp_path):
    log = write(tmp_path / "log.csv", "session,item,sold\na,x,2026-02-01\nb,y,2026-03-01\n")
    where = "sold < DATE '2026-02-02'"
    assert read(log, where=where).table.get_column("item").to_list() == ["x"]
