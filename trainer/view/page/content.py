"""Gathers everything that the page shows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.model.artifact import Artifact
from service.model.similarity import unit
from trainer.evaluation.comparison import Evaluation, EvaluationProtocol
from trainer.evaluation.interchangeability import Interchangeability
from trainer.evaluation.ranking import MISSED, NOTHING, answer_ranks
from trainer.evaluation.served import Served
from trainer.evaluation.splits import UNSEEN, Cases, sample

MAPPED_ITEMS = 2000
SAMPLES = 8
ITEMS_OF_QUERY = 5
ITEMS_OF_LIST = 5
SEED = 0


@dataclass(frozen=True)
class Sample:
    """One case as a person reads it.

    Attributes:
        query: names of the prefix's last items, oldest first.
        answer: the name of the item that came next.
        rank: its rank from 0, None if it is not in the list.
        recommended: names of the recommended items, best first.
    """

    query: list[str]
    answer: str
    rank: int | None
    recommended: list[str]


@dataclass(frozen=True, eq=False)
class ItemMap:
    """Items in a plane.

    Attributes:
        names: one per item, the most frequent first.
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
        interchangeability: what the neighbours of all of them have in common with the item.
        losses: the loss of each epoch; empty if there is none.
        session_lengths: int64 [sessions].
        item_map: the most frequent items.
        samples: a few cases.
    """

    title: str
    about: str
    evaluation: Evaluation
    interchangeability: Interchangeability
    losses: list[float]
    session_lengths: NDArray[np.int64]
    item_map: ItemMap
    samples: list[Sample]


def page_content(
    evaluation: Evaluation,
    interchangeability: Interchangeability,
    served: Served,
    cases: Cases,
    session_lengths: NDArray[np.int64],
    about: str = "",
) -> PageContent:
    """Gathers what the page shows.

    Args:
        evaluation: of `served` and other models on `cases`.
        interchangeability: of the same models.
        served: the evaluated model.
        cases: the cases of the evaluation.
        session_lengths: int64 [sessions], of the training sessions.
        about: how the cases were held out, as sentences.
    """
    artifact = served.recommender.artifact
    return PageContent(
        title=f"Model {artifact.manifest.model_version}",
        about=about,
        evaluation=evaluation,
        interchangeability=interchangeability,
        losses=list(artifact.manifest.metrics.get("epoch_losses") or []),
        session_lengths=session_lengths,
        item_map=_map(artifact),
        samples=_samples(served, cases, evaluation.protocol),
    )


def plane(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """The vectors projected onto their first two principal components.

    Args:
        vectors: float32 [items, vector_size].

    Returns:
        float64 [items, 2]; a component that does not exist is 0.
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
        [_name(artifact, item) for item in frequent.tolist()],
        artifact.counts[frequent],
        plane(unit(np.asarray(artifact.input_vectors[frequent]))),
    )


def _samples(served: Served, cases: Cases, protocol: EvaluationProtocol) -> list[Sample]:
    """A few cases of different sessions; each has a known answer and a known item of its prefix."""
    artifact = served.recommender.artifact
    cases = sample(cases, 50 * SAMPLES, SEED)
    _, first_of_session = np.unique(cases.session, return_index=True)
    cases = cases.take(first_of_session)
    answerable = cases.prefixes().lengths() > 0
    cases = cases.take(np.flatnonzero(answerable & (cases.answers != UNSEEN)))
    cases = sample(cases, SAMPLES, SEED)
    ranked = protocol.rank(served, cases, max(protocol.ks) + 1)
    ranks = answer_ranks(ranked, cases.answers).tolist()
    prefixes = cases.prefixes()
    queries = np.split(prefixes.items, prefixes.offsets[1:-1])
    return [
        Sample(
            query=[_name(artifact, item) for item in query[-ITEMS_OF_QUERY:].tolist()],
            answer=_name(artifact, answer),
            rank=None if rank == MISSED else rank,
            recommended=[
                _name(artifact, item) for item in items[:ITEMS_OF_LIST] if item != NOTHING
            ],
        )
        for query, answer, rank, items in zip(
            queries, cases.answers.tolist(), ranks, ranked.items.tolist(), strict=True
        )
    ]


def _name(artifact: Artifact, item: int) -> str:
    return artifact.titles[item] or artifact.item_ids[item]
