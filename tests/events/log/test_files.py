"""Files as strangers write them: separators, quotes, encodings, headers, standard input."""

import gzip
import io
import json
import sys

import polars as pl
import pytest
from pydantic import ValidationError

from tests.event_logs import read, refusal, write
from trainer.config.data import DataConfig
from trainer.events.dataset import read_dataset
from trainer.events.log.reader import read_events

ROWS = [("a", "x, y", "1"), ("a", 'say "z"', "2"), ("b", "x, y", "3")]
NAMES = ("session", "item", "n")


def text_of(separator: str, rows=(NAMES, *ROWS)) -> str:
    return "".join(separator.join(row) + "\n" for row in rows)


def notes_of(*paths, **settings) -> tuple[str, ...]:
    config = DataConfig(
        paths=[str(path) for path in paths], **{"session": "session", "item": "item"} | settings
    )
    [notes] = {piece.notes for piece in read_events(config)}
    return notes


# Separators


@pytest.mark.parametrize(
    ("name", "separator", "said"),
    [
        ("log.tsv", "\t", "columns are separated by tabs"),
        ("log.csv", "\t", "columns are separated by tabs"),
        ("log.dat", "\t", "columns are separated by tabs"),
        ("log.dat.gz", "\t", "columns are separated by tabs"),
        ("log.dat", "::", "columns are separated by '::'"),
        ("log.dat.gz", "::", "columns are separated by '::'"),
    ],
)
def test_a_separator_is_guessed_and_said(tmp_path, name, separator, said):
    path = write(tmp_path / name, text_of(separator))
    events = read(path, where="n > 1", metadata=["n"])
    assert events.table.rows() == [('say "z"', "a", 2), ("x, y", "b", 3)]
    assert notes_of(path)[0] == said


@pytest.mark.parametrize(
    ("separator", "said"), [(";", "semicolons"), ("|", "vertical bars"), (",", None)]
)
def test_fields_in_quotes_may_hold_the_separator(tmp_path, separator, said):
    path = write(tmp_path / "log.csv", f'session{separator}item\n"a{separator}b"{separator}x\n')
    assert read(path).table.rows() == [("x", f"a{separator}b")]
    assert notes_of(path) == ((f"columns are separated by {said}",) if said else ())


def test_the_separator_is_the_one_that_gives_all_rows_equally_many_columns(tmp_path):
    path = write(tmp_path / "log.csv", "session;item;price, in EUR\na;x;1\nb;y;2\n")
    assert read(path).table.rows() == [("x", "a"), ("y", "b")]


@pytest.mark.parametrize("separator", ["~", "##", " ", "||", "§"])
def test_any_sign_can_be_set_as_separator(tmp_path, separator):
    path = write(tmp_path / "log.csv", text_of(separator, [NAMES, ("a", "x", "1")]))
    assert read(path, separator=separator, where="n = 1").table.rows() == [("x", "a")]
    assert notes_of(path, separator=separator) == ()


@pytest.mark.parametrize("typed", ["tab", "\\t", "\t"])
def test_a_tab_can_be_typed_in_a_shell(tmp_path, typed):
    path = write(tmp_path / "log.csv", "session\titem\na\tx\n")
    assert read(path, separator=typed).table.rows() == [("x", "a")]


@pytest.mark.parametrize("separator", ["a", '"', "\n", "1", "\\"])
def test_a_separator_that_may_be_part_of_a_value_is_refused(separator):
    with pytest.raises(ValidationError, match="cannot separate columns"):
        DataConfig(session="s", separator=separator)


def test_the_sign_that_stands_for_a_long_separator_is_refused_in_a_value(tmp_path):
    path = write(tmp_path / "log.dat", "session::item\na::x\nb::y\x1f\n")
    assert refusal(path).startswith(f"{path}: line 3 has the character \\x1f")


def test_a_long_separator_does_not_need_a_file_that_fits_into_memory_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr("trainer.events.log.sources.BYTES_AT_ONCE", 5)
    rows = [(f"s{n}", f"ö{n}", str(n)) for n in range(100)]
    path = write(tmp_path / "log.dat", text_of("::", [NAMES, *rows]))
    assert read(path).table.rows() == [(item, session) for session, item, _ in rows]


@pytest.mark.parametrize("separator", ["::", "\t", ";"])
def test_a_row_that_ends_early_is_named_whatever_separates(tmp_path, separator):
    path = write(tmp_path / "log.dat", text_of(separator, [NAMES, ("a", "x", "1"), ("b", "y")]))
    assert refusal(path) == f"{path}: line 3 has 2 fields, the header has 3"


