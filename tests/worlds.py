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
    return Sessions(np.array(items, np.int32), np.concatenate([[0], np.cumsum(lengths)]))


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
