"""Watches the memory of the service over a million requests and a hundred swaps of its model.

`python -m bench.endurance`; needs wrk, as `bench.serve` does, and Linux. Exits with 1 if a request
failed, a swap was missed, or the memory grew after the first tenth.
"""

import argparse
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

from bench.made import publish_model
from bench.process import Memory, Service, serving
from bench.report import Part, markdown_table, publish
from bench.serve import CONNECTIONS, drive
from service.model.store import Store

MOST_GROWTH = 1.05  # of the last tenth's memory over the first's
MARKS = 10
# Lua of wrk: similar items, what comes next and a recommendation in turn. ITEMS is replaced.
MIXED = """
local n = 0
local item = function(i) return "item-" .. ((n * 7919 + i * 104729) % ITEMS) end
request = function()
  n = n + 1
  if n % 3 == 0 then return wrk.format("GET", "/similar/" .. item(0) .. "?k=10") end
  if n % 3 == 1 then return wrk.format("GET", "/next/" .. item(0) .. "?k=10") end
  local liked = {}
  for i = 1, 10 do liked[i] = '"' .. item(i) .. '"' end
  local body = '{"liked": [' .. table.concat(liked, ",") .. '], "k": 10}'
  return wrk.format("POST", "/recommend", {["Content-Type"] = "application/json"}, body)
end
"""


class Mark(NamedTuple):
    """The memory after so many swaps and requests, of which so many failed."""

    swaps: int
    requests: int
    errors: int
    memory: Memory


def main() -> None:
    """Measures, prints a table, writes bench/out/memory.md and memory.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=float, default=20_000)
    parser.add_argument("--requests", type=float, default=1_000_000)
    parser.add_argument("--swaps", type=int, default=100)
    arguments = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("bench.endurance: wrk is missing; install it (apt install wrk)")
    items, requests = int(arguments.items), int(arguments.requests)
    with tempfile.TemporaryDirectory() as directory:
        models = Path(directory)
        for _ in range(2):
            publish_model(models, items)
        with serving(models, POLL_SECONDS="0.2") as service:
            marks = list(_marks(service, Store(models), items, requests, arguments.swaps))
            swapped = _versions_served(service) - 1
    publish("memory", [_part(items, marks)])
    _judge(marks, swapped)


def _marks(service: Service, store: Store, items: int, requests: int, swaps: int) -> Iterator[Mark]:
    """The memory at the start and after each tenth of the swaps, while requests are answered."""
    answered, errors = 0.0, 0
    yield Mark(0, 0, 0, service.memory())
    for swap, version in enumerate(islice(cycle(store.versions()), swaps), 1):
        store.promote(version)
        while True:
            load = drive(service.address, MIXED.replace("ITEMS", str(items)), seconds=1)
            answered, errors = answered + load.rate, errors + load.errors
            if answered >= requests * swap / swaps:
                break
        if swap * MARKS % swaps < MARKS:
            mark = Mark(swap, round(answered), errors, service.memory())
            print(mark, flush=True)
            yield mark


def _versions_served(service: Service) -> int:
    """How often the service has loaded a version."""
    with urlopen(f"{service.address}/metrics") as response:
        metrics = response.read().decode()
    [loaded] = re.findall(
        r'^item2vec_model_refreshes_total{model="",outcome="served"} (\S+)$', metrics, re.M
    )
    return int(float(loaded))


def _part(items: int, marks: list[Mark]) -> Part:
    rows = [
        (
            f"{mark.requests:,}",
            str(mark.swaps),
            str(mark.errors),
            f"{mark.memory.pss:.1f}",
            f"{mark.memory.rss:.1f}",
        )
        for mark in marks
    ]
    return Part(
        name="memory",
        title=f"Memory of a worker that serves {items:,} items",
        notes=[
            f"{CONNECTIONS} connections ask for similar items, what comes next and recommendations "
            "in turn, while two versions of the model take turns"
        ],
        tables=[markdown_table(("requests", "swaps", "errors", "PSS (MB)", "RSS (MB)"), rows)],
        figures={"marks": [mark._asdict() for mark in marks]},
    )


def _judge(marks: list[Mark], swapped: int) -> None:
    """Ends with what was missed, if anything was."""
    first, last = marks[1], marks[-1]
    if last.errors:
        sys.exit(f"bench.endurance: {last.errors} requests failed")
    if swapped < last.swaps:
        sys.exit(f"bench.endurance: {swapped} of {last.swaps} swaps were served")
    growth = last.memory.rss / first.memory.rss  # the PSS falls when another process starts
    if growth > MOST_GROWTH:
        sys.exit(f"bench.endurance: the memory grew to {growth:.0%} of what it was after a tenth")


if __name__ == "__main__":
    main()
