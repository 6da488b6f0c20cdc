"""What a served model takes, of disk and of memory, by the number of its items.

`python -m bench.footprint --items 50000 1000000`; Linux.
"""

import argparse
import json
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple
from urllib.request import Request, urlopen

import numpy as np

from bench.made import publish_model
from bench.process import Service, serving
from bench.report import Part, markdown_table, publish
from service.model.store import Store

REQUESTS = 500


class Footprint(NamedTuple):
    """Megabytes and seconds of a model of so many items."""

    items: int
    disk: float
    ready: float
    memory: float
    at_a_swap: float


def main() -> None:
    """Measures, prints a table, writes bench/out/footprint.md and footprint.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, nargs="+", default=[5_000, 50_000, 200_000, 1_000_000])
    sizes = parser.parse_args().items
    publish("footprint", [_part([_measure(items) for items in sizes])])


def _measure(items: int) -> Footprint:
    with tempfile.TemporaryDirectory() as directory:
        models = Path(directory)
        for _ in range(2):
            publish_model(models, items)
        store = Store(models)
        older, newer = store.versions()
        files = (models / "versions" / newer).rglob("*")
        disk = sum(file.stat().st_size for file in files if file.is_file()) / 1e6
        started = time.perf_counter()
        with serving(models, POLL_SECONDS="0.2") as service:
            ready = time.perf_counter() - started
            _ask(service, items)
            memory = service.memory().rss
            store.promote(older)
            swapping = _largest_until_swapped(service, older, items)
    return Footprint(items, disk, ready, memory, max(memory, swapping))


def _ask(service: Service, items: int) -> None:
    """Asks for tastes of ten items each, from all over the catalogue."""
    random = np.random.default_rng(0)
    for liked in random.integers(0, items, (REQUESTS, 10)):
        body = json.dumps({"liked": [f"item-{item}" for item in liked]}).encode()
        headers = {"Content-Type": "application/json"}
        with urlopen(Request(f"{service.address}/recommend", body, headers)) as response:
            response.read()


def _largest_until_swapped(service: Service, version: str, items: int) -> float:
    """The most memory while another version takes the place of the one served under load."""
    load = threading.Thread(target=_ask, args=(service, items))
    load.start()
    largest, served = 0.0, ""
    while load.is_alive() or served != version:
        largest = max(largest, service.memory().rss)
        with urlopen(f"{service.address}/model") as response:
            served = json.load(response)["model_version"]
        time.sleep(0.02)
    load.join()
    return largest


def _part(footprints: list[Footprint]) -> Part:
    header = ("items", "on disk (MB)", "ready after (s)", "memory (MB)", "at a swap (MB)")
    rows = [(f"{each.items:,}", *(f"{figure:,.0f}" for figure in each[1:])) for each in footprints]
    return Part(
        name="footprint",
        title="What a served model takes",
        notes=[f"one worker, after {REQUESTS:,} tastes; all resident pages, mapped files included"],
        tables=[markdown_table(header, rows)],
        figures={"footprints": [each._asdict() for each in footprints]},
    )


if __name__ == "__main__":
    main()
