"""`item2vec replay`: what was asked of the service, asked of two versions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.model.errors import InputError, Item2VecError
from service.model.named import ALONE
from service.model.pinned import PinnedStore
from service.model.store import Store
from service.web.settings import Settings
from trainer.cli.common import Json, ModelsOption, Quiet
from trainer.cli.settings import config_of, make_display
from trainer.cli.speech import print_json, print_table
from trainer.replay.findings import Findings
from trainer.view.display import Silent

if TYPE_CHECKING:
    from fastapi import FastAPI

HOURS = 3600.0


def replay(
    requests: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            help='recorded requests, one a line: {"method": "GET", "path": "/similar/X?k=5"}, or '
            "the service's log at level debug",
        ),
    ],
    against: Annotated[
        str,
        typer.Option(
            metavar="A,B", help="the two versions; `current` and `previous` are names, too"
        ),
    ],
    examples: Annotated[
        int, typer.Option(min=0, help="how many of the most different answers to show")
    ] = 10,
    models: ModelsOption = None,
    quiet: Quiet = None,
    as_json: Json = False,
) -> None:
    """Ask two versions what was asked once, and compare their answers."""
    config = config_of(models, quiet)
    versions = _versions(Store(config.models), against)
    found = asyncio.run(_replay(requests, config.models, versions, examples, make_display(config)))
    if as_json:
        print_json(found.as_dict())
    else:
        from trainer.view.replay import replay_tables

        print_table(replay_tables(found))


def _versions(store: Store, against: str) -> tuple[str, str]:
    """The names of the two versions, both of which are there.

    Raises:
        InputError: there are not two names, or no such version.
    """
    names = [name.strip() for name in against.split(",")]
    if len(names) != 2 or not all(names):
        raise InputError(
            f"--against {against!r}: name two versions, as in --against previous,current"
        )
    one, other = (_version(store, name) for name in names)
    return one, other


def _version(store: Store, name: str) -> str:
    named = {"current": store.current, "previous": store.previous}
    return named[name]() if name in named else store.path(name).name


async def _replay(
    requests: Path, models: Path, versions: tuple[str, str], examples: int, display: Silent
) -> Findings:
    from trainer.jobs import replay as job

    one, other = (PinnedStore(models, version) for version in versions)
    async with _serving(one) as app, _serving(other) as other_app:
        return await job.replay(requests, versions, (app, other_app), examples, display)


@asynccontextmanager
async def _serving(store: PinnedStore) -> AsyncIterator["FastAPI"]:
    """The service over one version, with the settings of the environment, but open to all.

    Raises:
        Item2VecError: the version cannot be loaded.
    """
    from service.web.app import create_app

    settings = Settings.from_environment()
    no_keys = dict.fromkeys(["api_keys", "api_keys_file", "admin_key", "admin_key_file"])
    fixed = {"models": store.directory, "poll_seconds": HOURS, "pull": None}
    app = create_app(settings.model_copy(update={**no_keys, **fixed}), {ALONE: store})
    async with app.router.lifespan_context(app):
        try:
            app.state.models[ALONE].get()
        except Item2VecError:
            store.load()  # says why
            raise
        yield app
