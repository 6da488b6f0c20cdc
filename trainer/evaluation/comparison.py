"""Evaluates models on the same cases, with confidence intervals."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.model.errors import InputError
from trainer.evaluation import metrics
from trainer.evaluation.bootstrap import Estimate, compare_means
from trainer.evaluation.ranking import MISSED, Ranked, Ranker, answer_ranks, rank_unseen
from trainer.evaluation.splits import UNSEEN, Cases

PER_CASE: Mapping[str, Callable[[NDArray[np.int64], int], NDArray[np.float64]]] = {
    "HR": metrics.hit,
    "NDCG": metrics.ndcg,
    "MRR": metrics.reciprocal_rank,
}
OnCases = Callable[[str, int, int], None]


@dataclass(frozen=True)
class EvaluationProtocol:
    """How models are compared.

    Attributes:
        ks: list lengths to measure at.
        exclude_seen: whether items of the prefix are left out, as the service leaves them out; an
            answer among them is then a miss.
        resamples: how many resamples the bootstrap draws.
        seed: of the bootstrap.
        confidence: of the intervals.
    """

    ks: tuple[int, ...] = (10, 20)
    exclude_seen: bool = True
    resamples: int = 1000
    seed: int = 0
    confidence: float = 0.95

    def rank(self, ranker: Ranker, cases: Cases, k: int) -> Ranked:
        """The k best items that may be recommended."""
        return rank_unseen(ranker, cases, k) if self.exclude_seen else ranker.rank(cases, k)


@dataclass(frozen=True)
class Scores:
    """The metrics of one model.

    Attributes:
        estimates: "HR@10", "NDCG@10", "MRR@10" and so on, with intervals.
        lists: "coverage@10", "personalisation@10", "popularity@10" and so on: what the lists are
            like, right or wrong; see `trainer.evaluation.metrics`.
        unanswered: the share of cases with an empty list.
        hits_by_decile: HR at the largest k for each tenth of the catalogue that answers are in,
            the most frequent tenth first; None for a tenth without answers.
    """

    estimates: dict[str, Estimate]
    lists: dict[str, float | None]
    unanswered: float
    hits_by_decile: list[float | None]


@dataclass(frozen=True)
class Evaluation:
    """Models side by side.

    Attributes:
        cases: how many cases were ranked.
        sessions: how many sessions they come from.
        unseen: the share of answers never seen in training, which count as misses.
        repeated: the share of answers that are items of the query; where those are left out, they
            count as misses as well.
        protocol: how the models were compared.
        cases_by_decile: how many answers are in each tenth of the catalogue.
        models: name to metrics; the first model is the one the others are compared with.
        differences: for every other model, the first one's means minus its own, by paired
            bootstrap: an interval above 0 means that the first one is better.
    """

    cases: int
    sessions: int
    unseen: float
    repeated: float
    protocol: EvaluationProtocol
    cases_by_decile: list[int]
    models: dict[str, Scores]
    differences: dict[str, dict[str, Estimate]]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True, eq=False)
class Answered:
    """What a model answered.

    Attributes:
        ranks: int64 [cases], of what came next, from 0, MISSED beyond the largest k.
        first: float32 [cases], the score of the first answer; -inf without one.
        frequency: k to int64 [items], how many lists of k contain each item.
        unanswered: how many lists are empty.
    """

    ranks: NDArray[np.int64]
    first: NDArray[np.float32]
    frequency: dict[int, NDArray[np.int64]]
    unanswered: int


def evaluate(
    rankers: Mapping[str, Ranker],
    cases: Cases,
    counts: NDArray[np.int64],
    protocol: EvaluationProtocol | None = None,
    on_cases: OnCases = lambda *_: None,
) -> Evaluation:
    """Asks models, and compares them: see `ask` and `compare`.

    Raises:
        InputError: there is no case or no model.
    """
    protocol = protocol or EvaluationProtocol()
    return compare(ask(rankers, cases, len(counts), protocol, on_cases), cases, counts, protocol)


def ask(
    rankers: Mapping[str, Ranker],
    cases: Cases,
    items: int,
    protocol: EvaluationProtocol,
    on_cases: OnCases = lambda *_: None,
) -> dict[str, Answered]:
    """Ranks the whole catalogue for every case by every model, in blocks of bounded memory.

    Args:
        rankers: name to model.
        cases: at least one.
        items: how many there are.
        protocol: how the models are asked.
        on_cases: called after every block with the model's name, the number of cases done and the
            number of all cases.

    Raises:
        InputError: there is no case or no model.
    """
    if len(cases) == 0 or not rankers:
        raise InputError(
            f"nothing to compare: {len(cases)} cases, {len(rankers)} models; a session needs two "
            "items to give a case"
        )
    return {
        name: _ask(ranker, cases, items, protocol, partial(on_cases, name))
        for name, ranker in rankers.items()
    }


def compare(
    answered: Mapping[str, Answered],
    cases: Cases,
    counts: NDArray[np.int64],
    protocol: EvaluationProtocol,
) -> Evaluation:
    """Measures what models answered.

    Args:
        answered: name of the model to its answers; the others are compared with the first one.
        cases: what they were asked.
        counts: int64 [items], occurrences in training.
        protocol: how they were asked.
    """
    values = {name: per_case(one.ranks, protocol.ks) for name, one in answered.items()}
    estimates, differences = compare_means(
        values, cases.session, protocol.resamples, protocol.seed, protocol.confidence
    )
    seen = cases.answers != UNSEEN
    decile = metrics.popularity_deciles(counts)[cases.answers[seen]]
    models = {
        name: Scores(
            estimates[name],
            _list_metrics(one, len(cases), counts),
            one.unanswered / len(cases),
            _by_decile(one.ranks[seen], decile),
        )
        for name, one in answered.items()
    }
    return Evaluation(
        cases=len(cases),
        sessions=len(np.unique(cases.session)),
        unseen=float(np.mean(~seen)),
        repeated=float(cases.repeated().mean()),
        protocol=protocol,
        cases_by_decile=np.bincount(decile, minlength=10).tolist(),
        models=models,
        differences=differences,
    )


def _ask(
    ranker: Ranker,
    cases: Cases,
    items: int,
    protocol: EvaluationProtocol,
    on_block: Callable[[int, int], None],
) -> Answered:
    ranks: list[NDArray[np.int64]] = []
    first: list[NDArray[np.float32]] = []
    frequency = {k: np.zeros(items, np.int64) for k in protocol.ks}
    unanswered = done = 0
    for block in cases.blocks():
        ranked = protocol.rank(ranker, block, max(protocol.ks) + 1)
        ranks.append(answer_ranks(ranked, block.answers))
        first.append(ranked.scores[:, 0])
        unanswered += int(metrics.unanswered(ranked.items).sum())
        for k, times in frequency.items():
            times += metrics.item_frequency(ranked.items[:, :k], items)
        done += len(block)
        on_block(done, len(cases))
    return Answered(np.concatenate(ranks), np.concatenate(first), frequency, unanswered)


def per_case(ranks: NDArray[np.int64], ks: tuple[int, ...]) -> dict[str, NDArray[np.float64]]:
    """Every metric of accuracy at every k: float64 [cases]."""
    return {f"{name}@{k}": metric(ranks, k) for k in ks for name, metric in PER_CASE.items()}


def _list_metrics(one: Answered, cases: int, counts: NDArray[np.int64]) -> dict[str, float | None]:
    values: dict[str, float | None] = {}
    for k, frequency in one.frequency.items():
        values[f"coverage@{k}"] = metrics.coverage(frequency)
        values[f"personalisation@{k}"] = metrics.personalisation(frequency, cases, k)
        values[f"popularity@{k}"] = metrics.mean_popularity(frequency, counts)
    return values


def _by_decile(ranks: NDArray[np.int64], decile: NDArray[np.int64]) -> list[float | None]:
    """The hit rate among the answers of each tenth of the catalogue."""
    answers = np.bincount(decile, minlength=10)
    hits = np.bincount(decile, ranks != MISSED, minlength=10)
    return [float(hit / n) if n else None for hit, n in zip(hits, answers, strict=True)]
