"""Loads artifacts, only if they are intact."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from service.model import checksums
from service.model.artifact import (
    ARRAYS,
    COLUMN_CODES,
    COLUMN_LISTS,
    COLUMN_LISTS_OFFSETS,
    COLUMN_NUMBERS,
    COLUMN_TEXTS,
    COLUMN_TEXTS_OFFSETS,
    COSINE_INDEX,
    COUNTS,
    FORMAT_VERSION,
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
    OLDEST_FORMAT_VERSION,
    OUTPUT_VECTORS,
    RECENT_COUNTS,
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
    WITHOUT_SEQUENCES,
    Artifact,
    Manifest,
)
from service.model.checks import faults_of
from service.model.column_checks import faults_of_columns
from service.model.columns import Columns
from service.model.continuations import Continuations, Lists
from service.model.disk import failures
from service.model.errors import ArtifactError, UnavailableError
from service.model.faults import refuse
from service.model.item_ids import ItemIds
from service.model.item_map import ItemMap
from service.model.neighbors import NeighborLists
from service.model.search import Search
from service.model.sequences import Sequences
from service.model.string_checks import Arrays, faults_of_strings
from service.model.strings import JsonValues, OptionalStrings, Strings
from service.model.untrained import Untrained

# Smaller files are copied, not mapped: a process dies if a file it has mapped is cut short.
COPIED_BYTES = 1 << 20


class _Format(BaseModel):
    """The field that a manifest of any format has."""

    format_version: int


def load(directory: Path) -> Artifact:
    """Reads an artifact back, verified.

    Large files are mapped read-only, so that several processes share their pages.

    Raises:
        ArtifactError: naming the file that is damaged, does not fit the others or makes no sense.
        UnavailableError: naming the file that is missing or cannot be read now.
    """
    manifest = verify(directory)
    items, known = manifest.items, manifest.known
    arrays = {name: _read_array(directory / name) for name in ARRAYS}
    refuse(
        chain(faults_of_strings(arrays, manifest), faults_of_columns(arrays, manifest)), directory
    )
    ids = Strings(arrays[ITEM_IDS], arrays[ITEM_IDS_OFFSETS])
    artifact = Artifact(
        manifest=manifest,
        item_ids=ids.part(0, items),
        titles=_titles(arrays, 0, items),
        metadata=_metadata(arrays, manifest, 0, items),
        counts=arrays[COUNTS][:items] if known > items else arrays[COUNTS],
        input_vectors=arrays[INPUT_VECTORS],
        output_vectors=arrays[OUTPUT_VECTORS],
        cosine_index=_read_index(directory / COSINE_INDEX),
        continuations=_read_continuations(directory, manifest),
        map=_read_map(directory, manifest),
        untrained=Untrained(
            item_ids=ids.part(items, known),
            titles=_titles(arrays, items, known),
            metadata=_metadata(arrays, manifest, items, known),
        ),
        search=_read_search(directory / SEARCH, known),
        neighbors=NeighborLists(arrays[NEIGHBORS], arrays[NEIGHBORS_SCORES]),
        stored_ids=ItemIds(ids, arrays[ID_HASHES], arrays[ID_ROWS]),
        stored_columns=Columns(
            kinds=manifest.metadata,
            counts=arrays[COUNTS],
            numbers=arrays[COLUMN_NUMBERS],
            codes=arrays[COLUMN_CODES],
            list_codes=arrays[COLUMN_LISTS],
            list_offsets=arrays[COLUMN_LISTS_OFFSETS],
            vocabulary=Strings(arrays[COLUMN_TEXTS], arrays[COLUMN_TEXTS_OFFSETS]),
        ),
    )
    refuse(faults_of(artifact), directory)
    return artifact


def verify(directory: Path) -> Manifest:
    """Compares every file with its checksum, one after another: queries need the other cores.

    Raises:
        ArtifactError: naming the first file that differs.
        UnavailableError: naming the first file that is missing or cannot be read now.
    """
    manifest = read_manifest(directory)
    for name in manifest.files:
        path = directory / name
        with _reading(path):
            checksum = checksums.of_file(path)
        if checksum != manifest.sha256.get(name):
            raise ArtifactError(f"{path} is damaged: its checksum is not the one in {MANIFEST}")
    return manifest


def read_manifest(directory: Path, version: str | None = None) -> Manifest:
    """The manifest alone, without reading the files that it lists.

    Args:
        directory: of the artifact.
        version: whose it must be, if the directory does not bear its name yet.

    Raises:
        ArtifactError: it is damaged, of another format version, or that of another directory.
        UnavailableError: it is missing or cannot be read now.
    """
    path = directory / MANIFEST
    with _reading(path):
        content = path.read_bytes()
        _check_format(path, _Format.model_validate_json(content, strict=True).format_version)
    with _reading(directory / MANIFEST_CHECKSUM):
        checksum = (directory / MANIFEST_CHECKSUM).read_bytes()
    if checksum != checksums.of_manifest(content):
        raise ArtifactError(f"{path} is damaged: its checksum is not that in {MANIFEST_CHECKSUM}")
    with _reading(path):
        manifest = Manifest.model_validate_json(content, strict=True)
    if manifest.model_version != (version or directory.name):
        raise ArtifactError(
            f"{directory} holds version {manifest.model_version}: a directory must be named after "
            "its version, rename it"
        )
    return manifest


def most_frequent_item(directory: Path) -> str:
    """The first item of an artifact, without loading the rest of it.

    Raises:
        ArtifactError: the list of items is damaged.
        UnavailableError: it is missing or cannot be read now.
    """
    strings = Strings(*(_read_array(directory / name) for name in (ITEM_IDS, ITEM_IDS_OFFSETS)))
    with _reading(directory / ITEM_IDS):
        return strings[0]


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Tells failures that may pass (`UnavailableError`) from a bad file (`ArtifactError`)."""
    try:
        with failures(path, "read"):
            yield
    except (ArtifactError, UnavailableError):
        raise
    except ValidationError as error:
        raise ArtifactError(f"{path} is damaged: {_first(error)}") from error
    except Exception as error:  # NumPy, FAISS and pydantic raise many errors for a damaged file
        raise ArtifactError(f"{path} is damaged: {error}") from error


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg']}" if place else first["msg"]


