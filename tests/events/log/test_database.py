"""Logs in PostgreSQL: a real server, started here; skipped where none is installed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from service.model.errors import UnavailableError
from tests import postgres
from tests.event_logs import read, refusal, write
from tests.postgres import PASSWORD, QUOTED, USER, program
from tests.shell import ENVIRONMENT, ITEM2VEC, wait_until
from trainer.config.data import DataConfig
from trainer.events.log import database
from trainer.events.log.reader import read_events

pytestmark = pytest.mark.skipif(program("initdb") is None, reason="PostgreSQL is not installed")

TABLES = """
CREATE SCHEMA shop;
CREATE SEQUENCE shop.seen;
CREATE TABLE shop.visits AS
SELECT 'v' || n / 3 AS session, n % 7 AS item, timestamptz '2026-01-01 00:00Z' + n * interval '1 h'
    AS at, (n * 0.5)::numeric(9, 2) AS price, n % 2 = 0 AS paid, interval '1 day' AS stay,
    ARRAY[n] AS tags, ('00000000-0000-0000-0000-' || lpad(n::text, 12, '0'))::uuid AS id
FROM generate_series(0, 299) AS n;
CREATE TABLE "Odd ""name""!" AS SELECT 'a' AS session, 17.00::float8 AS item;
CREATE TABLE nothing (session text, item text);
CREATE TABLE ends AS SELECT 'a' AS session, 'x' AS item, 'infinity'::timestamp AS at
    UNION ALL SELECT 'a', 'y', '2026-01-01';
