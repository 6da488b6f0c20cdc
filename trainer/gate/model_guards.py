"""What a model must fulfil by itself, and beside the current version."""

import time
from dataclasses import dataclass

import numpy as np

from service.model.artifact import Artifact
from service.model.continuations import Relation
from service.model.recommender import Recommender
from service.model.verdict import Check
from trainer.config.gate import GateConfig
from trainer.gate.checks import MILLISECONDS, TIMES, Limits, check_range, not_made, share

QUERIES, K = 1000, 10


@dataclass(frozen=True)
class Answers:
    """What a thousand queries for one item each were answered.

    Attributes:
        coverage: different items in all answers.
        short: the share of queries with fewer than ten answers.
        slowest: milliseconds that 99 % of the queries do not exceed.
    """

    coverage: int
    short: float
    slowest: float


def guard_model(artifact: Artifact, current: Artifact | None, config: GateConfig) -> list[Check]:
    """Checks the vectors of a model, and its answers to a thousand queries."""
    recommender = Recommender(artifact)
    before = None if current is None else Recommender(current)
    checks = [_norms(artifact)]
    for relation in recommender.relations:
        answers = _ask(recommender, relation)
        known = _ask(before, relation) if before and relation in before.relations else None
        checks += _compare(relation, answers, known, config)
    return checks


def _norms(artifact: Artifact) -> Check:
    norms = np.linalg.norm(artifact.input_vectors, axis=1)
    useless = int(np.count_nonzero(~np.isfinite(norms) | (norms == 0)))
    return check_range(
        "norms",
        "model",
        useless,
        f"{useless:,} vectors are zero, infinite or not numbers",
        Limits(most=0),
    )


def _ask(recommender: Recommender, relation: Relation) -> Answers:
    """Asks for a thousand items, drawn by how often they occur, always the same ones."""
    counts = np.asarray(recommender.artifact.counts, np.float64)
    rows = np.random.default_rng(0).choice(len(counts), QUERIES, p=counts / counts.sum())
    named: set[str] = set()
    short, seconds = 0, []
    for row in rows.tolist():
        item_id = recommender.artifact.item_ids[row]
        started = time.perf_counter()
        neighbors = recommender.similar(item_id, K, relation)
        seconds.append(time.perf_counter() - started)
        named.update(neighbor.item_id for neighbor in neighbors)
        short += len(neighbors) < K
    return Answers(len(named), short / QUERIES, 1000 * float(np.quantile(seconds, 0.99)))


def _compare(
    relation: Relation, answers: Answers, before: Answers | None, config: GateConfig
) -> list[Check]:
    checks = [
        check_range(
            f"latency of {relation}",
            "model",
            round(answers.slowest, 3),
            f"99 % of {QUERIES:,} queries for {relation} take {answers.slowest:.2g} ms or less",
            Limits(most=config.slowest_ms, form=MILLISECONDS, setting="gate.slowest_ms"),
        )
    ]
    if before is None:
        why = f"there is no version to compare the answers to {relation} with"
        return [*checks, not_made(f"coverage of {relation}", "model", why)]
    ratio = answers.coverage / max(before.coverage, 1)
    return [
        *checks,
        check_range(
            f"coverage of {relation}",
            "model",
            round(ratio, 4),
            f"the answers to {QUERIES:,} queries for {relation} name {answers.coverage:,} items, "
            f"{ratio:.2f} times the {before.coverage:,} of the current version",
            Limits(least=config.least_coverage, form=TIMES, setting="gate.least_coverage"),
        ),
        check_range(
            f"short answers of {relation}",
            "model",
            round(answers.short - before.short, 4),
            f"{share(answers.short)} of {QUERIES:,} queries for {relation} have fewer than {K} "
            f"answers, {share(before.short)} of those of the current version",
            Limits(most=config.more_unanswered, form="{:.0%} more", setting="gate.more_unanswered"),
        ),
    ]
