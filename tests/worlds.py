"""Small worlds that several test files share."""

from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from trainer.corpus import Sessions, Vocabulary
from trainer.evaluation.ranking import Ranked, Ranker
from trainer.evaluation.splits import Cases

NOON = datetime(2026, 1, 31, 12)
PROBLEM = "application/problem+json"


def sessions_of(*sessions: list[int]) -> Sessions:
    lengths = [len(session) for session in sessions]
    items = [item for session in sessions for item in session]
    return Sessions(np.array(items, np.int32), np.cumsum([0, *lengths], dtype=np.int64))


CHAIN = 60  # items


def wandering_sessions(
    n: int, *, again: float = 0.0, chance: float = 0.3, length: int = 8, seed: int = 0
) -> list[list[int]]:
    """Visitors who step from each of 60 items to the one after it.

    Args:
        n: how many.
        again: how likely the next item is one that the visitor has seen two steps before.
        chance: or else any item at all; 1: nothing can be foretold.
        length: items of a visit, at most; 1 at least.
        seed: draws all.
    """
    random = np.random.default_rng(seed)
    sessions = []
    for _ in range(n):
        session = [int(random.integers(CHAIN))]
        for _ in range(int(random.integers(0, length))):
            if len(session) > 1 and random.random() < again:
                session.append(session[-2])
            elif random.random() < chance:
                session.append(int(random.integers(CHAIN)))
            else:
                session.append((session[-1] + 1) % CHAIN)
        sessions.append(session)
    return sessions


def cases_of(*prefixes: list[int]) -> Cases:
    sessions = sessions_of(*prefixes)
    answers = np.full(len(prefixes), -1, np.int32)
    offsets = sessions.offsets
    return Cases(sessions.items, offsets[:-1], offsets[1:], answers, np.arange(len(prefixes)))


def answers(ranked: Ranked) -> list[dict[int, float]]:
    """Each case's items with their scores, in order."""
    return [
        {item: pytest.approx(score) for item, score in zip(items, scores, strict=True) if item >= 0}
        for items, scores in zip(ranked.items.tolist(), ranked.scores.tolist(), strict=True)
    ]


def ask(ranker: Ranker, *prefixes: list[int], k: int = 4) -> list[dict[int, float]]:
    return answers(ranker.rank(cases_of(*prefixes), k))


def decode(sessions: Sessions, vocabulary: Vocabulary) -> list[list[str]]:
    ids = [vocabulary.item_ids[item] for item in sessions.items]
    borders = sessions.offsets.tolist()
    return [ids[start:end] for start, end in pairwise(borders)]


def problem(response: Any, status: int, name: str) -> dict[str, Any]:
    """Checks that a response is the named problem; returns it."""
    assert response.status_code == status
    assert response.headers["content-type"] == PROBLEM
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["type"] == f"/problems/{name}"
    assert body["title"]
    assert body["detail"]
    assert set(body) <= {"type", "title", "status", "detail", "errors"}
    return body
