import os
import re
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from service.model.errors import EventLogError
from tests.event_logs import read, refusal, write, write_events
from trainer.config.data import DataConfig
from trainer.events.log.lines import read_lines
from trainer.events.log.opening import find_files
from trainer.events.log.reader import Events, read_events

NO_QUOTES = "(if quotes have no meaning in this file, set quotes = 'none')"
NOT_UTF8 = (
    "is not UTF-8 text: set `encoding` to what the file was written in; with 'cp1252' (Windows in "
    "Western Europe, America) the line would read"
)
FIVE_EVENTS = [
    {"basket": "b1", "sku": "007", "at": "2026-01-01T10:00:00", "name": "Hat, red"},
    {"basket": "b1", "sku": "85123A", "at": "2026-01-01T10:01:00", "name": 'A 6" ruler'},
    {"basket": "b2", "sku": "85123a", "at": "2026-01-02T09:00:00", "name": "two\nlines"},
    {"basket": "b2", "sku": "1e3", "at": "2026-01-02T09:00:00", "name": None},
    {"basket": "b1", "sku": "007", "at": "2026-01-03T00:00:00", "name": "Hat, red"},
]
CSV = """basket,sku,at,name
b1,007,2026-01-01T10:00:00,"Hat, red"
b1,85123A,2026-01-01T10:01:00,"A 6"" ruler"
b2,85123a,2026-01-02T09:00:00,"two
lines"
b2,1e3,2026-01-02T09:00:00,
b1,007,2026-01-03T00:00:00,"Hat, red"
"""


def read_five(*paths: Path | str, **columns) -> Events:
    return read(*paths, item="sku", session="basket", time="at", title="name", **columns)


@pytest.mark.parametrize(
    "name",
    [
        "five.parquet",
        "five.csv",
        "five.csv.gz",
        "five.CSV",
        "five.jsonl",
        "five.jsonl.gz",
        "five.ndjson",
    ],
)
def test_the_same_events_give_the_same_table_whatever_the_file(tmp_path, name):
    path = tmp_path / name
    if "csv" in name.lower():
        write(path, CSV)
    else:
        write_events(path, FIVE_EVENTS)
    events = read_five(path)
    assert events.read == 5
    assert events.table.rows(named=True) == [
        {
            "item": event["sku"],
            "session": event["basket"],
            "time": datetime.fromisoformat(event["at"]),
            "title": event["name"],
        }
        for event in FIVE_EVENTS
    ]


@pytest.mark.parametrize("kind", ["parquet", "csv", "csv.gz", "jsonl"])
def test_several_files_or_a_glob_are_one_log_in_the_order_of_their_names(tmp_path, kind):
    whole = read_five(write(tmp_path / "whole.csv", CSV))
    first = write_events(tmp_path / f"day-1.{kind}", FIVE_EVENTS[:2])
    second = write_events(tmp_path / f"day-2.{kind}", FIVE_EVENTS[2:])
    for paths in ([first, second], [tmp_path / f"day-*.{kind}"]):
        events = read_five(*paths)
        assert events.read == whole.read
        assert events.table.equals(whole.table)


def test_a_file_named_twice_is_read_once(tmp_path):
    path = write(tmp_path / "log.csv", "session,item\na,x\n")
    assert find_files([str(path), str(tmp_path / "*.csv")]) == [path]


def test_a_file_and_a_link_to_it_are_read_once(tmp_path):
    path = write(tmp_path / "log.csv", "session,item\na,x\n")
    link = tmp_path / "another.csv"
    link.symlink_to(path)
    assert find_files([str(path), str(link)]) == [path]
    assert find_files([str(link), str(tmp_path / "*.csv")]) == [link]


def test_a_glob_passes_over_directories(tmp_path):
    path = write(tmp_path / "log.csv", "session,item\na,x\n")
    (tmp_path / "old.csv").mkdir()
    assert find_files([str(tmp_path / "*")]) == [path]


