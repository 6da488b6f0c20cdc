"""How the answers of two versions differ."""

import heapq
import json
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from trainer.replay.asking import Response
from trainer.replay.requests import Reason, Recorded

Items = Mapping[str, str | None]  # titles by item id, best first


@dataclass(frozen=True)
class Difference:
    """Two lists that differ.

    Attributes:
        line: the number of the request in its file.
        request: as text.
        overlap: the share of items that both lists have.
        only: of each version, the items that the other one lacks, with their titles.
    """

    line: int
    request: str
    overlap: float
    only: tuple[Items, Items]


@dataclass(frozen=True)
class Side:
    """What one version did.

    Attributes:
        version: its name.
        errors: how many requests, or queries of a batch, ended in an error, by status.
        p50_ms: the median of the time of an answer, in milliseconds, without a network.
        p99_ms: its 99th percentile.
    """

    version: str
    errors: Mapping[str, int]
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True)
class Findings:
    """The comparison of two versions.

    Attributes:
        requests: how many were asked.
        left_out: lines of the file that were not, by reason.
        sides: the two versions.
        lists: lists of items that both answered; a batch has several.
        overlap: mean share of items that two lists have in common, of the longer one.
        identical: share of lists that have the same items in the same order.
        rank_correlation: mean Spearman correlation of the places of the items that two lists have
            in common, over lists that share at least two. The means are None without any list.
        differences: the lists that differ most, most different first.
    """

    requests: int
    left_out: Mapping[Reason, int]
    sides: tuple[Side, Side]
    lists: int
    overlap: float | None
    identical: float | None
    rank_correlation: float | None
    differences: Sequence[Difference]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


class _Ranked(NamedTuple):
    """A difference in a heap whose first entry is the smallest; the later one of equals."""

    similarity: float
    line: int
    difference: Difference


class Comparison:
    """Compares answers as they come, and keeps no more of them than it shows.

    Args:
        versions: the names of the two.
        examples: how many differences to keep.
    """

    def __init__(self, versions: tuple[str, str], examples: int) -> None:
        self._versions = versions
        self._examples = examples
        self._seconds = array("d"), array("d")
        self._errors: tuple[Counter[str], Counter[str]] = Counter(), Counter()
        self._lists = 0
        self._overlap = 0.0
        self._identical = 0
        self._correlations = array("d")
        self._differences: list[_Ranked] = []

    @property
    def requests(self) -> int:
        """How many were compared so far."""
        return len(self._seconds[0])

    def add(self, request: Recorded, responses: Sequence[Response]) -> None:
        """Compares the answers of both versions to a request."""
        answers = []
        for response, seconds, errors in zip(responses, self._seconds, self._errors, strict=True):
            seconds.append(response.seconds)
            found = _answers(response)
            errors.update(str(one["status"]) for one in found if "status" in one)
            answers.append(found)
        for number, pair in enumerate(zip(*answers, strict=False), 1):
            first, second = map(_items, pair)
            if first is not None and second is not None:
                query = f" (query {number})" if len(answers[0]) > 1 else ""
                self._compare(request.line, f"{request}{query}", first, second)

    def _compare(self, line: int, request: str, first: Items, second: Items) -> None:
        shared = [item_id for item_id in first if item_id in second]
        overlap = len(shared) / (max(len(first), len(second)) or 1) if first or second else 1.0
        self._lists += 1
        self._overlap += overlap
        self._identical += list(first) == list(second)
        if len(shared) > 1:
            self._correlations.append(_spearman(shared, second))
        if overlap < 1:
            only = _without(first, second), _without(second, first)
            self._keep(Difference(line, request, overlap, only))

    def _keep(self, difference: Difference) -> None:
        """Keeps a difference if it is among the largest; a request that is repeated counts once."""
        if any(kept.difference.request == difference.request for kept in self._differences):
            return
        entry = _Ranked(-difference.overlap, -difference.line, difference)
        if len(self._differences) < self._examples:
            heapq.heappush(self._differences, entry)
        elif self._differences and entry[:2] > self._differences[0][:2]:
            heapq.heapreplace(self._differences, entry)

    def findings(self, left_out: Mapping[Reason, int]) -> Findings:
        """What was found so far.

        Args:
            left_out: lines that were not asked, by reason.
        """
        correlations = self._correlations
        return Findings(
            requests=self.requests,
            left_out=dict(left_out),
            sides=(self._side(0), self._side(1)),
            lists=self._lists,
            overlap=self._overlap / self._lists if self._lists else None,
            identical=self._identical / self._lists if self._lists else None,
            rank_correlation=float(np.mean(correlations)) if correlations else None,
            differences=[entry.difference for entry in sorted(self._differences, reverse=True)],
        )

    def _side(self, which: int) -> Side:
        p50, p99 = np.percentile(self._seconds[which], [50, 99]) * 1000
        errors = dict(sorted(self._errors[which].items()))
        return Side(self._versions[which], errors, float(p50), float(p99))


def _answers(response: Response) -> list[dict[str, Any]]:
    """The answers in a response: those of a batch, or the only one; an error has a `status`."""
    if response.status >= 400:
        return [{"status": response.status}]
    answer = json.loads(response.body)
    return list(answer.get("answers", [answer]))


def _items(answer: Mapping[str, Any]) -> Items | None:
    """The items of an answer; None if it has none."""
    if "items" not in answer:
        return None
    return {item["item_id"]: item.get("title") for item in answer["items"]}


def _without(items: Items, others: Items) -> Items:
    return {item_id: title for item_id, title in items.items() if item_id not in others}


def _spearman(shared: Sequence[str], second: Items) -> float:
    """The correlation of the ranks of shared items, which are in the order of the first list."""
    place = {item_id: rank for rank, item_id in enumerate(second)}
    ranks = np.argsort(np.argsort([place[item_id] for item_id in shared]))
    count = len(shared)
    distance = float(np.sum((ranks - np.arange(count)) ** 2))
    return 1 - 6 * distance / (count * (count**2 - 1))
