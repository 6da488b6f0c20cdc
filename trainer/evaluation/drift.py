"""Measures how far the answers of two models agree, item by item."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.model.artifact import Artifact
from service.model.lineage import BANDS, Agreement, Band, Drift, NoiseFloor
from service.model.recommender import Recommender
from service.model.similarity import unit
from trainer.arrays import ROWS_AT_ONCE
from trainer.corpus import Vocabulary
from trainer.evaluation.ranking import NOTHING, rank_unseen
from trainer.evaluation.served import Served
from trainer.evaluation.splits import alone

LIST_LENGTH = 10
ASKED = 300  # items of each band, so that a mean overlap is known to about .01


class _Shared(NamedTuple):
    """The items that two models share, most frequent first.

    new: int64 [shared], their rows in the new model.
    old: int64 [shared], their rows in the old one.
    new_of_old: int32 [items of the old model], the new row of each, -1 if it is gone.
    """

    new: NDArray[np.int64]
    old: NDArray[np.int64]
    new_of_old: NDArray[np.int32]


def measure_drift(new: Artifact, old: Artifact, floor: NoiseFloor | None) -> Drift | None:
    """How far a new model agrees with the version before; None if they share no item.

    Args:
        new: the new model.
        old: the version before.
        floor: what chance alone does, if that was measured.
    """
    bands = agreement_by_band(new, old)
    if not bands:
        return None
    return Drift(
        since=old.manifest.model_version,
        bands=bands,
        cosine=_weighted_cosine(new, old, _shared(new, old)),
        floor=floor,
    )


def agreement_by_band(new: Artifact, old: Artifact) -> dict[Band, Agreement]:
    """How far two models agree about frequent, middling and rare shared items.

    Each band is a third of the shared items, by their rows in the new model, and is left out if
    it is empty. Of each, up to 300 items are asked about.
    """
    shared = _shared(new, old)
    rankers = [Served(Recommender(artifact)) for artifact in (new, old)]
    same_space = new.manifest.vector_space == old.manifest.vector_space
    bands: dict[Band, Agreement] = {}
    thirds = np.array_split(np.arange(len(shared.new)), len(BANDS))
    for band, third in zip(BANDS, thirds, strict=True):
        if not len(third):
            continue
        asked = third[np.linspace(0, len(third) - 1, min(len(third), ASKED)).astype(np.int64)]
        rows = shared.new[asked], shared.old[asked]
        new_lists, old_lists = (
            rank_unseen(ranker, alone(some.astype(np.int32)), LIST_LENGTH).items
            for ranker, some in zip(rankers, rows, strict=True)
        )
        overlaps = _overlaps(new_lists, old_lists, shared.new_of_old)
        bands[band] = Agreement(
            items=len(asked),
            overlap=float(overlaps.mean()),
            deviation=float(overlaps.std() / np.sqrt(len(asked))),
            cosine=float(_cosines(new, old, *rows).mean()) if same_space else None,
        )
    return bands


def _shared(new: Artifact, old: Artifact) -> _Shared:
    new_of_old = Vocabulary(new.item_ids, new.counts).rows(old.item_ids)
    known = np.flatnonzero(new_of_old >= 0)
    known = known[np.argsort(new_of_old[known])]
    return _Shared(new_of_old[known].astype(np.int64), known, new_of_old)


def _overlaps(
    new: NDArray[np.int32], old: NDArray[np.int32], new_of_old: NDArray[np.int32]
) -> NDArray[np.float64]:
    """The share of common items in two lists of each case, 1 if both are empty."""
    lengths = np.maximum((new != NOTHING).sum(axis=1), (old != NOTHING).sum(axis=1))
    translated = np.where(old == NOTHING, NOTHING, new_of_old[old])
    common = (new[:, :, None] == translated[:, None, :]) & (new != NOTHING)[:, :, None]
    shares: NDArray[np.float64] = np.divide(
        common.sum(axis=(1, 2)), lengths, out=np.ones(len(new)), where=lengths > 0
    )
    return shares


def _weighted_cosine(new: Artifact, old: Artifact, shared: _Shared) -> float | None:
    """The mean cosine of an item's two vectors by its count; None in different spaces."""
    if new.manifest.vector_space != old.manifest.vector_space:
        return None
    counts = new.counts[shared.new]
    total = sum(
        float(counts[part] @ _cosines(new, old, shared.new[part], shared.old[part]))
        for part in _parts(len(counts))
    )
    return total / float(counts.sum())


def _parts(rows: int) -> Iterator[slice]:
    for first in range(0, rows, ROWS_AT_ONCE):
        yield slice(first, first + ROWS_AT_ONCE)


def _cosines(
    new: Artifact, old: Artifact, new_rows: NDArray[np.int64], old_rows: NDArray[np.int64]
) -> NDArray[np.float32]:
    products: NDArray[np.float32] = np.einsum(
        "ij,ij->i", unit(new.input_vectors[new_rows]), unit(old.input_vectors[old_rows])
    )
    return products
