"""The commands on other programs' files: `export` and `import`."""

from pathlib import Path
from typing import Annotated

import typer

from service.model.store import Store
from trainer.artifacts import exports
from trainer.cli.common import Force, Json, ModelsOption, Quiet, Version, announce, open_store
from trainer.cli.files import check_output
from trainer.cli.running import how_to_serve, running_job
from trainer.cli.settings import config_of
from trainer.cli.speech import print_json, print_line


def export(  # noqa: PLR0913 - a command has as many parameters as options
    output: Annotated[
        Path, typer.Argument(help="the file; .npy has its item ids beside it in <name>.items.json")
    ],
    file_format: Annotated[
        exports.Format | None,
        typer.Option(
            "--format",
            help="[default: by ending; .txt and .vec: word2vec, .bin: word2vec-binary]",
        ),
    ] = None,
    vectors: Annotated[
        exports.Vectors, typer.Option(help="which ones; average: the mean of input and output")
    ] = "input",
    force: Force = False,
    models: ModelsOption = None,
    version: Version = None,
    as_json: Json = False,
) -> None:
    """Write the vectors for another program; gensim reads word2vec files (also .gz)."""
    store = open_store(models)
    for file in exports.files(output, file_format):
        check_output("", file, store, force)
    artifact = store.load(version)
    exports.export_vectors(artifact, output, file_format, vectors)
    rows, columns = artifact.input_vectors.shape
    if as_json:
        facts = {"file": str(output), "vectors": vectors, "items": rows, "vector_size": columns}
        print_json({"model_version": artifact.manifest.model_version, **facts})
    else:
        print_line(f"wrote {rows} {vectors} vectors of {columns} numbers to {output}")


def import_vectors(
    vectors: Annotated[
        Path, typer.Argument(help="a word2vec file, text or binary, plain or gzipped")
    ],
    models: ModelsOption = None,
    quiet: Quiet = None,
    as_json: Json = False,
) -> None:
    """Make a model from a word2vec file, as gensim writes it, without making it current."""
    config = config_of(models, quiet)
    with running_job(config):
        from trainer.artifacts import imports

        store = Store(config.models)
        version = imports.import_vectors(vectors, store, config.index, config.map).model_version
    announce("imported", version, how_to_serve("imported", version), as_json)
