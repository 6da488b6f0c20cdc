"""The nightly job: read, train, publish."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from service.model.artifact import Artifact, Manifest
from service.model.errors import ConfigError
from service.model.store import Store
from trainer.artifacts.index import cosine_index
from trainer.config.jobs import Config
from trainer.continuations.table import build_continuations
from trainer.corpus import DataReport, Dataset
from trainer.events.dataset import read_dataset
from trainer.view import progress
from trainer.view.tables import data_table
from trainer.word2vec.checkpoint import Checkpoint
from trainer.word2vec.matrices import KnownVectors
from trainer.word2vec.objectives import OBJECTIVES
from trainer.word2vec.training import Snapshot, TrainedVectors, train

CHECKPOINT = "checkpoint.npz"
NOT_JUDGED = "not compared with another model"


def train_version(config: Config, console: Console) -> Manifest:
    """Trains a model and adds it to the store, without making it current.

    Raises:
        InputError: the event log cannot be used.
        JobRunningError: another job is training for the same store.
    """
    store = Store(config.models)
    with store.job():
        return _train_version(store, config, console)


def retrain(config: Config, console: Console) -> Manifest:
    """Trains a model, makes it current and deletes the versions that are too old to keep.

    Whatever fails, the model that was current stays current.

    Raises:
        InputError: the event log cannot be used.
        JobRunningError: another job is training for the same store.
    """
    store = Store(config.models)
    with store.job():
        manifest = _train_version(store, config, console)
        store.promote(manifest.model_version)
        for version in store.prune(config.publish.keep):
            progress.note(console, f"deleted version {version}", config.run.log_format)
    return manifest


def _train_version(store: Store, config: Config, console: Console) -> Manifest:
    known = _known_vectors(store, config)
    with progress.reading(console, ", ".join(config.data.paths), config.run.log_format) as on_read:
        dataset = read_dataset(config.data, on_read, config.training.workers)
    show_data(dataset.report, config, console)
    checkpoint = Checkpoint(
        store.directory / CHECKPOINT, config.run.checkpoint_every, config.run.resume
    )
    manifest = store.add(train_artifact(dataset, config, console, known, checkpoint))
    checkpoint.remove()
    return manifest


def show_data(report: DataReport, config: Config, console: Console) -> None:
    """What became of the events, for people or for machines."""
    if config.run.log_format == "json":
        line = json.dumps({"event": "data", **report.as_dict()})
        console.print(line, highlight=False, soft_wrap=True)
    else:
        console.print(data_table(report))


def train_artifact(
    dataset: Dataset,
    config: Config,
    console: Console,
    known: KnownVectors | None = None,
    checkpoint: Checkpoint | None = None,
) -> Callable[[str], Artifact]:
    """Trains a model, showing how far it is; the artifact is made once it has a version.

    Args:
        dataset: what is trained on.
        config: every setting.
        console: where progress is shown.
        known: vectors to begin from.
        checkpoint: where the state is saved now and then, and continued from.

    Raises:
        DivergenceError: the loss became infinite or no number.
        InputError: the checkpoint to resume from is missing, damaged or of another run.
    """
    epochs: dict[int, Snapshot] = {}
    with progress.show(console, config.run.log_format) as report:

        def note(snapshot: Snapshot) -> None:
            epochs[snapshot.epoch] = snapshot
            report(snapshot)

        vectors = train(
            dataset.sessions,
            dataset.vocabulary,
            config.training,
            note,
            known=known,
            checkpoint=checkpoint,
        )

    # A graph that several threads link is never twice the same.
    threads = 1 if config.training.deterministic else config.training.workers

    def build(version: str) -> Artifact:
        # First, so that the copies it needs are gone before the index is made.
        with _counting(config, console):
            continuations = build_continuations(
                dataset.sessions, vectors.input, config.next, config.training.workers
            )
        return Artifact(
            manifest=_manifest(version, dataset, _metrics(vectors, list(epochs.values())), config),
            item_ids=dataset.vocabulary.item_ids,
            titles=dataset.titles,
            metadata=dataset.metadata,
            counts=dataset.vocabulary.counts,
            input_vectors=vectors.input,
            output_vectors=vectors.output,
            cosine_index=cosine_index(vectors.input, config.index, threads),
            continuations=continuations,
        )

    return build


def _counting(config: Config, console: Console) -> AbstractContextManager[None]:
    if not config.next.continuations:
        return nullcontext()
    return progress.working(console, "counting what comes next", config.run.log_format)


def _known_vectors(store: Store, config: Config) -> KnownVectors | None:
    """The vectors of the version to begin from, if there is to be one; the first run has none.

    Raises:
        InputError: there is no such version, or its vectors are of another size.
    """
    version = config.run.warm_start
    if version is None:
        return None
    if version == "current" and not store.versions():
        return None
    artifact = store.load(None if version == "current" else version)
    size = artifact.manifest.vector_size
    if size != config.training.vector_size:
        raise ConfigError(
            f"run.warm_start = {version!r}: its vectors have {size} numbers, vector_size = "
            f"{config.training.vector_size}; set one of them"
        )
    objective = artifact.manifest.config.get("training", {}).get("objective")
    of_items = objective == config.training.objective == "negative-sampling"
    return KnownVectors(
        artifact.item_ids, artifact.input_vectors, artifact.output_vectors if of_items else None
    )


def _manifest(version: str, dataset: Dataset, metrics: dict[str, Any], config: Config) -> Manifest:
    return Manifest(
        model_version=version,
        created=datetime.now(UTC),
        items=len(dataset.vocabulary),
        vector_size=config.training.vector_size,
        output=OBJECTIVES[config.training.objective].output,
        config=config.model_dump(mode="json"),
        data=dataset.report.as_dict(),
        metrics=metrics,
        verdict=NOT_JUDGED,
    )


def _metrics(vectors: TrainedVectors, epochs: list[Snapshot]) -> dict[str, Any]:
    """The figures of a run: of all its epochs, and of each at its end (those trained just now)."""
    last = vectors.last
    return {
        "epoch_losses": vectors.epoch_losses,
        "training_seconds": round(last.seconds, 3),
        "items_per_second": round(last.items_per_second),
        "pairs_per_second": round(last.pairs_per_second),
        "epochs": [
            {
                "epoch": snapshot.epoch,
                "loss": snapshot.loss,
                "alpha": snapshot.alpha,
                "seconds": round(snapshot.seconds, 3),
                "items_per_second": round(snapshot.items_per_second),
                "pairs_per_second": round(snapshot.pairs_per_second),
            }
            for snapshot in epochs
        ],
    }
