"""Commands that query a model, using the service's own code."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from service.model.answers import WHY_SHORT, Neighbor, Recommendation
from service.model.bodies import TITLE, explanation_body, neighbors_body, recommendation_body
from service.model.continuations import Relation
from service.model.errors import InputError, UnknownItemError
from service.model.hidden import Hidden
from service.model.queries import Query, Rules, Taste
from service.model.recommender import Recommender
from trainer.cli.common import Json, ModelsOption, Version, open_store
from trainer.cli.speech import print_json, print_table, say
from trainer.view.printable import printable

K = Annotated[int, typer.Option("--k", "-k", min=1, help="how many items")]
Dislike = Annotated[list[str] | None, typer.Option(help="items to move away from")]
Decay = Annotated[
    float | None,
    typer.Option(
        help="the share of its weight that an item keeps per step back: 1 counts all alike, 0 "
        "the newest alone [default: that of the model]"
    ),
]
LikedIds = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ITEM]...", help="item ids, the oldest first, the newest last"),
]
RelationOption = Annotated[
    Relation, typer.Option(help="similar: could be taken instead; next: comes after or goes with")
]
Exclude = Annotated[list[str] | None, typer.Option(help="items not to return")]
Candidates = Annotated[
    list[str] | None, typer.Option("--candidate", help="return none but these items")
]
Filter = Annotated[
    str | None,
    typer.Option(help="a condition on metadata, title and count: \"price < 20 and color = 'red'\""),
]
MinCount = Annotated[int, typer.Option(min=1, help="return no item seen less often in training")]
MinScore = Annotated[float | None, typer.Option(help="return no item of a lower score")]
Diversity = Annotated[
    float, typer.Option(help="0 ranks by score alone, 1 by distance from the items before")
]
AllowSeen = Annotated[
    bool, typer.Option("--allow-seen", help="return the liked items, too, where they score well")
]
Offset = Annotated[int, typer.Option(min=0, help="how many of the best to leave out")]


class Part(StrEnum):
    """What may come back of an item beside id and score."""

    TITLE = "title"
    METADATA = "metadata"


Include = Annotated[
    list[Part] | None,
    typer.Option(help="what comes back of each item beside id and score [default: title]"),
]
AnyItemIds = Annotated[list[str] | None, typer.Argument(metavar="[ITEM]...", help="item ids")]


def similar(  # noqa: PLR0913 - a command has as many parameters as options
    item: Annotated[str, typer.Argument(help="item id")],
    relation: RelationOption = "similar",
    filter: Filter = None,
    exclude: Exclude = None,
    candidates: Candidates = None,
    min_count: MinCount = 1,
    min_score: MinScore = None,
    diversity: Diversity = 0,
    offset: Offset = 0,
    include: Include = None,
    k: K = 10,
    as_json: Json = False,
    models: ModelsOption = None,
    version: Version = None,
) -> None:
    """Items similar to one item, or items that come next."""
    rules = Rules(exclude or (), candidates, filter, min_count, min_score, diversity, offset)
    recommender = recommender_of(models, version)
    with suggesting(recommender):
        query = recommender.item_query(item, k, relation, rules)
    _print_best(recommender, query, as_json, include or TITLE)


def recommend(  # noqa: PLR0913 - a command has as many parameters as options
    liked: LikedIds = None,
    dislike: Dislike = None,
    relation: RelationOption = "similar",
    decay: Decay = None,
    filter: Filter = None,
    exclude: Exclude = None,
    candidates: Candidates = None,
    min_count: MinCount = 1,
    min_score: MinScore = None,
    diversity: Diversity = 0,
    offset: Offset = 0,
    tastes: Annotated[
        int, typer.Option(min=1, max=20, help="split a mixed account into so many tastes at most")
    ] = 1,
    allow_seen: AllowSeen = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="what each item adds to each score")
    ] = False,
    include: Include = None,
    k: K = 10,
    as_json: Json = False,
    models: ModelsOption = None,
    version: Version = None,
) -> None:
    """Items for a taste, the mean of the liked items, or items that come next."""
    taste = _taste(liked, dislike, allow_seen)
    rules = Rules(exclude or (), candidates, filter, min_count, min_score, diversity, offset)
    recommender = recommender_of(models, version)
    query = recommender.query(taste, k, relation=relation, decay=decay, rules=rules)
    split = recommender.split(query, tastes)
    neighbors, whose = recommender.merged(query, split, recommender.best(split))
    answer = recommender.recommendation(taste, query, neighbors)
    _say_what_is_missing(recommender, query, answer)
    reasons = whose if explain else None
    body = recommendation_body(recommender, query, answer, include or TITLE, reasons)
    _print_answer(body, as_json, "the most popular items" if answer.fallback_used else None)


def explain(  # noqa: PLR0913 - a command has as many parameters as options
    item: Annotated[str, typer.Argument(help="the item to be explained")],
    liked: LikedIds = None,
    dislike: Dislike = None,
    relation: RelationOption = "similar",
    decay: Decay = None,
    filter: Filter = None,
    min_count: MinCount = 1,
    allow_seen: AllowSeen = False,
    as_json: Json = False,
    models: ModelsOption = None,
    version: Version = None,
) -> None:
    """Why an item is recommended for a taste, or why not: `explain ITEM LIKED LIKED`."""
    taste = _taste(liked, dislike, allow_seen)
    recommender = recommender_of(models, version)
    rules = Rules(filter=filter, min_count=min_count)
    query = recommender.query(taste, 1, relation=relation, decay=decay, rules=rules)
    with suggesting(recommender):
        found = recommender.explain(query, item)
    unknown = [one for one in taste.ids() if one not in recommender]
    _say_unknown(recommender, unknown)
    if as_json:
        print_json(explanation_body(recommender, query, taste, found))
    else:
        from trainer.view.answers import explanation_table

        print_table(explanation_table(found))


def analogy(  # noqa: PLR0913 - a command has as many parameters as options
    positive: AnyItemIds = None,
    negative: Annotated[list[str] | None, typer.Option("--negative", "-n", help="subtract")] = None,
    filter: Filter = None,
    exclude: Exclude = None,
    include: Include = None,
    k: K = 10,
    as_json: Json = False,
    models: ModelsOption = None,
    version: Version = None,
) -> None:
    """Items nearest to a sum of items minus other items: `analogy KING WOMAN -n MAN`."""
    rules = Rules(exclude or (), filter=filter)
    recommender = recommender_of(models, version)
    with suggesting(recommender):
        query = recommender.analogy_query(positive or [], negative or [], k, rules)
    _print_best(recommender, query, as_json, include or TITLE)


def recommender_of(directory: Path | None, version: str | None) -> Recommender:
    """The recommender of a version, which knows what is hidden."""
    store = open_store(directory)
    recommender = Recommender(store.load(version))
    recommender.hidden = recommender.rows_of(Hidden(store.directory).ids())
    return recommender


@contextmanager
def suggesting(recommender: Recommender) -> Iterator[None]:
    """Adds to the error for an unknown item the items that a title may have meant.

    Raises:
        InputError: an item is unknown.
    """
    try:
        yield
    except UnknownItemError as error:
        hint = _titles_like(recommender, error.item_id)
        if not hint and not recommender.knows(error.item_id):
            hint = "; `item2vec items WORDS` finds items by their titles"
        raise InputError(f"{error}{hint}") from None


def _taste(liked: Sequence[str] | None, dislike: Sequence[str] | None, allow_seen: bool) -> Taste:
    if not liked and not dislike:
        raise InputError("name items that are liked, or items to `--dislike`")
    return Taste(liked or (), dislike or (), allow_seen=allow_seen)


def _print_best(
    recommender: Recommender, query: Query, as_json: bool, include: Collection[str]
) -> None:
    [neighbors] = recommender.best([query])
    _say_why_short(recommender, query, neighbors)
    _print_answer(neighbors_body(recommender, query, neighbors, include), as_json)


def _print_answer(body: Mapping[str, Any], as_json: bool, title: str | None = None) -> None:
    if as_json:
        print_json(body)
    else:
        from trainer.view.answers import neighbors_table

        print_table(neighbors_table(body["items"], title))


def _say_what_is_missing(recommender: Recommender, query: Query, answer: Recommendation) -> None:
    _say_unknown(recommender, answer.unknown_items)
    if answer.fallback_used:
        say("note:", "no liked item is known, these are the most popular items")
    if answer.ignored_items:
        ignored = ", ".join(map(printable, answer.ignored_items))
        say("note:", f"too far back to have a vote: {ignored}")
    _say_why_short(recommender, query, answer.neighbors)


def _say_unknown(recommender: Recommender, unknown: Sequence[str]) -> None:
    """Names unknown items; one that may be a title with the ids it may have meant."""
    if unknown:
        hint = _titles_like(recommender, unknown[0]) if len(unknown) == 1 else ""
        say("unknown:", ", ".join(map(printable, unknown)) + hint)


def _say_why_short(recommender: Recommender, query: Query, neighbors: Sequence[Neighbor]) -> None:
    reason = recommender.short_because(query, len(neighbors))
    if reason is not None:
        say("note:", f"{len(neighbors)} of {query.k} items: {WHY_SHORT[reason]}")


def _titles_like(recommender: Recommender, text: str) -> str:
    """The items that a user may mean who typed a title instead of an id."""
    matches = [
        f"{printable(item.item_id)} ({printable(item.title)})"
        if item.title
        else printable(item.item_id)
        for item in recommender.find(text, 3)
        if item.trained
    ]
    return f"; it knows {', '.join(matches)}" if matches else ""
