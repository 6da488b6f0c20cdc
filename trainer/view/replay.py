"""The tables of a replay."""

from rich.console import Group
from rich.table import Table
from rich.text import Text

from service.model.errors import short
from trainer.replay.findings import Findings, Items
from trainer.replay.requests import REASONS
from trainer.view.printable import printable
from trainer.view.tables import plain_table

SHOWN = 5  # items of a cell


def replay_tables(found: Findings) -> Group:
    """What both versions did, how their answers agree, and the answers that differ most."""
    parts: list[Table | Text] = [_sides_table(found), Text(_summary(found))]
    if found.differences:
        parts.append(_differences_table(found))
    return Group(*parts)


def _sides_table(found: Findings) -> Table:
    table = plain_table("", "version", "errors", "p50 ms", "p99 ms")
    for letter, side in zip("AB", found.sides, strict=True):
        errors = ", ".join(f"{status}: {count:,}" for status, count in side.errors.items())
        times = f"{side.p50_ms:.2f}", f"{side.p99_ms:.2f}"
        table.add_row(letter, side.version, errors or "none", *times)
    return table


def _summary(found: Findings) -> str:
    lines = [f"{found.requests:,} requests, {found.lists:,} lists answered by both"]
    if found.overlap is not None:
        correlation = found.rank_correlation
        lines += [
            f"overlap {found.overlap:.4f}, identical {found.identical:.2%}, "
            f"rank correlation {'-' if correlation is None else f'{correlation:.4f}'}"
        ]
    lines += [f"left out: {count:,} ({REASONS[name]})" for name, count in found.left_out.items()]
    return "\n".join(lines)


def _differences_table(found: Findings) -> Table:
    table = plain_table("line", "request", "overlap", "only A", "only B")
    for difference in found.differences:
        table.add_row(
            str(difference.line),
            printable(short(difference.request)),
            f"{difference.overlap:.2f}",
            *map(_listed, difference.only),
        )
    return table


def _listed(items: Items) -> str:
    lines = [printable(f"{item_id} {title or ''}".rstrip()) for item_id, title in items.items()]
    more = [f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return "\n".join([*lines[:SHOWN], *more])
