"""Measures how many requests the service answers, beside a bare FastAPI route in the same run.

`python -m bench.serve`; needs wrk (a package of Debian, Fedora and Homebrew).
"""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import NamedTuple, get_args

from bench.made import STEP, RankerName, count_of, publish_model
from bench.process import cpu_seconds, free_port, running, serving
from bench.report import Part, markdown_table, publish

CONNECTIONS = 16
EASY = 0.7  # of the largest rate, at which latencies are compared
BARE = "bare route"
# The Lua scripts of wrk: each request names other items. ITEMS is replaced.
GET = """
local n = 0
request = function()
  n = n + 1
  return wrk.format(nil, "PATH/item-" .. ((n * 7919) % ITEMS) .. "?k=10")
end
"""
POST = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local n = 0
request = function()
  n = n + 1
  local liked = {}
  for i = 1, LIKED do liked[i] = '"item-' .. ((n * 7919 + i * STEP) % ITEMS) .. '"' end
  local body = '{"liked": [' .. table.concat(liked, ",") .. '], "k": 10, MORE}'
  return wrk.format(nil, "/recommend", nil, body)
end
"""
# Many tastes in one request, and many items.
BATCH = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local n = 0
local item = function(i) return '"item-' .. ((n * 7919 + i * STEP) % ITEMS) .. '"' end
request = function()
  n = n + 1
  local each = {}
  for q = 1, 100 do each[q] = EACH end
  return wrk.format(nil, "PATH", nil, '{"NAME": [' .. table.concat(each, ",") .. ']}')
end
"""
TASTE = """ '{"liked": [' .. item(q) .. "," .. item(2 * q) .. "," .. item(3 * q) .. "]}" """
# Items are seen ever less often, so that a least count allows a share of them.
SIMILAR = GET.replace("PATH", "/similar")
SIMILAR_ALLOWED = SIMILAR.replace("?k=10", "?k=10&filter=count%20%3E%3D%20COUNT_OF(SHARE)")
RECOMMEND = POST.replace("LIKED", "10")
RECOMMEND_SIMILAR = RECOMMEND.replace("MORE", '"relation": "similar"')
RECOMMEND_ALLOWED = RECOMMEND.replace("MORE", '"filter": "count >= COUNT_OF(SHARE)"')
NEXT = POST.replace("MORE", '"relation": "next"')
NEXT_SEEN = POST.replace("MORE", '"relation": "next", "allow_seen": true')
QUERIES = {
    BARE: SIMILAR,
    "similar": SIMILAR,
    "next": GET.replace("PATH", "/next"),
    "recommend, 10 liked": RECOMMEND_SIMILAR,
    "recommend next, 5 liked": NEXT.replace("LIKED", "5"),
    "recommend next, 20 liked": NEXT.replace("LIKED", "20"),
    "recommend next, 5 liked, seen allowed": NEXT_SEEN.replace("LIKED", "5"),
    "recommend next, 20 liked, seen allowed": NEXT_SEEN.replace("LIKED", "20"),
    "similar, 1 % allowed": SIMILAR_ALLOWED.replace("SHARE", "0.01"),
    "similar, 50 % allowed": SIMILAR_ALLOWED.replace("SHARE", "0.5"),
    "similar, every item compared": SIMILAR,
    "recommend, 1 % allowed": RECOMMEND_ALLOWED.replace("SHARE", "0.01"),
    "recommend, 50 % allowed": RECOMMEND_ALLOWED.replace("SHARE", "0.5"),
    "recommend, every item compared": RECOMMEND_SIMILAR,
    "100 items in a request": BATCH.replace("PATH", "/similar")
    .replace("NAME", "items")
    .replace("EACH", "item(q)"),
    "100 tastes of 3 in a request": BATCH.replace("PATH", "/recommend/batch")
    .replace("NAME", "queries")
    .replace("EACH", TASTE),
}
# What is asked of a model without lists and codes.
EXACT = {name for name in QUERIES if name.endswith("every item compared")}


class Server(NamedTuple):
    """Where a server listens, and its process."""

    address: str
    pid: int


class Load(NamedTuple):
    """What wrk measured: requests a second, and percentiles of the latency in milliseconds."""

    rate: float
    p50: float
    p95: float
    p99: float
    errors: int


