"""What weighing the voices of what comes next is worth on test cases."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.model.logit import Logit, Weights
from service.model.recommender import Recommender
from service.model.voice_groups import group_of
from trainer.continuations.calibration import bins, calibration_error
from trainer.evaluation.bootstrap import Estimate, compare_means, group_means
from trainer.evaluation.comparison import Answered, EvaluationProtocol, ask, per_case
from trainer.evaluation.metrics import popularity_deciles
from trainer.evaluation.ranking import Ranker
from trainer.evaluation.served import Served
from trainer.evaluation.splits import UNSEEN, Cases, sample

LENGTHS = {"1": 1, "2": 2, "3": 3, "4": 4, "5-6": 5, "7-9": 7, "10-19": 10, "20+": 20}
MOST_SILENT = 2000  # cases that are asked again for each group of voices
METRICS = ("HR", "MRR")


@dataclass(frozen=True)
class Bin:
    """Cases whose first answers are about as probable.

    Attributes:
        cases: how many they are.
        probability: the mean of the first answer.
        share: how often the first answer came next.
    """

    cases: int
    probability: float
    share: Estimate


@dataclass(frozen=True)
class Calibration:
    """Whether the first answer comes next as often as its probability says.

    Attributes:
        cases: how many were looked at: those whose answer could be answered.
        error: the expected calibration error.
        by_chance: about what it would be for perfect probabilities and as many cases.
        bins: equally many cases each, the least probable first.
    """

    cases: int
    error: float
    by_chance: float
    bins: list[Bin]


@dataclass(frozen=True)
class Part:
    """Some of the cases, and how far weights are ahead of the table alone there.

    Attributes:
        name: which cases.
        cases: how many they are; at least one.
        gain: "HR@20" and "MRR@20", or at the largest k.
    """

    name: str
    cases: int
    gain: dict[str, Estimate]


@dataclass(frozen=True)
class Weighed:
    """What weighing is worth.

    Attributes:
        calibration: of the probability of the first answer.
        by_length: the gain over the table alone by the number of items that a session had so far;
            empty if the table was not asked.
        by_decile: the same by the tenth of the catalogue that the answer is in, the most frequent
            tenth first; answers unknown to training are in none.
        silent_cases: how many cases were asked again, with a group of voices silent.
        silent: for each group, how far HR and MRR fall if its weights are 0 and all others stay.
    """

    calibration: Calibration
    by_length: list[Part]
    by_decile: list[Part]
    silent_cases: int
    silent: dict[str, dict[str, Estimate]]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def speaks(served: Served) -> bool:
    """Whether weights, not the table alone, rank what a model answers."""
    continuations = served.recommender.artifact.continuations
    if served.relation != "next" or continuations is None:
        return False
    logit = continuations.settings.logit
    return logit is not None and logit.speaks(allow_seen=served.allow_seen)


def judge_weights(
    served: Served,
    answered: tuple[Answered, Answered | None],
    cases: Cases,
    counts: NDArray[np.int64],
    protocol: EvaluationProtocol,
) -> Weighed:
    """Says what weights are worth.

    Args:
        served: a model that has weights.
        answered: what it answered, and what its table alone did, if that was asked.
        cases: what they were asked.
        counts: int64 [items], occurrences in training.
        protocol: how they were asked.
    """
    weighed, table = answered
    by_length, by_decile = [], []
    if table is not None:
        gains = _gains(weighed, table, protocol)
        shortest = [*LENGTHS.values()]
        lengths = np.searchsorted(shortest, cases.stops - cases.starts, side="right") - 1
        by_length = _parts(gains, lengths, [*LENGTHS], cases, protocol)
        deciles = np.where(cases.answers == UNSEEN, -1, popularity_deciles(counts)[cases.answers])
        by_decile = _parts(gains, deciles, [str(n) for n in range(1, 11)], cases, protocol)
    some = sample(cases, MOST_SILENT, protocol.seed)
    return Weighed(
        calibration=_calibration(weighed, cases, protocol),
        by_length=by_length,
        by_decile=by_decile,
        silent_cases=len(some),
        silent=_silent(served, some, len(counts), protocol),
    )


def _gains(
    weighed: Answered, table: Answered, protocol: EvaluationProtocol
) -> dict[str, NDArray[np.float64]]:
    """Per case, how far weights are ahead at the largest k."""
    ours, theirs = (_metrics(one, protocol) for one in (weighed, table))
    return {metric: ours[metric] - theirs[metric] for metric in ours}


def _metrics(answered: Answered, protocol: EvaluationProtocol) -> dict[str, NDArray[np.float64]]:
    k = max(protocol.ks)
    values = per_case(answered.ranks, (k,))
    return {f"{name}@{k}": values[f"{name}@{k}"] for name in METRICS}


def _parts(
    gains: Mapping[str, NDArray[np.float64]],
    groups: NDArray[np.int64],
    names: list[str],
    cases: Cases,
    protocol: EvaluationProtocol,
) -> list[Part]:
    """The gain in each group of the cases that has any; those below 0 are in none."""
    means = {
        metric: _group_means(values, groups, cases.session, protocol)
        for metric, values in gains.items()
    }
    sizes = np.bincount(groups[groups >= 0], minlength=len(names)).tolist()
    return [
        Part(name, size, {metric: means[metric][group] for metric in gains})
        for group, (name, size) in enumerate(zip(names, sizes, strict=True))
        if size
    ]


def _group_means(
    values: NDArray[np.float64],
    groups: NDArray[np.int64],
    session: NDArray[np.int64],
    protocol: EvaluationProtocol,
) -> list[Estimate]:
    return group_means(
        values, groups, session, protocol.resamples, protocol.seed, protocol.confidence
    )


def _calibration(answered: Answered, cases: Cases, protocol: EvaluationProtocol) -> Calibration:
    """Of the cases whose answer may be answered: a probability is that of these."""
    kept = np.arange(len(cases))
    if protocol.exclude_seen:
        kept = np.flatnonzero(~cases.repeated())
    probabilities = np.maximum(answered.first[kept], 0)
    is_right = answered.ranks[kept] == 0
    groups = bins(probabilities)
    sizes = np.bincount(groups)
    shares = _group_means(is_right.astype(np.float64), groups, cases.session[kept], protocol)
    means = np.bincount(groups, probabilities) / sizes
    # The mean deviation of a normal distribution, of a bin's share around its probability.
    chance = np.sqrt(2 / np.pi * means * (1 - means) / sizes)
    return Calibration(
        cases=len(kept),
        error=calibration_error(probabilities, is_right),
        by_chance=float(chance @ sizes / max(len(kept), 1)),
        bins=[
            Bin(size, mean, shares[place])
            for place, (size, mean) in enumerate(zip(sizes.tolist(), means.tolist(), strict=True))
        ],
    )


def _silent(
    served: Served, cases: Cases, items: int, protocol: EvaluationProtocol
) -> dict[str, dict[str, Estimate]]:
    artifact = served.recommender.artifact
    continuations = artifact.continuations
    assert continuations is not None
    settings = continuations.settings
    assert settings.logit is not None
    rankers: dict[str, Ranker] = {"": served}
    for group in _groups(settings.logit, allow_seen=served.allow_seen):
        quiet = continuations.weighed(silenced(settings.logit, group), settings.fit)
        recommender = Recommender(replace(artifact, continuations=quiet))
        rankers[group] = replace(served, recommender=recommender)
    answered = ask(rankers, cases, items, protocol)
    values = {group: _metrics(one, protocol) for group, one in answered.items()}
    _, falls = compare_means(
        values, cases.session, protocol.resamples, protocol.seed, protocol.confidence
    )
    return falls


def _groups(logit: Logit, *, allow_seen: bool) -> list[str]:
    """The groups of the voices that have a weight."""
    weights = logit.seen if allow_seen else logit.unseen
    assert weights is not None
    of_voices = zip(logit.names, zip(*weights.voices, strict=True), strict=True)
    return list(dict.fromkeys(group_of(name) for name, row in of_voices if any(row)))


def silenced(logit: Logit, group: str) -> Logit:
    """The same weights, but those of a group of voices are 0."""
    heard = [group_of(name) != group for name in logit.names]

    def quiet(weights: Weights | None) -> Weights | None:
        if weights is None:
            return None
        rows = [
            [weight if is_heard else 0.0 for weight, is_heard in zip(row, heard, strict=True)]
            for row in weights.voices
        ]
        return Weights(voices=rows, others=weights.others)

    return Logit(
        names=logit.names,
        lengths=logit.lengths,
        candidates=logit.candidates,
        seen=quiet(logit.seen),
        unseen=quiet(logit.unseen),
    )
