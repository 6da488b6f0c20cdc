"""The commands on hidden items, which no answer names: `hide`, `show` and `hidden`."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from service.model.errors import Item2VecError
from service.model.hidden import Hidden
from service.model.recommender import Recommender
from service.model.remote.bucket import Bucket
from service.model.remote.hidden_list import change_hidden
from service.model.store import Store
from trainer.cli.common import (
    Json,
    ModelsOption,
    Push,
    open_store,
    out,
    print_json,
    read_config,
    say,
)
from trainer.view.tables import printable

ItemIds = Annotated[list[str], typer.Argument(metavar="ITEM...", help="item ids")]


def hide(items: ItemIds, models: ModelsOption = None, push: Push = None) -> None:
    """Hide items: within a second no service over these models names them, nor after a restart.

    A service that follows an object store does so after its next look there.
    """
    store, bucket = _places(models, push)
    Hidden(store.directory).hide(*items)
    if bucket is not None:
        change_hidden(bucket, lambda ids: ids.union(items))
    out.print(f"hidden: {_listed(items)}", soft_wrap=True)
    _say_unknown(store, items)


def show(items: ItemIds, models: ModelsOption = None, push: Push = None) -> None:
    """Show hidden items again."""
    store, bucket = _places(models, push)
    Hidden(store.directory).show(*items)
    if bucket is not None:
        change_hidden(bucket, lambda ids: ids.difference(items))
    out.print(f"shown: {_listed(items)}", soft_wrap=True)


def list_hidden(models: ModelsOption = None, as_json: Json = False) -> None:
    """The hidden items, in the order of their ids."""
    item_ids = sorted(Hidden(open_store(models).directory).ids())
    if as_json:
        print_json(item_ids)
        return
    for item_id in item_ids:
        out.print(printable(item_id), soft_wrap=True)


def _places(models: Path | None, push: str | None) -> tuple[Store, Bucket | None]:
    """Where items are hidden: the store, and the object store that follows it."""
    flags = {"models": models, "publish.push": push}
    config = read_config(None, {name: value for name, value in flags.items() if value})
    url = config.publish.push
    return Store(config.models), None if url is None else Bucket(url)


def _say_unknown(store: Store, items: Iterable[str]) -> None:
    """Notes which items may be misspelt; they are hidden all the same."""
    try:
        recommender = Recommender(store.load())
    except Item2VecError as error:
        say("note:", error)
        return
    if unknown := [item_id for item_id in items if not recommender.knows(item_id)]:
        say("unknown:", f"{_listed(unknown)}, to the current model; hidden all the same")


def _listed(items: Iterable[str]) -> str:
    return ", ".join(map(printable, items))
