"""The obvious twin of the voices: dictionaries, one candidate and one formula at a time."""

from collections.abc import Callable
from dataclasses import dataclass
from math import log, log1p

import numpy as np

from service.model.sequences import LAST, LAST_AND_THIRD, LAST_TWO
from tests.conftest import Ending

Vector = np.ndarray


@dataclass
class Case:
    """A small world, and a session in it.

    Attributes:
        table: for every item the scores of what follows it.
        sequences: the shares of what came right after each ending.
        units: the unit vector of every item.
        counts: of every item.
        recent: the same among the newest events.
        session: items that count, newest first, and their weights, which may be negative.
    """

    table: list[dict[int, float]]
    sequences: dict[Ending, dict[int, float]]
    units: list[Vector]
    counts: list[int]
    recent: list[int]
    session: list[tuple[int, float]]

    @property
    def liked(self) -> list[int]:
        """The items of the session, newest first, without disliked ones."""
        return [item for item, weight in self.session if weight > 0]

    @property
    def trust(self) -> float:
        """The logarithm of one more than the occurrences of the last item."""
        return log1p(self.counts[self.liked[0]])

    def votes(self, decay: float) -> dict[int, float]:
        """The share of each item's votes, with the weights that .5 a step make, to be `decay`."""
        power = log(decay) / log(0.5)
        votes: dict[int, float] = {}
        given = 0.0
        for voter, weight in self.session:
            signed = (1 if weight > 0 else -1) * abs(weight) ** power
            for item, score in self.table[voter].items():
                votes[item] = votes.get(item, 0) + signed * score
                given += abs(signed) * score
        votes = {item: vote if vote > 1e-6 * given else 0 for item, vote in votes.items()}
        total = sum(votes.values())
        return {item: vote / total if total else 0 for item, vote in votes.items()}

    def endings(self) -> list[Ending]:
        """The sequences that the session ends with."""
        last, *before = self.liked
        endings: list[Ending] = [(LAST, 0, last)]
        endings += [(LAST_TWO, before[0], last)] if before else []
        return endings + ([(LAST_AND_THIRD, before[1], last)] if len(before) > 1 else [])

    def after(self, which: int, item: int) -> float:
        """The share of an item after one of the endings."""
        rows = {ending[0]: self.sequences.get(ending, {}) for ending in self.endings()}
        return rows.get(which, {}).get(item, 0)

    def candidates(self) -> tuple[set[int], set[int]]:
        """Those whatever their votes, and all that have votes."""
        listed = {*self.liked}.union(*(self.sequences.get(one, ()) for one in self.endings()))
        return listed, {item for item, vote in self.votes(0.5).items() if vote > 0}


def cosine(one: Vector, other: Vector) -> float:
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return float(one @ other) / lengths if lengths else 0.0


def newest(case: Case, item: int) -> float:
    return log(case.votes(0.2).get(item, 0) + 1e-5)


def recent(case: Case, item: int) -> float:
    return log(case.votes(0.5).get(item, 0) + 1e-5)


def to_the_mean(case: Case, item: int) -> float:
    liked = [(one, weight) for one, weight in case.session if weight > 0]
    return cosine(case.units[item], sum(weight * case.units[one] for one, weight in liked))


def after(which: int) -> Callable[[Case, int], float]:
    return lambda case, item: log1p(1000 * case.after(which, item))


def steps_back(case: Case, item: int) -> int:
    """Of its last occurrence, -1 if there is none."""
    return case.liked.index(item) if item in case.liked else -1


# A voice that is new needs one line here.
TWINS: dict[str, Callable[[Case, int], float]] = {
    "votes, newest": newest,
    "votes, recent": recent,
    "votes, whole session": lambda case, item: log(case.votes(1).get(item, 0) + 1e-5),
    "votes, newest, above others": lambda case, item: log(case.votes(0.2).get(item, 0) + 1e-2),
    "votes by trust": lambda case, item: newest(case, item) * 0.1 * case.trust,
    "votes by length": lambda case, item: recent(case, item) * log(len(case.liked)),
    "largest cosine": lambda case, item: max(
        cosine(case.units[item], case.units[one]) for one in case.liked
    ),
    "cosine with the session": to_the_mean,
    "frequency": lambda case, item: log1p(case.counts[item]),
    "recent frequency": lambda case, item: log1p(case.recent[item]),
    "frequency by trust": lambda case, item: log1p(case.counts[item]) * 0.1 * case.trust,
    "after the last item": after(LAST),
    "after the last two": after(LAST_TWO),
    "after the last and the third last": after(LAST_AND_THIRD),
    "is the last item": lambda case, item: steps_back(case, item) == 0,
    "is the item before": lambda case, item: steps_back(case, item) == 1,
    "is an earlier item": lambda case, item: steps_back(case, item) > 1,
    "times in the session": lambda case, item: log1p(case.liked.count(item)),
    "repeats in the session": lambda case, item: (
        (item in case.liked) * (1 - len({*case.liked}) / len(case.liked))
    ),
}
# The logarithm of a candidate's place by another voice.
RANKS = {"rank by votes": "votes, recent", "rank by cosine": "cosine with the session"}
