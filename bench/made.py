"""A made model to measure speed with: random clusters of items whose counts follow Zipf's law."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from service.model.artifact import Artifact, Manifest
from service.model.continuations import Continuations, Lists, NextSettings
from service.model.logit import CandidateSettings, Logit, Weights
from service.model.neighbors import NeighborLists
from service.model.sequences import LAST, LAST_AND_THIRD, LAST_TWO, Sequences
from service.model.similarity import SimilarSettings
from service.model.store import Store
from service.model.voices import VOICES
from trainer.artifacts.index import cosine_index
from trainer.config.cores import usable_cores
from trainer.config.sections import IndexConfig
from trainer.continuations.fit import LENGTHS

SIZE, CLUSTERS = 100, 400
MOST_CONTINUATIONS = 10_000_000
LISTED, MOST_SEEN = 50, 1_000_000
STEP = 104_729  # from an item to the one before it in the sessions that are asked about
LONGEST_ROW = 30  # of what came after a sequence

RankerName = Literal["logit", "table"]


def count_of(row: int) -> int:
    """How often an item was seen."""
    return MOST_SEEN // (row + 1) + 1


def make_continuations(
    items: int, ranker: RankerName, random: np.random.Generator
) -> Continuations:
    """A table of random items; with a logit, all else that has a say in what comes next."""
    width = min(200, MOST_CONTINUATIONS // items)
    scores = np.sort(random.random((items, width), np.float32))[:, ::-1].ravel().copy()
    table = random.integers(0, items, items * width, np.int32)
    offsets = np.arange(0, items * width + 1, width)
    settings = NextSettings(decay=0.5, last_items=20)
    plain = Continuations(Lists(table, offsets), scores, settings)
    if ranker == "table":
        return plain
    return Continuations(
        plain.table,
        plain.scores,
        settings.model_copy(update={"logit": _logit()}),
        _sequences(items, random),
        (_counts(items) // 10).astype(np.int32),
    )


def make_vectors(items: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Random clusters, float32 [items, SIZE]."""
    centers = random.normal(size=(CLUSTERS, SIZE)).astype(np.float32)
    vectors: NDArray[np.float32] = random.normal(scale=0.7, size=(items, SIZE)).astype(np.float32)
    vectors += centers[random.integers(0, CLUSTERS, items)]
    return vectors


def publish_model(
    models: Path,
    items: int,
    search: Literal["quantized", "exact"] = "quantized",
    listed: int = LISTED,
    ranker: RankerName = "logit",
) -> None:
    """Publishes a made model.

    What is only looked up, the table and the lists of similar items, holds random items.
    """
    random = np.random.default_rng(0)
    vectors, counts = make_vectors(items, random), _counts(items)
    config = IndexConfig(search=search)
    similar = SimilarSettings(decay=1, answer_shrinkage=3, query_shrinkage=20)
    continuations = make_continuations(items, ranker, random)
    lists = NeighborLists(
        random.integers(0, items, (items, listed), np.int32),
        np.sort(random.random((items, listed), np.float32))[:, ::-1].copy(),
    )

    def build(version: str) -> Artifact:
        return Artifact(
            manifest=Manifest(
                model_version=version,
                created=datetime.now(UTC),
                items=items,
                vector_size=SIZE,
                output="none",
                config={},
                data={},
                metrics={},
                verdict="not for serving",
                similar=similar,
                next=continuations.settings,
            ),
            item_ids=[f"item-{row}" for row in range(items)],
            titles=[f"Title of item number {row}" for row in range(items)],
            metadata={},
            counts=counts,
            input_vectors=vectors,
            output_vectors=np.zeros_like(vectors),
            cosine_index=cosine_index(vectors, counts, similar, config, usable_cores()),
            continuations=continuations,
            neighbors=lists,
        )

    store = Store(models)
    store.promote(store.add(build).model_version)


def _counts(items: int) -> NDArray[np.int64]:
    return MOST_SEEN // np.arange(1, items + 1) + 1


def _logit() -> Logit:
    """Every voice has a weight: what that costs is measured, not how well it ranks."""
    weights = np.linspace(0.1, 0.4, len(VOICES)).tolist()
    same = Weights(voices=[weights] * len(LENGTHS), others=[(1.0, 0.1, -0.1)] * len(LENGTHS))
    return Logit(
        names=list(VOICES),
        lengths=list(LENGTHS),
        candidates=CandidateSettings(),
        seen=same,
        unseen=same,
    )


def _sequences(items: int, random: np.random.Generator) -> Sequences:
    """Random items after each item, and after both pairs that a session of steps ends with."""
    rows, width = np.arange(items), min(LONGEST_ROW, MOST_CONTINUATIONS // items)
    endings = {LAST: 0 * rows, LAST_TWO: rows - STEP, LAST_AND_THIRD: rows - 2 * STEP}
    keys = [
        np.sort((ending * items + before % items) * items + rows)
        for ending, before in endings.items()
    ]
    n = len(keys) * items
    return Sequences(
        keys=np.concatenate(keys),
        offsets=np.arange(0, n * width + 1, width),
        items=random.integers(0, items, n * width, np.int32),
        shares=np.sort(random.random((n, width), np.float32))[:, ::-1].ravel() / np.float32(width),
    )
