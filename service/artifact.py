"""The artifact: one trained model as one directory.

    manifest.json        what it is: versions, configuration, data report, metrics, checksums
    items.json           {"item_id": [...], "title": [...], "metadata": {name: [...]}}, in row order
    counts.npy           int64 [items], occurrences in training
    input_vectors.npy    float32 [items, vector_size]
    output_vectors.npy   float32 [items, vector_size]
    cosine.faiss         inner-product index over the unit input vectors, in row order
    next_*.npy           what comes next, where it was asked for (see `Continuations`)

The reader owns the format and the writer conforms. `save` leaves all of it or nothing; `load`
refuses whatever is not exactly what was saved.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from service.continuations import Continuations, Lists, NextSettings
from service.errors import ArtifactError

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
ITEMS = "items.json"
COUNTS = "counts.npy"
INPUT_VECTORS = "input_vectors.npy"
OUTPUT_VECTORS = "output_vectors.npy"
COSINE_INDEX = "cosine.faiss"
FILES = (ITEMS, COUNTS, INPUT_VECTORS, OUTPUT_VECTORS, COSINE_INDEX)
TABLE, TABLE_OFFSETS, TABLE_SCORES = "next_items.npy", "next_offsets.npy", "next_scores.npy"
NEXT_FILES = (TABLE, TABLE_OFFSETS, TABLE_SCORES)


class Manifest(BaseModel):
    """What an artifact says of itself."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    format_version: int = FORMAT_VERSION
    model_version: str
    created: datetime
    items: int
    vector_size: int
    config: dict[str, Any] = Field(description="every effective setting of the training run")
    data: dict[str, Any] = Field(description="what was read, dropped and kept, and its time range")
    metrics: dict[str, Any] = Field(description="figures of the training run and of its evaluation")
    verdict: str = Field(description="why it may be published, or may not")
    next: NextSettings | None = Field(None, description="how `next` is answered, where it is")
    sha256: dict[str, str] = Field(default_factory=dict, description="checksum of every other file")


class _Items(BaseModel):
    """The columns of items.json."""

    item_id: list[str]
    title: list[str | None]
    metadata: dict[str, list[Any]]


