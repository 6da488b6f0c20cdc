"""Test cases, and how sessions are turned into them."""

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
    """Questions with known answers: the start of a session, and the item that came next.

    The prefixes are ranges of one array, so that all prefixes of a session share its items: they
    take memory that grows with the session, not with its square.

    Attributes:
        items: int32 [events], vocabulary rows; -1 is an item never seen in training.
        starts: int64 [cases]; the prefix of case c is `items[starts[c]:stops[c]]`, oldest first.
        stops: int64 [cases].
        answers: int32 [cases], the item that came next; -1 where never seen in training.
        session: int64 [cases], the session a case is from: those of one session depend on each
            other.
    """

    items: NDArray[np.int32]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    answers: NDArray[np.int32]
    session: NDArray[np.int64]

    def __len__(self) -> int:
        """The number of cases."""
        return len(self.answers)

    def take(self, which: slice | NDArray[np.int64]) -> "Cases":
        """Some of the cases."""
        return replace(
            self,
            starts=self.starts[which],
            stops=self.stops[which],
            answers=self.answers[which],
            session=self.session[which],
        )

    def last(self, items: int) -> "Cases":
        """The same cases, asked with the last so many items of the prefix only."""
        return replace(self, starts=np.maximum(self.starts, self.stops - items))

    def encoded(self, row_of_item: NDArray[np.int32]) -> "Cases":
        """The same cases in the rows of another vocabulary.

        Args:
            row_of_item: int32 [items], the new row of each old one, -1 where there is none.
        """
        rows = np.append(row_of_item, np.int32(UNSEEN))  # the last one answers for -1
        return replace(self, items=rows[self.items], answers=rows[self.answers])

    def prefixes(self) -> Sessions:
        """The known items of each prefix, one after the other: session c is that of case c."""
        lengths = self.stops - self.starts
        items = self.items[ragged.places(self.starts, lengths)]
        case = ragged.owners(ragged.offsets_of(lengths))
        known = items != UNSEEN
        known_lengths = np.bincount(case[known], minlength=len(self))
        return Sessions(items[known], ragged.offsets_of(known_lengths))

    def repeated(self) -> NDArray[np.bool_]:
        """Per case: is the answer an item of the prefix? bool [cases]."""
        found = [np.zeros(0, np.bool_)]
        for block in self.blocks():
            prefixes = block.prefixes()
            case = prefixes.owners()
            same = case[prefixes.items == block.answers[case]]
            found.append(np.bincount(same, minlength=len(block)) > 0)
        return np.concatenate(found)

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
    """Training sees all but the last item of each session; the case asks for that one.

    A session of a single item stays in training and gives no case.

    Returns:
        As many sessions as came in, and a case for each that has a prefix.
    """
    asked = np.flatnonzero(sessions.lengths() > 1)
    ends = sessions.offsets[1:][asked] - 1
    kept = np.ones(len(sessions.items), np.bool_)
    kept[ends] = False
    lengths = sessions.lengths()
    lengths[asked] -= 1
    cases = Cases(
        sessions.items, sessions.offsets[asked], ends, sessions.items[ends], asked.astype(np.int64)
    )
    weights = None if sessions.weights is None else sessions.weights[kept]
    offsets = ragged.offsets_of(lengths)
    return Sessions(sessions.items[kept], offsets, weights, sessions.starts), cases


def prefix_cases(sessions: Sessions) -> Cases:
    """Every item but the first of a session is asked for, given all that came before it.

    The sliding next-item protocol of the session-based literature (Ludewig & Jannach,
    arXiv 1803.09587).
    """
    session = sessions.owners()
    starts = sessions.offsets[:-1][session]
    places = np.arange(len(sessions.items))
    asked = places > starts
    return Cases(
        sessions.items, starts[asked], places[asked], sessions.items[asked], session[asked]
    )


def sample(cases: Cases, size: int, seed: int) -> Cases:
    """So many cases drawn without replacement, in their order; all where there are no more."""
    if size >= len(cases):
        return cases
    chosen = np.random.default_rng(seed).choice(len(cases), size, replace=False)
    return cases.take(np.sort(chosen))
