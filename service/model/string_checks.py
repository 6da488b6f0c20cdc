"""Checks the ids, titles and metadata of an artifact, beyond what checksums cover."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.model.artifact import (
    ID_HASHES,
    ID_ROWS,
    ITEM_IDS,
    ITEM_IDS_OFFSETS,
    METADATA,
    METADATA_OFFSETS,
    TITLES,
    TITLES_MISSING,
    TITLES_OFFSETS,
    Manifest,
)
from service.model.faults import Fault, differs, shape
from service.model.item_ids import ItemIds
from service.model.strings import Strings

Arrays = Mapping[str, NDArray[Any]]


def faults_of_strings(arrays: Arrays, manifest: Manifest) -> Iterator[Fault]:
    """What is wrong with the files of strings; a fault hides those after it.

    Nothing is decoded for good, and no step keeps other threads waiting for long.

    Args:
        arrays: the content of the files, by their names.
        manifest: says how many items and metadata columns there are.
    """
    items = manifest.known
    yield from faults_of_texts(arrays, ITEM_IDS, ITEM_IDS_OFFSETS, items)
    yield from faults_of_texts(arrays, TITLES, TITLES_OFFSETS, items)
    yield from faults_of_texts(arrays, METADATA, METADATA_OFFSETS, items * len(manifest.metadata))
    yield from differs(TITLES_MISSING, shape(arrays[TITLES_MISSING]), f"bool {(items,)}")
    yield from differs(ID_HASHES, shape(arrays[ID_HASHES]), f"uint64 {(items,)}")
    yield from differs(ID_ROWS, shape(arrays[ID_ROWS]), f"int32 {(items,)}")
    yield from _ids(
        ItemIds(
            Strings(arrays[ITEM_IDS], arrays[ITEM_IDS_OFFSETS]), arrays[ID_HASHES], arrays[ID_ROWS]
        )
    )


def faults_of_texts(arrays: Arrays, text: str, offsets: str, texts: int) -> Iterator[Fault]:
    """What is wrong with the two files of as many texts.

    Offsets come first: they say how many bytes there must be.
    """
    strings = Strings(arrays[text], arrays[offsets])
    yield from differs(offsets, shape(strings.offsets), f"int64 {(texts + 1,)}")
    if strings.offsets[0] != 0 or np.any(np.diff(strings.offsets) < 0):
        yield offsets, "does not rise from 0"
    yield from differs(text, shape(strings.text), f"uint8 {(int(strings.offsets[-1]),)}")
    if not strings.is_utf8():
        yield text, "holds a text that is not UTF-8"


def _ids(item_ids: ItemIds) -> Iterator[Fault]:
    if not item_ids.is_sorted():
        yield ID_HASHES, "holds hashes that do not ascend"
    if not item_ids.names_every_row():
        yield ID_ROWS, "does not name every row once"
    if not item_ids.hashes_fit():
        yield ID_HASHES, f"holds hashes of other ids than those of {ITEM_IDS}"
    if item_ids.has_duplicates():
        yield ITEM_IDS, "names an item twice"
