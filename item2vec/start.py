"""Where a model comes from: a log, or a directory."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from item2vec.model import Model
from item2vec.packages import training_packages
from service.model.hidden import Hidden
from service.model.store import Store, new_version

if TYPE_CHECKING:
    from item2vec.logs import Log


def train(
    log: "Log | None" = None,
    *,
    config: "str | Path | Mapping[str, Any] | None" = None,
    progress: bool | None = None,
    **settings: Any,
) -> Model:
    """Trains a model.

        item2vec.train(frame, item="product", user="visitor", time="when", title="name", window=5)
        item2vec.train([["apple", "pear"], ["saw", "drill", "saw"]])
        item2vec.train("logs/*.parquet", session="visit", item="product", epochs=10)
        item2vec.train(config="item2vec.toml")

    Args:
        log: a table of polars or pandas, or anything that Arrow reads; lists of item ids, a list a
            session, oldest first; or a file, a glob or several of them.
        config: a configuration file, or the same as a mapping; weaker than keywords. Neither
            item2vec.toml nor the environment is read if they are not named.
        progress: whether to show it; None: in notebooks and terminals.
        settings: any setting of `[data]` (item, session, user, time, title, metadata, where, ...),
            `[training]` (window, epochs, vector_size, ...), `[index]`, `[similar]` and `[next]`,
            and `preset`; `items` is a file with a row for each item, whose columns are `items_id`,
            `items_title` and `items_metadata`; `item2vec train --help` explains them.

    Raises:
        ConfigError: a setting is unknown or impossible.
        EventLogError: the log cannot be read, or too little of it is left.
        MissingPackageError: `item2vec[train]` is not installed.
    """
    with training_packages():
        from item2vec import training
    return training.train(log, config, progress, settings)


def load(path: str | Path = "models", version: str | None = None) -> Model:
    """Loads a published model, without what training needs; its files are mapped, not copied.

    Items that are hidden in the store are in no answer, as in the service.

    Args:
        path: the directory of a store; or a word2vec file, as gensim writes it, text or binary,
            also gzipped (this needs `item2vec[train]`).
        version: of the store; None: the current one.

    Raises:
        NoModelError: nothing has been published there.
        ArtifactError: the version is damaged.
        InputError: there is no such version, or the file is no word2vec file.
    """
    path = Path(path)
    if path.is_file():
        with training_packages():
            from trainer.artifacts.imports import read_model
            from trainer.config.sections import IndexConfig
        return Model(read_model(path, new_version(), IndexConfig()))
    store = Store(path)
    return Model(store.load(version), Hidden(store.directory).ids())