@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_a_name_with_the_letters_of_a_glob_is_still_a_name(tmp_path, kind):
    path = write_events(tmp_path / f"day[1]*.{kind}", [{"session": "a", "item": "x"}])
    assert read(path).read == 1


def test_files_may_order_their_columns_differently_and_have_further_ones(tmp_path):
    first = write(tmp_path / "1.csv", "session,item\na,x\n")
    second = write(tmp_path / "2.csv", "price,item,session\n3,y,b\n")
    assert read(first, second).table.rows() == [("x", "a"), ("y", "b")]


def test_a_day_without_events_is_no_error_among_other_days(tmp_path):
    first = write(tmp_path / "1.csv", "session,item\n")
    second = write(tmp_path / "2.csv", "session,item\na,x\n")
    assert read(first, second).read == 1


# Ids

LETTERS = [
    "007",
    "85123A",
    "85123a",
    "1e3",
    " x ",
    "0x1F",
    "NaN",
    "true",
    "2026-01-01",
    "ä",
    "null",
]


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_ids_are_strings_to_the_letter(tmp_path, kind):
    path = write_events(
        tmp_path / f"log.{kind}", [{"session": item, "item": item} for item in LETTERS]
    )
    assert read(path).table.rows() == [(item, item) for item in LETTERS]


@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_a_number_is_an_id_by_its_decimal_text(tmp_path, kind):
    path = write_events(
        tmp_path / f"log.{kind}",
        [{"session": 12345678901, "item": 17850.0}, {"session": -3, "item": 0.5}],
    )
    assert read(path).table.rows() == [("17850", "12345678901"), ("0.5", "-3")]


def test_an_id_that_is_no_number_may_follow_thousands_that_are(tmp_path):
    lines = ['{"session": 1, "item": 7}\n'] * 10_001 + ['{"session": "b", "item": "x"}\n']
    events = read(write(tmp_path / "log.jsonl", "".join(lines)))
    assert events.table.row(0) == ("7", "1")
    assert events.table.row(-1) == ("x", "b")


def test_a_missing_number_is_a_missing_id(tmp_path):
    path = write_events(
        tmp_path / "log.parquet",
        [
            {"session": 1, "item": None},
            {"session": 1, "item": float("nan")},
            {"session": 2, "item": 3.0},
        ],
    )
    assert read(path).table.get_column("item").to_list() == [None, None, "3"]


def test_an_empty_text_is_a_missing_id(tmp_path):
    path = write(
        tmp_path / "log.jsonl", '{"session": "", "item": "x"}\n{"session": "a", "item": ""}\n'
    )
    assert read(path).table.rows() == [("x", None), (None, "a")]


def test_a_categorical_or_a_date_is_an_id_by_its_text(tmp_path):
    path = tmp_path / "log.parquet"
    frame = pl.DataFrame({"session": [date(2026, 1, 31)], "item": ["x"]})
    frame.cast({"item": pl.Categorical}).write_parquet(path)
    assert read(path).table.rows() == [("x", "2026-01-31")]


@pytest.mark.parametrize("value", [["x", "y"], {"id": "x"}])
@pytest.mark.parametrize("kind", ["parquet", "jsonl"])
def test_an_id_must_be_one_value(tmp_path, kind, value):
    path = write_events(tmp_path / f"log.{kind}", [{"session": "a", "item": value}])
    message = refusal(path)
    assert str(path) in message
    assert "column 'item'" in message
    assert "not one value per row" in message


# Titles and metadata


def test_metadata_keeps_numbers_and_truth_values_and_is_text_otherwise(tmp_path):
    path = write_events(
        tmp_path / "log.parquet",
        [
            {
                "session": "a",
                "item": "x",
                "n": 1,
                "price": float("nan"),
                "new": True,
                "day": date(2026, 1, 2),
            }
        ],
    )
    table = read(path, metadata=["n", "price", "new", "day"]).table
    assert table.row(0)[2:] == (1, None, True, "2026-01-02")
    assert table.columns[2:] == ["metadata:n", "metadata:price", "metadata:new", "metadata:day"]


