"""A shop's log of five weeks, night by night."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from service.model.store import Store
from tests.conftest import Result

DAYS, HOURS, SESSIONS = 36, 5, 26  # days, opening hours of a day, fewest sessions of an hour
ITEMS, ISLANDS = 40, 5
QUICK = ("--vector-size", 8, "--epochs", 3, "--window", 3, "--workers", 1, "--negative", 3)


def make_log() -> pl.DataFrame:
    """Sessions of three items of one island; ids with leading zeros; it ended two hours ago."""
    random = np.random.default_rng(7)
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0, tzinfo=None)
    days = [end - timedelta(hours=2 + HOURS, days=DAYS - 1 - day) for day in range(DAYS)]
    starts = [day + timedelta(hours=hour) for day in days for hour in range(HOURS)]
    starts = [
        start + timedelta(seconds=20 * n)
        for start in starts
        for n in range(max(SESSIONS, random.poisson(SESSIONS + 8)))
    ]
    island = random.integers(0, ISLANDS, len(starts))
    weights = 1 / np.arange(1, ITEMS // ISLANDS + 1)
    rows = []
    for number, start in enumerate(starts):
        chosen = random.choice(ITEMS // ISLANDS, 3, replace=False, p=weights / weights.sum())
        for step, place in enumerate(chosen.tolist()):
            item = island[number] + ISLANDS * place
            rows.append((f"s{number}", f"u{number % 700}", f"{item:03}", start, step))
    columns = ["session", "user", "item", "time", "step"]
    log = pl.DataFrame(rows, schema=columns, orient="row")
    return log.select(
        "session",
        "user",
        "item",
        pl.col("time") + pl.duration(seconds=pl.col("step")),
        pl.format("Item {}", "item").alias("title"),
        pl.col("item").cast(pl.Int64).add(5000).cast(pl.String).alias("number"),
    )


@dataclass(frozen=True)
class Shop:
    """A store over a log, and the command that retrains it.

    Attributes:
        store: with one published version, of all but the last day.
        log: all days.
        directory: where logs are written.
    """

    store: Store
    log: pl.DataFrame
    directory: Path
    run: Callable[..., Result]

    @property
    def known(self) -> pl.DataFrame:
        """What the published version was trained on."""
        return before_today(self.log)

    def retrain(self, log: pl.DataFrame, *flags: object) -> Result:
        """Retrains on a log."""
        return self.run("retrain", *arguments(self.store.directory, self.directory, log), *flags)


def before_today(log: pl.DataFrame) -> pl.DataFrame:
    """All but the last day."""
    return log.filter(pl.col("time") < log["time"].max() - timedelta(hours=HOURS + 1))


def arguments(models: Path, directory: Path, log: pl.DataFrame) -> list[object]:
    """The flags for a log."""
    path = directory / "log.parquet"
    log.write_parquet(path)
    names = ("session", "user", "item", "time", "title")
    columns = [text for name in names for text in (f"--{name}", name)]
    return ["--models", models, "--paths", path, *columns, *QUICK]


@pytest.fixture(scope="session")
def log() -> pl.DataFrame:
    return make_log()


@pytest.fixture(scope="session")
def published(log: pl.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a version of all but the last day."""
    from trainer.config.sources import merge, nest
    from trainer.jobs.retrain import retrain
    from trainer.view.display import Silent

    directory = tmp_path_factory.mktemp("shop")
    path = directory / "log.parquet"
    before_today(log).write_parquet(path)
    flags = {f"data.{name}": name for name in ("session", "user", "item", "time", "title")}
    quick = {"vector_size": "8", "epochs": "3", "window": "3", "workers": "1", "negative": "3"}
    settings = {
        "models": directory / "models",
        "data.paths": str(path),
        **flags,
        **{f"training.{name}": value for name, value in quick.items()},
    }
    retrain(merge({"test": nest(settings)}), Silent())
    return directory / "models"


@pytest.fixture
def shop(
    published: Path,
    log: pl.DataFrame,
    tmp_path: Path,
    run: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
) -> Shop:
    """The same store, to be changed."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(published, tmp_path / "models")
    return Shop(Store(tmp_path / "models"), log, tmp_path, run)
