"""What a recommender is asked: a taste, as rows of the model, and which items may answer it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.model import ragged
from service.model.answers import Fallback
from service.model.continuations import Relation
from service.model.errors import InputError

SECONDS_A_DAY = 86_400


class Liked(NamedTuple):
    """An item that somebody liked, or disliked.

    Attributes:
        id: its id.
        weight: how much it counts, above 0.
        at: when it was liked; see `half_life` of `Recommender.recommend`.
    """

    id: str
    weight: float = 1.0
    at: datetime | None = None


@dataclass(frozen=True)
class Taste:
    """What somebody likes, and does not.

    Attributes:
        liked: items, the newest last; a repeated one weighs more.
        disliked: items to move away from, the newest last; they alone make a taste, too.
        half_life: days after which an item counts half, by its `at`; None: time does not count.
        fallback: the most popular items if the model knows none of them, or no items.
        most: into how many tastes the liked items may be split, each with a share of the answer.
        allow_seen: whether the liked items, too, may be answered; disliked ones never are.
    """

    liked: Sequence[str | Liked] = ()
    disliked: Sequence[str | Liked] = ()
    half_life: float | None = None
    fallback: Fallback = "popular"
    most: int = 1
    allow_seen: bool = False

    def ids(self) -> list[str]:
        """The ids of all items."""
        both = (*self.liked, *self.disliked)
        return [one if isinstance(one, str) else one.id for one in both]


@dataclass(frozen=True)
class Rules:
    """Which items may be answered, and how they are chosen.

    Attributes:
        exclude: ids that must not be answered.
        candidates: ids that alone may be answered; None: all.
        filter: a condition on metadata, see `service.model.filters`.
        min_count: items seen less often in training are not answered.
        min_score: nor are items of a lower score.
        diversity: 0 ranks by score alone, 1 by distance from what was chosen already; see
            `service.model.diversity`.
        offset: how many of the best are left out, for the next page.
    """

    exclude: Collection[str] = ()
    candidates: Collection[str] | None = None
    filter: str | None = None
    min_count: int = 1
    min_score: float | None = None
    diversity: float = 0.0
    offset: int = 0


NO_RULES = Rules()
DIVERSE = 10  # candidates for each item of a diverse answer
LEAST_DIVERSE = 100


class Query(NamedTuple):
    """A taste, as rows of the model.

    Attributes:
        items: the items that the model knows, the newest last.
        weights: float32, one per item, below 0 for an item to move away from.
        k: how many items at most.
        banned: items that must not be in the answer.
        relation: "similar" or "next".
        mask: bool [items], what alone may be in the answer; None: everything.
        rules: how the answer is chosen from what may be in it.
        allow_seen: whether items that are liked may be in it.
    """

    items: list[int]
    weights: NDArray[np.float32]
    k: int
    banned: set[int]
    relation: Relation
    mask: NDArray[np.bool_] | None = None
    rules: Rules = NO_RULES
    allow_seen: bool = False

    @property
    def places(self) -> int:
        """How many items the answer is chosen from."""
        if self.rules is NO_RULES:
            return self.k
        needed = self.k + self.rules.offset
        return max(DIVERSE * needed, LEAST_DIVERSE) if self.rules.diversity else needed


def faded(liked: Sequence[Liked], half_life: float) -> NDArray[np.float64]:
    """What is left of each item's weight: half of it after so many days, the newest has all.

    An item without a time counts as the newest does.

    Raises:
        InputError: the half-life is not above 0.
    """
    if not half_life > 0:
        raise InputError(f"half_life: {half_life} days is not above 0")
    times = [np.inf if one.at is None else one.at.timestamp() for one in liked]
    known = max((time for time in times if time < np.inf), default=0.0)
    days = np.minimum(times, known) / SECONDS_A_DAY
    left: NDArray[np.float64] = np.exp2((days - days.max(initial=-np.inf)) / half_life)
    return left


def decayed(offsets: NDArray[np.int64], decay: float) -> NDArray[np.float32]:
    """The weights of the items of some lists, newest last: decay ** steps back.

    Args:
        offsets: int64 [lists + 1], starting with 0; see `service.model.ragged`.
        decay: the share of its weight an item keeps per step back: 1 weighs all items equally,
            0 only the last one.

    Returns:
        float32 [offsets[-1]].

    Raises:
        InputError: the decay is not between 0 and 1.
    """
    return powers(decay, ragged.steps_back(offsets))


def powers(decay: float, steps: NDArray[np.int64]) -> NDArray[np.float32]:
    """Decay ** steps, float32.

    Raises:
        InputError: the decay is not between 0 and 1.
    """
    if not 0 <= decay <= 1:
        raise InputError(f"decay: {decay} is not between 0 and 1")
    weights: NDArray[np.float32] = np.power(decay, steps).astype(np.float32)
    return weights
