"""Reads Online Retail as next-event cases."""

from bench.cases import Cases, hold_out_last
from trainer.config.data import DataConfig
from trainer.events.log.reader import read_events
from trainer.events.sessions import build_sessions


def all_of_a_customer(path: str) -> DataConfig:
    """Settings by which all events of a customer, in row order, are one session if at least three.

    Nothing else is cleaned: cancellations, postage and repeats stay.
    """
    return DataConfig(
        paths=[path],
        session="CustomerID",
        item="StockCode",
        collapse_repeats=False,
        min_count=1,
        min_session_length=3,
    )


def read_cases(path: str) -> Cases:
    """The cases: the last event of every customer, and the one before it as the query."""
    config = all_of_a_customer(path)
    sessions, vocabulary, _ = build_sessions(read_events(config), config)
    return hold_out_last(sessions, vocabulary)
