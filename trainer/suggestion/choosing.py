"""Chooses settings for a log from what its files look like."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import polars as pl

from service.model.errors import EventLogError
from trainer.events.log.reader import SESSION, TIME, USER
from trainer.suggestion.cutting import (
    choose_min_count,
    choose_sessions,
    choose_window,
    say_what_was_read,
    suggested_data,
)
from trainer.suggestion.items import suggest_items
from trainer.suggestion.look import Look, look_at
from trainer.suggestion.measured import Measured, share
from trainer.suggestion.roles import Roles, find_roles
from trainer.suggestion.suggestion import Suggestion

LIKED = 0.75  # of the highest rating
RARE_SHAPE = 0.05  # share of the events whose ids look unlike all others
BOUGHT = ("purchase", "buy", "bought", "transaction", "order", "checkout", "sale")


def suggest(path: Path, items: Path | None, given: Mapping[str, str]) -> Suggestion:
    """Suggests settings for a log, and a file of its items.

    Args:
        path: the log.
        items: a second file.
        given: the columns of roles that are known, by role.

    Raises:
        EventLogError: a file cannot be read, a column is missing, or nobody knows what is an item
            or a session.
    """
    look = look_at(path)
    suggestion = Suggestion()
    suggestion.add("data.paths", [str(path)], "the log")
    for name, value in look.settings.items():
        if name != "columns":
            suggestion.add(f"data.{name}", value, look.reasons[name])
    if look.kind == "txt":
        _choose_for_text(look, suggestion)
    else:
        _choose_for_columns(look, given, suggestion)
    if items is not None:
        suggest_items(suggestion, items)
    return suggestion


def _choose_for_text(look: Look, suggestion: Suggestion) -> None:
    suggestion.doubts.append("a line of the text is taken for a session, oldest item first")
    measured = Measured.of(suggested_data(suggestion))
    say_what_was_read(look, measured, suggestion)
    choose_min_count(measured, suggestion)
    choose_window(measured, SESSION, "the items of a line are taken as ordered", suggestion)


def _choose_for_columns(look: Look, given: Mapping[str, str], suggestion: Suggestion) -> None:
    for role, column in given.items():
        if column not in look.rows.columns:
            raise EventLogError(
                f"{look.path} has no column {column!r} (named as `{role}`); it has: "
                f"{', '.join(map(repr, look.rows.columns))}"
            )
    roles = find_roles(look.rows, given)
    if not look.has_header:
        _name_columns(look, roles, suggestion)
    _check_roles(look, roles)
    columns = roles.columns
    doubtful = sorted(roles.by_content)
    if doubtful:
        told = ", ".join(f"{role} ({columns[role]!r})" for role in doubtful)
        suggestion.doubts.append(f"no name says which column is the {told}: told by what they hold")
    suggestion.add("data.item", columns["item"], _facts(look, columns["item"], "items"))
    _say_odd_ids(look, columns["item"], suggestion)
    if TIME in columns:
        settings, words, unsure = roles.time
        suggestion.add("data.time", columns[TIME], f"times: {words}")
        for name, value in settings.items():
            suggestion.add(f"data.{name}", value, "how times are written")
        if unsure:
            suggestion.doubts.append(
                f"the times in {columns[TIME]!r} may have the day first or the month first: see "
                "`time_format`"
            )
    else:
        suggestion.doubts.append(
            "there is no column of times: the order of the rows becomes history, so answers to "
            "what comes next mean nothing where rows are sorted by something else"
        )
    _choose_conditions(look, roles, suggestion)
    choose_sessions(look, roles, suggestion)
    _choose_descriptions(look, roles, suggestion)
    _choose_weights(look, roles, suggestion)


def _name_columns(look: Look, roles: Roles, suggestion: Suggestion) -> None:
    """Gives the columns of a file without a header names by their roles."""
    names = {column: role for role, column in roles.columns.items()}
    new = {old: names.get(old, old) for old in look.rows.columns}
    look.rows = look.rows.rename(new)
    look.settings["columns"] = list(new.values())
    roles.columns = {role: new[column] for role, column in roles.columns.items()}
    roles.metadata = [new[name] for name in roles.metadata]
    suggestion.add("data.columns", list(new.values()), look.reasons["columns"])
    suggestion.doubts.append("the file has no header: the names in `columns` are guesses")


def _check_roles(look: Look, roles: Roles) -> None:
    has = ", ".join(map(repr, look.rows.columns))
    if "item" not in roles.columns:
        raise EventLogError(
            f"{look.path}: which column is the item cannot be told; give it as --item; it has: "
            f"{has}"
        )
    if not {SESSION, USER} & roles.columns.keys():
        raise EventLogError(
            f"{look.path}: whose events belong together cannot be told; give the column of the "
            f"session or the user as --session or --user; it has: {has}"
        )


def _say_odd_ids(look: Look, item: str, suggestion: Suggestion) -> None:
    """Points at ids without a digit where nearly all have one, such as postage."""
    ids = look.rows[item].cast(pl.String).drop_nulls()
    odd = ids.filter(~ids.str.contains("[0-9]"))
    if 0 < len(odd) < RARE_SHAPE * len(ids):
        examples = ", ".join(odd.value_counts(sort=True)[item].head(5))
        suggestion.doubts.append(
            f"{len(odd) / len(ids):.1%} of the events have an item whose id has no digit "
            f"({examples}): if these are no items, add to `where`: {_quoted(item)} ~ '[0-9]'"
        )


def _choose_conditions(look: Look, roles: Roles, suggestion: Suggestion) -> None:
    rows, conditions, reasons = look.rows, [], []
    if rating := roles.columns.get("rating"):
        values = rows[rating].drop_nulls().cast(pl.Float64).to_numpy()
        highest = float(values.max())
        least = float(values[values >= LIKED * highest].min())
        kept = float(np.mean(values >= least))
        conditions.append(f"{_quoted(rating)} >= {least:g}")
        reasons.append(f"what was rated {least:g} or more of {highest:g} is liked: {kept:.0%}")
    for role, what in (("amount", "returned"), ("price", "not sold")):
        name = roles.columns.get(role)
        if name and (dropped := share(rows[name] <= 0)) > 0:
            conditions.append(f"{_quoted(name)} > 0")
            reasons.append(f"{dropped:.1%} of the rows are {what}, or corrections ({name} <= 0)")
    if conditions:
        suggestion.add("data.where", " AND ".join(conditions), "; ".join(reasons))


def _choose_descriptions(look: Look, roles: Roles, suggestion: Suggestion) -> None:
    if title := roles.columns.get("title"):
        suggestion.add("data.title", title, f"what people read, such as {_example(look, title)}")
    if roles.metadata:
        suggestion.add(
            "data.metadata", roles.metadata, "columns that describe an item: to filter by"
        )


def _choose_weights(look: Look, roles: Roles, suggestion: Suggestion) -> None:
    if event := roles.columns.get("event"):
        shares = look.rows[event].value_counts(sort=True, normalize=True)
        types = {str(name): share for name, share in shares.iter_rows() if name is not None}
        told = ", ".join(f"{name} {share:.1%}" for name, share in types.items())
        suggestion.add("data.event", event, f"types of events: {told}")
        bought = [name for name in types if name.lower().startswith(BOUGHT)]
        if bought and len(types) > 1:
            suggestion.add(
                "data.weights",
                dict.fromkeys(bought, 4),
                "to count what was bought as often as four views; `item2vec evaluate` says whether "
                "it helps",
                active=False,
            )
    if weight := roles.columns.get("weight"):
        suggestion.add(
            "data.weight",
            weight,
            "how much: events of larger numbers count more",
        )


def _facts(look: Look, column: str, what: str) -> str:
    n = look.rows[column].n_unique()
    return (
        f"{n:,} {what} in the first {look.rows.height:,} events, such as {_example(look, column)}"
    )


def _example(look: Look, column: str) -> str:
    values = look.rows[column].drop_nulls()
    if values.is_empty():
        raise EventLogError(f"{look.path}: column {column!r} is empty")
    return repr(str(values[0]))


def _quoted(name: str) -> str:
    return name if name.isidentifier() else '"' + name.replace('"', '""') + '"'
