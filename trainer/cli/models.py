"""The commands on published models: `models`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from service.model.artifact import Manifest
from service.model.disk import replacing
from service.model.errors import ArtifactError, UnavailableError
from service.model.nights import Nights
from service.model.store import Store
from trainer.cli.common import (
    Force,
    Json,
    ModelsOption,
    announce,
    current_version,
    open_store,
)
from trainer.cli.files import check_page
from trainer.cli.speech import print_json, print_line, print_table, say

WEIGHTS: Any = {"next": {"logit": True}}  # some two hundred numbers
NOT_LISTED = {"config": True, "sha256": True} | WEIGHTS


def list_versions(models: ModelsOption = None, as_json: Json = False) -> None:
    """Every version, oldest first."""
    store = open_store(models)
    manifests = []
    for version in store.versions():
        try:
            manifests.append(store.manifest(version))
        except ArtifactError as error:
            say("damaged:", error)
        except UnavailableError as error:
            say("unavailable:", error)
    current = current_version(store)
    if as_json:
        print_json(
            [
                {
                    **manifest.model_dump(mode="json", exclude=NOT_LISTED),
                    "current": manifest.model_version == current,
                }
                for manifest in manifests
            ]
        )
    else:
        from trainer.view.tables import versions_table

        print_table(versions_table(manifests, current))


def show(
    version: Annotated[str | None, typer.Argument(help="[default: current]")] = None,
    models: ModelsOption = None,
    report: Annotated[
        Path | None,
        typer.Option(help="write the gate's page on the version to this file, in HTML"),
    ] = None,
    force: Force = False,
    next_alone: Annotated[
        bool,
        typer.Option("--next", help="show how what comes next is ranked: checks and weights"),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="show the weights of what comes next, too")
    ] = False,
) -> None:
    """The manifest of a version, as JSON; how it ranks what comes next; or its report."""
    store = open_store(models)
    if report is not None:
        check_page("--report", report, store, force)
        page = store.report(version or store.current())
        with replacing(report) as file:
            file.write(page.read_bytes())
        print_line(f"wrote {report}")
        return
    manifest = store.manifest(version or store.current())
    if next_alone:
        _show_next(manifest, as_json)
    else:
        print_json(manifest.model_dump(mode="json", exclude=None if as_json else WEIGHTS))


def _show_next(manifest: Manifest, as_json: bool) -> None:
    if as_json:
        print_json(manifest.model_dump(mode="json", include={"model_version", "next"}))
        return
    from trainer.view.fitted import fit_sentence, fit_tables

    print_line(fit_sentence(manifest.next))
    for table in fit_tables(manifest.next):
        print_table(table)


def promote(
    version: Annotated[str, typer.Argument(help="the version to serve")],
    models: ModelsOption = None,
    as_json: Json = False,
) -> None:
    """Make a version current, after verifying it."""
    open_store(models).promote(version)
    announce("promoted", version, f"current version: {version}", as_json)


def rollback(models: ModelsOption = None, as_json: Json = False) -> None:
    """Make the version before the current one current again."""
    version = open_store(models).rollback()
    announce("promoted", version, f"current version: {version}", as_json)


def prune(
    keep: Annotated[
        int | None,
        typer.Option(min=1, help="newest published versions to keep [default: publish.keep]"),
    ] = None,
    models: ModelsOption = None,
    as_json: Json = False,
) -> None:
    """Delete all but the newest published versions; the current one stays."""
    from trainer.cli.settings import config_of

    config = config_of(models)
    publish = config.publish
    deleted = Store(config.models).prune(keep or publish.keep, publish.keep_refused)
    if as_json:
        print_json({"deleted": deleted})
    else:
        listed = ", ".join(deleted)
        print_line(f"deleted {len(deleted)}: {listed}" if deleted else "nothing to delete")


def nights(models: ModelsOption = None, as_json: Json = False) -> None:
    """What became of each retraining, the newest last."""
    runs = Nights(open_store(models).directory).runs()
    if as_json:
        print_json([run.model_dump(mode="json") for run in runs])
    elif runs:
        from trainer.view.tables import nights_table

        print_table(nights_table(runs))
    else:
        print_line("no retraining has been noted yet")
