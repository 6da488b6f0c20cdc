"""Reads an event log into everything a training run needs."""

from trainer.config.sections import DataConfig
from trainer.corpus import DataReport, Dataset, Sessions, Vocabulary
from trainer.events.descriptions import Descriptions
from trainer.events.encoding import Encoded, OnRead, encode
from trainer.events.log.reader import METADATA_PREFIX, TITLE, read_events
from trainer.events.sessions import clean


def read_dataset(config: DataConfig, on_read: OnRead = lambda _: None, workers: int = 1) -> Dataset:
    """Reads, filters, groups and encodes an event log in one pass, piece by piece.

    Args:
        config: where the log is and what its columns mean.
        on_read: called with the number of events read so far, after every piece.
        workers: threads that put events in order.

    Raises:
        EventLogError: the log cannot be read, or too little of it remains.
    """
    log, descriptions = read_log(config, on_read, workers)
    return clean_dataset(log, descriptions, config)


def clean_dataset(log: Encoded, descriptions: Descriptions, config: DataConfig) -> Dataset:
    """Cleans a log, and joins it with the titles and metadata of its items.

    Raises:
        EventLogError: too little of it remains.
    """
    sessions, vocabulary, report, _ = clean(log, config)
    return describe(sessions, vocabulary, report, descriptions)


def read_log(
    config: DataConfig, on_read: OnRead = lambda _: None, workers: int = 1
) -> tuple[Encoded, Descriptions]:
    """Reads, filters and groups an event log in one pass, piece by piece, without cleaning it.

    Raises:
        EventLogError: the log cannot be read.
    """
    descriptions = Descriptions()
    log = encode(descriptions.watch(read_events(config)), config, on_read, workers)
    return log, descriptions


def describe(
    sessions: Sessions, vocabulary: Vocabulary, report: DataReport, descriptions: Descriptions
) -> Dataset:
    """Joins cleaned sessions with the titles and metadata of their items."""
    columns = descriptions.of(vocabulary.item_ids)
    titles = columns.pop(TITLE, [None] * len(vocabulary))
    metadata = {name.removeprefix(METADATA_PREFIX): values for name, values in columns.items()}
    return Dataset(sessions, vocabulary, titles, metadata, report)