def main() -> None:
    """Measures, prints tables, writes bench/out/serve.md and serve.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=float, nargs="+", default=[50_000, 1_000_000])
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--seconds", type=int, default=8, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--ranker",
        choices=get_args(RankerName),
        default="logit",
        help="what comes next by weighed voices, or by the table alone",
    )
    parser.add_argument("--queries", nargs="+", choices=QUERIES, default=list(QUERIES))
    arguments = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("bench.serve: wrk is missing; install it (apt install wrk)")
    names = [name for name in QUERIES if name in {BARE, *arguments.queries}]
    parts = []
    for items in map(int, arguments.items):
        with tempfile.TemporaryDirectory() as directory:
            models, exact = Path(directory, "models"), Path(directory, "exact")
            publish_model(models, items, ranker=arguments.ranker)
            if EXACT.intersection(names):
                publish_model(exact, items, search="exact", listed=0)
            for workers in arguments.workers:
                with _servers(models, exact, names, workers) as servers:
                    load = Loader(servers, items, arguments.seconds)
                    parts.append(measure(load, workers, arguments.rounds))
    publish("serve", parts)


class Loader(NamedTuple):
    """Loads the server of a query.

    Attributes:
        servers: of each query.
        items: of the models.
        seconds: of each measurement.
    """

    servers: dict[str, Server]
    items: int
    seconds: int

    def __call__(self, name: str, pace: str = "") -> Load:
        """What a query makes, at a pace or as fast as it can."""
        script = _filled(QUERIES[name], self.items) + pace
        return drive(self.servers[name].address, script, self.seconds)

    def cpu(self, name: str) -> float:
        """The processor time that the server of a query has taken so far, in seconds."""
        return cpu_seconds(self.servers[name].pid)


def measure(load: Loader, workers: int, rounds: int) -> Part:
    """Loads the bare route and each query in turn, `rounds` times."""
    names, items, seconds = list(load.servers), load.items, load.seconds
    loads: dict[str, list[Load]] = {name: [] for name in names}
    costs: dict[str, list[float]] = {name: [] for name in names}
    for name in islice(cycle(names), rounds * len(names)):
        before = load.cpu(name)
        loads[name].append(load(name))
        costs[name].append((load.cpu(name) - before) / (loads[name][-1].rate * seconds) * 1000)
        print(f"{items:,} items, {workers} workers, {name}: {loads[name][-1]}", flush=True)
    paces = {name: PACE.replace("MILLISECONDS", str(_pause(some))) for name, some in loads.items()}
    easy = {name: load(name, pace) for name, pace in paces.items()}
    header = (
        *(
            "",
            "requests/s",
            "of the bare route",
            "CPU (ms)",
            "p50 (ms)",
            "p95 (ms)",
            "p99 (ms)",
            "errors",
        ),
        *("at an easy rate", "p50 (ms)", "p99 (ms)"),
    )
    return Part(
        name=f"serve_{items}_{workers}",
        title=f"{items:,} items, {workers} {'worker' if workers == 1 else 'workers'}",
        notes=[
            f"{CONNECTIONS} connections for {seconds} s, {rounds} rounds in turn, medians; wrk and "
            "the servers share the cores; CPU: processor time of the server for an answer"
        ],
        tables=[
            markdown_table(header, [_row(name, loads, costs[name], easy[name]) for name in names])
        ],
        figures={
            name: {"loads": [load._asdict() for load in some], "easy": easy[name]._asdict()}
            for name, some in loads.items()
        },
    )


def _filled(script: str, items: int) -> str:
    """A script for a made model of so many items."""
    script = script.replace("ITEMS", str(items)).replace("STEP", str(STEP))
    return re.sub(
        r"COUNT_OF\((.*?)\)", lambda share: str(count_of(int(float(share[1]) * items) - 1)), script
    )


def _pause(loads: list[Load]) -> float:
    """Milliseconds between an answer and the next request of a connection, at an easy rate.

    An answer then takes about a third of what it takes at the largest rate.
    """
    rate, p50 = (median(getattr(load, name) for load in loads) for name in ("rate", "p50"))
    return 1000 * CONNECTIONS / (EASY * rate) - p50 / 3


def _row(
    name: str, loads: dict[str, list[Load]], costs: list[float], easy: Load
) -> tuple[str, ...]:
    rates = [load.rate for load in loads[name]]
    shares = [load.rate / bare.rate for load, bare in zip(loads[name], loads[BARE], strict=True)]
    latencies = [
        f"{median(getattr(load, percentile) for load in loads[name]):.2f}"
        for percentile in ("p50", "p95", "p99")
    ]
    errors = sum(load.errors for load in loads[name])
    return (
        *(name, f"{median(rates):,.0f}", f"{median(shares):.0%}", f"{median(costs):.2f}"),
        *(*latencies, str(errors)),
        *(f"{easy.rate / median(rates):.0%}", f"{easy.p50:.2f}", f"{easy.p99:.2f}"),
    )


def drive(address: str, script: str, seconds: int) -> Load:
    """Loads an address with a Lua script."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(f"{script}\n{REPORT}")
        file.flush()
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}", "-s", file.name, address]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    [figures] = re.findall(r"^figures (.*)$", output, re.MULTILINE)
    rate, p50, p95, p99, errors = map(float, figures.split())
    return Load(rate, p50, p95, p99, int(errors))


REPORT = """
done = function(summary, latency, requests)
  local e = summary.errors
  print(string.format("figures %f %f %f %f %d",
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1e3,
    latency:percentile(95) / 1e3, latency:percentile(99) / 1e3,
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""
# Each connection waits between its requests; wrk counts whole milliseconds.
PACE = """
delay = function() return math.floor(MILLISECONDS + math.random()) end
"""


@contextmanager
def _servers(
    models: Path, exact: Path, names: list[str], workers: int
) -> Iterator[dict[str, Server]]:
    """The server of each query."""
    with ExitStack() as stack:
        bare = stack.enter_context(_bare(workers))
        plain = stack.enter_context(serving(models, WORKERS=str(workers)))
        others = {name: Server(plain.address, plain.pid) for name in names} | {BARE: bare}
        if slow := EXACT.intersection(names):
            service = stack.enter_context(serving(exact, WORKERS=str(workers)))
            others |= dict.fromkeys(slow, Server(service.address, service.pid))
        yield others


@contextmanager
def _bare(workers: int) -> Iterator[Server]:
    address = f"http://127.0.0.1:{(port := free_port())}"
    command = [sys.executable, "-m", "uvicorn", "bench.bare:app", "--no-access-log"]
    options = ["--log-level", "warning", "--workers", str(workers), "--port", str(port)]
    with running([*command, *options], f"{address}/similar/x", {}) as process:
        yield Server(address, process.pid)


if __name__ == "__main__":
    main()
