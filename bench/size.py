"""Measures how time and memory grow with the event log: 1, 10 and 100 million events.

`python -m bench.size`; the logs are synthetic, and the largest needs 8 GB of disk space.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from bench.report import Part, markdown_table, publish
from trainer.word2vec.huffman import huffman_tree
from trainer.word2vec.noise import alias_table

EVENTS_IN_A_FILE = 5_000_000
DAY = 86_400_000_000  # microseconds
MEAN_SESSION = 12
MOST_ITEMS = 1_000_000
TABLE_ITEMS = 10_000_000
HEADER = (
    "events", "items", "read (s)", "M events/s", "one epoch (s)", "write (s)", "peak memory (GB)",
)  # fmt: skip


class Run(NamedTuple):
    """One training run as a process of its own; times in seconds, memory in bytes."""

    events: int
    items: int
    read: float
    trained: float
    wrote: float
    memory: int


def main() -> None:
    """Measures, prints a table, writes bench/out/size.md and size.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=float, nargs="+", default=[1e6, 1e7, 1e8])
    parser.add_argument(
        "--directory",
        help="directory for the logs; default: that of the system for temporary files",
    )
    arguments = parser.parse_args()
    publish("size", [measure([int(n) for n in arguments.events], arguments.directory)])


def measure(sizes: Sequence[int], directory: str | None = None) -> Part:
    """Trains on synthetic logs of these sizes; each is deleted afterwards."""
    alias, tree = _time_tables()
    runs = []
    for events in sizes:
        with tempfile.TemporaryDirectory(dir=directory) as log:
            make_log(events, min(events // 20, MOST_ITEMS), Path(log))
            runs.append(train(Path(log)))
            print(runs[-1], flush=True)
    return Part(
        name="size",
        title="Size",
        notes=(
            "`item2vec train` as a process of its own over Parquet files of sessions that overlap "
            "in time; every item is kept, one epoch, 100 dimensions, window 5, 5 negatives.",
            "Read: everything from the start of the process to encoded sessions. Write: what comes "
            "next, the index, files and checksums. Memory: the largest resident set, mapped files "
            "included.",
            f"Of {TABLE_ITEMS:,} items: alias table {alias:.1f} s, Huffman tree {tree:.1f} s.",
        ),
        tables=[markdown_table(HEADER, [_row(run) for run in runs])],
        figures={
            "runs": [run._asdict() for run in runs],
            "alias_seconds": alias,
            "tree_seconds": tree,
        },
    )


def make_log(events: int, items: int, directory: Path) -> None:
    """Writes Parquet files of sessions that overlap in time, with items by Zipf's law."""
    random = np.random.default_rng(0)
    first_session = 0
    for number, first in enumerate(range(0, events, EVENTS_IN_A_FILE)):
        n = min(EVENTS_IN_A_FILE, events - first)
        lengths = random.lognormal(2.1, 0.85, 2 * n // MEAN_SESSION + 1).astype(np.int64) + 1
        session = np.repeat(np.arange(len(lengths)), lengths)[:n]
        place = np.arange(n) - np.searchsorted(session, session)
        begin = np.sort(random.integers(0, DAY, len(lengths)))[session] + number * DAY
        item = (items ** random.random(n)).astype(np.int64) - 1
        table = pl.DataFrame(
            {"session_id": session + first_session, "item_id": item, "time": begin + 20e6 * place}
        ).select(
            pl.format("s{}", "session_id").alias("session_id"),
            pl.format("item-{}", "item_id").alias("item_id"),
            pl.col("time").cast(pl.Int64).cast(pl.Datetime("us")),
        )
        table.sort("time").write_parquet(directory / f"{number:04}.parquet")
        first_session += int(session[-1]) + 1


def train(directory: Path) -> Run:
    """Runs `item2vec train` for one epoch with all items; times its steps by its JSON lines."""
    settings = directory / "item2vec.toml"
    settings.touch()
    options = {
        "paths": f"{directory}/*.parquet",
        "session": "session_id",
        "item": "item_id",
        "time": "time",
        "epochs": 1,
        "objective": "negative-sampling",
        "window": 5,
        "negative": 5,
        "sample": 1e-3,
        "models": f"{directory}/models",
        "scratch": directory,
        "log-format": "json",
        "config": settings,
    }
    flags = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    command = [sys.executable, "-m", "trainer", "train", *flags]
    started = time.perf_counter()
    arrivals: dict[str, tuple[float, dict[str, Any]]] = {}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr or ():
            if line.startswith("{"):
                message = json.loads(line)
                arrivals[message["event"]] = (time.perf_counter() - started, message)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"training failed: exit code {process.returncode}")
    read, data = arrivals["data"]
    trained, _ = arrivals["training"]
    return Run(
        data["events_read"],
        data["items"],
        read,
        trained - read,
        time.perf_counter() - started - trained,
        usage.ru_maxrss * 1024,
    )


def _time_tables() -> tuple[float, float]:
    """Times building the alias table and the Huffman tree of ten million items, in seconds."""
    counts = np.sort(np.random.default_rng(0).zipf(1.5, TABLE_ITEMS))[::-1].copy()
    seconds = []
    for build, values in ((alias_table, counts**0.75), (huffman_tree, counts)):
        build(values[:100])  # compiles
        started = time.perf_counter()
        build(values)
        seconds.append(time.perf_counter() - started)
    return seconds[0], seconds[1]


def _row(run: Run) -> tuple[str, ...]:
    return (
        f"{run.events:,}",
        f"{run.items:,}",
        f"{run.read:.1f}",
        f"{run.events / run.read / 1e6:.2f}",
        f"{run.trained:.1f}",
        f"{run.wrote:.1f}",
        f"{run.memory / 1e9:.2f}",
    )


if __name__ == "__main__":
    main()
