"""A small shop: its items, what is bought after what, and three nights of its model."""

from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl

from tests.shell import ITEM2VEC
from tests.shell import run as run_program

COLORS = ("Red", "Pink", "White", "Ivory", "Green", "Blue", "Silver", "Gold")
KINDS = ("Hanging Heart", "Cake Stand", "Teacup", "Lantern", "Jam Jar")
OPENED = datetime(2026, 1, 5, 9, tzinfo=UTC)
ORDERS = 1500
CHAIN, SAME_KIND = 0.6, 0.9
SETTINGS = """\
models = "models"
[data]
paths = ["orders.parquet"]
session = "order"
item = "item"
time = "time"
min_count = 1
[items]
paths = ["items.csv"]
id = "item"
title = "title"
metadata = ["price", "color", "tags", "is_gift"]
list_separator = "|"
[training]
vector_size = 16
epochs = 6
workers = 1
[next]
fit_cases = 2000
[gate]
held_out_share = 0.1
held_out_sessions = 100
margin = 0.5
"""


def item_id(kind: int, color: int) -> str:
    """The id of a kind of item in a color."""
    return f"{100 * (kind + 1) + color}"


def orders() -> pl.DataFrame:
    """An order an hour: of one kind mostly, and each item mostly in the color after the last one's.

    What is similar is of the same kind, therefore, and what comes next has the next color.
    """
    random = np.random.default_rng(0)
    rows = []
    for order in range(ORDERS):
        begun = OPENED + timedelta(hours=order)
        kind, color = (int(random.integers(len(names))) for names in (KINDS, COLORS))
        for place in range(int(random.integers(3, 7))):
            rows.append((f"{order}", item_id(kind, color), begun + timedelta(minutes=place)))
            draw = random.random()
            color = (color + 1) % len(COLORS) if draw < CHAIN else int(random.integers(len(COLORS)))
            kind = kind if draw < SAME_KIND else int(random.integers(len(KINDS)))
    return pl.DataFrame(rows, ["order", "item", "time"], orient="row")


def items() -> pl.DataFrame:
    """All items, and one that nobody has bought."""
    rows = [
        {
            "item": item_id(kind, color),
            "title": f"{COLORS[color]} {KINDS[kind]}".upper(),
            "price": round(0.85 + 1.4 * kind + 0.1 * color, 2),
            "color": COLORS[color],
            "tags": f"{KINDS[kind].split()[-1].lower()}|{'warm' if color < 4 else 'cool'}",
            "is_gift": kind < 2,
        }
        for kind, color in product(range(len(KINDS)), range(len(COLORS)))
    ]
    new = {"item": "999", "title": "NEW GARDEN GNOME", "price": 12.5, "color": "Green"}
    return pl.DataFrame([*rows, new | {"tags": "gnome", "is_gift": True}])


def open_shop(folder: Path) -> None:
    """Three nights: a first model, one of a longer log, and a log so short that it is refused.

    Args:
        folder: an empty one, which gets the log, the items, `item2vec.toml` and the store `models`.
    """
    (folder / "item2vec.toml").write_text(SETTINGS)
    items().write_csv(folder / "items.csv")
    log = orders()
    for share, code in ((0.9, 0), (1, 0), (0.5, 3)):
        log.head(int(share * len(log))).write_parquet(folder / "orders.parquet")
        run_program(*ITEM2VEC, "retrain", cwd=folder, code=code)
