"""What the columns of a log are likely to mean, by their names and by what they hold."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import polars as pl

from trainer.suggestion.times import read_times

ITEM = """item product sku stock article asin isbn ean movie film track song artist album book video
game content listing offer recipe course page url ad news business place anime program show"""
USER = """user customer client visitor member account person listener viewer reviewer buyer shopper
device cookie uid household username"""
SESSION = """session visit basket cart order invoice transaction receipt playlist checkout ticket
trip bill"""
TIME = "time timestamp date datetime ts at day when created"
TITLE = "title name description label"
EVENT = "event type action behavior behaviour interaction activity"
RATING = "rating stars score rate"
WEIGHT = "plays playcount count weight listens times views scrobbles minutes seconds frequency"
AMOUNT = "quantity qty amount units"
PRICE = "price cost"
KNOWN = {*ITEM.split(), *USER.split(), *SESSION.split()}
ID = {"id", "no", "code", "number", "nr", "key", "sku", "num", "hash", "uuid"}
NOT_WITH = {  # words that give a name another meaning: the price of an item is no item
    **dict.fromkeys(("item", "session", "user"), " ".join((TITLE, PRICE, AMOUNT, TIME, "type"))),
    "title": USER,
    "event": ITEM,
    "price": "",
}
MOST_TYPES = 20
CONSTANT = 0.9  # share of an item's rows that have its most frequent value, if it describes it


@dataclass
class Roles:
    """The columns of the roles, and what describes an item.

    Attributes:
        columns: a column for each role that is found: item, session, user, time, event, title,
            rating, weight, amount, price.
        metadata: further columns that describe an item.
        time: settings of its times, what they are in words, whether they may mean two things.
        by_content: the roles that no name speaks for.
    """

    columns: dict[str, str] = field(default_factory=dict)
    metadata: list[str] = field(default_factory=list)
    time: tuple[dict[str, str], str, bool] = ({}, "", False)
    by_content: set[str] = field(default_factory=set)

    def taken(self) -> set[str]:
        """The columns that have a role."""
        return set(self.columns.values())


def find_roles(rows: pl.DataFrame, given: Mapping[str, str]) -> Roles:
    """Finds a column for each role.

    Args:
        rows: the first rows of a log.
        given: columns of roles that are known.
    """
    roles = Roles(dict(given))
    _find_time(rows, roles)
    for role, words, fits in RULES:
        if role not in roles.columns:
            _find_by_name(rows, roles, role, words.split(), fits)
    _find_by_title(rows, roles)
    _find_by_content(rows, roles)
    if "item" in roles.columns:
        roles.metadata = [
            name
            for name in rows.columns
            if name not in roles.taken() - {roles.columns.get("price")}
            and _describes(rows, name, roles)
        ]
    return roles


def words_of(name: str) -> list[str]:
    """The words of a name: `InvoiceNo`, `invoice_no` and `invoice no` have two."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    words = []
    for word in re.split(r"[^a-z0-9]+", spaced.lower()):
        stem = word.removesuffix("id")
        words += [stem, "id"] if stem in KNOWN and stem != word else [word]
    return [word for word in words if word]


def _find_time(rows: pl.DataFrame, roles: Roles) -> None:
    names = [roles.columns["time"]] if "time" in roles.columns else rows.columns
    scored = []
    for place, name in enumerate(names):
        words = words_of(name)
        named = bool({*TIME.split()} & {*words})
        numeric = rows.schema[name].is_numeric()
        if (read := read_times(rows.get_column(name))) and (
            named or not numeric or not words or words[0] == "column"
        ):
            scored.append((named, "time" in name.lower(), -place, name, read))
    if scored:
        named, *_, name, roles.time = max(scored, key=lambda each: each[:3])
        roles.columns["time"] = name
        if not named:
            roles.by_content.add("time")


def _find_by_name(
    rows: pl.DataFrame,
    roles: Roles,
    role: str,
    words: list[str],
    fits: Callable[[pl.Series], bool],
) -> None:
    scored = []
    for place, name in enumerate(rows.columns):
        parts = [part if part in words else part.removesuffix("s") for part in words_of(name)]
        known = [words.index(part) for part in parts if part in words]
        rest = {*parts} - {*words}
        if not known or name in roles.taken() or rest & {*NOT_WITH.get(role, "").split()}:
            continue
        if fits(rows.get_column(name)):
            scored.append((bool(rest & ID or not rest), -known[0], -place, name))
    if scored:
        roles.columns[role] = max(scored)[-1]


def _find_by_title(rows: pl.DataFrame, roles: Roles) -> None:
    """Where nothing has an id, names stand for it: `Product Name`, `customer name`."""
    title = roles.columns.get("title")
    if "item" not in roles.columns and title and {*words_of(title)} & {*ITEM.split()}:
        roles.columns["item"] = title
    if not {"user", "session"} & roles.columns.keys():
        named = [name for name in rows.columns if {*words_of(name)} & {*USER.split()}]
        free = [name for name in named if name not in roles.taken() and _is_id(rows[name])]
        if free:
            roles.columns["user"] = free[0]


