"""Reads an event log into everything a training run needs."""

from dataclasses import replace
from typing import Any

from service.model.untrained import Untrained
from trainer.config.data import DataConfig, ItemsConfig
from trainer.corpus import DataReport, Dataset, Sessions, Vocabulary
from trainer.events.descriptions import Descriptions
from trainer.events.encoding import Encoded, OnRead, encode
from trainer.events.items import read_items
from trainer.events.log.reader import METADATA_PREFIX, TITLE, read_events
from trainer.events.sessions import clean

NO_FILE = ItemsConfig()


def read_dataset(
    config: DataConfig,
    on_read: OnRead = lambda _: None,
    workers: int = 1,
    items: ItemsConfig = NO_FILE,
) -> Dataset:
    """Reads, filters, groups and encodes an event log in one pass, piece by piece.

    Args:
        config: where the log is and what its columns mean.
        on_read: called with the number of events read so far, after every piece.
        workers: threads that put events in order.
        items: the same of the file of items, which is read first.

    Raises:
        EventLogError: the log or the file cannot be read, or too little of the log remains.
    """
    log, descriptions = read_log(config, on_read, workers, items)
    return clean_dataset(log, descriptions, config)


def clean_dataset(log: Encoded, descriptions: Descriptions, config: DataConfig) -> Dataset:
    """Cleans a log, and joins it with the titles and metadata of its items.

    Raises:
        EventLogError: too little of it remains.
    """
    sessions, vocabulary, report, _ = clean(log, config)
    return describe(sessions, vocabulary, report, descriptions)


def read_log(
    config: DataConfig,
    on_read: OnRead = lambda _: None,
    workers: int = 1,
    items: ItemsConfig = NO_FILE,
) -> tuple[Encoded, Descriptions]:
    """Reads, filters and groups an event log in one pass, piece by piece, without cleaning it.

    Raises:
        EventLogError: the log, or the file of items, cannot be read.
    """
    descriptions = Descriptions(read_items(items, config))
    log = encode(descriptions.watch(read_events(config)), config, on_read, workers)
    return log, descriptions


def describe(
    sessions: Sessions, vocabulary: Vocabulary, report: DataReport, descriptions: Descriptions
) -> Dataset:
    """Joins cleaned sessions with the titles and metadata of their items, and of untrained ones."""
    trained = list(vocabulary.item_ids)
    titles, metadata = _titles_and_metadata(descriptions, trained)
    items = descriptions.items
    if items is None:
        return Dataset(sessions, vocabulary, titles, metadata, report)
    known = frozenset(trained)
    others = [item_id for item_id in items.item_ids() if item_id not in known]
    notes = (*report.notes, *items.notes(trained))
    report = replace(report, items_file=items.report(known), notes=notes)
    untrained = Untrained(others, *_titles_and_metadata(descriptions, others))
    return Dataset(sessions, vocabulary, titles, metadata, report, untrained)


def _titles_and_metadata(
    descriptions: Descriptions, item_ids: list[str]
) -> tuple[list[str | None], dict[str, list[Any]]]:
    columns = descriptions.of(item_ids)
    titles = columns.pop(TITLE, [None] * len(item_ids))
    return titles, {name.removeprefix(METADATA_PREFIX): columns[name] for name in columns}