def test_rows_with_nothing_in_the_last_column_are_whole(tmp_path):
    path = write(tmp_path / "log.csv", 'session,item,n\n"a,\nb",x,\n\n\r\nb,"y,",\n')
    assert read(path).table.rows() == [("x", "a,\nb"), ("y,", "b")]


@pytest.mark.parametrize("at_once", [1, 2, 3, 7, 1000])
def test_a_row_that_ends_early_is_found_wherever_the_file_is_cut(tmp_path, monkeypatch, at_once):
    monkeypatch.setattr("trainer.events.log.ends.BYTES_AT_ONCE", at_once)
    rows = 'session,item,n\n"a,\n""b",x,\n\r\nb,y,1\n'
    assert read(write(tmp_path / "whole.csv", rows)).read == 2
    path = write(tmp_path / "short.csv", rows + "c,\nd,z,2")
    assert refusal(path) == f"{path}: line 6 has 2 fields, the header has 3"
    last = write(tmp_path / "last.csv", rows + "d,z")
    assert refusal(last) == f"{last}: line 6 has 2 fields, the header has 3"


# Quotes


def test_quotes_that_do_not_come_in_pairs_are_text_where_tabs_separate(tmp_path):
    path = write(tmp_path / "artists.tsv", 'session\titem\na\t"Weird Al" Y\nb\t7" single\n')
    assert read(path).table.rows() == [('"Weird Al" Y', "a"), ('7" single', "b")]
    assert "quotes have no meaning, since they do not come in pairs" in notes_of(path)


def test_quotes_in_pairs_are_no_text_where_tabs_separate(tmp_path):
    path = write(tmp_path / "log.tsv", 'session\titem\na\t"two\nlines"\nb\t"6"" ruler"\n')
    assert read(path).table.rows() == [("two\nlines", "a"), ('6" ruler', "b")]


def test_quotes_can_be_set_to_be_text(tmp_path):
    path = write(tmp_path / "log.csv", 'session,item\na,6" ruler\nb,"x\n')
    assert read(path, quotes="none").table.rows() == [('6" ruler', "a"), ('"x', "b")]
    assert "quotes = 'none'" in refusal(path)


# Decimal commas


def test_decimal_commas_are_guessed_and_said(tmp_path):
    path = write(tmp_path / "log.csv", "session;item;price\na;x;1,50\nb;y;12\nb;z;,5\n")
    events = read(path, metadata=["price"], where="price < 10")
    assert events.table.rows() == [("x", "a", 1.5), ("z", "b", 0.5)]
    assert "numbers have a decimal comma" in notes_of(path)


def test_thousands_are_no_decimals(tmp_path):
    path = write(tmp_path / "log.csv", "session;item;price\na;x;1,500\n")
    assert read(path, metadata=["price"]).table.rows() == [("x", "a", "1,500")]
    decimal = read(path, metadata=["price"], decimal=",")
    assert decimal.table.rows() == [("x", "a", 1.5)]


def test_a_point_among_decimal_commas_is_named_with_its_line(tmp_path):
    lines = "session;item;n\n" + "a;x;1,5\n" * 10_001 + "b;y;1.5\n"
    path = write(tmp_path / "log.csv", lines)
    assert refusal(path, where="n > 0").startswith(f"{path}: line 10003: '1.5' in column 'n'")


# Files without a header

RATINGS = "1::1193::5::978300760\n1::661::3::978302109\n2::1193::4::978298413\n"


def test_columns_of_a_file_without_a_header_can_be_named(tmp_path):
    path = write(tmp_path / "ratings.dat", RATINGS)
    named = {"columns": ["user", "item", "rating", "time"], "session": "user"}
    events = read(path, **named, time="time", where="rating >= 4")
    assert events.table.get_column("item").to_list() == ["1193", "1193"]
    assert events.table.get_column("time")[0].year == 2000


def test_a_file_without_a_header_says_how_to_name_its_columns(tmp_path):
    path = write(tmp_path / "ratings.dat", RATINGS)
    assert 'such as columns = ["user", "item", ...]' in refusal(path)
    assert "columns =" not in refusal(write(tmp_path / "log.csv", "session,thing\na,x\n"))


def test_as_many_columns_must_be_named_as_there_are(tmp_path):
    path = write(tmp_path / "ratings.dat", RATINGS)
    message = refusal(path, columns=["session", "item", "rating"])
    assert message == f"{path}: line 1 has 4 fields, `columns` names 3"


