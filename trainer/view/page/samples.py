"""A few test cases as a person reads them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from service.model.artifact import Artifact
from trainer.evaluation.comparison import EvaluationProtocol
from trainer.evaluation.ranking import MISSED, NOTHING, answer_ranks
from trainer.evaluation.served import Served
from trainer.evaluation.splits import UNSEEN, Cases, sample

SAMPLES = 8
ITEMS_OF_QUERY = 5
ITEMS_OF_LIST = 5
SEED = 0


@dataclass(frozen=True)
class Recommended:
    """An item of an answer: its name, its score, and whether it is what came next."""

    name: str
    score: float
    is_hit: bool


@dataclass(frozen=True)
class Answer:
    """The answer of one model.

    Attributes:
        items: the best ones, best first.
        rank: the rank of the item that came next, from 0; None if it is not in the whole list.
    """

    items: list[Recommended]
    rank: int | None


@dataclass(frozen=True)
class Sample:
    """One case as a person reads it.

    Attributes:
        query: names of the prefix's last items, oldest first.
        earlier: how many items came before those.
        answer: the name of the item that came next.
        answers: model to its answer.
    """

    query: list[str]
    earlier: int
    answer: str
    answers: dict[str, Answer]


def samples_of(
    models: Mapping[str, Served], cases: Cases, protocol: EvaluationProtocol
) -> list[Sample]:
    """A few cases of different sessions; each has a known answer and a known item of its prefix.

    Args:
        models: name to model, of one artifact.
        cases: the cases of the evaluation.
        protocol: how the models were asked.
    """
    artifact = next(iter(models.values())).recommender.artifact
    cases = _readable(cases)
    prefixes = cases.prefixes()
    queries = np.split(prefixes.items, prefixes.offsets[1:-1])
    answers = {name: _answers(model, cases, protocol) for name, model in models.items()}
    return [
        Sample(
            query=[name_of(artifact, item) for item in query[-ITEMS_OF_QUERY:].tolist()],
            earlier=max(0, len(query) - ITEMS_OF_QUERY),
            answer=name_of(artifact, answer),
            answers={name: of_model[place] for name, of_model in answers.items()},
        )
        for place, (query, answer) in enumerate(zip(queries, cases.answers.tolist(), strict=True))
    ]


def name_of(artifact: Artifact, item: int) -> str:
    """The title of an item, or its id if it has none."""
    return artifact.titles[item] or artifact.item_ids[item]


def _readable(cases: Cases) -> Cases:
    cases = sample(cases, 50 * SAMPLES, SEED)
    _, first_of_session = np.unique(cases.session, return_index=True)
    cases = cases.take(first_of_session)
    answerable = cases.prefixes().lengths() > 0
    cases = cases.take(np.flatnonzero(answerable & (cases.answers != UNSEEN)))
    return sample(cases, SAMPLES, SEED)


def _answers(model: Served, cases: Cases, protocol: EvaluationProtocol) -> list[Answer]:
    """The answer to each case."""
    artifact = model.recommender.artifact
    ranked = protocol.rank(model, cases, max(protocol.ks) + 1)
    return [
        Answer(
            items=[
                Recommended(name_of(artifact, item), score, item == answer)
                for item, score in zip(items[:ITEMS_OF_LIST], scores, strict=False)
                if item != NOTHING
            ],
            rank=None if rank == MISSED else rank,
        )
        for items, scores, rank, answer in zip(
            ranked.items.tolist(),
            ranked.scores.tolist(),
            answer_ranks(ranked, cases.answers).tolist(),
            cases.answers.tolist(),
            strict=True,
        )
    ]
