"""Reads a click-stream of the session-based literature as next-item cases.

Whoever runs the benchmark names its folder; the data is not part of the project.
"""

import gzip
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from service.model import ragged
from trainer.corpus import Sessions, Vocabulary
from trainer.evaluation.splits import Cases, prefix_cases

TRAIN = "nowplaying_train.txt.gz"
TEST = "nowplaying_test.tsv.gz"


def read_cases(path: Path, vocabulary: Vocabulary) -> Cases:
    """Reads the cases of a file with lines `<item> <item> ...<TAB><next item>`.

    The file has all prefixes of a session, the longest first, without the name of the session: a
    line continues the session of the line before if its items are the prefix of that line.

    Raises:
        ValueError: a prefix of a session is missing, or prefixes are in another order.
    """
    lines = 0
    sessions: list[list[str]] = []
    expected: list[str] = []
    for items in _lines(path):
        if items != expected:
            sessions.append(items)
        expected = items[:-1]
        lines += 1
    lengths = np.array([len(session) for session in sessions], np.int64)
    rows = vocabulary.rows(item for session in sessions for item in session)
    cases = prefix_cases(Sessions(rows, ragged.offsets_of(lengths)))
    if len(cases) != lines:
        raise ValueError(
            f"{path}: {lines:,} lines, but {len(cases):,} prefixes of {len(sessions):,} sessions; "
            "every prefix is needed, the longest of a session first"
        )
    return cases


def _lines(path: Path) -> Iterator[list[str]]:
    """Yields the items of each prefix, followed by its answer."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield line.split()
