"""`item2vec suggest`: from a file of unknown data to settings that train."""

import json
import random
import tomllib
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from tests.event_logs import write
from tests.shell import ROOT
from tests.strangers import write_clicks, write_plays, write_ratings
from trainer.config.sources import merge
from trainer.events.dataset import read_dataset

FILE = Path("item2vec.toml")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def suggested(run):
    """Runs the command on files; returns the sections that it wrote, which must read the log."""

    def suggested(*arguments):
        result = run("suggest", *arguments)
        assert result.code == 0, result.err
        sections = tomllib.loads(FILE.read_text())
        config = merge({"file": sections})
        assert read_dataset(config.data, items=config.items).report.events_kept > 0
        return sections

    return suggested


def comments() -> str:
    """All comments of the file, in one line."""
    lines = FILE.read_text().splitlines()
    return " ".join(line.removeprefix("# ") for line in lines if line.startswith("#"))


def test_the_sample_is_understood(suggested):
    log = ROOT / "data/online_retail.parquet"
    sections = suggested(log)
    assert sections["data"] == {
        "paths": [str(log)],
        "session": "InvoiceNo",
        "user": "CustomerID",
        "item": "StockCode",
        "time": "InvoiceDate",
        "title": "Description",
        "metadata": ["UnitPrice"],
        "where": "Quantity > 0 AND UnitPrice > 0",
        "min_count": 5,
    }
    assert sections["training"] == {"window": 10}
    assert "an item whose id has no digit (POST, DOT, M" in comments()


def test_ratings_are_sets_of_what_was_liked_and_films_have_titles(suggested, tmp_path):
    files = write_ratings(tmp_path)
    sections = suggested(files.log.name, files.items.name)
    assert sections["data"] == {
        "paths": ["ratings.csv"],
        "session": "userId",
        "item": "movieId",
        "time": "timestamp",
        "where": "rating >= 4",
        "min_count": 1,
    }
    assert sections["training"] == {"window": "session"}
    assert sections["items"] == {
        "paths": ["movies.csv"],
        "id": "movieId",
        "title": "title",
        "metadata": ["genres"],
        "list_separator": "|",
    }


def test_ratings_without_a_header_get_names(suggested, tmp_path):
    ratings = pl.read_csv(write_ratings(tmp_path, users=60).log)
    lines = ["::".join(map(str, row)) for row in ratings.rows()]
    write(tmp_path / "ratings.dat", "\n".join(lines))
    data = suggested("ratings.dat")["data"]
    assert data["separator"] == "::"
    assert data["columns"] == ["user", "item", "rating", "time"]
    assert (data["session"], data["item"], data["time"]) == ("user", "item", "time")
    assert data["where"] == "rating >= 4"
    assert "the names in `columns` are guesses" in comments()


def test_play_counts_without_times_are_sets(suggested, tmp_path):
    files = write_plays(tmp_path)
    sections = suggested(files.log.name)
    data = sections["data"]
    assert (data["separator"], data["session"], data["item"]) == ("\t", "userID", "artistID")
    assert sections["training"] == {"window": "session"}
    assert sections["next"] == {"backwards": 1}
    assert "the order of the rows becomes history" in comments()
    assert data["weight"] == "weight"


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "jsonl", "parquet"])
def test_clicks_keep_their_visits_whatever_the_file(suggested, tmp_path, kind):
    log = pl.read_csv(write_clicks(tmp_path, visits=300).log)
    path = tmp_path / f"log.{kind}"
    if kind == "parquet":
        log.with_columns(pl.col("timestamp").str.to_datetime(time_zone="UTC")).write_parquet(path)
    elif kind == "jsonl":
        log.write_ndjson(path)
    else:
        write(path, log.write_csv())
    sections = suggested(path)
    assert sections["data"] == {
        "paths": [str(path)],
        "session": "visit_id",
        "item": "product_id",
        "time": "timestamp",
        "event": "event",
        "title": "product_name",
        "metadata": ["price"],
        "min_count": sections["data"]["min_count"],
    }
    assert sections["training"] == {"window": 10}
    assert "weights = { purchase = 4 }" in comments()


