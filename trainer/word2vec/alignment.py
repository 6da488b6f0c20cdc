"""Turns new vectors onto those of an earlier model, so that an item's vector stays where it was.

Training fixes vectors up to a rotation of the whole space. The rotation Q that brings the new input
vectors A closest to the old ones B is the solution of the orthogonal Procrustes problem (Schönemann
1966; of word vectors: Hamilton, Leskovec & Jurafsky, arXiv 1605.09096): Q = U Vᵀ, where U Σ Vᵀ is
the singular value decomposition of Aᵀ D B. Scores are inner products and cosines, so that turning
input and output vectors by the same Q leaves all of them as they are.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.model.similarity import unit
from trainer.arrays import blocks
from trainer.corpus import Vocabulary
from trainer.word2vec.matrices import KnownVectors

LEAST_COUNT = 20  # events of an item in both models, or its vector says too little
MOST_WEIGHED = 1_000  # events beyond which an item weighs no more
MOST_ITEMS = 50_000  # the most frequent ones settle any rotation
DROPPED = 0.2  # of the items: those that changed most may not pull the others along
LEAST_COSINE = 0.5  # on average after turning, or the same ids are not the same items


class AlignmentError(Exception):
    """There is no rotation worth the name."""


@dataclass(frozen=True, eq=False)
class EarlierModel(KnownVectors):
    """The vectors of an earlier model whose space new ones continue.

    Attributes:
        version: its name.
        space: the name of that space.
        counts: int64 [items], how often each was seen in its training.
        share: its share when it is blended with new vectors, from 0 to below 1; 0: it is not.
    """

    version: str
    space: str
    counts: NDArray[np.int64]
    share: float


class Anchors(NamedTuple):
    """What a rotation is found by.

    new: float64 [items, vector_size], unit vectors of shared items.
    old: float64 [items, vector_size], the same items in the earlier model.
    weights: float64 [items].
    """

    new: NDArray[np.float64]
    old: NDArray[np.float64]
    weights: NDArray[np.float64]

    def cosines(self, rotation: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """The cosine of each item's two vectors, after a rotation if there is one."""
        turned = self.new if rotation is None else self.new @ rotation
        products: NDArray[np.float64] = np.einsum("ij,ij->i", turned, self.old)
        return products

    def take(self, kept: NDArray[np.bool_]) -> "Anchors":
        """The items that are kept."""
        return Anchors(self.new[kept], self.old[kept], self.weights[kept])


@dataclass(frozen=True, eq=False)
class Rotation:
    """A rotation and how well it fits.

    Attributes:
        matrix: float64 [vector_size, vector_size], orthogonal; rows are turned by `row @ matrix`.
        items: how many items it was found by.
        cosine_before: the mean cosine of these items' two vectors.
        cosine_after: the same after turning.
    """

    matrix: NDArray[np.float64]
    items: int
    cosine_before: float
    cosine_after: float

    def turn(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """The rows turned, in a new array."""
        turned = np.empty(vectors.shape, np.float32)
        for source, target in zip(blocks(vectors), blocks(turned), strict=True):
            np.matmul(source.astype(np.float64), self.matrix, out=target, casting="same_kind")
        return turned


def find_rotation(
    vectors: NDArray[np.float32], vocabulary: Vocabulary, earlier: EarlierModel
) -> Rotation:
    """Finds the rotation that brings vectors closest to those of an earlier model.

    Shared items decide, the frequent ones more. The fifth that fits worst is left out and the
    rotation found again, so that items that really changed do not turn the others.

    Args:
        vectors: float32 [items, vector_size], input vectors.
        vocabulary: their items, most frequent first.
        earlier: the earlier model.

    Raises:
        AlignmentError: vectors have another size, too few items are shared, or they do not fit.
    """
    size, old_size = vectors.shape[1], earlier.input.shape[1]
    if size != old_size:
        raise AlignmentError(f"its vectors have {old_size} numbers, the new ones {size}")
    anchors = _anchors(vectors, vocabulary, earlier)
    if len(anchors.weights) < size:
        raise AlignmentError(
            f"it shares {len(anchors.weights):,} items of at least {LEAST_COUNT} events, too "
            f"few to turn vectors of {size} numbers: {size:,} are needed"
        )
    cosines = anchors.cosines(_procrustes(anchors))
    matrix = _procrustes(anchors.take(cosines >= np.quantile(cosines, DROPPED)))
    after = float(anchors.cosines(matrix).mean())
    if after < LEAST_COSINE:
        raise AlignmentError(
            f"after turning, the mean cosine of an item's two vectors is only {after:.2f}: the ids "
            "may have come to mean other items"
        )
    return Rotation(matrix, len(anchors.weights), float(anchors.cosines().mean()), after)


def _procrustes(anchors: Anchors) -> NDArray[np.float64]:
    """The orthogonal Q that minimises the weighted squares of `new @ Q - old`."""
    left, _, right = np.linalg.svd((anchors.new * anchors.weights[:, None]).T @ anchors.old)
    rotation: NDArray[np.float64] = left @ right
    return rotation


def _anchors(
    vectors: NDArray[np.float32], vocabulary: Vocabulary, earlier: EarlierModel
) -> Anchors:
    rows = vocabulary.rows(earlier.item_ids)
    old = np.flatnonzero(rows >= 0)
    new = rows[old]
    counts = np.minimum(vocabulary.counts[new], earlier.counts[old])
    weighty = counts >= LEAST_COUNT
    weighty &= vectors[new].any(axis=1) & earlier.input[old].any(axis=1)
    chosen = np.flatnonzero(weighty)
    chosen = chosen[np.argsort(-counts[chosen], kind="stable")][:MOST_ITEMS]
    return Anchors(
        unit(vectors[new[chosen]]).astype(np.float64),
        unit(earlier.input[old[chosen]]).astype(np.float64),
        np.sqrt(np.minimum(counts[chosen], MOST_WEIGHED)),
    )
