"""What a recommender answers."""

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Fallback = Literal["popular", "none"]
ScoreKind = Literal["cosine", "probability", "popularity"]
ShortBecause = Literal["catalogue", "rules", "min_score", "votes", "unknown_items"]
WHY_SHORT: dict[ShortBecause, str] = {
    "catalogue": "the model has no more",
    "rules": "no other item is allowed",
    "min_score": "no more score as much",
    "votes": "no more ever came next",
    "unknown_items": "no item of the query is known",
}


class Neighbor(NamedTuple):
    """One item of an answer.

    Attributes:
        item_id: its id.
        title: its title, or None.
        score: its cosine with the query, less a discount if it was rarely seen; how probably it
            comes next, which is its share of the votes where the table alone answers; or, in an
            answer by popularity, its share of all occurrences.
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


@dataclass(frozen=True)
class Item:
    """What the model knows of an item: id, title, occurrences in training and metadata.

    One that is not `trained` has no occurrences, and is in no answer.
    """

    item_id: str
    title: str | None
    count: int
    metadata: dict[str, Any]
    trained: bool = True


@dataclass(frozen=True)
class Explanation:
    """Why an item is answered to a query, or why not.

    Attributes:
        item: the item.
        score: what it scores; None if nothing of the query votes for it, or it cannot come next.
        rank: its place, from 1, among all items but those of the query and of `exclude`; with
            `allow_seen` the liked ones have places, too. None without a score.
        contributions: every item of the query and what it adds to the score, in their order; they
            add up to the score, unless that was cut off at -1 or 1.
        removed_by: the rule that keeps it out of the answer, None if none does.
        voices: which voices speak for an item that may come next: what each kind adds to the
            logarithm of its odds, compared with the average candidate, the largest first. Empty
            where only one has a say: cosines, or the votes of the table.
    """

    item: Item
    score: float | None
    rank: int | None
    contributions: list[tuple[str, float]]
    removed_by: str | None
    voices: list[tuple[str, float]] = field(default_factory=list)
