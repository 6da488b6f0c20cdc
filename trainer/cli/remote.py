"""The commands on models in an object store: `models push` and `models pull`."""

from typing import Annotated

import typer

from service.model.hidden import Hidden, Ids
from service.model.remote import history
from service.model.remote.bucket import Bucket
from service.model.remote.download import pull as pull_version
from service.model.remote.hidden_list import hidden_ids, pull_hidden
from service.model.store import Store
from trainer.cli.common import Json, ModelsOption, Quiet, announce
from trainer.cli.settings import config_of, make_display
from trainer.cli.speech import say
from trainer.jobs.push import push_version
from trainer.view.printable import printable

Url = Annotated[
    str, typer.Argument(metavar="URL", help="s3://bucket/prefix; also gs://, az:// and file://")
]


def push(
    url: Url,
    version: Annotated[
        str | None, typer.Option(help="the version to push [default: current]")
    ] = None,
    models: ModelsOption = None,
    quiet: Quiet = None,
    as_json: Json = False,
) -> None:
    """Copy a version to an object store and make it current there.

    Files that are there already are not copied again.
    """
    bucket, config = Bucket(url), config_of(models, quiet)
    store = Store(config.models)
    version = version or store.current()
    push_version(store, bucket, version, make_display(config))
    announce("pushed", version, f"current version in {bucket.url}: {version}", as_json)
    _say_items("not hidden there:", Hidden(store.directory).ids() - (hidden_ids(bucket) or Ids()))


def pull(url: Url, models: ModelsOption = None, quiet: Quiet = None, as_json: Json = False) -> None:
    """Bring the current version of an object store, and its hidden items; make it current here."""
    bucket, config = Bucket(url), config_of(models, quiet)
    store = Store(config.models)
    version, _ = history.current(bucket)
    before, after = pull_hidden(store, bucket)
    with make_display(config).copying(f"pulling version {version} from {bucket.url}") as on_bytes:
        pull_version(store, bucket, version, on_bytes, verify=True)
    announce("pulled", version, f"current version: {version}", as_json)
    _say_items("shown again:", before - after)


def _say_items(label: str, item_ids: frozenset[str]) -> None:
    if item_ids:
        say(label, ", ".join(map(printable, sorted(item_ids))))
