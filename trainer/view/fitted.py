"""What was fitted to rank what comes next, as tables."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from rich.table import Table

from trainer.view.tables import plain_table

if TYPE_CHECKING:  # so that a query does not import what only training needs
    from service.model.continuations import NextSettings
    from service.model.logit import FitCheck, Logit, Weights

SEEN = {"unseen": "left out", "seen": "allowed"}  # items of the session, in the answer


def fit_sentence(settings: NextSettings | None) -> str:
    """What ranks what comes next, and why."""
    if settings is None:
        return "the model does not know what comes next"
    if settings.fit is None:
        return "what comes next is ranked by the table alone: no weights were asked for"
    if settings.logit is not None:
        return f"what comes next is ranked by voices, weighed {settings.fit.description}"
    if settings.fit.seen is None and settings.fit.unseen is None:
        return f"what comes next is ranked by the table alone: {settings.fit.description}"
    return (
        "what comes next is ranked by the table alone, which weights did not beat: "
        f"{settings.fit.description}"
    )


def fit_tables(settings: NextSettings | None) -> Iterator[Table]:
    """How well weights foretold what neither they nor the table had seen, and the weights."""
    fit = None if settings is None else settings.fit
    if fit is not None and (fit.seen or fit.unseen):
        yield _checks_table({name: getattr(fit, name) for name in SEEN})
    logit = None if settings is None else settings.logit
    if logit is not None:
        for name, weights in (("unseen", logit.unseen), ("seen", logit.seen)):
            if weights is not None:
                title = f"weights, items of the session {SEEN[name]}"
                yield _weights_table(logit, weights, title)


def _checks_table(checks: dict[str, FitCheck | None]) -> Table:
    table = plain_table("session's items", "ranked by")
    for heading in ("cases", "HR@20", "table", "MRR@20", "table", "calibration error"):
        table.add_column(heading, justify="right")
    for name, check in checks.items():
        if check is None:
            table.add_row(SEEN[name], "the table", "too few")
            continue
        table.add_row(
            SEEN[name],
            "weights" if check.wins else "the table",
            f"{check.cases:,}",
            f"{check.hit_rate:.4f}",
            f"{check.table_hit_rate:.4f}",
            f"{check.mrr:.4f}",
            f"{check.table_mrr:.4f}",
            f"{check.calibration_error:.4f}",
        )
    return table


def _weights_table(logit: Logit, weights: Weights, title: str) -> Table:
    table = plain_table("voice")
    table.title = title
    table.title_justify = "left"
    for length in _lengths(logit.lengths):
        table.add_column(length, justify="right")
    for voice, row in zip(logit.names, zip(*weights.voices, strict=True), strict=True):
        table.add_row(voice, *(f"{weight:+.3f}" for weight in row))
    return table


def _lengths(shortest: list[int]) -> Iterator[str]:
    """What the classes of sessions are called."""
    for first, after in pairwise(shortest):
        yield f"{first} item" if after == 2 else _range(first, after - 1) + " items"
    yield f"{shortest[-1]}+ items"


def _range(first: int, last: int) -> str:
    return f"{first}" if first == last else f"{first}-{last}"
