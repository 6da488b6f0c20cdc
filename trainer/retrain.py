"""The nightly job: read, train, publish."""

from collections.abc import Callable
from datetime import UTC, datetime

from rich.console import Console

from service.artifact import Artifact, Manifest
from service.store import Store
from trainer import progress
from trainer.config import Config
from trainer.dataset import Dataset, read_dataset
from trainer.index import cosine_index
from trainer.report import data_table
from trainer.training import TrainedVectors, train

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
            console.print(f"deleted version {version}", highlight=False)
    return manifest


def _train_version(store: Store, config: Config, console: Console) -> Manifest:
    console.print(f"reading {', '.join(config.data.paths)}", highlight=False)
    dataset = read_dataset(config.data)
    console.print(data_table(dataset.report))
    with progress.show(console) as report:
        vectors = train(dataset.sessions, dataset.vocabulary, config.training, report)
    console.print("writing the artifact")
    return store.add(_builder(dataset, vectors, config))


def _builder(
    dataset: Dataset, vectors: TrainedVectors, config: Config
) -> Callable[[str], Artifact]:
    def build(version: str) -> Artifact:
        return Artifact(
            manifest=_manifest(version, dataset, vectors, config),
            item_ids=dataset.vocabulary.item_ids,
            titles=dataset.titles,
            metadata=dataset.metadata,
            counts=dataset.vocabulary.counts,
            input_vectors=vectors.input,
            output_vectors=vectors.output,
            cosine_index=cosine_index(vectors.input, config.index),
        )

    return build


def _manifest(version: str, dataset: Dataset, vectors: TrainedVectors, config: Config) -> Manifest:
    last = vectors.last
    return Manifest(
        model_version=version,
        created=datetime.now(UTC),
        items=len(dataset.vocabulary),
        vector_size=config.training.vector_size,
        config=config.model_dump(mode="json"),
        data=dataset.report.as_dict(),
        metrics={
            "epoch_losses": vectors.epoch_losses,
            "training_seconds": round(last.seconds, 3),
            "items_per_second": round(last.items_done / last.seconds),
            "pairs_per_second": round(last.pairs_done / last.seconds),
        },
        verdict=NOT_JUDGED,
    )