def _check_format(path: Path, version: int) -> None:
    if OLDEST_FORMAT_VERSION <= version <= FORMAT_VERSION:
        return
    newer = version > FORMAT_VERSION
    raise ArtifactError(
        f"{path} was written by {'a newer' if newer else 'an older'} release (format {version}), "
        f"this one reads formats {OLDEST_FORMAT_VERSION} to {FORMAT_VERSION}: "
        f"{'upgrade this one' if newer else 'train again'}"
    )


def _titles(arrays: Arrays, first: int, last: int) -> OptionalStrings:
    """The titles of the rows from `first` to before `last`."""
    titles = Strings(arrays[TITLES], arrays[TITLES_OFFSETS])
    return OptionalStrings(titles.part(first, last), arrays[TITLES_MISSING][first:last])


def _metadata(arrays: Arrays, manifest: Manifest, first: int, last: int) -> dict[str, JsonValues]:
    """The same of the metadata, whose columns stand one after another."""
    values, rows = Strings(arrays[METADATA], arrays[METADATA_OFFSETS]), manifest.known
    return {
        name: JsonValues(values.part(column * rows + first, column * rows + last))
        for column, name in enumerate(manifest.metadata)
    }


def _read_array(path: Path) -> NDArray[Any]:
    with _reading(path):
        # An array over the mapped file: indexing a memmap itself costs microseconds.
        array: NDArray[Any] = np.asarray(np.lib.format.open_memmap(path, mode="r"))
        if array.nbytes < COPIED_BYTES:
            array = np.array(array)
            array.flags.writeable = False
        return array


def _read_index(path: Path) -> faiss.Index:
    with _reading(path):
        small = path.stat().st_size < COPIED_BYTES
        try:
            return faiss.read_index(str(path), 0 if small else faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            if "could not open" in str(error) or "could not mmap" in str(error):
                raise OSError(str(error).rpartition("failed: ")[2]) from error
            raise


def _read_search(path: Path, items: int) -> Search:
    with _reading(path):
        search = Search.in_file(path)
        try:
            indexed, size = search.size()
        except sqlite3.OperationalError as error:
            if "unable to open" in str(error):
                raise OSError(str(error)) from error
            raise
        if size != path.stat().st_size:
            raise ValueError("it is cut short")
        if indexed != items:
            raise ValueError(f"it has {indexed} items where {items} were expected")
        return search


def _read_map(directory: Path, manifest: Manifest) -> ItemMap | None:
    settings = manifest.map
    return None if settings is None else ItemMap(_read_array(directory / MAP), settings)


def _read_continuations(directory: Path, manifest: Manifest) -> Continuations | None:
    if manifest.next is None:
        return None
    arrays = {name: _read_array(directory / name) for name in manifest.next_files}
    table = Lists(arrays[TABLE], arrays[TABLE_OFFSETS])
    if manifest.format_version <= WITHOUT_SEQUENCES:
        return Continuations(table, arrays[TABLE_SCORES], manifest.next)
    return Continuations(
        table=table,
        scores=arrays[TABLE_SCORES],
        settings=manifest.next,
        sequences=Sequences(
            keys=arrays[SEQUENCES_KEYS],
            offsets=arrays[SEQUENCES_OFFSETS],
            items=arrays[SEQUENCES],
            shares=arrays[SEQUENCES_SHARES],
        ),
        recent=arrays[RECENT_COUNTS],
    )