def test_a_row_of_other_length_than_the_named_columns_is_named(tmp_path):
    path = write(tmp_path / "log.csv", "a,x\nb\n")
    message = refusal(path, columns=["session", "item"])
    assert message == f"{path}: line 2 has 1 field, `columns` names 2"


def test_a_header_is_not_taken_for_an_event(tmp_path):
    path = write(tmp_path / "log.csv", "Session,Item\na,x\n")
    assert "remove `columns`" in refusal(path, columns=["session", "item"])


def test_a_column_cannot_be_named_twice():
    with pytest.raises(ValidationError, match="'a' is named twice"):
        DataConfig(session="a", columns=["a", "b", "a"])


# Encodings


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
@pytest.mark.parametrize("name", ["log.csv", "log.csv.gz", "log.dat", "log.jsonl", "log.txt"])
def test_a_text_that_begins_with_a_mark_is_read_by_it(tmp_path, name, encoding):
    text = {"csv": "session,item\na,größe\n", "dat": "session::item\na::größe\n"}
    text |= {"jsonl": '{"session": "a", "item": "größe"}\n', "txt": "größe\n"}
    path = write(tmp_path / name, text[name.split(".")[1]].encode(encoding))
    assert read(path).table.get_column("item").to_list() == ["größe"]
    said = any("as its first bytes say" in note for note in notes_of(path))
    assert said == (encoding != "utf-8-sig")


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "shift_jis", "utf-16-le"])
@pytest.mark.parametrize("separator", [",", ";", "::"])
def test_an_encoding_can_be_set(tmp_path, encoding, separator):
    word = "東京" if encoding == "shift_jis" else "größe"
    text = text_of(separator, [("session", "item"), ("a", word)])
    path = write(tmp_path / "log.csv", text.encode(encoding))
    assert read(path, encoding=encoding).table.rows() == [(word, "a")]


def test_a_text_that_is_not_utf8_is_never_guessed_but_shown(tmp_path):
    path = write(tmp_path / "log.csv", "session,item\na,größe\n".encode("cp1252"))
    message = refusal(path)
    assert "set `encoding`" in message
    assert "with 'cp1252' (Windows in Western Europe, America) the line would read 'a,größe'" in (
        message
    )


def test_utf16_without_a_mark_is_pointed_out(tmp_path):
    path = write(tmp_path / "log.csv", "session,item\na,x\n".encode("utf-16-le"))
    assert "if it is UTF-16, set encoding = 'utf-16-le'" in refusal(path)


def test_bytes_that_are_not_of_the_encoding_are_named_by_their_line(tmp_path):
    path = write(tmp_path / "log.csv", b"session,item\na,x\nb,\x81\n")
    assert refusal(path, encoding="cp1252").startswith(f"{path}: near line ")


def test_an_unknown_encoding_is_refused():
    with pytest.raises(ValidationError, match="no such encoding is known"):
        DataConfig(session="s", encoding="klingon")


def test_a_copy_is_called_by_the_name_of_its_file(tmp_path):
    path = write(tmp_path / "log.dat", "session::thing\na::x\n")
    assert refusal(path).startswith(f"{path} has no column 'item'")
    damaged = write(tmp_path / "log.dat.gz", text_of("::") * 1000)
    damaged.write_bytes(damaged.read_bytes()[:-20])
    assert refusal(damaged).startswith(f"{damaged}: damaged after line ")
    twice = tmp_path / "twice.csv"
    twice.write_bytes("session::item\na::x\x1f\n".encode("utf-16"))
    assert refusal(twice, separator="::").startswith(f"{twice}: line 2 has the character")


# Kinds


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("log.csv.zst", "zstd -dc {} | item2vec train --paths -"),
        ("log.zip", "unzip -p {} | item2vec train --paths -"),
        ("log.csv.bz2", "bzip2 -dc {} | item2vec train --paths -"),
        ("log.json", "jq -c"),
        ("log.xlsx", "CSV, which every spreadsheet saves"),
    ],
)
def test_a_file_that_is_not_read_says_what_makes_it_readable(tmp_path, name, remedy):
    path = write(tmp_path / name, "x")
    assert remedy.format(path) in refusal(path)


def test_the_kind_of_files_with_another_ending_can_be_set(tmp_path):
    path = write(tmp_path / "log.2026-01-31", "session,item\na,x\n")
    assert read(path, format="csv").table.rows() == [("x", "a")]
    columns = write(tmp_path / "columns.txt", "session\titem\na\tx y\n")
    assert read(columns, format="csv").table.rows() == [("x y", "a")]


