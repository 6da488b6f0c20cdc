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
from trainer.cli.common import Json, ModelsOption, Push, open_store
from trainer.cli.speech import print_json, print_line, say
from trainer.view.printable import printable

ItemIds = Annotated[list[str], typer.Argument(metavar="ITEM...", help="item ids")]


def hide(
    items: ItemIds, models: ModelsOption = None, push: Push = None, as_json: Json = False
) -> None:
    """Hide items: within a second no service over these models names them, nor after a restart.

    A service that follows an object store does so after its next look there.
    """
    store, bucket = _places(models, push)
    Hidden(store.directory).hide(*items)
    if bucket is not None:
        change_hidden(bucket, lambda ids: ids.union(items))
    _print_changed("hidden", items, as_json)
    _say_unknown(store, items)


def show(
    items: ItemIds, models: ModelsOption = None, push: Push = None, as_json: Json = False
) -> None:
    """Show hidden items again."""
    store, bucket = _places(models, push)
    Hidden(store.directory).show(*items)
    if bucket is not None:
        change_hidden(bucket, lambda ids: ids.difference(items))
    _print_changed("shown", items, as_json)


def list_hidden(models: ModelsOption = None, as_json: Json = False) -> None:
    """The hidden items, in the order of their ids."""
    item_ids = sorted(Hidden(open_store(models).directory).ids())
    if as_json:
        print_json(item_ids)
        return
    for item_id in item_ids:
        print_line(printable(item_id))


def _print_changed(event: str, items: list[str], as_json: bool) -> None:
    if as_json:
        print_json({event: items})
    else:
        print_line(f"{event}: {_listed(items)}")


def _places(models: Path | None, push: str | None) -> tuple[Store, Bucket | None]:
    """Where items are hidden: the store, and the object store that follows it."""
    from trainer.cli.settings import read_config  # not for those who only look at the list

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