def test_semicolons_decimal_commas_and_another_encoding(suggested, tmp_path):
    lines = ["Order;SKU;Price;Date;Name"]
    for order in range(60):
        lines += [
            f"{order};{item};{item},50;{order % 28 + 1:02d}.01.2026 10:00;Größe {item}"
            for item in range(order % 7, order % 7 + 4)
        ]
    write(tmp_path / "shop.csv", "\n".join(lines).encode("latin-1"))
    data = suggested("shop.csv")["data"]
    assert data["encoding"] == "cp1252"
    assert data["separator"] == ";"
    assert data["decimal"] == ","
    assert data["time_format"] == "%d.%m.%Y %H:%M"
    assert (data["session"], data["item"], data["title"]) == ("Order", "SKU", "Name")
    assert data["metadata"] == ["Price"]
    assert "is 'Größe' spelled well?" in comments()


@pytest.mark.parametrize("name", ["log.txt", "my.log.txt", "log.txt.gz"])
def test_a_text_of_sessions_needs_nothing(suggested, tmp_path, name):
    write(tmp_path / name, "a b c\nb c d\n" * 20)
    sections = suggested(name)
    assert sections["data"] == {"paths": [name], "min_count": 1}
    assert sections["training"] == {"window": 10}


def test_lists_describe_items_and_objects_do_not(suggested, tmp_path):
    events = [
        {"session": n // 3, "item": n % 5, "tags": [f"t{n % 5}"], "device": {"os": "x"}}
        for n in range(60)
    ]
    write(tmp_path / "log.jsonl", "".join(json.dumps(event) + "\n" for event in events))
    assert suggested("log.jsonl")["data"]["metadata"] == ["tags"]


def test_a_text_of_columns_is_told_from_one_of_sessions(suggested, tmp_path):
    rows = [f"u{n % 9}\tsong {n % 4}\n" for n in range(200)]
    write(tmp_path / "log.txt", "user\ttrack\n" + "".join(rows))
    data = suggested("log.txt")["data"]
    assert (data["format"], data["separator"]) == ("csv", "\t")
    assert (data["session"], data["item"]) == ("user", "track")


def clicks_of_users(within: float, between: float, each: int = 8) -> str:
    """A log of visits with up to so many minutes between clicks, and from so many on between."""
    rng, rows = random.Random(1), []
    for user in range(80):
        at = datetime(2026, 1, 1) + timedelta(minutes=rng.uniform(0, 5000))
        for click in range(3 * each):
            last = click % each == each - 1
            gap = rng.uniform(between, 9 * between) if last else rng.uniform(within / 9, within)
            at += timedelta(minutes=gap)
            rows.append((at, user, rng.randrange(30)))
    return "".join(f"{user},{item},{at:%Y-%m-%d %H:%M:%S}\n" for at, user, item in sorted(rows))


@pytest.mark.parametrize(
    ("within", "between", "shortest", "longest"), [(8, 600, 30, 30), (70, 1500, 70, 480)]
)
def test_the_pause_between_visits_is_read_off_the_gaps(
    suggested, tmp_path, within, between, shortest, longest
):
    write(tmp_path / "log.csv", "user,item,time\n" + clicks_of_users(within, between))
    data = suggested("log.csv")["data"]
    assert data["user"] == "user"
    assert shortest <= data["session_gap"] <= longest


def test_events_without_company_make_a_session_of_the_whole_user(suggested, tmp_path):
    log = clicks_of_users(20_000, 20_000)
    write(tmp_path / "log.csv", "user,item,time\n" + log)
    data = suggested("log.csv")["data"]
    assert data["session"] == "user"
    assert "session_gap" not in data
    assert "everything of a user is one session" in comments()


@pytest.mark.parametrize(("rare", "least"), [(0, 1), (20, 5), (400, 1)])
def test_rare_items_are_dropped_where_little_is_lost(suggested, tmp_path, rare, least):
    rows = [f"s{n // 4},i{n * 7 % 20}" for n in range(1200)]
    rows += [f"s{n},rare{n}" for n in range(rare)]
    write(tmp_path / "log.csv", "session,item\n" + "\n".join(rows))
    assert suggested("log.csv")["data"]["min_count"] == least


def test_an_american_date_is_told_from_a_european_one_by_the_order_of_the_rows(suggested, tmp_path):
    days = [datetime(2026, 1, 1) + timedelta(days=day) for day in range(60)]
    for form in ("%m/%d/%Y", "%d/%m/%Y"):
        rows = [
            f"s{n},i{n % 5},{day:{form}}\ns{n},i{n % 7},{day:{form}}" for n, day in enumerate(days)
        ]
        write(tmp_path / "log.csv", "session,item,date\n" + "\n".join(rows))
        assert suggested("log.csv", "--force")["data"]["time_format"] == form


def test_a_date_that_may_mean_two_days_is_a_doubt(suggested, tmp_path):
    rows = [f"s{n // 2},i{n % 5},0{n % 9 + 1}/0{n % 7 + 1}/2026" for n in range(100)]
    write(tmp_path / "log.csv", "session,item,date\n" + "\n".join(rows))
    suggested("log.csv")
    assert "may have the day first or the month first" in comments()


def test_columns_that_you_know_can_be_given(suggested, tmp_path):
    rows = [f"{n // 3},{n % 5},{n % 11}" for n in range(300)]
    write(tmp_path / "log.csv", "foo,bar,baz\n" + "\n".join(rows))
    data = suggested("log.csv", "--session", "foo", "--item", "baz")["data"]
    assert (data["session"], data["item"]) == ("foo", "baz")


def test_names_stand_for_ids_where_there_are_none(suggested, tmp_path):
    rows = [f"C{n % 9},P{n % 7},K{n % 2}" for n in range(300)]
    write(tmp_path / "log.csv", "Customer Name,Product Name,Kind\n" + "\n".join(rows))
    data = suggested("log.csv")["data"]
    assert (data["session"], data["item"]) == ("Customer Name", "Product Name")


def test_an_id_that_few_events_have_is_no_session(suggested, tmp_path):
    rows = [
        f"{1_700_000_000 + 60 * n},{n % 9},{n % 7},{n if n % 50 == 0 else ''}" for n in range(400)
    ]
    write(tmp_path / "log.csv", "timestamp,visitorid,itemid,transactionid\n" + "\n".join(rows))
    data = suggested("log.csv")["data"]
    assert (data["user"], data["item"]) == ("visitorid", "itemid")
    assert "session" not in data


# The command


def test_a_file_that_exists_is_replaced_by_force_only(run, tmp_path):
    write(tmp_path / "log.txt", "a b\nb a\n")
    FILE.write_text("# mine\n")
    result = run("suggest", "log.txt")
    assert result.code == 2
    assert "--out item2vec.toml: the file exists" in result.err
    assert FILE.read_text() == "# mine\n"
    assert run("suggest", "log.txt", "--force").code == 0
    assert run("suggest", "log.txt", "--out", "other.toml").code == 0
    assert FILE.read_text() == Path("other.toml").read_text()


def test_json_has_settings_reasons_and_doubts(run, tmp_path):
    write(tmp_path / "log.csv", "user,item\n" + "a,x\na,y\nb,x\nb,y\n" * 3)
    answer = run("suggest", "log.csv", "--json").json
    assert answer["file"] == "item2vec.toml"
    assert answer["settings"]["data"]["session"] == "user"
    assert answer["reasons"].keys() >= {"data.session", "data.item", "training.window"}
    assert any("no column of times" in doubt for doubt in answer["doubts"])
    assert json.dumps(answer)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("log.csv", "thing\na\nb\n", "give the column of the session or the user as --session"),
        ("log.csv", "when,price\n2026-01-01,1.5\n2026-01-02,2.5\n", "give it as --item"),
        ("log.csv", "", "the file is empty"),
        ("log.csv.zst", "x", "zstd -dc"),
        ("log.json", "[]", "jq -c"),
        ("log.csv", "user,item\na,x\nb\n", "line 3 has 1 field, the header has 2"),
    ],
)
def test_what_cannot_be_told_is_an_error_with_a_remedy(run, tmp_path, name, content, reason):
    write(tmp_path / name, content)
    result = run("suggest", name)
    assert result.code == 2
    assert reason in " ".join(result.err.split())
    assert not FILE.exists()