def _find_by_content(rows: pl.DataFrame, roles: Roles) -> None:
    """Tells what is left, where names say nothing: who, what, how much."""
    owner = {"session", "user"} & roles.columns.keys()
    if "item" in roles.columns and owner:
        return
    left = [name for name in rows.columns if name not in roles.taken() and _is_id(rows[name])]
    unnamed = [name for name in rows.columns if words_of(name)[:1] == ["column"]]
    ratings = [name for name in unnamed if name not in roles.taken() and _is_rating(rows[name])]
    rating = min(ratings, key=lambda name: rows[name].n_unique(), default=None)
    if "rating" not in roles.columns and rating and len({*left} - {rating}) > 1:
        roles.columns["rating"] = rating
        roles.by_content.add("rating")
        left = [name for name in left if name != rating]
    if not owner and len(left) > ("item" not in roles.columns):
        grouped = max(left, key=lambda name: (_is_grouped(rows[name]), -left.index(name)))
        roles.columns["user"] = grouped
        roles.by_content.add("user")
        left.remove(grouped)
    if "item" not in roles.columns and left:
        roles.columns["item"] = left.pop(0)
        roles.by_content.add("item")
    counts = [name for name in left if rows.schema[name].is_numeric() and _is_amount(rows[name])]
    if not {"rating", "weight"} & roles.columns.keys() and counts:
        roles.columns["weight"] = counts[0]
        roles.by_content.add("weight")


def _describes(rows: pl.DataFrame, name: str, roles: Roles) -> bool:
    """Whether the rows of an item have one value of this column, and items have several."""
    item, words = roles.columns["item"], words_of(name)
    if rows.schema[name] == pl.Struct:
        return False
    pairs = rows.select(pl.col(item).alias("item"), pl.col(name).alias("value")).drop_nulls()
    if rows.schema[name].is_temporal() or pairs.get_column("value").n_unique() < 2:
        return False
    if {*words} & {*PRICE.split()}:
        return True
    counts = pairs.group_by("item", "value").len("n").group_by("item")
    items = counts.agg(pl.col("n").max().alias("most"), pl.col("n").sum().alias("all"))
    again = items.filter(pl.col("all") > 1)
    if again.is_empty() or int(again["most"].sum()) < CONSTANT * int(again["all"].sum()):
        return False
    return not any(
        _is_of(rows, name, roles.columns[owner])
        for owner in ("session", "user")
        if owner in roles.columns
    )


def _is_of(rows: pl.DataFrame, name: str, owner: str) -> bool:
    """Whether each session or user has one value of a column: then it describes them."""
    counts = rows.group_by(owner).agg(pl.len().alias("rows"), pl.col(name).n_unique().alias("n"))
    several = counts.filter(pl.col("rows") > 1)
    return several.height > 1 and bool((several["n"] == 1).all())


def _is_id(column: pl.Series) -> bool:
    kind = column.dtype
    if kind.is_float():
        values = column.drop_nulls()
        return bool((values == values.round()).all()) and column.n_unique() > 1
    return (kind.is_integer() or kind in (pl.String, pl.Categorical)) and column.n_unique() > 1


def _is_session(column: pl.Series) -> bool:
    """Whether nearly every event has one, and it has several events."""
    known = column.drop_nulls()
    return (
        _is_id(column) and len(known) > 0.9 * len(column) and column.n_unique() < 0.8 * len(column)
    )


def _is_text(column: pl.Series) -> bool:
    return column.dtype in (pl.String, pl.Categorical)


def _is_type(column: pl.Series) -> bool:
    return _is_text(column) and column.n_unique() <= MOST_TYPES


def _is_rating(column: pl.Series) -> bool:
    if not column.dtype.is_numeric():
        return False
    values = column.drop_nulls().cast(pl.Float64)
    if not 2 <= values.n_unique() <= 101:
        return False
    return bool(values.is_between(0, 10).all() or values.is_between(0, 100).all())


def _is_amount(column: pl.Series) -> bool:
    return column.dtype.is_numeric() and column.n_unique() > 1


def _is_grouped(column: pl.Series) -> bool:
    """Whether equal values are next to each other: the log is sorted by this column."""
    return len(column.rle()) <= 1.05 * column.n_unique()


RULES: tuple[tuple[str, str, Callable[[pl.Series], bool]], ...] = (
    ("session", SESSION, _is_session),
    ("user", USER, _is_id),
    ("item", ITEM, _is_id),
    ("event", EVENT, _is_type),
    ("rating", RATING, _is_rating),
    ("title", TITLE, _is_text),
    ("weight", WEIGHT, _is_amount),
    ("amount", AMOUNT, _is_amount),
    ("price", PRICE, _is_amount),
)