def test_metadata_that_is_a_number_one_day_and_a_text_the_next_is_text(tmp_path):
    first = write(tmp_path / "1.csv", "session,item,size\na,x,42\n")
    second = write(tmp_path / "2.csv", "session,item,size\na,x,XL\n")
    table = read(first, second, metadata=["size"]).table
    assert table.get_column("metadata:size").to_list() == ["42", "XL"]


def test_one_column_may_have_several_roles(tmp_path):
    path = write(tmp_path / "log.csv", "item\nx\n")
    assert read(path, session="item", title="item", metadata=["item"]).table.row(0) == ("x",) * 4


def test_column_names_may_hold_blanks_and_the_names_of_other_roles(tmp_path):
    path = write(tmp_path / "log.csv", "item,the item\na,x\n")
    table = read(path, session="item", item="the item", where="\"the item\" = 'x'").table
    assert table.rows() == [("x", "a")]


# A session a line


@pytest.mark.parametrize("name", ["log.txt", "log.txt.gz", "LOG.TXT"])
def test_a_text_file_has_a_session_a_line(tmp_path, name):
    path = write(tmp_path / name, "007 85123A\t1e3\n\n   \n  x   007 \r\ny")
    events = read(path, session=None)
    by_session = events.table.group_by("session", maintain_order=True).agg("item")
    assert by_session.get_column("item").to_list() == [
        ["007", "85123A", "1e3"],
        ["x", "007"],
        ["y"],
    ]
    assert events.read == 6


def test_lines_of_several_text_files_are_different_sessions(tmp_path):
    paths = [write(tmp_path / name, "x y\n") for name in ("1.txt", "2.txt")]
    assert read(*paths).table.get_column("session").n_unique() == 2


def test_a_text_file_has_the_columns_session_and_item_for_a_condition(tmp_path):
    path = write(tmp_path / "log.txt", "x y\n")
    assert read(path, where="item <> 'x'").table.get_column("item").to_list() == ["y"]


# CSV as people write it


def test_a_byte_order_mark_is_no_part_of_a_name_or_an_id(tmp_path):
    csv = write(tmp_path / "log.csv", "\ufeffsession,item\na,x\n")
    text = write(tmp_path / "log.txt", "\ufeffx y\n")
    json_lines = '\ufeff{"session": "a", "item": "x"}\n{"session": "b", "item": "y"}\n'
    for name in ("log.jsonl", "log.jsonl.gz"):
        assert read(write(tmp_path / name, json_lines)).table.rows() == [("x", "a"), ("y", "b")]
    assert read(csv).table.rows() == [("x", "a")]
    assert read(text).table.get_column("item").to_list() == ["x", "y"]


@pytest.mark.parametrize("blank", ["", ",", "\r"])
def test_a_blank_line_is_not_an_event(tmp_path, blank):
    path = write(tmp_path / "log.csv", f"session,item\na,x\n{blank}\n,y\n{blank}\n")
    events = read(path)
    assert events.table.rows() == [("x", "a"), ("y", None)]
    assert events.read == 2


def test_a_column_that_is_not_asked_for_may_hold_anything(tmp_path):
    rows = "a,x,1\n" * 10_001 + "a,x,many\n"
    assert read(write(tmp_path / "log.csv", "session,item,n\n" + rows)).read == 10_002


def test_a_header_that_names_a_column_twice_is_refused(tmp_path):
    path = write(tmp_path / "log.csv", "session,item,n,item,n\na,x,1,y,2\n")
    assert refusal(path) == f"{path}: line 1 names the column 'item' 2 times"


def test_a_column_that_nobody_asks_for_may_be_named_twice(tmp_path):
    path = write(tmp_path / "log.csv", "session,item,n,n\na,x,1,2\n")
    assert read(path).table.rows() == [("x", "a")]


# What cannot be read


