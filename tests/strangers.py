"""Logs in the shapes of strangers' data, whose items have groups that a model should find.

`python -m tests.strangers FOLDER` writes them: ratings of films with a second file of titles, a
music service's play counts without times, a shop's clicks.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

GROUPS = ("Comedy", "Crime", "Horror", "Musical", "Romance", "Western")
ADJECTIVES = (
    "Blue",
    "Silent",
    "Last",
    "Golden",
    "Lost",
    "Secret",
    "Long",
    "Little",
    "Brave",
    "Old",
)
NOUNS = (
    "River",
    "Night",
    "Letter",
    "Garden",
    "Road",
    "Winter",
    "Stranger",
    "Island",
    "Dance",
    "War",
)
BEGINNING = datetime(2025, 3, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Catalogue:
    """Items of some groups.

    Attributes:
        ids: numbers with gaps, as catalogues have them.
        titles: a pair of words each.
        groups: the group of each.
        popularity: the chance of each to be chosen, within its group.
    """

    ids: list[int]
    titles: list[str]
    groups: NDArray[np.int64]
    popularity: NDArray[np.float64]

    def chosen(self, rng: np.random.Generator, group: int, size: int) -> NDArray[np.int64]:
        """Different items of a group, with one in ten of any other."""
        weights = np.where(self.groups == group, self.popularity, self.popularity / 50)
        return rng.choice(len(self.ids), size, replace=False, p=weights / weights.sum())

    def frame(self, id_column: str, title_column: str) -> pl.DataFrame:
        """A table of ids, titles and groups."""
        return pl.DataFrame(
            {
                id_column: self.ids,
                title_column: self.titles,
                "group": [GROUPS[group] for group in self.groups],
            }
        )


class Written(NamedTuple):
    """The files of a log, and what its items are."""

    log: Path
    items: Path | None
    catalogue: Catalogue

    def group(self, item_id: str) -> str:
        """The group of an item."""
        return GROUPS[self.catalogue.groups[self.catalogue.ids.index(int(item_id))]]


def make_catalogue(rng: np.random.Generator, per_group: int = 40) -> Catalogue:
    """Items of every group, a few of them much chosen."""
    size = per_group * len(GROUPS)
    pairs = [f"{adjective} {noun}" for adjective, noun in product(ADJECTIVES, NOUNS)]
    numerals = ("", " II", " III", " IV", " V", " VI")
    titles = [pair + numeral for numeral in numerals for pair in rng.permutation(pairs)]
    return Catalogue(
        ids=sorted(rng.choice(9 * size, size, replace=False) + 1),
        titles=titles[:size],
        groups=rng.permutation(np.arange(size) % len(GROUPS)),
        popularity=rng.permutation(1 / np.arange(1, size + 1) ** 0.7),
    )


def write_ratings(folder: Path, users: int = 400, *, seed: int = 1) -> Written:
    """`ratings.csv` of users, films and stars, sorted by user and film; `movies.csv` of titles.

    People like two groups and dislike another, and rate a whole evening through.
    """
    rng = np.random.default_rng(seed)
    catalogue = make_catalogue(rng)
    rows = []
    for user in range(1, users + 1):
        first, second, worst = rng.permutation(len(GROUPS))[:3]
        begun = BEGINNING + timedelta(hours=float(rng.uniform(0, 5000)))
        for group, size, stars in ((first, 16, 4.5), (second, 10, 4.0), (worst, 6, 1.5)):
            for item in catalogue.chosen(rng, int(group), size):
                begun += timedelta(seconds=float(rng.exponential(40)))
                rating = float(np.clip(round(2 * rng.normal(stars, 0.6)) / 2, 0.5, 5))
                rows.append((user, catalogue.ids[item], rating, int(begun.timestamp())))
    log = pl.DataFrame(rows, ["userId", "movieId", "rating", "timestamp"], orient="row")
    log.unique(["userId", "movieId"]).sort("userId", "movieId").write_csv(folder / "ratings.csv")
    films = catalogue.frame("movieId", "title").with_columns(
        pl.col("title")
        + pl.Series([f" ({year})" for year in rng.integers(1950, 2020, len(catalogue.ids))]),
        pl.col("group").alias("genres") + pl.Series(rng.choice(["", "|Drama"], len(catalogue.ids))),
    )
    films.drop("group").write_csv(folder / "movies.csv")
    return Written(folder / "ratings.csv", folder / "movies.csv", catalogue)


def write_plays(folder: Path, users: int = 500, *, seed: int = 2) -> Written:
    """`user_artists.dat` of users, artists and plays, most played first; `artists.dat` of names.

    Both are separated by tabs. Nothing says when anything was played.
    """
    rng = np.random.default_rng(seed)
    catalogue = make_catalogue(rng)
    rows = []
    for user in range(2, users + 2):
        group = int(rng.integers(len(GROUPS)))
        artists = catalogue.chosen(rng, group, 25)
        plays = np.where(catalogue.groups[artists] == group, 400, 20) * rng.pareto(1.5, 25) + 1
        rows += [
            (user, catalogue.ids[artists[place]], int(plays[place])) for place in np.argsort(-plays)
        ]
    log = pl.DataFrame(rows, ["userID", "artistID", "weight"], orient="row")
    log.write_csv(folder / "user_artists.dat", separator="\t")
    artists = catalogue.frame("id", "name").with_columns(
        pl.format("http://www.example.com/music/{}", "name").str.replace_all(" ", "+").alias("url")
    )
    artists.drop("group").write_csv(folder / "artists.dat", separator="\t")
    return Written(folder / "user_artists.dat", folder / "artists.dat", catalogue)


def write_clicks(folder: Path, visits: int = 4000, *, seed: int = 3) -> Written:
    """`clicks.csv` of visits: time, visit, event, product, its name and price."""
    rng = np.random.default_rng(seed)
    catalogue = make_catalogue(rng)
    prices = np.round(rng.lognormal(2.5, 0.8, len(catalogue.ids)), 2)
    rows = []
    for visit in range(visits):
        at = BEGINNING + timedelta(minutes=float(rng.uniform(0, 40_000)))
        visit_id = f"{visit * 2654435761 % 2**32:08x}"
        size = 2 + int(rng.poisson(3))
        for item in catalogue.chosen(rng, int(rng.integers(len(GROUPS))), size):
            at += timedelta(seconds=float(rng.exponential(60)))
            bought = rng.random() < 0.1
            rows += [
                (f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z", visit_id, event,
                 catalogue.ids[item], catalogue.titles[item], prices[item])
                for event in (["view", "purchase"] if bought else ["view"])
            ]  # fmt: skip
    columns = ["timestamp", "visit_id", "event", "product_id", "product_name", "price"]
    log = pl.DataFrame(rows, columns, orient="row").sort("timestamp", maintain_order=True)
    log.write_csv(folder / "clicks.csv")
    return Written(folder / "clicks.csv", None, catalogue)


def write_all(folder: Path) -> Iterator[Path]:
    """Writes the three logs; yields their files."""
    folder.mkdir(parents=True, exist_ok=True)
    for written in (write_ratings(folder), write_plays(folder), write_clicks(folder)):
        yield from (path for path in written[:2] if path is not None)


if __name__ == "__main__":
    for path in write_all(Path(sys.argv[1])):
        print(path)  # noqa: T201 - the program that the docstring names
