r"""Writes a model's vectors in the formats of other programs.

    word2vec         text: `<rows> <columns>\n`, then a row `<id> <number> ... <number>\n`
    word2vec-binary  the same header, then a row `<id> ` and its float32 numbers, little-endian
    parquet          columns item_id, count, title, vector (an array of float32)
    npy              the matrix; <name>.items.json beside it has the ids in row order, a JSON list

The first two are, byte for byte, what gensim's `save_word2vec_format` writes; they may be gzipped.
"""

import gzip
import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from io import BufferedIOBase, BytesIO
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from service.model.artifact import Artifact
from service.model.disk import replacing, unwritable
from service.model.errors import InputError

Format = Literal["word2vec", "word2vec-binary", "parquet", "npy"]
Vectors = Literal["input", "output", "average"]

ENDINGS: dict[str, Format] = {
    ".txt": "word2vec",
    ".vec": "word2vec",
    ".bin": "word2vec-binary",
    ".parquet": "parquet",
    ".npy": "npy",
}


def items_path(output: Path) -> Path:
    """The path of the ids that belong to an exported `.npy` matrix."""
    return output.with_name(f"{output.name.removesuffix('.npy')}.items.json")


def files(output: Path, file_format: Format | None = None) -> list[Path]:
    """The files that an export writes.

    Raises:
        InputError: the ending is unknown.
    """
    with_ids = (file_format or _format_of(output)) == "npy"
    return [output, items_path(output)] if with_ids else [output]


def export_vectors(
    artifact: Artifact, output: Path, file_format: Format | None = None, vectors: Vectors = "input"
) -> None:
    """Writes the vectors of a model for another program; replaces an existing file.

    Args:
        artifact: the model.
        output: the file to write; after an error it and the file beside it are as before.
        file_format: by default the one that the ending of the file stands for.
        vectors: input vectors, output vectors, or the mean of both.

    Raises:
        InputError: the ending is unknown, the directory is missing, the format cannot hold an id,
            or there are no such vectors.
        OSError: naming the file that cannot be written.
    """
    if vectors not in get_args(Vectors):
        raise InputError(f"vectors = {vectors!r} should be input, output or average")
    resolved_format = file_format or _format_of(output)
    compressed = output.name.lower().endswith(".gz")
    if resolved_format in ("parquet", "npy"):
        if compressed:
            raise InputError(f"{output}: only the word2vec formats can be gzipped; drop the .gz")
    else:
        _check_ids(artifact, resolved_format)
    matrix = _matrix(artifact, vectors)
    contents: dict[Path, Content] = {
        output: lambda file: WRITERS[resolved_format](file, artifact, matrix)
    }
    if resolved_format == "npy":
        ids = json.dumps(list(artifact.item_ids), ensure_ascii=False).encode()
        contents[items_path(output)] = lambda file: file.write(ids)
    _replace(contents, compressed)


def _format_of(output: Path) -> Format:
    ending = Path(output.name.lower().removesuffix(".gz")).suffix
    if ending not in ENDINGS:
        raise InputError(
            f"{output}: no format has this ending; known are {', '.join(ENDINGS)}; or name a "
            "format with --format"
        )
    return ENDINGS[ending]


def _check_ids(artifact: Artifact, file_format: Format) -> None:
    for row, item_id in enumerate(artifact.item_ids, 1):
        if item_id.split() != [item_id]:
            fault = "holds white space" if item_id else "is empty"
            raise InputError(
                f"item {item_id!r} (row {row}) {fault}, which a {file_format} file cannot hold: "
                "export to a .parquet file instead"
            )


def _matrix(artifact: Artifact, vectors: Vectors) -> NDArray[np.float32]:
    """The matrix to write; output vectors and the mean need output rows that belong to items."""
    if vectors == "input":
        return np.asarray(artifact.input_vectors)
    version, output = artifact.manifest.model_version, artifact.manifest.output
    if output == "none":
        raise InputError(f"version {version} has no output vectors: export input")
    if output == "nodes":
        raise InputError(
            f"the output vectors of version {version} are those of inner nodes of a tree, not of "
            "items: export input, or train with --objective negative-sampling"
        )
    if vectors == "output":
        return np.asarray(artifact.output_vectors)
    mean: NDArray[np.float32] = np.add(artifact.input_vectors, artifact.output_vectors)
    mean *= 0.5
    return mean


Content = Callable[[BufferedIOBase], object]


def _replace(contents: Mapping[Path, Content], compressed: bool) -> None:
    """Writes files, which replace earlier ones only when all of them are complete."""
    for path in contents:
        if reason := unwritable(path):
            raise InputError(f"{path}: {reason}")
    with ExitStack() as complete:
        for path, write in contents.items():
            file = complete.enter_context(replacing(path))
            if compressed:
                with gzip.GzipFile("", "wb", fileobj=file, mtime=0) as packed:
                    write(packed)
            else:
                write(file)
            file.flush()  # notices a full disk before any file is replaced


def _write_text(file: BufferedIOBase, artifact: Artifact, matrix: NDArray[np.float32]) -> None:
    """Writes numbers by `str`: the shortest text that reads back as the same float32."""
    _write_header(file, matrix)
    for item_id, vector in zip(artifact.item_ids, matrix, strict=True):
        file.write(f"{item_id} {' '.join(map(str, vector))}\n".encode())


def _write_binary(file: BufferedIOBase, artifact: Artifact, matrix: NDArray[np.float32]) -> None:
    _write_header(file, matrix)
    for item_id, vector in zip(artifact.item_ids, matrix.astype("<f4", copy=False), strict=True):
        file.write(f"{item_id} ".encode() + vector.tobytes())


def _write_header(file: BufferedIOBase, matrix: NDArray[np.float32]) -> None:
    rows, columns = matrix.shape
    file.write(f"{rows} {columns}\n".encode())


def _write_parquet(file: BufferedIOBase, artifact: Artifact, matrix: NDArray[np.float32]) -> None:
    import polars as pl  # here: importing it takes longer than writing another format

    table = pl.DataFrame(
        {
            "item_id": pl.Series(list(artifact.item_ids), dtype=pl.String),
            "count": np.asarray(artifact.counts),
            "title": pl.Series(list(artifact.titles), dtype=pl.String),
            "vector": pl.Series(matrix, dtype=pl.Array(pl.Float32, matrix.shape[1])),
        }
    )
    # In memory first: polars does not always say why a file cannot be written.
    content = BytesIO()
    table.write_parquet(content)
    file.write(content.getbuffer())


def _write_npy(file: BufferedIOBase, _: Artifact, matrix: NDArray[np.float32]) -> None:
    header = np.lib.format.header_data_from_array_1_0(matrix)
    np.lib.format.write_array_header_1_0(file, header)
    file.write(matrix.data)  # `np.save` does not say why writing failed


Writer = Callable[[BufferedIOBase, Artifact, NDArray[np.float32]], None]
WRITERS: dict[Format, Writer] = {
    "word2vec": _write_text,
    "word2vec-binary": _write_binary,
    "parquet": _write_parquet,
    "npy": _write_npy,
}
