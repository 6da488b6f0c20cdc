"""Test cases, and how they are made from sessions."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from service.model import ragged
from trainer.corpus import Sessions

UNSEEN = -1
CASES_PER_BLOCK = 4096
ITEMS_PER_BLOCK = 1_000_000


@dataclass(frozen=True, eq=False)
class Cases:
    """Queries with known answers: the start of a session, and the item that came next.

    The prefixes are ranges of one array, so all prefixes of a session share its items: their memory
    grows with the length of the session, not with its square.

    Attributes:
        items: int32 [events], vocabulary rows; -1 is an item never seen in training.
        starts: int64 [cases]; the prefix of case c is `items[starts[c]:stops[c]]`, oldest first.
        stops: int64 [cases].
        answers: int32 [cases], the item that came next; -1 if never seen in training.
        session: int64 [cases], the session of each case; cases of one session depend on each other.
    """

    items: NDArray[np.int32]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    answers: NDArray[np.int32]
    session: NDArray[np.int64]

    def __len__(self) -> int:
        """The number of cases."""
        return len(self.answers)

    def take(self, selection: slice | NDArray[np.int64]) -> "Cases":
        """The selected cases."""
        return replace(
            self,
            starts=self.starts[selection],
            stops=self.stops[selection],
            answers=self.answers[selection],
            session=self.session[selection],
        )

    def last(self, items: int) -> "Cases":
        """The same cases with only the last `items` items of each prefix."""
        return replace(self, starts=np.maximum(self.starts, self.stops - items))

    def encoded(self, row_of_item: NDArray[np.int32]) -> "Cases":
        """The same cases with items as rows of another vocabulary.

        Args:
            row_of_item: int32 [items], the new row of each old one, -1 where there is none.
        """
        rows = np.append(row_of_item, np.int32(UNSEEN))  # index -1 finds the last element
        return replace(self, items=rows[self.items], answers=rows[self.answers])

    def prefixes(self) -> Sessions:
        """The known items of each prefix: session c is the prefix of case c."""
        lengths = self.stops - self.starts
        items = self.items[ragged.places(self.starts, lengths)]
        case = ragged.owners(ragged.offsets_of(lengths))
        known = items != UNSEEN
        known_lengths = np.bincount(case[known], minlength=len(self))
        return Sessions(items[known], ragged.offsets_of(known_lengths))

    def repeated(self) -> NDArray[np.bool_]:
        """Per case: is the answer an item of the prefix? bool [cases]."""
        repeats = [np.zeros(0, np.bool_)]
        for block in self.blocks():
            prefixes = block.prefixes()
            case = prefixes.owners()
            same = case[prefixes.items == block.answers[case]]
            repeats.append(np.bincount(same, minlength=len(block)) > 0)
        return np.concatenate(repeats)

    def blocks(self) -> Iterator["Cases"]:
        """The cases in order, in blocks whose prefixes fit in memory."""
        items_before = np.cumsum(self.stops - self.starts)
        first = 0
        while first < len(self):
            limit = ITEMS_PER_BLOCK + (items_before[first - 1] if first else 0)
            fitting = int(np.searchsorted(items_before, limit, side="right"))
            last = min(max(fitting, first + 1), first + CASES_PER_BLOCK)
            yield self.take(slice(first, last))
            first = last


def last_item(sessions: Sessions) -> tuple[Sessions, Cases]:
    """Splits off the last item of each session: it becomes the answer of a test case.

    A session of a single item stays in training and gives no case.

    Returns:
        The shortened sessions, as many as before, and a case for each that has a prefix.
    """
    split = np.flatnonzero(sessions.lengths() > 1)
    ends = sessions.offsets[1:][split] - 1
    kept = np.ones(len(sessions.items), np.bool_)
    kept[ends] = False
    lengths = sessions.lengths()
    lengths[split] -= 1
    cases = Cases(
        sessions.items, sessions.offsets[split], ends, sessions.items[ends], split.astype(np.int64)
    )
    weights = None if sessions.weights is None else sessions.weights[kept]
    offsets = ragged.offsets_of(lengths)
    return Sessions(sessions.items[kept], offsets, weights, sessions.starts), cases


def prefix_cases(sessions: Sessions) -> Cases:
    """A case for every item of a session but the first; its prefix is everything before it.

    The sliding next-item protocol of the session-based literature (Ludewig & Jannach,
    arXiv 1803.09587).
    """
    session = sessions.owners()
    starts = sessions.offsets[:-1][session]
    stops = np.flatnonzero(np.arange(len(sessions.items)) > starts)
    return Cases(sessions.items, starts[stops], stops, sessions.items[stops], session[stops])


def alone(items: NDArray[np.int32]) -> Cases:
    """A case for every item, which is its whole prefix; there is no answer."""
    places = np.arange(len(items))
    return Cases(items, places, places + 1, np.full(len(items), UNSEEN, np.int32), places)


def sample(cases: Cases, size: int, seed: int) -> Cases:
    """`size` random cases, without replacement and in their order; all if there are no more."""
    if size >= len(cases):
        return cases
    selection = np.random.default_rng(seed).choice(len(cases), size, replace=False)
    return cases.take(np.sort(selection))
