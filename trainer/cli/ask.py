"""Commands that query a model, using the service's own code."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from service.model.answers import Neighbor
from service.model.continuations import Relation
from service.model.errors import InputError, UnknownItemError
from service.model.recommender import Recommender
from trainer.cli.common import Json, ModelsOption, Version, open_store, out, print_json, say
from trainer.view import tables

K = Annotated[int, typer.Option("--k", "-k", min=1, help="how many items")]
LikedIds = Annotated[
    list[str], typer.Argument(metavar="ITEM...", help="item ids, the oldest first, the newest last")
]
RelationOption = Annotated[
    Relation, typer.Option(help="similar: could be taken instead; next: comes after or goes with")
]
AnyItemIds = Annotated[list[str] | None, typer.Argument(metavar="[ITEM]...", help="item ids")]


def similar(
    item: Annotated[str, typer.Argument(help="item id")],
    relation: RelationOption = "similar",
    k: K = 10,
    as_json: Json = False,
    models: ModelsOption = None,
    version: Version = None,
) -> None:
    """Items similar to one item, or items that come next."""
    recommender = _recommender(models, version)
    try:
        neighbors = recommender.similar(item, k, relation)
    except UnknownItemError as error:
        raise InputError(f"{error}{_titles_like(recommender, item)}") from None
    _print_neighbors(neighbors, as_json)


def recommend(  # noqa: PLR0913 - a command has as many parameters as options
    liked: LikedIds,
    exclude: Annotated[list[str] | None, typer.Option(help="items not to return")] = None,
    relation: RelationOption = "similar",
    decay: Annotated[
        float | None,
        typer.Option(
            help="the share of its weight that an item keeps per step back: 1 counts all alike, 0 "
            "the newest alone \\[default: that of the model]"
        ),
    ] = None,
    k: K = 10,
    as_json: Json = False,
    models: ModelsOption = None,
    version: Version = None,
) -> None:
    """Items for a taste, the mean of the liked items, or items that come next."""
    recommender = _recommender(models, version)
    answer = recommender.recommend(liked, k, exclude or (), relation=relation, decay=decay)
    if answer.unknown_items:
        say("unknown:", ", ".join(map(tables.printable, answer.unknown_items)))
    if answer.fallback_used:
        say("note:", "no liked item is known, these are the most popular items")
    if answer.ignored_items:
        say("note:", f"too far back to have a vote: {', '.join(answer.ignored_items)}")
    _print_neighbors(answer.neighbors, as_json)


def analogy(
    positive: AnyItemIds = None,
    negative: Annotated[list[str] | None, typer.Option("--negative", "-n", help="subtract")] = None,
    k: K = 10,
    as_json: Json = False,
    models: ModelsOption = None,
    version: Version = None,
) -> None:
    """Items nearest to a sum of items minus other items: `analogy KING WOMAN -n MAN`."""
    recommender = _recommender(models, version)
    _print_neighbors(recommender.analogy(positive or [], negative or [], k), as_json)


def _recommender(directory: Path | None, version: str | None) -> Recommender:
    return Recommender(open_store(directory).load(version))


def _titles_like(recommender: Recommender, text: str) -> str:
    """The items that a user may mean who typed a title instead of an id."""
    matches = [
        f"{tables.printable(item.item_id)} {tables.printable(item.title or '')}".rstrip()
        for item in recommender.find(text, 3)
    ]
    return f"; it knows {', '.join(matches)}" if matches else ""


def _print_neighbors(neighbors: Sequence[Neighbor], as_json: bool) -> None:
    if as_json:
        print_json([neighbor._asdict() for neighbor in neighbors])
    else:
        out.print(tables.neighbors_table(neighbors))