def test_a_second_file_without_the_items_is_refused(run, tmp_path):
    write(tmp_path / "log.csv", "user,item\n" + "a,x\na,y\nb,x\nb,y\n" * 3)
    write(tmp_path / "other.csv", "id,title\n1,One\n2,Two\n")
    result = run("suggest", "log.csv", "other.csv")
    assert result.code == 2
    assert "no column has the items of the log" in result.err


def test_a_file_of_items_without_a_header_has_its_columns_numbered(suggested, tmp_path):
    files = write_ratings(tmp_path, users=60)
    films = pl.read_csv(files.items).rows()
    write(tmp_path / "movies.dat", "".join("::".join(map(str, row)) + "\n" for row in films))
    sections = suggested("ratings.csv", "movies.dat")
    items = sections["items"]
    assert (items["id"], items["columns"][:2]) == ("column_1", ["column_1", "column_2"])


def test_a_wrong_column_is_named_with_those_there_are(run, tmp_path):
    write(tmp_path / "log.csv", "user,item\na,x\n")
    result = run("suggest", "log.csv", "--item", "sku")
    assert result.code == 2
    assert "no column 'sku' (named as `item`); it has: 'user', 'item'" in result.err


def test_what_is_suggested_trains_as_it_is(run, tmp_path):
    artists = write_plays(tmp_path, users=60).catalogue
    assert run("suggest", "user_artists.dat", "artists.dat").code == 0
    result = run("retrain", "--epochs", "1", "--vector-size", "8", "--workers", "1")
    assert result.code == 0, result.err
    answers = run("similar", artists.ids[0], "--json").out
    assert any(title in answers for title in artists.titles)