@pytest.mark.parametrize("role", ["item", "session", "user", "time", "title", "metadata"])
@pytest.mark.parametrize("kind", ["csv", "parquet", "jsonl"])
def test_a_wrong_column_is_named_with_those_there_are(tmp_path, kind, role):
    path = write_events(tmp_path / f"log.{kind}", [{"session": "a", " item": "x", "item": "y"}])
    message = refusal(path, **{role: "nope"})
    assert message == (
        f"{path} has no column 'nope' (named as `{role}`); it has: 'session', ' item', 'item'"
    )


def test_the_file_without_the_column_is_named_among_several(tmp_path):
    good = write(tmp_path / "1.csv", "session,item\na,x\n")
    bad = write(tmp_path / "2.csv", "session,sku\na,x\n")
    assert refusal(good, bad).startswith(f"{bad} has no column 'item'")


@pytest.mark.parametrize("name", ["log.csv", "log-*.csv", "no/such/directory/log.parquet"])
def test_a_missing_file_is_named(tmp_path, name):
    assert refusal(tmp_path / name) == f"there is no file {tmp_path / name}"


def test_a_log_must_be_named():
    with pytest.raises(EventLogError, match="no event log is named"):
        list(read_events(DataConfig(session="session")))


@pytest.mark.parametrize("name", ["logs", "logs.parquet"])
def test_a_directory_is_no_file(tmp_path, name):
    (tmp_path / name).mkdir()
    assert f"{tmp_path / name} is a directory" in refusal(tmp_path / name)


@pytest.mark.parametrize("name", ["log.doc", "log", "log.gz", "csv"])
def test_an_unknown_kind_of_file_is_named_with_those_known(tmp_path, name):
    message = refusal(write(tmp_path / name, "x"))
    assert str(tmp_path / name) in message
    assert ".parquet, .csv, .tsv, .dat, .jsonl, .ndjson, .txt" in message


def test_kinds_of_files_cannot_be_mixed(tmp_path):
    paths = [write(tmp_path / name, "session,item\na,x\n") for name in ("1.csv", "2.txt")]
    message = refusal(*paths)
    assert "cannot be mixed: .csv, .txt" in message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_named(tmp_path):
    path = write(tmp_path / "log.csv", "session,item\na,x\n")
    path.chmod(0)
    assert refusal(path) == f"{path}: Permission denied"


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl", "txt", "csv.gz", "jsonl.gz", "txt.gz"])
def test_an_empty_file_is_refused(tmp_path, kind):
    path = write(tmp_path / f"log.{kind}", "")
    assert refusal(path) in (f"{path}: the file is empty", f"{path}: the event log is empty")


@pytest.mark.parametrize(("kind", "content"), [("csv", "session,item\n"), ("txt", "\n \n")])
def test_a_log_without_events_is_refused(tmp_path, kind, content):
    path = write(tmp_path / f"log.{kind}", content)
    assert refusal(path) == f"{path}: the event log is empty"


def test_an_empty_parquet_or_json_log_is_refused(tmp_path):
    parquet = tmp_path / "log.parquet"
    pl.DataFrame(schema={"session": pl.String, "item": pl.String}).write_parquet(parquet)
    blank = write(tmp_path / "log.jsonl", "\n\n")
    assert refusal(parquet) == f"{parquet}: the event log is empty"
    assert refusal(blank) == f"{blank}: the file is empty"


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl", "txt", "csv.gz", "txt.gz"])
def test_garbage_is_refused_by_its_name(tmp_path, kind):
    path = tmp_path / f"log.{kind}"
    path.write_bytes(bytes(range(256)) * 4)
    assert refusal(path).startswith(f"{path}: ")


