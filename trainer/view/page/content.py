"""Gathers what the page shows besides the charts of the evaluation."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.model.artifact import Artifact, unit
from trainer.evaluation.comparison import Evaluation, Protocol
from trainer.evaluation.ranking import MISSED, NOTHING, answer_ranks
from trainer.evaluation.served import Served
from trainer.evaluation.splits import UNSEEN, Cases, sample

MAPPED_ITEMS = 2000
SAMPLES = 8
SHOWN_OF_QUERY = 5
SHOWN_OF_ANSWER = 5
SEED = 0


@dataclass(frozen=True)
class Sample:
    """One case as a person reads it.

    Attributes:
        query: names of the prefix's last items, oldest first.
        answer: the name of what came next.
        rank: its rank from 0, None where it is not among the best.
        recommended: names of what the model recommends, best first.
    """

    query: list[str]
    answer: str
    rank: int | None
    recommended: list[str]


@dataclass(frozen=True, eq=False)
class ItemMap:
    """Items in a plane.

    Attributes:
        names: one an item, the most frequent first.
        counts: int64 [items].
        places: float64 [items, 2].
    """

    names: list[str]
    counts: NDArray[np.int64]
    places: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PageContent:
    """Everything on the page.

    Attributes:
        title: the headline.
        about: how the cases were held out; may be empty.
        evaluation: the models side by side.
        losses: of each epoch of training.
        session_lengths: int64 [sessions].
        item_map: the most frequent items.
        samples: a few cases.
    """

    title: str
    about: str
    evaluation: Evaluation
    losses: list[float]
    session_lengths: NDArray[np.int64]
    item_map: ItemMap
    samples: list[Sample]


def page_content(
    evaluation: Evaluation,
    served: Served,
    cases: Cases,
    session_lengths: NDArray[np.int64],
    about: str = "",
) -> PageContent:
    """Gathers what the page shows.

    Args:
        evaluation: of `served` and others on `cases`.
        served: the model in question.
        cases: those that it was evaluated on.
        session_lengths: int64 [sessions], of the training sessions.
        about: how the cases were held out, as sentences.
    """
    artifact = served.recommender.artifact
    return PageContent(
        title=f"Model {artifact.manifest.model_version}",
        about=about,
        evaluation=evaluation,
        losses=list(artifact.manifest.metrics.get("epoch_losses") or []),
        session_lengths=session_lengths,
        item_map=_map(artifact),
        samples=_samples(served, cases, evaluation.protocol),
    )


def plane(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """The two directions in which vectors differ most: principal component analysis.

    Args:
        vectors: float32 [items, vector_size].

    Returns:
        float64 [items, 2]; a direction that does not exist is 0.
    """
    centered = vectors.astype(np.float64) - vectors.mean(axis=0)
    left, spread, _ = np.linalg.svd(centered, full_matrices=False)
    places = np.zeros((len(vectors), 2))
    directions = min(2, len(spread))
    places[:, :directions] = left[:, :directions] * spread[:directions]
    return places


def _map(artifact: Artifact) -> ItemMap:
    frequent = np.argsort(-artifact.counts, kind="stable")[:MAPPED_ITEMS]
    return ItemMap(
        [_name(artifact, row) for row in frequent.tolist()],
        artifact.counts[frequent],
        plane(unit(np.asarray(artifact.input_vectors[frequent]))),
    )


def _samples(served: Served, cases: Cases, protocol: Protocol) -> list[Sample]:
    """A few cases from sessions of their own, whose answer and some of whose prefix is known."""
    artifact = served.recommender.artifact
    chosen = sample(cases, 50 * SAMPLES, SEED)
    _, one_a_session = np.unique(chosen.session, return_index=True)
    chosen = chosen.take(one_a_session)
    known = chosen.prefixes().lengths() > 0
    chosen = chosen.take(np.flatnonzero(known & (chosen.answers != UNSEEN)))
    chosen = sample(chosen, SAMPLES, SEED)
    ranked = protocol.rank(served, chosen, max(protocol.ks) + 1)
    ranks = answer_ranks(ranked, chosen.answers).tolist()
    prefixes = chosen.prefixes()
    queries = np.split(prefixes.items, prefixes.offsets[1:-1])
    return [
        Sample(
            query=[_name(artifact, row) for row in query[-SHOWN_OF_QUERY:].tolist()],
            answer=_name(artifact, answer),
            rank=None if rank == MISSED else rank,
            recommended=[_name(artifact, row) for row in rows[:SHOWN_OF_ANSWER] if row != NOTHING],
        )
        for query, answer, rank, rows in zip(
            queries, chosen.answers.tolist(), ranks, ranked.items.tolist(), strict=True
        )
    ]


def _name(artifact: Artifact, row: int) -> str:
    return artifact.titles[row] or artifact.item_ids[row]
