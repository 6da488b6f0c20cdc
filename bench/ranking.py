"""Ranks the answer of each case among the whole catalogue.

Ties count against the model. The query is never recommended. An answer that equals the query, or
does not occur in training, is a miss.
"""

from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from bench.cases import Cases
from service.model.artifact import Artifact, Manifest
from service.model.recommender import Recommender
from service.model.similarity import SimilarSettings
from trainer.artifacts.index import cosine_index
from trainer.config.sections import IndexConfig
from trainer.corpus import Vocabulary

CUTOFF = 10
MISSED = np.iinfo(np.int64).max


def rank_scores(scores: NDArray[np.generic], cases: Cases) -> NDArray[np.int64]:
    """The rank of each answer, from 0, by scores [items, items], one row per query."""
    ranks = np.full(len(cases.queries), MISSED)
    for case, (query, answer) in enumerate(zip(cases.queries, cases.answers, strict=True)):
        if answer >= 0 and answer != query:
            at_least = scores[query] >= scores[query, answer]
            ranks[case] = np.count_nonzero(at_least) - at_least[query] - 1
    return ranks


def rank_vectors(vectors: NDArray[np.float32], cases: Cases) -> NDArray[np.int64]:
    """The rank of each answer, from 0, or MISSED, as the service ranks with these vectors."""
    ids = cases.vocabulary.item_ids
    recommender = Recommender(_artifact(vectors, cases.vocabulary))
    ranks = np.full(len(cases.queries), MISSED)
    for case, (query, answer) in enumerate(zip(cases.queries, cases.answers, strict=True)):
        # One more than the cutoff: enough to see a tie that pushes the answer beyond it.
        neighbors = recommender.similar(ids[query], CUTOFF + 1)
        scores = {neighbor.item_id: neighbor.score for neighbor in neighbors}
        if answer >= 0 and ids[answer] in scores:
            ranks[case] = sum(score >= scores[ids[answer]] for score in scores.values()) - 1
    return ranks


def hit_rate(ranks: NDArray[np.int64]) -> float:
    """The share of answers among the first ten."""
    return float(np.mean(ranks < CUTOFF))


def ndcg(ranks: NDArray[np.int64]) -> float:
    """The mean of 1 / log2(rank + 2) over the first ten; an answer beyond them counts 0."""
    hits = ranks[ranks < CUTOFF]
    return float(np.sum(1 / np.log2(hits + 2)) / len(ranks))


def _artifact(vectors: NDArray[np.float32], vocabulary: Vocabulary) -> Artifact:
    items, vector_size = vectors.shape
    manifest = Manifest(
        model_version="bench",
        created=datetime.now(UTC),
        items=items,
        vector_size=vector_size,
        output="none",
        config={},
        data={},
        metrics={},
        verdict="not for serving",
        similar=SimilarSettings(),
    )
    return Artifact(
        manifest=manifest,
        item_ids=vocabulary.item_ids,
        titles=[None] * items,
        metadata={},
        counts=vocabulary.counts,
        input_vectors=vectors,
        output_vectors=np.zeros_like(vectors),
        cosine_index=cosine_index(vectors, vocabulary.counts, SimilarSettings(), IndexConfig()),
    )
