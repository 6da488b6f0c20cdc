"""An event log turned into everything a training run needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trainer.config import DataConfig
from trainer.descriptions import Descriptions
from trainer.encoding import OnRead
from trainer.events import METADATA_PREFIX, TITLE, read_events
from trainer.sessions import DataReport, Sessions, build_sessions
from trainer.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False)
class Dataset:
    """What was read: sessions, their vocabulary, what the items are called, what was dropped.

    Attributes:
        sessions: the encoded corpus.
        vocabulary: its items.
        titles: one a row, or None.
        metadata: further columns, name to one value a row.
        report: the counts.
    """

    sessions: Sessions
    vocabulary: Vocabulary
    titles: Sequence[str | None]
    metadata: Mapping[str, Sequence[Any]]
    report: DataReport


def read_dataset(config: DataConfig, on_read: OnRead = lambda _: None) -> Dataset:
    """Reads, filters, groups and encodes an event log, once and piece by piece.

    Args:
        config: where the log is and what it means.
        on_read: told the number of events read so far, now and then.

    Raises:
        EventLogError: it cannot be read, or too little is left of it.
    """
    descriptions = Descriptions()
    pieces = descriptions.watch(read_events(config))
    sessions, vocabulary, report = build_sessions(pieces, config, on_read)
    columns = descriptions.of(vocabulary.item_ids)
    titles = columns.pop(TITLE, [None] * len(vocabulary))
    metadata = {name.removeprefix(METADATA_PREFIX): values for name, values in columns.items()}
    return Dataset(sessions, vocabulary, titles, metadata, report)
