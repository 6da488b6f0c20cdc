"""Reads click-streams of the session-based literature as next-item cases.

Whoever runs a benchmark names their folder; the data is not part of the project. A click-stream
`name` is two files: `name_train.txt.gz`, one session a line, and `name_test.tsv.gz`.
"""

import gzip
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from service.model import ragged
from trainer.corpus import Sessions, Vocabulary
from trainer.evaluation.splits import Cases, prefix_cases

TRAIN = "_train.txt.gz"
TEST = "_test.tsv.gz"


def training_files(folder: Path) -> list[Path]:
    """The training files of a folder, by name.

    Raises:
        ValueError: there is none.
    """
    paths = sorted(folder.glob(f"*{TRAIN}"))
    if not paths:
        raise ValueError(f"{folder}: there is no click-stream, a file named *{TRAIN}")
    return paths


def name_of(train: Path) -> str:
    """The name of a click-stream, from its training file."""
    return train.name.removesuffix(TRAIN)


def test_file(train: Path) -> Path:
    """The test file beside a training file."""
    return train.with_name(name_of(train) + TEST)


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