@pytest.mark.parametrize("kind", ["csv.gz", "jsonl.gz", "txt.gz"])
def test_a_truncated_gzip_is_refused_by_its_name(tmp_path, kind):
    path = tmp_path / f"log.{kind}"
    events = [{"session": f"s{n}", "item": f"i{n * n}"} for n in range(2000)]
    if kind == "txt.gz":
        write(path, "".join(f"{event['session']} {event['item']}\n" for event in events))
    else:
        write_events(path, events)
    path.write_bytes(path.read_bytes()[:-500])
    message = refusal(path)
    assert message.startswith(f"{path}: ")
    assert re.search(r"damaged after line \d+: .* ended before the end-of-stream", message)


@pytest.mark.parametrize("kind", ["csv.gz", "jsonl.gz", "txt.gz"])
def test_a_damaged_gzip_is_refused_by_its_name_and_about_the_line(tmp_path, kind):
    path = tmp_path / f"log.{kind}"
    events = [{"session": f"s{n}", "item": f"i{n * n}"} for n in range(20_000)]
    if kind == "txt.gz":
        write(path, "".join(f"{event['session']} {event['item']}\n" for event in events))
    else:
        write_events(path, events)
    data = path.read_bytes()
    path.write_bytes(data[:40_000] + b"\xff" * 60 + data[40_060:])
    assert re.match(f"{path}: damaged after line [1-9]", refusal(path))


@pytest.mark.parametrize("damage", ["cut", "overwritten"])
def test_a_damaged_parquet_file_is_refused_by_its_name(tmp_path, damage):
    path = tmp_path / "log.parquet"
    write_events(path, [{"session": n, "item": f"i{n}"} for n in range(1000)])
    data = path.read_bytes()
    middle = len(data) // 2
    tail = b"" if damage == "cut" else b"\xff" * 50 + data[middle + 50 :]
    path.write_bytes(data[:middle] + tail)
    assert str(path) in refusal(path)


def test_a_panic_of_polars_is_a_damaged_file(tmp_path, monkeypatch):
    def panic(*_, **__):
        raise pl.exceptions.PanicException("called `Result::unwrap()` on an `Err` value")

    path = write(tmp_path / "log.csv", "session,item\na,x\n")
    monkeypatch.setattr(pl.LazyFrame, "collect_batches", panic)
    assert refusal(path).startswith(f"{path} is damaged: called `Result::unwrap()`")


@pytest.mark.parametrize("stop", [SystemExit(143), KeyboardInterrupt()])
def test_a_stop_that_polars_takes_for_a_panic_is_a_stop(tmp_path, monkeypatch, stop):
    def panic(*_, **__):
        raise pl.exceptions.PanicException(
            f"called `Result::unwrap()` on an `Err` value: PyErr {{ value: {stop!r} }}"
        )

    path = write(tmp_path / "log.csv", "session,item\na,x\n")
    monkeypatch.setattr(pl.LazyFrame, "collect_batches", panic)
    with pytest.raises(type(stop)) as stopped:
        list(read_events(DataConfig(paths=[str(path)], session="session", item="item")))
    assert getattr(stopped.value, "code", None) == getattr(stop, "code", None)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("a,x\na,x,extra\n", "line 3 has 3 fields, the header has 2"),
        ("a,x\nb\n", "line 3 has 1 field, the header has 2"),
        ('a,x\n"a,x"\n', "line 3 has 1 field, the header has 2"),
        ('"a\n,",x\n,\nb\n', "line 5 has 1 field, the header has 2"),
        ('a,"two\nlines"\na,b,c\n', "line 4 has 3 fields, the header has 2"),
        (
            'a,x\nb,"open\nc,z\n',
            f"the row that begins in line 3: unexpected end of data {NO_QUOTES}",
        ),
        (
            'a,x\nb,"y"z\n',
            f"the row that begins in line 3: ',' expected after '\"' {NO_QUOTES}",
        ),
        ("a,x\nb,caf\udce9\n", f"line 3 {NOT_UTF8} 'b,café'"),
        (
            'a,x\na,oo"ps\nb,y\n',
            'line 3 has a quote in a field that is not quoted: write such a field as "6"" ruler", '
            "or set quotes = 'none' if quotes have no meaning in this file",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "csv.gz"])
