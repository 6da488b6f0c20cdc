"""What the events of a log tell of sessions, order and rare items."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainer.config.data import DataConfig
from trainer.events.log.reader import ITEM, SESSION, TIME, USER, read_events

MOST_ROWS = 2_000_000
SELDOM = 5
USUAL_GAP = 30.0
# Minutes between which the pause that ends a session is looked for, and its steps.
STEPS = (10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 240.0, 360.0, 480.0)
DAY = 1440.0
FEWEST_GAPS = 100
ENOUGH = 0.5  # share of the events that must have company in their session


@dataclass(frozen=True)
class Measured:
    """A table of events, as training would read them: at most two million.

    Attributes:
        events: the columns item, and session, user and time where the log has them.
        read: the number of events before the condition.
        whole: whether these are all of the log.
    """

    events: pl.DataFrame
    read: int
    whole: bool

    @classmethod
    def of(cls, config: DataConfig) -> "Measured":
        """Reads the beginning of a log.

        Raises:
            EventLogError: it cannot be read, or no event meets the condition.
        """
        tables, read = [], 0
        pieces = read_events(config)
        whole = True
        for piece in pieces:
            wanted = [name for name in (ITEM, SESSION, USER, TIME) if name in piece.table.columns]
            tables.append(piece.table.select(wanted))
            read += piece.read
            if read >= MOST_ROWS:
                whole = next(pieces, None) is None
                break
        pieces.close()  # type: ignore[attr-defined]
        return cls(pl.concat(tables).drop_nulls(ITEM), read, whole)

    def counts(self) -> NDArray[np.int64]:
        """How often each item occurs."""
        return self.events.group_by(ITEM).len()["len"].cast(pl.Int64).to_numpy()

    def seldom(self) -> tuple[int, int, float]:
        """Items seen fewer than five times, all items, and the share of events of the former."""
        counts = self.counts()
        rare = counts < SELDOM
        return int(rare.sum()), len(counts), float(counts[rare].sum() / counts.sum())

    def lost(self, least: int) -> float:
        """The share of the events that a `min_count` drops."""
        counts = self.counts()
        return float(counts[counts < least].sum() / counts.sum())

    def gaps(self, owner: str) -> NDArray[np.float64]:
        """Minutes from the event before, of the same owner; NaN for the first of an owner."""
        ordered = self.events.drop_nulls([owner, TIME]).sort(owner, TIME)
        same = ordered[owner].eq(ordered[owner].shift(1)).fill_null(False)
        minutes = ordered[TIME].cast(pl.Int64).diff() / 6e7
        gaps: NDArray[np.float64] = minutes.set(~same, None).cast(pl.Float64).to_numpy()
        return gaps

    def company(self, owner: str, gap: float) -> float:
        """The share of the events that have another one within a gap, of the same owner."""
        near = self.gaps(owner) <= gap
        return float(np.mean(near | np.append(near[1:], False))) if len(near) else 0.0

    def only_days(self) -> bool:
        """Whether every time is a midnight."""
        times = self.events[TIME].drop_nulls()
        return bool((times.dt.truncate("1d") == times).all())

    def is_one_time(self, owner: str) -> bool:
        """Whether the events of nearly every owner have one and the same time."""
        times = (
            self.events.drop_nulls([owner, TIME])
            .group_by(owner)
            .agg(pl.col(TIME).n_unique().alias("n"), pl.len().alias("rows"))
            .filter(pl.col("rows") > 1)
        )
        return times.height > 0 and share(times["n"] == 1) > ENOUGH

    def sorted_share(self, owner: str) -> float:
        """The share of the neighbours in an owner's rows whose items are in ascending order."""
        items = self.events[ITEM]
        numbers = items.cast(pl.Int64, strict=False)
        values = items if numbers.has_nulls() else numbers
        same = (self.events[owner] == self.events[owner].shift(1)).fill_null(False)
        ascending = (values >= values.shift(1)).filter(same)
        return share(ascending)


def share(answers: pl.Series) -> float:
    """The share of the answers that are true; nulls do not count."""
    known = answers.drop_nulls()
    return int(known.sum()) / len(known) if len(known) else 0.0


def pause(gaps: NDArray[np.float64]) -> float:
    """The minutes of silence where a valley lies between gaps within sessions and between them.

    The valley is where the fewest gaps are per equal ratio of lengths; where it is no valley, the
    usual half hour.
    """
    gaps = gaps[np.isfinite(gaps)]
    if len(gaps) < FEWEST_GAPS:
        return USUAL_GAP
    shares = [
        float(((gaps > low) & (gaps <= high)).mean() / np.log(high / low))
        for low, high in pairwise(STEPS)
    ]
    smooth = np.convolve(np.pad(shares, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
    lowest = int(np.argmin(smooth))
    usual = smooth[STEPS.index(USUAL_GAP)]
    return STEPS[lowest] if smooth[lowest] < 0.5 * usual else USUAL_GAP
