"""The train and retrain jobs: read, train, publish."""

from service.model.artifact import Artifact, Manifest
from service.model.errors import ConfigError
from service.model.store import Store
from trainer.artifacts.build import TrainedModel, make_artifact, train_model
from trainer.artifacts.neighbors import with_neighbors
from trainer.config.jobs import Config
from trainer.events.dataset import read_dataset
from trainer.jobs.succession import earlier_model, make_twin, published_artifact, with_drift
from trainer.view.display import Silent
from trainer.word2vec.checkpoint import Checkpoint
from trainer.word2vec.matrices import KnownVectors
from trainer.word2vec.objectives import OBJECTIVES

CHECKPOINT = "checkpoint.npz"


def train_version(config: Config, display: Silent) -> Manifest:
    """Trains a model and adds it to the store, without making it current.

    Raises:
        InputError: the event log cannot be used.
        JobRunningError: another job is training for the same store.
    """
    store = Store(config.models)
    with store.job():
        return _train_version(store, config, display)


def retrain(config: Config, display: Silent) -> Manifest:
    """Trains a model, makes it current and deletes versions beyond `publish.keep`.

    If reading, training or publishing fails, the previous model stays current.

    Raises:
        InputError: the event log cannot be used.
        JobRunningError: another job is training for the same store.
    """
    store = Store(config.models)
    with store.job():
        manifest = _train_version(store, config, display)
        store.promote(manifest.model_version)
        for version in store.prune(config.publish.keep):
            display.note(f"deleted version {version}")
    return manifest


def _train_version(store: Store, config: Config, display: Silent) -> Manifest:
    known = _known_vectors(store, config)
    published = published_artifact(store, display)
    earlier = earlier_model(published, config, display)
    with display.reading(config.data.paths) as on_read:
        dataset = read_dataset(config.data, on_read, config.training.workers)
    display.data(dataset.report)
    checkpoint = Checkpoint(
        store.directory / CHECKPOINT, config.run.checkpoint_every, config.run.resume
    )
    model = train_model(dataset, config, display, known, checkpoint, earlier)
    if model.alignment and model.alignment.refusal:
        display.note(
            f"vectors begin a space of their own, not aligned with version "
            f"{model.alignment.onto}: {model.alignment.refusal}"
        )
    twin = None
    if config.stability.measure_noise and published is not None:
        twin = make_twin(model, display, known, earlier)
    manifest = store.add(
        lambda version: with_drift(_make_servable(model, version, display), published, twin)
    )
    checkpoint.remove()
    for alarm in manifest.drift.alarms() if manifest.drift else []:
        display.note(alarm)
    return manifest


def _make_servable(model: TrainedModel, version: str, display: Silent) -> Artifact:
    """The artifact of a model, with lists that an evaluation has no need of."""
    artifact = make_artifact(model, version)
    config = model.config
    if not config.index.stored_neighbors:
        return artifact
    with display.working("listing similar items"):
        return with_neighbors(artifact, config.index.stored_neighbors, config.training.workers)


def _known_vectors(store: Store, config: Config) -> KnownVectors | None:
    """The vectors of the version that training starts from; None without one.

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
    of_items = artifact.manifest.output == OBJECTIVES[config.training.objective].output == "items"
    return KnownVectors(
        artifact.item_ids, artifact.input_vectors, artifact.output_vectors if of_items else None
    )