def test_an_unreadable_csv_row_is_named(tmp_path, kind, content, reason):
    data = f"session,item\n{content}".encode(errors="surrogateescape")
    path = write(tmp_path / f"log.{kind}", data)
    assert refusal(path) == f"{path}: {reason}"


def test_a_header_in_another_encoding_is_refused(tmp_path):
    path = write(tmp_path / "log.csv", "session,item,größe\na,x,1\n".encode("latin-1"))
    assert refusal(path) == f"{path}: line 1 {NOT_UTF8} 'session,item,größe'"


def test_a_value_that_does_not_fit_its_column_is_named_with_its_line(tmp_path):
    path = write(tmp_path / "log.csv", "session,item,n\n" + "many,x,1\n" * 10_001 + "b,y,many\n")
    message = refusal(path, where="n > 0")
    assert message == (
        f"{path}: line 10003: 'many' in column 'n' is not Int64, the type the column begins with"
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"session": "b", "item":', "line 3 is not JSON: Expecting value at character 25"),
        ('{"session": "b"} x', "line 3 is not JSON: Extra data at character 18"),
        ("session", "line 3 is not JSON: Expecting value at character 1"),
        ('["b", "y"]', "line 3 is not a JSON object; expected one event per line"),
        (
            '{"session": "b", "item": "caf\udce9"}',
            f"""line 3 {NOT_UTF8} '": "b", "item": "café"}}'""",
        ),
        (
            '{"session": "b", "n": NaN}',
            "line 3 is not JSON: NaN is not a number in JSON; write null",
        ),
        ('{"session": "b", "n": ' + "[" * 5000 + "]" * 5000 + "}", "line 3 is nested too deeply"),
        *(
            (
                f'{{"session": "b", "item": "{half}"}}',
                r"line 3 is not text: it escapes one half of a character (\ud800 to \udfff) "
                "without the other",
            )
            for half in (r"\ud800", r"a\ud800b", r"\udc00", r"\ude00\ud83d")
        ),
        *(
            (
                f'{{"session": "b", "item": {nested}}}',
                "line 3: column 'item' holds a list or an object, not one value",
            )
            for nested in ('{"id": 1}', "[1, 2]", "{}")
        ),
    ],
)
def test_a_malformed_json_line_is_named(tmp_path, line, reason):
    text = f'{{"session": "a", "item": "x"}}\n\n{line}\n{{"session": "c", "item": "z"}}\n'
    path = write(tmp_path / "log.jsonl", text.encode(errors="surrogateescape"))
    assert refusal(path) == f"{path}: {reason}"


def test_a_text_that_looks_like_a_list_is_a_text(tmp_path):
    items = ["[x]", '{"id": 1}', "a\0b", "\U0001f600"]
    path = write_events(tmp_path / "log.jsonl", [{"session": "a", "item": item} for item in items])
    assert read(path).table.get_column("item").to_list() == items


def test_a_json_value_of_another_type_is_named_with_its_line(tmp_path):
    lines = ['{"session": "many", "item": "x", "n": 1}\n'] * 10_001
    lines.append('{"session": "b", "item": "y", "n": "many"}\n')
    path = write(tmp_path / "log.jsonl", "".join(lines))
    message = refusal(path, where="n > 0")
    assert message == (
        f"{path}: line 10002: 'many' in column 'n' is not Int64, the type the column begins with"
    )


def test_a_text_line_in_another_encoding_is_named(tmp_path):
    path = write(tmp_path / "log.txt", b"x y\nz caf\xe9\n")
    assert refusal(path) == f"{path}: line 2 {NOT_UTF8} 'z café'"


def test_lines_keep_every_character_but_are_cut_at_line_feeds_only(tmp_path):
    path = write(tmp_path / "log.txt", "a\u2028b\x0cc\nd\n")
    assert list(read_lines(path)) == ["a\u2028b\x0cc\n", "d\n"]
