"""Reads an event log into everything a training run needs."""

from trainer.config.sections import DataConfig
from trainer.corpus import DataReport, Dataset, Sessions, Vocabulary
from trainer.events.descriptions import Descriptions
from trainer.events.encoding import Encoded, OnRead, encode
from trainer.events.log.reader import METADATA_PREFIX, TITLE, read_events
from trainer.events.sessions import clean


def read_dataset(config: DataConfig, on_read: OnRead = lambda _: None, workers: int = 1) -> Dataset:
    """Reads, filters, groups and encodes an event log, once and piece by piece.

    Args:
        config: where the log is and what it means.
        on_read: told the number of events read so far, now and then.
        workers: threads that put events in order.

    Raises:
        EventLogError: it cannot be read, or too little is left of it.
    """
    log, descriptions = read_log(config, on_read, workers)
    sessions, vocabulary, report, _ = clean(log, config)
    return describe(sessions, vocabulary, report, descriptions)


def read_log(
    config: DataConfig, on_read: OnRead = lambda _: None, workers: int = 1
) -> tuple[Encoded, Descriptions]:
    """Reads, filters and groups an event log, once and piece by piece: nothing is cleaned yet.

    Raises:
        EventLogError: it cannot be read.
    """
    descriptions = Descriptions()
    log = encode(descriptions.watch(read_events(config)), config, on_read, workers)
    return log, descriptions


def describe(
    sessions: Sessions, vocabulary: Vocabulary, report: DataReport, descriptions: Descriptions
) -> Dataset:
    """Puts titles and metadata beside the items that are left."""
    columns = descriptions.of(vocabulary.item_ids)
    titles = columns.pop(TITLE, [None] * len(vocabulary))
    metadata = {name.removeprefix(METADATA_PREFIX): values for name, values in columns.items()}
    return Dataset(sessions, vocabulary, titles, metadata, report)
