"""Writes artifacts, each as a whole or not at all."""

import shutil
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from service.model import checksums
from service.model.artifact import (
    COLUMN_CODES,
    COLUMN_LISTS,
    COLUMN_LISTS_OFFSETS,
    COLUMN_NUMBERS,
    COLUMN_TEXTS,
    COLUMN_TEXTS_OFFSETS,
    COSINE_INDEX,
    COUNTS,
    ID_HASHES,
    ID_ROWS,
    INPUT_VECTORS,
    ITEM_IDS,
    ITEM_IDS_OFFSETS,
    MANIFEST,
    MANIFEST_CHECKSUM,
    MAP,
    METADATA,
    METADATA_OFFSETS,
    NEIGHBORS,
    NEIGHBORS_SCORES,
    OUTPUT_VECTORS,
    RECENT_COUNTS,
    REPORT,
    SEARCH,
    SEQUENCES,
    SEQUENCES_KEYS,
    SEQUENCES_OFFSETS,
    SEQUENCES_SHARES,
    TABLE,
    TABLE_OFFSETS,
    TABLE_SCORES,
    TITLES,
    TITLES_MISSING,
    TITLES_OFFSETS,
    Artifact,
    Manifest,
)
from service.model.disk import failures, sync
from service.model.neighbors import NeighborLists
from service.model.search import database
from service.model.strings import OptionalStrings, Strings, json_texts

WRITABLE = 0o222


def save(artifact: Artifact, directory: Path) -> Manifest:
    """Writes the artifact, read-only, so that a reader sees all of it or nothing.

    Args:
        artifact: the artifact; the checksums in its manifest are filled in here.
        directory: must not exist yet. A sibling `.partial-<name>` is written, synced and renamed;
            it is removed if anything fails.

    Returns:
        The manifest as written.

    Raises:
        InputError: an id, a title or a metadata value holds what UTF-8 cannot.
        UnavailableError: the disk is full or fails.
    """
    partial = directory.with_name(f".partial-{directory.name}")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with failures(directory, "written"):
            partial.mkdir(parents=True)
            manifest = _write(artifact, partial)
            seal(partial, directory)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return manifest


def seal(partial: Path, directory: Path) -> None:
    """Gives a complete artifact its name, once its files are read-only and on the disk.

    Raises:
        OSError: the disk fails.
    """
    for path in partial.iterdir():
        path.chmod(path.stat().st_mode & ~WRITABLE)
        sync(path)
    sync(partial)
    partial.rename(directory)
    sync(directory.parent)


def _write(artifact: Artifact, directory: Path) -> Manifest:
    for name, array in _arrays(artifact).items():
        _write_array(array, directory / name)
    _write_index(artifact.cosine_index, directory / COSINE_INDEX)
    (directory / SEARCH).write_bytes(database(artifact.texts()))
    if artifact.report is not None:
        (directory / REPORT).write_text(artifact.report, encoding="utf-8")
    settings = artifact.continuations and artifact.continuations.settings
    manifest = artifact.manifest.model_copy(
        update={
            "next": settings,
            "map": artifact.map and artifact.map.settings,
            "metadata": artifact.columns.kinds,
            "untrained": len(artifact.untrained),
        }
    )
    sha256 = {name: checksums.of_file(directory / name) for name in manifest.files}
    manifest = manifest.model_copy(update={"sha256": sha256})
    content = manifest.model_dump_json(indent=2).encode()
    (directory / MANIFEST).write_bytes(content)
    (directory / MANIFEST_CHECKSUM).write_bytes(checksums.of_manifest(content))
    return manifest


# Through Python files: on a full disk, NumPy and FAISS write too little without an error.


def _write_array(array: NDArray[Any], path: Path) -> None:
    with path.open("wb") as file:
        np.save(SimpleNamespace(write=file.write), array)


def _write_index(index: faiss.Index, path: Path) -> None:
    with path.open("wb") as file:
        writer = faiss.PyCallbackIOWriter(file.write)  # type: ignore[attr-defined]
        faiss.write_index(index, writer)


def _arrays(artifact: Artifact) -> dict[str, NDArray[Any]]:
    """The content of every array file."""
    item_ids = artifact.ids
    titles = OptionalStrings.of(artifact.all_titles(), "the title")
    values = chain.from_iterable(map(json_texts, artifact.all_metadata().values()))
    metadata = Strings.of(values, "the metadata")
    columns = artifact.columns
    neighbors = artifact.neighbors or NeighborLists.none(len(artifact.item_ids))
    arrays: dict[str, NDArray[Any]] = {
        ITEM_IDS: item_ids.strings.text,
        ITEM_IDS_OFFSETS: item_ids.strings.offsets,
        ID_HASHES: item_ids.hashes,
        ID_ROWS: item_ids.rows,
        TITLES: titles.strings.text,
        TITLES_OFFSETS: titles.strings.offsets,
        TITLES_MISSING: titles.missing,
        METADATA: metadata.text,
        METADATA_OFFSETS: metadata.offsets,
        COLUMN_NUMBERS: columns.numbers,
        COLUMN_CODES: columns.codes,
        COLUMN_LISTS: columns.list_codes,
        COLUMN_LISTS_OFFSETS: columns.list_offsets,
        COLUMN_TEXTS: columns.vocabulary.text,
        COLUMN_TEXTS_OFFSETS: columns.vocabulary.offsets,
        COUNTS: columns.counts,
        INPUT_VECTORS: artifact.input_vectors,
        OUTPUT_VECTORS: artifact.output_vectors,
        NEIGHBORS: neighbors.items,
        NEIGHBORS_SCORES: neighbors.scores,
    }
    if next_ := artifact.continuations:
        table = next_.table
        arrays |= {TABLE: table.items, TABLE_OFFSETS: table.offsets, TABLE_SCORES: next_.scores}
        arrays |= {
            SEQUENCES: next_.sequences.items,
            SEQUENCES_OFFSETS: next_.sequences.offsets,
            SEQUENCES_KEYS: next_.sequences.keys,
            SEQUENCES_SHARES: next_.sequences.shares,
            RECENT_COUNTS: next_.recent,
        }
    if artifact.map is not None:
        arrays[MAP] = artifact.map.points
    return arrays
