"""A click-stream of the session-based literature as next-item cases.

Its folder is named by who measures; nothing of it belongs to the project.
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
    """The cases of a file of lines `items of the prefix, blank between<TAB>next item`.

    The file has every prefix of a session, the longest first, and no name of the session: a line
    whose prefix and answer are the prefix of the line before it continues that one's session.

    Raises:
        ValueError: some prefix of a session is missing, or they are in another order.
    """
    lines = 0
    sessions: list[list[str]] = []
    longer: list[str] = []
    for items in _lines(path):
        if items != longer:
            sessions.append(items)
        longer = items[:-1]
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
    """The items of each prefix with its answer behind them."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            yield line.split()
