"""Checks the columns of an artifact, beyond what checksums cover."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.model.artifact import (
    COLUMN_CODES,
    COLUMN_LISTS,
    COLUMN_LISTS_OFFSETS,
    COLUMN_NUMBERS,
    COLUMN_TEXTS,
    COLUMN_TEXTS_OFFSETS,
    COUNTS,
    Manifest,
)
from service.model.column_types import MISSING
from service.model.faults import Fault, differs, shape
from service.model.string_checks import faults_of_texts
from service.model.strings import Strings

MOST_CHECKED = 1000


def faults_of_columns(arrays: Mapping[str, NDArray[Any]], manifest: Manifest) -> Iterator[Fault]:
    """What is wrong with the files of columns; a fault hides those after it.

    Args:
        arrays: the content of the files, by their names.
        manifest: says how many items there are, and the kinds of the columns.
    """
    items, columns = manifest.known, Counter(manifest.metadata.values())
    yield from differs(COUNTS, shape(arrays[COUNTS]), f"int64 {(items,)}")
    if arrays[COUNTS][manifest.items :].any():
        yield COUNTS, "holds counts of untrained items"
    numbers, codes = arrays[COLUMN_NUMBERS], arrays[COLUMN_CODES]
    lists, offsets = arrays[COLUMN_LISTS], arrays[COLUMN_LISTS_OFFSETS]
    yield from differs(COLUMN_NUMBERS, shape(numbers), f"float64 {(columns['number'], items)}")
    yield from differs(COLUMN_CODES, shape(codes), f"int32 {(1 + columns['text'], items)}")
    total = columns["list"] * items
    yield from differs(COLUMN_LISTS_OFFSETS, shape(offsets), f"int64 {(total + 1,)}")
    if offsets[0] != 0 or np.any(np.diff(offsets) < 0):
        yield COLUMN_LISTS_OFFSETS, "does not rise from 0"
    yield from differs(COLUMN_LISTS, shape(lists), f"int32 {(int(offsets[-1]),)}")
    for name, places in {COLUMN_CODES: codes, COLUMN_LISTS: lists}.items():
        if places.min(initial=MISSING) < MISSING:
            yield name, f"holds codes below {MISSING}"
    # Every text has an item, so the largest code says how many there must be.
    texts = 1 + int(max(codes.max(initial=MISSING), lists.max(initial=MISSING)))
    yield from faults_of_texts(arrays, COLUMN_TEXTS, COLUMN_TEXTS_OFFSETS, texts)
    if not _ascend(Strings(arrays[COLUMN_TEXTS], arrays[COLUMN_TEXTS_OFFSETS])):
        yield COLUMN_TEXTS, "holds texts that do not ascend"


def _ascend(texts: Strings) -> bool:
    """Whether texts ascend, in up to `MOST_CHECKED` places: codes are found by bisection."""
    pairs = len(texts) - 1
    places = np.unique(np.linspace(0, pairs - 1, min(max(pairs, 0), MOST_CHECKED)).astype(int))
    return all(texts[place] < texts[place + 1] for place in places.tolist())
