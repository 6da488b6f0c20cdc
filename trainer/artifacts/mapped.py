"""Adds the map of its items to an artifact."""

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from service.model.artifact import Artifact
from service.model.item_map import SIDE, ItemMap, MapGroup, MapSettings
from service.model.neighbors import NOTHING, NeighborLists
from service.model.similarity import unit
from trainer.config.sections import MapConfig
from trainer.continuations.neighbors import nearest
from trainer.corpus import Vocabulary
from trainer.faiss_threads import faiss_threads
from trainer.maps.clusters import bincount_of, cluster_names, clusters_of, means_of
from trainer.maps.pairs import NEAR
from trainer.maps.placing import EarlierPlaces, place_items

FEWEST = 10  # items that are worth a map
MOST_LAID_OUT = 150_000
SAMPLED = 100_000  # of more items, the most frequent, are laid out, and others beside them
NAMED = 50_000  # items, the most frequent, that clusters are named by


def with_map(
    artifact: Artifact, config: MapConfig, workers: int, earlier: Artifact | None = None
) -> Artifact:
    """The artifact with a map; without one if there are too few items, or none is wanted.

    Args:
        artifact: with its vectors and, if there are any, its lists of similar items.
        config: whether a map is wanted, and how many clusters.
        workers: threads.
        earlier: the version before: the map goes on from its map, if it has one.
    """
    items = artifact.manifest.items
    if not config.positions or items < FEWEST:
        return artifact
    begun = time.perf_counter()
    units = unit(np.asarray(artifact.input_vectors))
    laid_out = items if items <= MOST_LAID_OUT else SAMPLED
    before = None if earlier is None else _before(artifact, earlier)
    with faiss_threads(workers):
        lists, near = _neighbors(units, artifact.neighbors, laid_out)
        clusters = min(config.clusters, max(1, round(np.sqrt(items / 2))))
        members = clusters_of(units, clusters, _earlier_means(units, before, earlier, clusters))
    places = _earlier_places(before, earlier)
    placed = place_items(units[:laid_out], near, lists, workers, places)
    settings = MapSettings(
        groups=_groups(artifact, members, clusters, placed.places),
        placed=laid_out,
        scale=placed.scale,
        seconds=round(time.perf_counter() - begun, 1),
        continued=earlier.manifest.model_version if earlier and placed.goes_on else None,
    )
    return replace(artifact, map=ItemMap.of(placed.places, members, artifact.counts, settings))


def _before(artifact: Artifact, earlier: Artifact) -> NDArray[np.int64]:
    """The row that each item had in the earlier version, -1 for a new one: int64 [items]."""
    known = Vocabulary(list(earlier.item_ids), np.zeros(0, np.int64))
    return np.asarray(known.rows(list(artifact.item_ids)), np.int64)


def _earlier_places(
    before: NDArray[np.int64] | None, earlier: Artifact | None
) -> EarlierPlaces | None:
    if before is None or earlier is None or earlier.map is None:
        return None
    scale = earlier.map.settings.scale
    places = (earlier.map.places - SIDE / 2) / scale
    found = np.where((before >= 0)[:, None], places[before], np.nan).astype(np.float32)
    return EarlierPlaces(found, scale)


def _earlier_means(
    units: NDArray[np.float32],
    before: NDArray[np.int64] | None,
    earlier: Artifact | None,
    clusters: int,
) -> NDArray[np.float32] | None:
    """The means of the earlier clusters by the vectors of today, so that colors stay."""
    if before is None or earlier is None or earlier.map is None:
        return None
    if len(earlier.map.settings.groups) != clusters:
        return None
    groups = earlier.map.points["group"].astype(np.int64)
    return means_of(units, np.where(before >= 0, groups[before], NOTHING), clusters)


def _neighbors(
    units: NDArray[np.float32], lists: NeighborLists | None, laid_out: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The nearest of all items of each item, and those of the items that are laid out alone."""
    wanted = min(NEAR, len(units) - 1)
    if lists is not None and lists.items.shape[1] >= wanted:
        every = lists.items
    else:
        every = search_neighbors(units, wanted)
    if laid_out == len(units):
        return every, every[:, :wanted]
    return every, search_neighbors(units[:laid_out], NEAR)


def search_neighbors(units: NDArray[np.float32], n: int) -> NDArray[np.int32]:
    """The n items nearest by cosine to each, int32 [items, n], padded with NOTHING."""
    found = np.full((len(units), n), NOTHING, np.int32)
    for batch, neighbors, _ in nearest(units, lambda batch: units[batch], n):
        found[batch] = neighbors
    return found


def _groups(
    artifact: Artifact,
    members: NDArray[np.int64],
    clusters: int,
    places: NDArray[np.float32],
) -> list[MapGroup]:
    names = [
        title or item_id
        for item_id, title in zip(artifact.item_ids[:NAMED], artifact.titles[:NAMED], strict=True)
    ]
    middles = [
        np.median(places[members == cluster], axis=0) if (members == cluster).any() else (0, 0)
        for cluster in range(clusters)
    ]
    return [
        MapGroup(name=name, items=items, x=round(float(x)), y=round(float(y)))
        for name, items, (x, y) in zip(
            cluster_names(names, members[:NAMED], clusters),
            bincount_of(members, clusters).tolist(),
            middles,
            strict=True,
        )
    ]
