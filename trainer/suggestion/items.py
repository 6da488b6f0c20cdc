"""A second file that describes the items of a log."""

from pathlib import Path

import polars as pl

from service.model.errors import EventLogError
from trainer.config.data import DataConfig
from trainer.config.jobs import Config
from trainer.events.log.reader import ITEM, read_events
from trainer.suggestion.look import Look, look_at
from trainer.suggestion.roles import TITLE, words_of
from trainer.suggestion.suggestion import Suggestion

SEVERAL = "|"
KNOWN = 0.3  # share of the log's items that the column of ids must have
READ_BY_ITSELF = ("separator", "quotes", "decimal")  # guessed again when the file is read


def suggest_items(suggestion: Suggestion, path: Path) -> None:
    """Adds the section of a file of items.

    Raises:
        EventLogError: the file cannot be read, or none of its columns has the log's ids.
    """
    look = look_at(path)
    log = Config.model_validate({"data": suggestion.settings()["data"]}).data
    ids = _item_ids(log)
    shares = {name: _share(look.rows[name], ids) for name in look.rows.columns}
    column = max(shares, key=lambda name: shares[name])
    if shares[column] < KNOWN:
        raise EventLogError(
            f"{path}: no column has the items of the log: the best, {column!r}, has "
            f"{shares[column]:.0%} of {len(ids):,}"
        )
    suggestion.add("items.paths", [str(path)], "what describes the items")
    for name, value in look.settings.items():
        if name not in READ_BY_ITSELF:
            suggestion.add(f"items.{name}", value, look.reasons[name])
    suggestion.add("items.id", column, f"it has {shares[column]:.0%} of the log's items")
    title = _title(look, column)
    if title:
        suggestion.add("items.title", title, "what people read")
    others = [
        name
        for name in look.rows.columns
        if name not in (column, title) and look.rows[name].n_unique() > 1
    ]
    if others:
        suggestion.add("items.metadata", others, "to filter by")
        _suggest_lists(look, others, suggestion)


def _suggest_lists(look: Look, names: list[str], suggestion: Suggestion) -> None:
    """Notes the sign between several values of a text, as in Crime|Drama."""
    texts = {name: look.rows[name] for name in names if look.rows.schema[name] == pl.String}
    for name, column in texts.items():
        values = column.drop_nulls()
        parts = values.str.split(SEVERAL).list.explode()
        if values.str.contains(SEVERAL, literal=True).any() and parts.n_unique() < len(values):
            suggestion.add(
                "items.list_separator",
                SEVERAL,
                f"column {name!r} holds several values, such as "
                f"{values.filter(values.str.contains(SEVERAL, literal=True))[0]!r}; a filter asks "
                f"for one: {name} any ('{parts[0]}')",
            )
            return


def _item_ids(log: DataConfig) -> set[str]:
    """The ids of the beginning of a log."""
    pieces = read_events(log)
    ids = set(next(pieces).table.get_column(ITEM).drop_nulls())
    pieces.close()  # type: ignore[attr-defined]
    return ids


def _share(column: pl.Series, ids: set[str]) -> float:
    """The share of the ids that a column has."""
    if column.dtype.is_nested():
        return 0.0
    if column.dtype.is_float():
        column = column.cast(pl.Int64, strict=False)
    values = set(column.cast(pl.String).drop_nulls())
    return len(values & ids) / max(len(ids), 1)


def _title(look: Look, column: str) -> str | None:
    words = TITLE.split()
    named = [
        (min(words.index(word) for word in words_of(name) if word in words), name)
        for name in look.rows.columns
        if name != column and {*words_of(name)} & {*words} and look.rows.schema[name] == pl.String
    ]
    if named:
        return min(named)[1]
    texts = [
        name
        for name, kind in look.rows.schema.items()
        if kind == pl.String
        and name != column
        and look.rows[name].n_unique() > 0.5 * len(look.rows)
    ]
    return texts[0] if texts else None