CREATE TABLE seconds AS SELECT 'a' AS session, 'x' AS item, 1767225600::numeric AS at;
"""


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    with postgres.server() as host:
        yield host


@pytest.fixture(scope="module")
def address(host: str) -> str:
    """The address of a database with the tables above, without its password."""
    psql = [program("psql"), "-q", "-h", "127.0.0.1", "-p", host.partition(":")[2], "-U", USER]
    environment = {**os.environ, "PGPASSWORD": PASSWORD}
    subprocess.run([*psql, "postgres"], input=TABLES, text=True, env=environment, check=True)
    return f"postgresql://{USER}@{host}/postgres"


@pytest.fixture
def whole(address: str) -> str:
    """The address with its password."""
    return address.replace("@", f":{QUOTED}@")


@pytest.fixture(autouse=True)
def _no_secrets_from_outside(monkeypatch, tmp_path):
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pgpass"))
    monkeypatch.delenv("PGPASSWORD", raising=False)


def items(*paths: str, **settings) -> list[str]:
    return read(*paths, **settings).table.get_column("item").to_list()


def test_a_table_is_read_as_a_file_is(whole, tmp_path):
    names = {"time": "at", "metadata": ["price", "paid", "id", "stay"]}
    rows = [
        f"v{n // 3},{n % 7},2026-01-{1 + n // 24:02}T{n % 24:02}:00:00,{n * 0.5},{n % 2 == 0},"
        f"00000000-0000-0000-0000-{n:012},1 day"
        for n in range(300)
    ]
    text = "\n".join(["session,item,at,price,paid,id,stay", *rows]).replace("True", "true")
    log = write(tmp_path / "log.csv", text.replace("False", "false"))
    assert read(f"{whole}?table=shop.visits", **names).table.equals(read(log, **names).table)


def test_a_query_is_asked_instead_of_a_table(whole):
    sql = "WITH v AS (SELECT * FROM shop.visits) SELECT * FROM v WHERE price < 2 ORDER BY at DESC; "
    assert items(whole, sql=sql) == ["3", "2", "1", "0"]
    assert items(whole, sql="SELECT 'a' AS session, 'x' AS item -- all") == ["x"]


def test_several_databases_are_one_log(whole):
    assert items(f"{whole}?table=nothing", f"{whole}?table=Odd%20%22name%22!") == ["17"]


def test_a_large_table_comes_in_batches(whole, monkeypatch):
    monkeypatch.setattr(database, "ROWS_AT_ONCE", 50)
    config = DataConfig(paths=[f"{whole}?table=shop.visits"], session="session", item="item")
    pieces = list(read_events(config))
    assert len(pieces) > 3
    assert sum(piece.read for piece in pieces) == 300


def test_conditions_see_numbers_times_and_truths(whole):
    where = "price >= 1 AND at < '2026-01-01T05:00:00+01:00' AND paid"
    assert items(f"{whole}?table=shop.visits", time="at", where=where) == ["2"]


def test_numbers_are_times_and_what_is_endless_is_none(whole):
    seconds = read(f"{whole}?table=seconds", time="at").table.get_column("time")
    assert str(seconds[0]) == "2026-01-01 00:00:00"
    assert read(f"{whole}?table=ends", time="at").table.get_column("time").null_count() == 1


def test_a_password_may_come_from_outside(address, host, monkeypatch, tmp_path):
    table = f"{address}?table=shop.visits"
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert len(items(table)) == 300
    monkeypatch.delenv("PGPASSWORD")
    write(tmp_path / "pgpass", f"{host}:postgres:{USER}:{PASSWORD}\n").chmod(0o600)
    assert len(items(table)) == 300


@pytest.mark.parametrize(
    ("query", "settings", "reason"),
    [
        ("?table=shop.nope", {}, 'relation "shop.nope" does not exist'),
        ("?table=nothing", {}, "the event log is empty"),
        ("?table=shop.visits", {"title": "name"}, "has no column 'name' (named as `title`); it"),
        ("?table=shop.visits", {"title": "tags"}, "column 'tags' holds integer[], not one value"),
        ("?table=shop.visits", {"where": "prize > 1"}, "there is no column 'prize'"),
        ("?table=shop.visits", {"where": "price > '1'"}, "column 'price' holds numbers"),
        ("?table=shop.visits&sslmode=odd", {}, 'invalid sslmode value: "odd"'),
        ("", {"sql": "SELECT session, item FROM shop.visits WHERE x"}, 'column "x" does not exist'),
        ("", {"sql": "SELECT 1 AS item, 2 AS item"}, "`sql` names the column 'item' 2 times"),
        ("", {"sql": "SELECT 'a' AS session, 1 / (n - 9) AS item FROM generate_series(1, 9) n"},
         "division by zero"),
        ("", {"sql": "SELECT 'a' AS session, 1 AS item; DROP TABLE nothing"}, "syntax error"),
        ("", {"sql": "SELECT 'a' AS session, nextval('shop.seen') AS item"},
         "read-only transaction: `sql` may only SELECT"),
        ("", {"sql": "WITH d AS (DELETE FROM ends RETURNING *) SELECT * FROM d"},
         "`sql` may only SELECT"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said(address, whole, query, settings, reason):
    message = refusal(whole + query, **settings)
    assert message.startswith(f"{address}{query.replace(' ', '+')}")
    assert reason in message


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ((QUOTED, "wrong"), 'password authentication failed for user "shop": set PGPASSWORD'),
        ((f":{QUOTED}", ""), "no password supplied: set PGPASSWORD, or add the server to ~/"),
        (("/postgres", "/nope"), 'database "nope" does not exist'),
    ],
)
def test_who_is_refused_is_told_why(whole, change, reason):
    message = refusal(f"{whole.replace(*change)}?table=shop.visits")
    assert reason in message
    assert "wrong" not in message


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("127.0.0.1:1", "Connection refused: is the server running, and are host and port right?"),
        ("nowhere.invalid", 'could not translate host name "nowhere.invalid"'),
    ],
)
def test_a_server_out_of_reach_may_come_back(host, reason):
    config = DataConfig(paths=[f"postgresql://u:s3cret@{host}/shop?table=t"], session="session")
    with pytest.raises(UnavailableError) as caught:
        list(read_events(config))
    assert reason in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_without_the_driver_the_extra_is_named(whole, monkeypatch):
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql.dbapi", None)
    config = DataConfig(paths=[f"{whole}?table=shop.visits"], session="session")
    with pytest.raises(Exception, match=r"pip install 'item2vec\[postgres\]'") as caught:
        list(read_events(config))
    assert caught.value.exit_code == 2


COLUMNS = {"ITEM2VEC_DATA__SESSION": "session", "ITEM2VEC_DATA__ITEM": "item"}


def test_the_password_stays_outside(run, whole, address, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = f"{whole}?table=shop.visits"
    for name, value in (COLUMNS | {"ITEM2VEC_DATA__PATHS": table}).items():
        monkeypatch.setenv(name, value)
    results = [run("retrain", "--epochs", "1"), run("config", "show"), run("models", "show")]
    assert [result.code for result in results] == [0, 0, 0]
    assert results[2].json["config"]["data"]["paths"] == [f"{address}?table=shop.visits"]
    version = results[2].json["model_version"]
    monkeypatch.setenv("ITEM2VEC_DATA__PATHS", f"{table}&port=1")
    failed = run("retrain", "--epochs", "1")
    assert failed.code == 1
    assert "Connection refused" in failed.error
    assert run("models", "show").json["model_version"] == version
    printed = "".join(result.out + result.err for result in [*results, failed])
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in (PASSWORD, QUOTED):
        assert secret not in printed
        assert secret.encode() not in stored


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_query_that_takes_long_ends_at_once_when_asked_to(whole, tmp_path, number):
    sql = "SELECT 'a' AS session, 'x' || pg_sleep(60)::text AS item"
    errors = tmp_path / "errors"
    with errors.open("w") as file:
        process = subprocess.Popen(
            [*ITEM2VEC, "train", "--session", "session", "--item", "item", "--paths", whole,
             "--sql", sql],
            cwd=tmp_path, env=ENVIRONMENT, stderr=file, stdout=file,
        )  # fmt: skip
    wait_until(lambda: "reading" in errors.read_text(), "the query")
    time.sleep(0.5)
    process.send_signal(number)
    assert process.wait(timeout=30) == 128 + number
    assert "stopped, nothing published" in errors.read_text()
