"""Nights of the sample at the gate: twenty good ones in a row, then one of every broken kind.

`python -m bench.nights` writes a table; every night is a whole `item2vec retrain`.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta

import polars as pl

from bench.machine import describe_machine, machine_line
from service.model.errors import Item2VecError
from service.model.store import Store
from trainer.config.jobs import Config
from trainer.config.sources import merge, nest, read_layers
from trainer.jobs.retrain import retrain
from trainer.view.display import Silent

ITEM, TIME, SESSION, USER, TITLE = (
    "StockCode", "InvoiceDate", "InvoiceNo", "CustomerID", "Description",
)  # fmt: skip
Night = Callable[[pl.DataFrame], pl.DataFrame]


HEAD = "| night | exit | found | s |\n|---|---|---|---|\n"


def with_bot(log: pl.DataFrame) -> pl.DataFrame:
    """One customer more, with three tenths of all events."""
    events = log.head(int(len(log) * 0.3 / 0.7))
    user = pl.lit(99999).cast(log.schema[USER]).alias(USER)
    return pl.concat([log, events.with_columns(pl.lit("bot").alias(SESSION), user)])


def titles_swapped(log: pl.DataFrame) -> pl.DataFrame:
    """Every item has the title of another."""
    items = log[ITEM].unique().sort()
    titles = log.group_by(ITEM).agg(pl.col(TITLE).first()).sort(ITEM)[TITLE]
    moved = titles[1:].append(titles[:1])
    return log.with_columns(pl.col(ITEM).replace_strict(items, moved).alias(TITLE))


def without_hour(log: pl.DataFrame) -> pl.DataFrame:
    """Without the busiest hour of the last week."""
    week = log.filter(pl.col(TIME) > log[TIME].max() - timedelta(days=7))
    hours = week.group_by(pl.col(TIME).dt.truncate("1h")).agg(pl.col(SESSION).n_unique())
    busiest = hours.sort(SESSION, descending=True)[TIME][0]
    return log.filter(pl.col(TIME).dt.truncate("1h") != busiest)


def shuffled(log: pl.DataFrame) -> pl.DataFrame:
    """Items and their titles are in any invoice."""
    return log.with_columns(pl.struct(ITEM, TITLE).shuffle(seed=1).struct.unnest())


def item(expression: pl.Expr) -> Night:
    """Every id is another."""
    return lambda log: log.with_columns(expression.alias(ITEM))


BAD: dict[str, Night] = {
    "half of the log missing": lambda log: log.gather_every(2),
    "500 rows": lambda log: log.head(500),
    "no rows": lambda log: log.clear(),
    "every id with a suffix": item(pl.col(ITEM) + "-00"),
    "ids without leading digits 2": item(pl.col(ITEM).str.strip_prefix("2")),
    "every event twice": lambda log: pl.concat([log, log]),
    "times a day early": lambda log: log.with_columns(pl.col(TIME) - pl.duration(days=1)),
    "times a day late": lambda log: log.with_columns(pl.col(TIME) + pl.duration(days=1)),
    "the busiest hour missing": without_hour,
    "titles swapped": titles_swapped,
    "a bot with 30 % of the events": with_bot,
    "the item column renamed": lambda log: log.rename({ITEM: "SKU"}),
    "items in any session": shuffled,
}


def night(config: Config, log: pl.DataFrame) -> tuple[str, str, float]:
    """Retrains on a log; the exit code, what was found and the seconds."""
    log.write_parquet(config.data.paths[0])
    started = time.perf_counter()
    try:
        manifest = retrain(config, Silent())
    except Item2VecError as error:
        return str(error.exit_code), str(error), time.perf_counter() - started
    return "0", manifest.verdict, time.perf_counter() - started


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nights", type=int, default=20)
    parser.add_argument("--epochs", default="20")
    parser.add_argument(
        "--sessions", default="200", help="new sessions from which on versions are compared"
    )
    arguments = parser.parse_args()
    whole = pl.read_parquet("data/online_retail.parquet").with_columns(pl.col(ITEM).cast(pl.String))
    days = whole[TIME].dt.date().unique().sort().to_list()
    with tempfile.TemporaryDirectory() as folder:
        flags = {
            "models": folder + "/models",
            "data.paths": folder + "/log.parquet",
            "training.epochs": arguments.epochs,
            "gate.held_out_sessions": arguments.sessions,
        }
        config = merge(read_layers(None, nest(flags)))
        sys.stdout.write(f"{machine_line(describe_machine())}\n\n{HEAD}")
        nights: list[tuple[str, pl.DataFrame]] = [
            (f"good: up to {day}", whole.filter(pl.col(TIME).dt.date() <= day))
            for day in days[-arguments.nights - 1 :]
        ]
        nights += [(name, break_(whole)) for name, break_ in BAD.items()]
        for name, log in nights:
            code, found, seconds = night(config, log)
            sys.stdout.write(f"| {name} | {code} | {found[:300]} | {seconds:.0f} |\n")
            sys.stdout.flush()
            if code != "0" or name.startswith("good"):
                continue
            Store(config.models).rollback()  # the next night is compared with a good one


if __name__ == "__main__":
    main()
