"""The commands on published models: `models`, `export` and `import`."""

from pathlib import Path
from typing import Annotated

import typer

from service.model.disk import replacing
from service.model.errors import ArtifactError, UnavailableError
from service.model.nights import Nights
from service.model.store import Store
from trainer.artifacts import exports
from trainer.cli.common import (
    Json,
    ModelsOption,
    Version,
    check_outside,
    check_page,
    current_version,
    open_store,
    out,
    print_json,
    read_config,
    say,
)
from trainer.cli.jobs import how_to_serve, running_job
from trainer.view import tables


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
                    **manifest.model_dump(mode="json", exclude={"config", "sha256"}),
                    "current": manifest.model_version == current,
                }
                for manifest in manifests
            ]
        )
    else:
        out.print(tables.versions_table(manifests, current))


def show(
    version: Annotated[str | None, typer.Argument(help="\\[default: current]")] = None,
    models: ModelsOption = None,
    report: Annotated[
        Path | None,
        typer.Option(help="write the gate's page on the version to this file, in HTML"),
    ] = None,
) -> None:
    """The manifest of a version, as JSON; or its report."""
    store = open_store(models)
    if report is not None:
        check_page(store, report)
        page = store.report(version or store.current())
        with replacing(report) as file:
            file.write(page.read_bytes())
        out.print(f"wrote {report}", soft_wrap=True)
        return
    print_json(store.manifest(version or store.current()).model_dump(mode="json"))


def promote(
    version: Annotated[str, typer.Argument(help="the version to serve")],
    models: ModelsOption = None,
) -> None:
    """Make a version current, after verifying it."""
    open_store(models).promote(version)
    out.print(f"current version: {version}")


def rollback(models: ModelsOption = None) -> None:
    """Make the version before the current one current again."""
    out.print(f"current version: {open_store(models).rollback()}")


def prune(
    keep: Annotated[
        int | None,
        typer.Option(min=1, help="newest published versions to keep \\[default: publish.keep]"),
    ] = None,
    models: ModelsOption = None,
) -> None:
    """Delete all but the newest published versions; the current one stays."""
    config = read_config(None, {"models": models} if models else {})
    publish = config.publish
    deleted = Store(config.models).prune(keep or publish.keep, publish.keep_refused)
    out.print(f"deleted {len(deleted)}: {', '.join(deleted)}" if deleted else "nothing to delete")


def nights(models: ModelsOption = None, as_json: Json = False) -> None:
    """What became of each retraining, the newest last."""
    runs = Nights(open_store(models).directory).runs()
    if as_json:
        print_json([run.model_dump(mode="json") for run in runs])
    elif runs:
        out.print(tables.nights_table(runs))
    else:
        out.print("no retraining has been noted yet")


def export(
    output: Annotated[
        Path, typer.Argument(help="the file; .npy has its item ids beside it in <name>.items.json")
    ],
    file_format: Annotated[
        exports.Format | None,
        typer.Option(
            "--format",
            help="\\[default: by ending; .txt and .vec: word2vec, .bin: word2vec-binary]",
        ),
    ] = None,
    vectors: Annotated[
        exports.Vectors, typer.Option(help="which ones; average: the mean of input and output")
    ] = "input",
    models: ModelsOption = None,
    version: Version = None,
) -> None:
    """Write the vectors for another program; gensim reads word2vec files (also .gz)."""
    store = open_store(models)
    check_outside(store, output)
    artifact = store.load(version)
    exports.export_vectors(artifact, output, file_format, vectors)
    rows, columns = artifact.input_vectors.shape
    out.print(f"wrote {rows} {vectors} vectors of {columns} numbers to {output}", soft_wrap=True)


def import_vectors(
    vectors: Annotated[
        Path, typer.Argument(help="a word2vec file, text or binary, plain or gzipped")
    ],
    models: ModelsOption = None,
) -> None:
    """Make a model from a word2vec file, as gensim writes it, without making it current."""
    config = read_config(None, {"models": models} if models else {})
    with running_job(config) as display:
        from trainer.artifacts import imports

        version = imports.import_vectors(vectors, Store(config.models), config.index).model_version
    display.result("imported", version, how_to_serve("imported", version))