@pytest.mark.parametrize("setting", ["separator", "decimal", "quotes", "columns", "encoding"])
def test_a_setting_of_text_is_refused_where_it_has_no_meaning(tmp_path, setting):
    path = tmp_path / "log.parquet"
    pl.DataFrame({"session": ["a"], "item": ["x"]}).write_parquet(path)
    value = {"separator": ";", "decimal": ",", "quotes": "none", "columns": ["a"]}
    message = refusal(path, **{setting: value.get(setting, "cp1252")})
    assert message.startswith(f"{path}: `{setting}` is set, which has no meaning")


def test_notes_of_how_files_are_read_are_in_the_data_report(tmp_path):
    path = write(tmp_path / "log.csv", "session;item\na;x\na;y\nb;x\nb;y\n")
    config = DataConfig(paths=[str(path)], session="session", item="item")
    assert read_dataset(config).report.notes[0] == "columns are separated by semicolons"


# Lists


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_lists_of_metadata_stay_lists(tmp_path, kind):
    events = [
        {"session": "a", "item": "x", "tags": ["new", "sale"]},
        {"session": "a", "item": "y", "tags": []},
        {"session": "b", "item": "x", "tags": ["new", "sale"]},
        {"session": "b", "item": "y", "tags": None},
        {"session": "b", "item": "z", "tags": None},
    ]
    path = tmp_path / f"log.{kind}"
    if kind == "parquet":
        pl.DataFrame(events).write_parquet(path)
    else:
        write(path, "".join(json.dumps(event) + "\n" for event in events))
    config = DataConfig(paths=[str(path)], session="session", item="item", metadata=["tags"])
    dataset = read_dataset(config)
    tags = dict(zip(dataset.vocabulary.item_ids, dataset.metadata["tags"], strict=True))
    assert tags == {"x": ["new", "sale"], "y": [], "z": None}


def test_lists_of_lists_are_refused(tmp_path):
    path = tmp_path / "log.parquet"
    pl.DataFrame({"session": ["a"], "item": ["x"], "tags": [[["a"]]]}).write_parquet(path)
    assert "not one value per row" in refusal(path, metadata=["tags"])


# Standard input


@pytest.fixture
def pipe(monkeypatch):
    """Gives bytes to standard input."""

    def give(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    return give


def parquet() -> bytes:
    file = io.BytesIO()
    pl.DataFrame({"session": ["a", "b"], "item": ["x", "y"]}).write_parquet(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"session,item\na,x\nb,y\n", "CSV"),
        (b"session\titem\na\tx\nb\ty\n", "CSV"),
        (b"session::item\na::x\nb::y\n", "CSV"),
        (gzip.compress(b"session;item\na;x\nb;y\n"), "CSV"),
        ("\ufeffsession,item\na,x\nb,y\n".encode("utf-16-le"), "CSV"),
        (b'{"session": "a", "item": "x"}\n{"session": "b", "item": "y"}\n', "JSON lines"),
        (parquet(), "Parquet"),
    ],
    ids=["commas", "tabs", "colons", "gzipped", "utf-16", "json", "parquet"],
)
def test_a_log_can_be_piped_in(pipe, data, kind):
    pipe(data)
    assert read("-").table.rows() == [("x", "a"), ("y", "b")]
    pipe(data)
    assert f"standard input is read as {kind}" in notes_of("-")


def test_a_text_with_a_session_a_line_can_be_piped_in(pipe):
    pipe(b"x y\nz\n")
    events = read("-", session=None)
    assert events.table.get_column("item").to_list() == ["x", "y", "z"]
    assert events.table.get_column("session").n_unique() == 2


def test_the_kind_of_standard_input_can_be_set(pipe):
    pipe(b"x y\nz\n")
    assert read("-", format="txt").read == 3


def test_errors_call_it_standard_input(pipe):
    pipe(b"session,item\na\n")
    assert refusal("-") == "standard input: line 2 has 1 field, the header has 2"
    pipe(b"")
    assert refusal("-") == "standard input: the file is empty"


def test_standard_input_and_a_file_are_not_one_log(pipe, tmp_path):
    pipe(b"session,item\na,x\n")
    path = write(tmp_path / "log.csv", "session,item\na,x\n")
    assert refusal("-", path) == "standard input is a log of its own: name no files beside it"


def test_a_log_of_numbers_as_times_is_read_twice_from_one_pipe(pipe):
    pipe(b"session,item,at\na,x,1700000000000\nb,y,1700000001000\n")
    assert read("-", time="at").table.get_column("time")[0].year == 2023


def test_a_terminal_is_no_log(monkeypatch):
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    assert "standard input is a terminal" in refusal("-")
