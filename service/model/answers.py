"""What a recommender is asked and what it answers."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.model.continuations import Relation


class Neighbor(NamedTuple):
    """One item of an answer.

    Attributes:
        item_id: its id.
        title: its title, or None.
        score: its cosine with the query, less a discount if it was rarely seen; its share of the
            votes for what comes next; or, in an answer by popularity, its share of all
            occurrences.
    """

    item_id: str
    title: str | None
    score: float


@dataclass(frozen=True)
class Recommendation:
    """The answer to a query with liked items.

    Attributes:
        neighbors: best first.
        unknown_items: liked items the model does not know, in the order of the query.
        fallback_used: "popularity" if no liked item is known, else None.
        ignored_items: liked items too far back to have a vote for what comes next, in the order
            of the query.
    """

    neighbors: list[Neighbor]
    unknown_items: list[str] = field(default_factory=list)
    fallback_used: str | None = None
    ignored_items: list[str] = field(default_factory=list)


class Query(NamedTuple):
    """A taste, as rows of the model.

    items: the liked items that the model knows, the newest last.
    weights: float32, one per item.
    k: how many items at most.
    banned: items that must not be in the answer.
    relation: "similar" or "next".
    """

    items: list[int]
    weights: NDArray[np.float32]
    k: int
    banned: set[int]
    relation: Relation


@dataclass(frozen=True)
class Item:
    """What the model knows of an item: id, title, occurrences in training and metadata."""

    item_id: str
    title: str | None
    count: int
    metadata: dict[str, Any]
