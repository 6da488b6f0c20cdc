"""The train and retrain jobs: read, train, judge, publish."""

from service.model.artifact import Artifact, Manifest
from service.model.errors import ConfigError
from service.model.remote.bucket import Bucket
from service.model.store import Store
from trainer.artifacts.build import TrainedModel, make_artifact, train_model
from trainer.artifacts.neighbors import with_neighbors
from trainer.config.jobs import Config
from trainer.events.dataset import clean_dataset, read_log
from trainer.jobs.gate import Gate
from trainer.jobs.push import push_published
from trainer.view.display import Silent
from trainer.word2vec.checkpoint import Checkpoint
from trainer.word2vec.matrices import KnownVectors
from trainer.word2vec.objectives import OBJECTIVES

CHECKPOINT = "checkpoint.npz"
JUDGED_CHECKPOINT = "checkpoint-judged.npz"  # of the training without the held-out sessions


def train_version(config: Config, display: Silent) -> Manifest:
    """Trains a model and adds it to the store, without making it current.

    Raises:
        InputError: the event log cannot be used.
        JobRunningError: another job is training for the same store.
    """
    store = Store(config.models)
    with store.job():
        return _train_version(store, config, display, None)


def retrain(config: Config, display: Silent, *, force: bool = False) -> Manifest:
    """Trains a model, makes it current if the gate lets it, and deletes superfluous versions.

    If reading, training or publishing fails, or the gate refuses, the previous model stays current.
    A published version is then pushed to `publish.push`; if that fails, it stays published here.

    Args:
        config: every setting.
        display: where progress is shown.
        force: whether to publish whatever the gate finds.

    Raises:
        InputError: the event log cannot be used.
        RefusedError: the gate refuses the log or the model.
        JobRunningError: another job is training for the same store.
        NotPushedError: the version is published here alone.
    """
    store = Store(config.models)
    bucket = None if config.publish.push is None else Bucket(config.publish.push)
    with store.job():
        gate = None
        if config.gate.checks != "none":
            gate = Gate(store, config, display, force=force)
        manifest = _train_version(store, config, display, gate)
        if not manifest.refused:
            store.promote(manifest.model_version)
        for version in store.prune(config.publish.keep, config.publish.keep_refused):
            display.note(f"deleted version {version}")
        if gate is not None:
            gate.conclude(manifest)
        if bucket is not None:
            push_published(store, bucket, config.publish.keep, display)
    return manifest


def _train_version(store: Store, config: Config, display: Silent, gate: Gate | None) -> Manifest:
    """Adds a version to the store; with a gate, it bears the verdict.

    Raises:
        RefusedError: the gate refuses the log: nothing is trained.
    """
    known = _known_vectors(store, config)
    with display.reading(config.data.paths) as on_read:
        log, descriptions = read_log(config.data, on_read, config.training.workers)
    dataset = clean_dataset(log, descriptions, config.data)
    display.data(dataset.report)
    first, second = _checkpoints(store, config)
    model = None
    if gate is not None:
        gate.check_log(dataset)
        if config.gate.checks == "all":
            model = gate.judge(log, descriptions, known, first)
    del log
    if model is None or gate is None or gate.refits:
        model = train_model(dataset, config, display, known, second)
    manifest = store.add(lambda version: _judged(model, version, display, gate))
    for checkpoint in (first, second):
        checkpoint.remove()
    return manifest


def _checkpoints(store: Store, config: Config) -> tuple[Checkpoint, Checkpoint]:
    """Those of the training without held-out sessions, and of the one that is published.

    A run is resumed in the training that it was interrupted in.
    """
    run = config.run
    first, second = store.directory / JUDGED_CHECKPOINT, store.directory / CHECKPOINT
    in_first = run.resume and first.is_file() and not second.is_file()
    return (
        Checkpoint(first, run.checkpoint_every, in_first),
        Checkpoint(second, run.checkpoint_every, run.resume and not in_first),
    )


def _judged(model: TrainedModel, version: str, display: Silent, gate: Gate | None) -> Artifact:
    artifact = _make_servable(model, version, display)
    return artifact if gate is None else gate.judged(artifact)


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
