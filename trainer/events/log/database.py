"""Reads an event log from PostgreSQL, batch by batch; each reading is one read-only transaction."""

import os
import re
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from service.model.errors import ConfigError, EventLogError, Item2VecError, UnavailableError
from trainer.config.addresses import Address
from trainer.events.log.formats import Columns, Format

if TYPE_CHECKING:
    from adbc_driver_postgresql.dbapi import Cursor

Result = TypeVar("Result")

ROWS_AT_ONCE = 100_000
CONNECT_SECONDS = 10
SECONDS_BETWEEN_SIGNALS = 0.2
READ_ONLY = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
# Types of PostgreSQL that keep their meaning here; all others are read as text.
NUMBERS = frozenset({"smallint", "integer", "bigint", "real", "double precision"})
TIMES = frozenset({"date", "timestamp without time zone", "timestamp with time zone"})
KEPT = NUMBERS | {"boolean", "text", "character varying"}

_PREFIX = re.compile(
    r"^(got external error: )?([A-Z_]+: )?(\[libpq\] )?(Failed to \w+( query)?: |could not begin "
    r"COPY: |Execution error \[\w+\]: |connection to server [^\n]*? failed: |ERROR: +|FATAL: +)*"
)
_MAY_PASS = re.compile(
    r"refused|could not translate|timeout expired|timed out|unreachable|No such file|starting up|"
    r"shutting down|too many (clients|connections)|remaining connection slots|"
    r"terminating connection|closed the connection|could not (connect|receive|send)|no route",
    re.I,
)
_REMEDIES = {
    "no password supplied": "set PGPASSWORD, or add the server to ~/.pgpass",
    "password authentication failed": "set PGPASSWORD, or correct ~/.pgpass or the address",
    "refused": "is the server running, and are host and port right?",
    "canceling statement": "raise statement_timeout, or ask for less in `sql`",
    "read-only transaction": "`sql` may only SELECT",
    "data-modifying": "`sql` may only SELECT",
}


def database_format(sql: str | None) -> Format:
    """How the logs of databases are read.

    Args:
        sql: the SELECT that every database is asked; None to read the table that an address names.
    """
    return Format(partial(_scan, sql))


def _scan(sql: str | None, address: Any, columns: Columns) -> Iterator[pl.LazyFrame]:  # noqa: ANN401
    """The rows of a database, with the columns that are needed.

    Raises:
        ConfigError: the driver is not installed.
        EventLogError: the database refuses the user or the query.
        UnavailableError: it cannot be reached, or ends the connection.
    """
    rows = f"({sql.strip().rstrip(';')}\n)" if sql else _identifier(address.table)
    with _cursor(address) as cursor:
        kinds = _kinds(cursor, rows)
        lacking = columns.names() - kinds.keys()
        if lacking:  # the reader says which
            yield pl.LazyFrame(schema=dict.fromkeys(kinds, pl.Null()))
            return
        chosen = [_select(name, kinds[name], columns) for name in kinds if name in columns.names()]
        yield from _ask(cursor, f"SELECT {', '.join(chosen)} FROM {rows} AS log")


@contextmanager
def _cursor(address: Address) -> "Iterator[Cursor]":
    try:
        from adbc_driver_postgresql.dbapi import Error, connect
    except ModuleNotFoundError:
        raise ConfigError(
            f"{address}: the driver for PostgreSQL is not installed: pip install "
            "'item2vec[postgres]'"
        ) from None
    try:
        with connect(_with_defaults(address.uri)) as connection, connection.cursor() as cursor:
            cursor.execute(READ_ONLY)
            yield cursor
    except (Error, pl.exceptions.ComputeError) as error:
        raise _explain(address, error) from None
    except EventLogError as error:
        raise EventLogError(f"{address}: {error}") from None


def _with_defaults(uri: str) -> str:
    if "connect_timeout=" in uri or "PGCONNECT_TIMEOUT" in os.environ:
        return uri
    return f"{uri}{'&' if '?' in uri else '?'}connect_timeout={CONNECT_SECONDS}"


def _kinds(cursor: "Cursor", rows: str) -> dict[str, str]:
    """The names and types of the columns, from a row of nulls: nothing is read."""
    nulls = f"(SELECT log.* FROM (SELECT) AS one LEFT JOIN {rows} AS log ON FALSE) AS nulls"
    answer = _ask(cursor, f"SELECT json_object_keys(row_to_json(nulls)) AS name FROM {nulls}")
    found = [name for table in answer for name in table.collect().get_column("name")]
    names = list(dict.fromkeys(found))
    if twin := next((name for name in names if found.count(name) > 1), None):
        raise EventLogError(f"`sql` names the column {twin!r} {found.count(twin)} times")
    kinds = [f"pg_typeof({_quoted(name)})::text AS {_quoted(name)}" for name in names]
    [table] = _ask(cursor, f"SELECT {', '.join(kinds)} FROM {nulls}")
    return table.collect().row(0, named=True)


def _select(name: str, kind: str, columns: Columns) -> str:
    """A column as it is to be read: ids as text, numbers and times as such, all else as text."""
    if kind.endswith("[]"):
        raise EventLogError(f"column {name!r} holds {kind}, not one value per row")
    quoted = _quoted(name)
    if name not in columns.ids and kind == "numeric":
        value = f"{quoted}::double precision"
    elif name not in columns.ids and kind in TIMES:
        value = f"CASE WHEN isfinite({quoted}) THEN {quoted} END"
    elif name not in columns.ids and kind in KEPT:
        value = quoted
    else:
        value = f"{quoted}::text"
    return f"{value} AS {quoted}"


def _ask(cursor: "Cursor", query: str) -> Iterator[pl.LazyFrame]:
    """The answer in batches; one without rows, if there are none.

    A thread waits for the database, so that signals are heard meanwhile; who stops listening ends
    the query.
    """
    with ThreadPoolExecutor(1) as thread:
        try:
            stream, batches = _result(thread.submit(_execute, cursor, query))
            empty = True
            while (batch := _result(thread.submit(next, batches, None))) is not None:
                yield batch.lazy()
                empty = False
        except BaseException:
            cursor.adbc_cancel()
            raise
    if empty:
        yield pl.LazyFrame(schema=stream.collect_schema())


def _execute(cursor: "Cursor", query: str) -> tuple[pl.LazyFrame, Iterator[pl.DataFrame]]:
    # Not cursor.execute, which takes Ctrl-C for itself.
    cursor.adbc_statement.set_sql_query(query)
    answer, _ = cursor.adbc_statement.execute_query()
    stream = pl.scan_arrow_c_stream(answer)
    batches = stream.collect_batches(chunk_size=ROWS_AT_ONCE, maintain_order=True)
    return stream, iter(batches)


def _result(future: Future[Result]) -> Result:
    """Waits in short steps: under the handler of polars, an endless wait hears no signal."""
    while not wait([future], SECONDS_BETWEEN_SIGNALS).done:
        pass
    return future.result()


def _identifier(table: str) -> str:
    """`shop.events` as `"shop"."events"`."""
    return ".".join(map(_quoted, table.split(".")))


def _quoted(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""'))


def _explain(address: Address, error: Exception) -> Item2VecError:
    """What the database says, in one sentence, without a password."""
    reason = _PREFIX.sub("", str(error).strip()).partition("\n")[0].strip()
    for secret in address.secrets:
        reason = reason.replace(secret, "***")
    remedy = next((f": {do}" for said, do in _REMEDIES.items() if said in reason), "")
    kind = UnavailableError if _MAY_PASS.search(reason) else EventLogError
    return kind(f"{address}: {reason}{remedy}")
