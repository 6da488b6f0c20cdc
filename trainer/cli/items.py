"""The commands on single items: `items` finds them, `item` tells what is known of one."""

from typing import Annotated

import typer

from service.model.bodies import item_body, items_body
from trainer.cli.ask import Filter, K, recommender_of, suggesting
from trainer.cli.common import Json, ModelsOption, Version
from trainer.cli.speech import print_json, print_table, say


def items(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[QUERY]", help="words of an id or title, in any order; without, all items"
        ),
    ] = None,
    filter: Filter = None,
    k: K = 10,
    as_json: Json = False,
    models: ModelsOption = None,
    version: Version = None,
) -> None:
    """Find items by words of their title or id, the most frequent first.

    The last word may be the beginning of one. If nothing is found, words one edit away are tried.
    """
    recommender = recommender_of(models, version)
    text = " ".join(words or ())
    found = recommender.find(text, k, filter)
    if as_json:
        print_json(items_body(recommender, found))
    elif found:
        from trainer.view.answers import items_table

        print_table(items_table(found))
    if not found:
        condition = f" that meets {filter!r}" if filter else ""
        say("note:", f"no item has the words {text!r}{condition}")


def item(
    item_id: Annotated[str, typer.Argument(metavar="ITEM", help="item id")],
    as_json: Json = False,
    models: ModelsOption = None,
    version: Version = None,
) -> None:
    """What the model knows of an item: title, occurrences in training, metadata."""
    recommender = recommender_of(models, version)
    with suggesting(recommender):
        known = recommender.item(item_id)
    if as_json:
        print_json(item_body(recommender, known))
        return
    from trainer.view.answers import item_table

    hidden = not recommender.hidden.isdisjoint(recommender.rows_of([item_id]))
    print_table(item_table(known, hidden))
