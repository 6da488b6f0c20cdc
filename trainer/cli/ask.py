"""Commands that query a model, using the service's own code."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from service.model.answers import Neighbor
from service.model.continuations import Relation
from service.model.errors import InputError, UnknownItemError
from service.model.hidden import Hidden
from service.model.queries import Query, Rules, Taste
from service.model.recommender import Recommender
from trainer.cli.common import Json, ModelsOption, Version, open_store, out, print_json, say
from trainer.view import tables

K = Annotated[int, typer.Option("--k", "-k", min=1, help="how many items")]
SHORT = {
    "catalogue": "the model has no more",
    "rules": "no more are allowed",
    "min_score": "no more score as much",
    "votes": "no more ever came next",
    "unknown_items": "no item of the query is known",
}
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
Offset = Annotated[int, typer.Option(min=0, help="how many of the best to leave out")]
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
    k: K = 10,
    as_json: Json = False,
    models: ModelsOption = None,
    version: Version = None,
) -> None:
    """Items similar to one item, or items that come next."""
    rules = Rules(exclude or (), candidates, filter, min_count, min_score, diversity, offset)
    recommender = _recommender(models, version)
    try:
        query = recommender.item_query(item, k, relation, rules)
    except UnknownItemError as error:
        raise InputError(f"{error}{_titles_like(recommender, item)}") from None
    _print_best(recommender, query, as_json)


def recommend(  # noqa: PLR0913 - a command has as many parameters as options
    liked: LikedIds = None,
    dislike: Annotated[list[str] | None, typer.Option(help="items to move away from")] = None,
    relation: RelationOption = "similar",
    decay: Annotated[
        float | None,
        typer.Option(
            help="the share of its weight that an item keeps per step back: 1 counts all alike, 0 "
            "the newest alone \\[default: that of the model]"
        ),
    ] = None,
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
    explain: Annotated[
        bool, typer.Option("--explain", help="what each item adds to each score")
    ] = False,
    k: K = 10,
    as_json: Json = False,
    models: ModelsOption = None,
    version: Version = None,
) -> None:
    """Items for a taste, the mean of the liked items, or items that come next."""
    if not liked and not dislike:
        raise InputError("name items that are liked, or items to `--dislike`")
    rules = Rules(exclude or (), candidates, filter, min_count, min_score, diversity, offset)
    recommender, taste = _recommender(models, version), Taste(liked or (), dislike or ())
    query = recommender.query(taste, k, relation=relation, decay=decay, rules=rules)
    split = recommender.split(query, tastes)
    neighbors, whose = recommender.merged(query, split, recommender.best(split))
    answer = recommender.recommendation(taste, query, neighbors)
    if answer.unknown_items:
        say("unknown:", ", ".join(map(tables.printable, answer.unknown_items)))
    if answer.fallback_used:
        say("note:", "no liked item is known, these are the most popular items")
    if answer.ignored_items:
        say("note:", f"too far back to have a vote: {', '.join(answer.ignored_items)}")
    _say_why_short(recommender, query, answer.neighbors)
    parts = None
    if explain and not answer.fallback_used:
        parts = [
            recommender.contributions(one, neighbor.item_id, neighbor.score)
            for one, neighbor in zip(whose, answer.neighbors, strict=True)
        ]
    _print_neighbors(answer.neighbors, as_json, parts)


def analogy(  # noqa: PLR0913 - a command has as many parameters as options
    positive: AnyItemIds = None,
    negative: Annotated[list[str] | None, typer.Option("--negative", "-n", help="subtract")] = None,
    filter: Filter = None,
    exclude: Exclude = None,
    k: K = 10,
    as_json: Json = False,
    models: ModelsOption = None,
    version: Version = None,
) -> None:
    """Items nearest to a sum of items minus other items: `analogy KING WOMAN -n MAN`."""
    rules = Rules(exclude or (), filter=filter)
    recommender = _recommender(models, version)
    query = recommender.analogy_query(positive or [], negative or [], k, rules)
    _print_best(recommender, query, as_json)


def _print_best(recommender: Recommender, query: Query, as_json: bool) -> None:
    [neighbors] = recommender.best([query])
    _say_why_short(recommender, query, neighbors)
    _print_neighbors(neighbors, as_json)


def _say_why_short(recommender: Recommender, query: Query, neighbors: Sequence[Neighbor]) -> None:
    reason = recommender.short_because(query, len(neighbors))
    if reason is not None:
        say("note:", f"{len(neighbors)} of {query.k} items: {SHORT[reason]}")


def _recommender(directory: Path | None, version: str | None) -> Recommender:
    store = open_store(directory)
    recommender = Recommender(store.load(version))
    recommender.hidden = recommender.rows_of(Hidden(store.directory).ids())
    return recommender


def _titles_like(recommender: Recommender, text: str) -> str:
    """The items that a user may mean who typed a title instead of an id."""
    matches = [
        f"{tables.printable(item.item_id)} {tables.printable(item.title or '')}".rstrip()
        for item in recommender.find(text, 3)
        if item.trained
    ]
    return f"; it knows {', '.join(matches)}" if matches else ""


def _print_neighbors(
    neighbors: Sequence[Neighbor],
    as_json: bool,
    parts: Sequence[list[tuple[str, float]]] | None = None,
) -> None:
    if not as_json:
        out.print(tables.neighbors_table(neighbors, parts))
        return
    items = [neighbor._asdict() for neighbor in neighbors]
    for item, contributions in zip(items, parts or (), strict=False):
        item["contributions"] = dict(contributions)
    print_json(items)
