"""Shows rows of values, as text and in a notebook."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Literal

from item2vec.packages import MissingPackageError
from service.model.errors import InputError

Library = Literal["polars", "pandas"]
Rows = Sequence[Sequence[object]]


def as_text(names: Sequence[str], rows: Rows) -> str:
    """A line of names and a line for each row; numbers stand to the right."""
    cells = [list(names), *([_cell(value) for value in row] for row in rows)]
    columns = list(zip(*cells, strict=True))
    widths = [max(map(len, column)) for column in columns]
    numeric = [all(isinstance(row[c], int | float) for row in rows) for c in range(len(names))]
    lines = (
        "  ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, numeric, strict=True)
        )
        for line in cells
    )
    return "\n".join(line.rstrip() for line in lines)


def as_html(names: Sequence[str], rows: Rows) -> str:
    """A table that notebooks show with their own style."""
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_cell(value))}</td>" for value in row) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def as_frame(kinds: Mapping[str, type], rows: Rows, library: Library) -> Any:
    """A table of polars or pandas.

    Args:
        kinds: the columns, a name to the type of its values.
        rows: a value for each column; None where there is none.
        library: whose table it is to be.

    Raises:
        InputError: it is to be neither.
        MissingPackageError: the library is not installed.
    """
    if library not in ("polars", "pandas"):
        raise InputError(f"to_frame({library!r}): name 'polars' or 'pandas'")
    try:
        if library == "pandas":
            import pandas as pd

            frame = pd.DataFrame([tuple(row) for row in rows], columns=list(kinds))
            return frame.astype({name: kind for name, kind in kinds.items() if kind is not str})
        import polars as pl

        return pl.DataFrame([tuple(row) for row in rows], schema=kinds, orient="row")
    except ModuleNotFoundError:
        raise MissingPackageError(f"{library} is not installed: pip install {library}") from None


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    text = "" if value is None else str(value)
    return text if text.isprintable() else repr(text)[1:-1]
