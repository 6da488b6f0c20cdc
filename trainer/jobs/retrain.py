"""The train and retrain jobs: read, train, judge, publish."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from service.model.artifact import Artifact, Manifest
from service.model.errors import ConfigError, InputError
from service.model.remote.bucket import Bucket
from service.model.store import Store
from trainer.artifacts.build import TrainedModel, train_model, train_unweighed
from trainer.artifacts.servable import make_servable
from trainer.config.jobs import Config
from trainer.events.dataset import clean_dataset, read_log
from trainer.jobs.gate import Gate
from trainer.jobs.push import push_published
from trainer.jobs.succession import Succession, make_twin, with_drift
from trainer.view.display import Silent
from trainer.word2vec.checkpoint import Checkpoint

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
        past = Succession.of(store, config, display)
        return _train_version(store, config, display, past, None)


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
        past = Succession.of(store, config, display)
        gate = None
        if config.gate.checks != "none":
            gate = Gate(store, past.published, config, display, force=force)
        manifest = _train_version(store, config, display, past, gate)
        if not manifest.refused:
            store.promote(manifest.model_version)
        for version in store.prune(config.publish.keep, config.publish.keep_refused):
            display.note(f"deleted version {version}")
        if gate is not None:
            gate.conclude(manifest)
        if bucket is not None:
            push_published(store, bucket, config.publish.keep, display)
    return manifest


def _train_version(
    store: Store, config: Config, display: Silent, past: Succession, gate: Gate | None
) -> Manifest:
    """Adds a version to the store; with a gate, it bears the verdict.

    Raises:
        RefusedError: the gate refuses the log: nothing is trained.
    """
    compares = gate is not None and gate.compares
    first, second = _checkpoints(store, config, compares=compares)
    with display.reading([*config.items.paths, *config.data.paths]) as on_read:
        log, descriptions = read_log(config.data, on_read, config.training.workers, config.items)
    dataset = clean_dataset(log, descriptions, config.data)
    display.data(dataset.report)
    model = None
    if gate is not None:
        gate.check_log(dataset)
        model = gate.judge(log, descriptions, past, first) if gate.compares else None
    del log
    if model is None or gate is None or gate.refits:
        if model is None:
            model = train_model(dataset, config, display, past.known, second, past.earlier)
        else:
            display.plan("judged; training again with all sessions, to publish: about as long")
            weighed = model.weighed
            model = train_unweighed(dataset, config, display, past.known, second, past.earlier)
            model = replace(model, weighed=weighed)
    _note_alignment(model, display)
    manifest = store.add(_builder(model, display, past, gate))
    for checkpoint in (first, second):
        checkpoint.remove()
    for alarm in manifest.drift.alarms() if manifest.drift else []:
        display.warn(alarm)
    return manifest


def _checkpoints(store: Store, config: Config, *, compares: bool) -> tuple[Checkpoint, Checkpoint]:
    """Those of the training without held-out sessions, and of the one that is published.

    A run is resumed in the training that it was interrupted in.

    Raises:
        InputError: there is none to resume, or it is of the first, which this run does not have.
    """
    run = config.run
    first, second = store.directory / JUDGED_CHECKPOINT, store.directory / CHECKPOINT
    if run.resume and not (first.is_file() or second.is_file()):
        raise InputError(
            f"there is no checkpoint {second} to resume from: run without --resume, and with "
            "--checkpoint-every to have one next time"
        )
    in_first = run.resume and first.is_file() and not _is_newer(second, first)
    if in_first and not compares:
        raise ConfigError(
            f"{first} is of a run that compares models: resume it without --force, with "
            "gate.checks = all, by `item2vec retrain`"
        )
    return (
        Checkpoint(first, run.checkpoint_every, in_first),
        Checkpoint(second, run.checkpoint_every, run.resume and not in_first),
    )


def _is_newer(path: Path, than: Path) -> bool:
    return path.is_file() and path.stat().st_mtime >= than.stat().st_mtime


def _note_alignment(model: TrainedModel, display: Silent) -> None:
    if model.alignment and model.alignment.refusal:
        display.note(
            f"vectors begin a space of their own, not aligned with version "
            f"{model.alignment.onto}: {model.alignment.refusal}"
        )


def _builder(
    model: TrainedModel, display: Silent, past: Succession, gate: Gate | None
) -> Callable[[str], Artifact]:
    """Makes the artifact of a version by its name: its drift is measured, and it is judged."""
    twin = None
    is_refused = gate is not None and gate.refuses
    if model.config.stability.measure_noise and past.published is not None and not is_refused:
        twin = make_twin(model, display, past)

    def build(version: str) -> Artifact:
        servable = make_servable(model, version, display, past.published)
        artifact = with_drift(servable, past.published, twin)
        return artifact if gate is None else gate.judged(artifact)

    return build