def test_an_index_that_pandas_wrote_is_no_column(suggested, tmp_path):
    clicks = pl.read_csv(write_clicks(tmp_path, visits=100).log)
    clicks.with_row_index("").write_csv(tmp_path / "log.csv")
    data = suggested("log.csv")["data"]
    assert (data["session"], data["item"]) == ("visit_id", "product_id")
    assert "columns" not in data


def test_a_sign_that_no_comment_may_hold_is_escaped(suggested, tmp_path):
    clicks = pl.read_csv(write_clicks(tmp_path, visits=100).log)
    odd = clicks.with_columns(pl.col("event").str.replace("view", "vi\x01ew"))
    odd.write_csv(tmp_path / "log.csv")
    assert suggested("log.csv")["data"]["event"] == "event"
    assert "vi\\x01ew" in comments()


def test_an_empty_column_is_named(run, tmp_path):
    write(tmp_path / "log.csv", "user,item,sku\na,x,\nb,y,\n")
    result = run("suggest", "log.csv", "--item", "sku")
    assert (result.code, "column 'sku' is empty" in result.err) == (2, True)


@pytest.mark.parametrize("address", ["postgresql://u:s3cret@h/d", "jdbc:postgresql://u:s3cret@h/d"])
def test_a_database_is_not_looked_at_and_its_password_is_not_shown(run, address):
    result = run("suggest", address)
    assert result.code == 2
    assert "not at a database" in result.err
    assert "s3cret" not in result.err
