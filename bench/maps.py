"""Times the map of items, and measures how far it keeps neighbors together.

`python -m bench.maps` lays out made models; `--models models` adds the current model of a store.
"""

import argparse
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.machine import describe_machine, machine_line
from bench.made import SIZE, make_vectors
from bench.report import markdown_table
from service.model.item_map import SIDE
from service.model.similarity import unit
from service.model.store import Store
from trainer.artifacts.mapped import MOST_LAID_OUT, SAMPLED, search_neighbors
from trainer.config.cores import usable_cores
from trainer.maps.clusters import clusters_of
from trainer.maps.placing import EarlierPlaces, Placed, place_items

SIZES = (4_000, 50_000, 1_000_000)
LISTED = 50
ASKED = 500  # items whose neighbors are compared
NEAREST, AMONG = 10, 50


class Timed(NamedTuple):
    """A map, and the seconds of its two steps."""

    placed: Placed
    clusters: float
    layout: float


def time_map(
    units: NDArray[np.float32], lists: NDArray[np.int32], earlier: EarlierPlaces | None
) -> Timed:
    """Makes a map of items whose lists of similar items are known, as they are in a night."""
    workers = usable_cores()
    laid_out = len(units) if len(units) <= MOST_LAID_OUT else SAMPLED
    begun = time.perf_counter()
    clusters_of(units, 24)
    clustered = time.perf_counter()
    near = lists[:, :NEAREST] if laid_out == len(units) else search_neighbors(units[:laid_out], 10)
    placed = place_items(units[:laid_out], near, lists, workers, earlier)
    return Timed(placed, clustered - begun, time.perf_counter() - clustered)


def kept_together(units: NDArray[np.float32], places: NDArray[np.float32]) -> float:
    """The share of the 10 nearest on the map that are among the 50 nearest in space."""
    asked = np.random.default_rng(0).choice(len(units), ASKED, replace=False)
    shares = []
    for item in asked.tolist():
        distances = ((places - places[item]) ** 2).sum(axis=1)
        distances[item] = np.inf
        near = np.argpartition(distances, NEAREST)[:NEAREST]
        cosines = units @ units[item]
        cosines[item] = -2
        shares.append(np.isin(near, np.argpartition(-cosines, AMONG)[:AMONG]).mean())
    return float(np.mean(shares))


def row(name: str, units: NDArray[np.float32], lists: NDArray[np.int32]) -> list[str]:
    """A map that begins anew, and one that goes on from it."""
    anew = time_map(units, lists, None)
    earlier = (anew.placed.places - SIDE / 2) / anew.placed.scale
    going_on = time_map(units, lists, EarlierPlaces(earlier, anew.placed.scale))
    moved = np.linalg.norm(going_on.placed.places - anew.placed.places, axis=1) / SIDE
    return [
        name,
        f"{len(units):,}",
        f"{anew.clusters + anew.layout:.1f}",
        f"{going_on.clusters + going_on.layout:.1f}",
        f"{kept_together(units, anew.placed.places):.2f}",
        f"{kept_together(units, going_on.placed.places):.2f}",
        f"{np.median(moved):.1%}",
    ]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--models", type=Path, help="a store, whose current model is mapped too")
    arguments = parser.parse_args()
    random = np.random.default_rng(0)
    rows = []
    for items in arguments.sizes:
        units = unit(make_vectors(items, random))
        rows.append(row(f"made, {SIZE} numbers", units, search_neighbors(units, LISTED)))
        print(rows[-1], flush=True)
    if arguments.models:
        artifact = Store(arguments.models).load()
        units = unit(np.asarray(artifact.input_vectors))
        rows.append(row("current model", units, search_neighbors(units, LISTED)))
    head = ["vectors", "items", "s anew", "s going on", "kept anew", "kept going on", "median move"]
    print(f"{machine_line(describe_machine())}\n\n{markdown_table(head, rows)}")


if __name__ == "__main__":
    main()
