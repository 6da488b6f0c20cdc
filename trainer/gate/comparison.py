"""Compares a candidate with the current version and simple baselines on held-out sessions."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from service.model.artifact import Artifact
from service.model.continuations import Relation
from service.model.recommender import Recommender
from service.model.verdict import Check
from trainer.config.gate import GateConfig
from trainer.corpus import Dataset, Sessions, Vocabulary
from trainer.evaluation.baselines import BACKWARDS, WINDOW, ItemItem, Popularity
from trainer.evaluation.baselines.counting import co_occurrence, shares
from trainer.evaluation.comparison import Evaluation, EvaluationProtocol, OnCases, evaluate
from trainer.evaluation.ranking import Ranker
from trainer.evaluation.served import Served
from trainer.evaluation.splits import UNSEEN, Cases, prefix_cases, sample
from trainer.gate.checks import not_made
from trainer.gate.non_inferiority import is_not_inferior, smallest_margin
from trainer.gate.translated import Translated

CANDIDATE, CURRENT = "candidate", "current"
POPULARITY, CO_OCCURRENCE, CHANCE = "popularity", "co-occurrence", "chance"
DECAY = 0.7  # of the baseline that counts pairs, as in `item2vec evaluate`
RESAMPLES = 2000
MOST_EVENTS = 2_000_000  # the newest, that co-occurrence is counted in


@dataclass(frozen=True, eq=False)
class Trial:
    """A candidate and the sessions that it is judged by.

    Attributes:
        candidate: a model that was trained without them.
        dataset: what it was trained on.
        item_ids: the id of each code.
        late: the held-out sessions, oldest first; items are codes.
        seed: of the sample of cases, and of the bootstrap.
    """

    candidate: Artifact
    dataset: Dataset
    item_ids: list[str]
    late: Sessions
    seed: int


@dataclass(frozen=True, eq=False)
class Judged:
    """The outcome of a comparison.

    Attributes:
        checks: what was found.
        evaluations: what it was found by: a name to models side by side.
    """

    checks: list[Check] = field(default_factory=list)
    evaluations: dict[str, Evaluation] = field(default_factory=dict)


class Comparison:
    """Ranks held-out sessions by several models, in codes that all of them share.

    Args:
        trial: the candidate, and the sessions.
        current: the current version; None if there is none to compare with.
        config: the limits.
        on_cases: called as `evaluate` calls it.
    """

    def __init__(
        self, trial: Trial, current: Artifact | None, config: GateConfig, on_cases: OnCases
    ) -> None:
        self._trial = trial
        self._current = current
        self._config = config
        self._on_cases = on_cases
        self._k = int(config.compared_by.partition("@")[2])
        ids = list(trial.item_ids)
        self._code_of_row = Vocabulary(ids, np.zeros(0, np.int64)).rows(trial.candidate.item_ids)
        self._current_codes = np.zeros(0, np.int32)
        if current is not None:
            self._current_codes, ids = _with_more_codes(ids, current)
        self._codes = len(ids)

    def judge(self) -> Judged:
        """Compares the candidate with the baselines, and with the current version."""
        judged = Judged()
        cases = self._cases(self._trial.late)
        for relation in Recommender(self._trial.candidate).relations:
            name = _beside_simple(relation)
            evaluation = self._evaluate(self._baselines(relation), relation, cases)
            judged.evaluations[name] = evaluation
            above = self._above_chance if relation == "similar" else self._above_baselines
            judged.checks.append(above(name, evaluation))
            judged.checks.append(self._keeps_lead(relation, evaluation))
        if self._current is not None:
            self._judge_beside(self._current, judged)
        return judged

    def _judge_beside(self, current: Artifact, judged: Judged) -> None:
        """Adds the comparison with the current version on the sessions that are new to it."""
        served = Recommender(current)
        unseen = _since(self._trial.late, end_of_log(current))
        for relation in Recommender(self._trial.candidate).relations:
            name = f"{relation} beside the current version"
            why = _why_not(unseen, served, relation, self._config)
            if why or unseen is None:
                judged.checks.append(not_made(name, "comparison", why))
                continue
            ranker = Translated.of(Served(served, relation), self._current_codes, self._codes)
            evaluation = self._evaluate({CURRENT: ranker}, relation, self._cases(unseen))
            judged.evaluations[name] = evaluation
            judged.checks.append(self._not_below(name, evaluation))

    def _evaluate(self, others: dict[str, Ranker], relation: Relation, cases: Cases) -> Evaluation:
        candidate = Served(Recommender(self._trial.candidate), relation)
        rankers = {CANDIDATE: self._translated(candidate), **others}
        counts = np.zeros(self._codes, np.int64)
        counts[self._code_of_row] = self._trial.candidate.counts
        protocol = EvaluationProtocol(
            ks=(self._k,),
            resamples=RESAMPLES,
            seed=self._trial.seed,
            confidence=2 * self._config.confidence - 1,  # of two sides
        )
        return evaluate(rankers, cases, counts, protocol, self._on_cases)

    def _baselines(self, relation: Relation) -> dict[str, Ranker]:
        """Simple models that answer `next`; similar items, which do not, are to beat chance."""
        dataset = self._trial.dataset
        counts, items = dataset.vocabulary.counts, len(dataset.vocabulary)
        rankers: dict[str, Ranker] = {POPULARITY: Popularity(counts)}
        if relation == "next":
            newest = _newest(dataset.sessions)
            pairs = co_occurrence(newest, items, WINDOW, _by_distance, BACKWARDS)
            rankers[CO_OCCURRENCE] = ItemItem(shares(pairs), DECAY)
        translated: dict[str, Ranker] = {
            name: self._translated(ranker) for name, ranker in rankers.items()
        }
        if relation == "similar":
            translated[CHANCE] = self._shuffled()
        return translated

    def _shuffled(self) -> Translated:
        """The candidate with its answers exchanged for any others."""
        served = self._translated(Served(Recommender(self._trial.candidate)))
        order = np.random.default_rng(self._trial.seed).permutation(len(served.code_of_row))
        return replace(served, code_of_row=served.code_of_row[order])

    def _translated(self, ranker: Ranker) -> Translated:
        return Translated.of(ranker, self._code_of_row, self._codes)

    def _cases(self, sessions: Sessions) -> Cases:
        """At most `compared_cases` random cases; an item that no model knows is unseen."""
        code_of_code = np.full(self._codes, UNSEEN, np.int32)
        for codes in (self._code_of_row, self._current_codes):
            code_of_code[codes] = codes
        cases = prefix_cases(sessions).encoded(code_of_code)
        return sample(cases, self._config.compared_cases, self._trial.seed)

    def _keeps_lead(self, relation: Relation, evaluation: Evaluation) -> Check:
        """Refuses a candidate whose lead has surely shrunk to less than half of what it was.

        That is what a log looks like whose sessions have become noise.
        """
        name, metric = f"lead of {relation}", self._config.compared_by
        other = CHANCE if relation == "similar" else POPULARITY
        before = _lead(self._current, relation, other, metric)
        if before is None:
            return not_made(name, "comparison", f"no lead over {other} is known from before")
        now = evaluation.differences[other][metric]
        return Check(
            name=name,
            kind="comparison",
            passed=now.high >= before / 2,
            seen=now.value,
            least=before / 2,
            sentence=f"{metric} is {now.value:+.4f} ahead of {other}, and was {before:+.4f}, when "
            "the current version was judged (expected: half of it)",
        )

    def _above_chance(self, name: str, evaluation: Evaluation) -> Check:
        """Refuses a candidate whose similar items are not surely better than any others."""
        difference = evaluation.differences[CHANCE][self._config.compared_by]
        check = self._check(name, evaluation, CHANCE, passed=difference.low > 0)
        return check.model_copy(update={"least": 0.0})

    def _above_baselines(self, name: str, evaluation: Evaluation) -> Check:
        """Refuses a candidate that is surely below the best simple model, beyond the margin."""
        metric = self._config.compared_by
        best = max(
            (other for other in evaluation.models if other != CANDIDATE),
            key=lambda other: evaluation.models[other].estimates[metric].value,
        )
        difference = evaluation.differences[best][metric]
        margin = self._config.margin * evaluation.models[best].estimates[metric].value
        return self._check(name, evaluation, best, passed=difference.high >= -margin)

    def _not_below(self, name: str, evaluation: Evaluation) -> Check:
        """Non-inferiority to the current version, if there are cases enough to show it."""
        metric = self._config.compared_by
        difference = evaluation.differences[CURRENT][metric]
        theirs = evaluation.models[CURRENT].estimates[metric].value
        passed = is_not_inferior(difference, self._config.margin * theirs, self._config.confidence)
        check = self._check(name, evaluation, CURRENT, passed=passed)
        told = smallest_margin(difference, self._config.confidence)
        power = f"such cases tell a margin of {told / theirs if theirs else math.inf:.1%}"
        few = ", so the guards decide" if passed is None else ""
        return check.model_copy(update={"sentence": f"{check.sentence}; {power}{few}"})

    def _check(
        self, name: str, evaluation: Evaluation, other: str, *, passed: bool | None
    ) -> Check:
        metric, confidence = self._config.compared_by, self._config.confidence
        ours, theirs = (
            evaluation.models[model].estimates[metric].value for model in (CANDIDATE, other)
        )
        difference = evaluation.differences[other][metric]
        return Check(
            name=name,
            kind="comparison",
            passed=passed,
            seen=difference.value,
            least=-self._config.margin * theirs,
            sentence=f"{metric} {ours:.4f}, {other} {theirs:.4f}: a difference of "
            f"{difference.value:+.4f}, with {confidence:.0%} above {difference.low:+.4f} and with "
            f"{confidence:.0%} below {difference.high:+.4f}, on {evaluation.cases:,} cases "
            f"({'expected: more' if other == CHANCE else f'allowed: {-self._config.margin:.0%}'})",
        )


def _newest(sessions: Sessions) -> Sessions:
    """The newest sessions, with so many events that pairs of them fit in half a gigabyte."""
    first = int(np.searchsorted(sessions.offsets, len(sessions.items) - MOST_EVENTS))
    offsets = sessions.offsets[first:]
    return Sessions(sessions.items[offsets[0] :], offsets - offsets[0])


def _beside_simple(relation: Relation) -> str:
    return f"{relation} beside simple models"


def _lead(current: Artifact | None, relation: Relation, other: str, metric: str) -> float | None:
    """How far the current version was surely ahead of a simple model when it was judged."""
    verdict = current.manifest.gate if current else None
    evaluation = verdict.evaluations.get(_beside_simple(relation), {}) if verdict else {}
    difference = evaluation.get("differences", {}).get(other, {}).get(metric)
    return float(difference["value"]) if difference and difference["low"] > 0 else None


def _by_distance(distance: int) -> float:
    return 1 / distance


def _with_more_codes(item_ids: list[str], current: Artifact) -> tuple[NDArray[np.int32], list[str]]:
    """The code of each item of the current version; one that the log lacks gets a new code."""
    codes = Vocabulary(item_ids, np.zeros(0, np.int64)).rows(current.item_ids)
    missing = np.flatnonzero(codes < 0)
    codes[missing] = len(item_ids) + np.arange(len(missing), dtype=np.int32)
    return codes, [*item_ids, *(current.item_ids[row] for row in missing.tolist())]


def end_of_log(current: Artifact | None) -> int | None:
    """When the log of a version ended, in microseconds since 1970; None if it is not known."""
    data = current.manifest.data if current else {}
    end = data.get("usual_end") or data.get("last_event")
    return int(np.datetime64(end, "us").astype(np.int64)) if end else None


def _since(sessions: Sessions, end: int | None) -> Sessions | None:
    """The sessions that began after a time; None without times."""
    if sessions.starts is None or end is None:
        return None
    first = int(np.searchsorted(sessions.starts, end, side="right"))
    offsets = sessions.offsets[first:]
    items = sessions.items[offsets[0] :]
    return Sessions(items, offsets - offsets[0], starts=sessions.starts[first:])


def _why_not(
    unseen: Sessions | None, current: Recommender, relation: Relation, config: GateConfig
) -> str:
    """Why the current version cannot be compared with, empty if it can."""
    if unseen is None:
        return "without times, it is not known which sessions the current version has not seen"
    if relation not in current.relations:
        return f"the current version does not answer {relation}"
    sessions = int(np.count_nonzero(unseen.lengths() > 1))
    if sessions < config.held_out_sessions:
        return (
            f"{sessions:,} sessions are new to the current version, too few to compare (from "
            f"{config.held_out_sessions:,} on)"
        )
    return ""