@dataclass(frozen=True, eq=False)
class Artifact:
    """A trained model in memory.

    Attributes:
        manifest: what the artifact says of itself.
        item_ids: ids in row order, most frequent first.
        titles: one per row, or None where an item has none.
        metadata: further columns, name to one value per row.
        counts: int64 [items], occurrences in training.
        input_vectors: float32 [items, vector_size].
        output_vectors: float32 [items, vector_size].
        cosine_index: inner-product index over the unit input vectors, in row order.
        continuations: what comes next, where the model knows.
    """

    manifest: Manifest
    item_ids: Sequence[str]
    titles: Sequence[str | None]
    metadata: Mapping[str, Sequence[Any]]
    counts: NDArray[np.int64]
    input_vectors: NDArray[np.float32]
    output_vectors: NDArray[np.float32]
    cosine_index: faiss.Index
    continuations: Continuations | None = None


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """The vectors (rows) at length one; a zero vector stays zero. Allocates its result."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    units: NDArray[np.float32] = np.divide(
        vectors, norms, out=np.zeros_like(vectors), where=norms > 0
    )
    return units


def save(artifact: Artifact, directory: Path) -> Manifest:
    """Writes the artifact so that a reader sees all of it or nothing.

    Args:
        artifact: what to write; the checksums in its manifest are filled in here.
        directory: must not exist yet. A sibling `.partial-<name>` is written, synced and renamed.

    Returns:
        The manifest as written.
    """
    partial = directory.with_name(f".partial-{directory.name}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    items = {"item_id": artifact.item_ids, "title": artifact.titles, "metadata": artifact.metadata}
    (partial / ITEMS).write_text(json.dumps(items, ensure_ascii=False), encoding="utf-8")
    np.save(partial / COUNTS, artifact.counts)
    np.save(partial / INPUT_VECTORS, artifact.input_vectors)
    np.save(partial / OUTPUT_VECTORS, artifact.output_vectors)
    faiss.write_index(artifact.cosine_index, str(partial / COSINE_INDEX))
    settings = None
    if artifact.continuations is not None:
        settings = artifact.continuations.settings
        for name, array in _arrays(artifact.continuations).items():
            np.save(partial / name, array)
    manifest = artifact.manifest.model_copy(update={"next": settings})
    sha256 = {name: _sha256(partial / name) for name in _files(manifest)}
    manifest = manifest.model_copy(update={"sha256": sha256})
    (partial / MANIFEST).write_text(manifest.model_dump_json(indent=2), encoding="utf-8")
    for path in partial.iterdir():
        _sync(path)
    _sync(partial)
    partial.rename(directory)
    _sync(directory.parent)
    return manifest


def read_manifest(directory: Path) -> Manifest:
    """The manifest alone, without looking at the files it speaks of.

    Raises:
        ArtifactError: the manifest is missing, unreadable or of another format version.
    """
    path = directory / MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ArtifactError(f"{path} is missing: this is no complete artifact") from None
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path} cannot be read: {error}") from error
    found = content.get("format_version") if isinstance(content, dict) else None
    if found != FORMAT_VERSION:
        raise ArtifactError(
            f"{path} has format version {found}, this release reads {FORMAT_VERSION}: train again"
        )
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        raise ArtifactError(f"{path} is not a manifest: {error}") from error


def verify(directory: Path) -> Manifest:
    """Compares every file with its checksum in the manifest.

    Raises:
        ArtifactError: naming the first file that is missing or differs.
    """
    manifest = read_manifest(directory)
    for name in _files(manifest):
        path = directory / name
        try:
            found = _sha256(path)
        except OSError as error:
            raise ArtifactError(f"{path} cannot be read: {error.strerror}") from error
        if found != manifest.sha256.get(name):
            raise ArtifactError(f"{path} is damaged: its checksum is not the one in {MANIFEST}")
    return manifest


def load(directory: Path) -> Artifact:
    """Reads an artifact back, verified.

    Vectors and index are mapped read-only, so that several processes share their pages.

    Raises:
        ArtifactError: naming the file that is missing, damaged or does not fit the others.
    """
    manifest = verify(directory)
    items = _read_items(directory / ITEMS)
    artifact = Artifact(
        manifest=manifest,
        item_ids=items.item_id,
        titles=items.title,
        metadata=items.metadata,
        counts=_map(directory / COUNTS),
        input_vectors=_map(directory / INPUT_VECTORS),
        output_vectors=_map(directory / OUTPUT_VECTORS),
        cosine_index=_map_index(directory / COSINE_INDEX),
        continuations=_map_continuations(directory, manifest.next),
    )
    _check_shapes(artifact, directory)
    return artifact


def most_frequent_item(directory: Path) -> str:
    """The first item of an artifact, without loading the rest of it.

    Raises:
        ArtifactError: the list of items is missing or damaged.
    """
    return _read_items(directory / ITEMS).item_id[0]


def _check_shapes(artifact: Artifact, directory: Path) -> None:
    rows, columns = artifact.manifest.items, artifact.manifest.vector_size
    index = artifact.cosine_index
    lengths = [len(artifact.item_ids), len(artifact.titles)]
    lengths += [len(values) for values in artifact.metadata.values()]
    shapes = {
        ITEMS: (f"columns of {lengths}", f"columns of {[rows] * len(lengths)}"),
        COUNTS: (_shape(artifact.counts), f"int64 {(rows,)}"),
        INPUT_VECTORS: (_shape(artifact.input_vectors), f"float32 {(rows, columns)}"),
        OUTPUT_VECTORS: (_shape(artifact.output_vectors), f"float32 {(rows, columns)}"),
        COSINE_INDEX: (f"vectors {(index.ntotal, index.d)}", f"vectors {(rows, columns)}"),
    }
    if artifact.continuations is not None:
        shapes |= _continuation_shapes(artifact.continuations, rows)
    for name, (found, expected) in shapes.items():
        if found != expected:
            raise ArtifactError(f"{directory / name} holds {found} where {expected} was expected")
    if artifact.continuations is not None:
        _check_table(artifact.continuations, rows, directory)


def _continuation_shapes(next_: Continuations, items: int) -> dict[str, tuple[str, str]]:
    """Offsets come first: what they say of the rows holds only where they are right."""
    rows, offsets = next_.table
    total = int(offsets.flat[-1]) if offsets.size else 0
    return {
        TABLE_OFFSETS: (_shape(offsets), f"int64 {(items + 1,)}"),
        TABLE: (_shape(rows), f"int32 {(total,)}"),
        TABLE_SCORES: (_shape(next_.scores), f"float32 {(total,)}"),
    }


def _check_table(next_: Continuations, items: int, directory: Path) -> None:
    """A query looks rows up by offsets and by rows, so these must lead somewhere."""
    rows, offsets = next_.table
    if offsets[0] != 0 or np.any(np.diff(offsets) < 0):
        raise ArtifactError(f"{directory / TABLE_OFFSETS} does not rise from 0")
    if rows.min(initial=0) < 0 or rows.max(initial=-1) >= items:
        raise ArtifactError(f"{directory / TABLE} holds rows that are not in 0 to {items - 1}")


def _shape(array: NDArray[Any]) -> str:
    return f"{array.dtype} {array.shape}"


def _read_items(path: Path) -> _Items:
    try:
        return _Items.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise ArtifactError(f"{path} is damaged: {error.errors()[0]['msg']}") from error


def _files(manifest: Manifest) -> tuple[str, ...]:
    return FILES if manifest.next is None else FILES + NEXT_FILES


def _arrays(next_: Continuations) -> dict[str, NDArray[Any]]:
    return {
        TABLE: next_.table.rows,
        TABLE_OFFSETS: next_.table.offsets,
        TABLE_SCORES: next_.scores,
    }


def _map_continuations(directory: Path, settings: NextSettings | None) -> Continuations | None:
    if settings is None:
        return None
    arrays = {name: _map(directory / name) for name in NEXT_FILES}
    return Continuations(
        table=Lists(arrays[TABLE], arrays[TABLE_OFFSETS]),
        scores=arrays[TABLE_SCORES],
        settings=settings,
    )


def _map(path: Path) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path} is damaged: {error}") from error
    return array


def _map_index(path: Path) -> faiss.Index:
    try:
        return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError as error:
        raise ArtifactError(f"{path} is damaged: {error}") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
