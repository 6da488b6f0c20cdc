"""Trains a model from a dataset, and builds its artifact."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.model.artifact import Artifact, Manifest
from service.model.continuations import Continuations
from service.model.item_ids import ItemIds
from service.model.lineage import Alignment
from service.model.recommender import Recommender
from service.model.similarity import SimilarSettings
from trainer.artifacts.decay import fit_decay
from trainer.artifacts.index import cosine_index
from trainer.artifacts.weighing import Weighed, WeighingDisplay, weigh_ahead
from trainer.config.jobs import Config
from trainer.continuations.table import build_continuations
from trainer.corpus import Dataset
from trainer.word2vec.alignment import EarlierModel
from trainer.word2vec.checkpoint import Checkpoint
from trainer.word2vec.continuity import continue_space
from trainer.word2vec.matrices import KnownVectors
from trainer.word2vec.objectives import OBJECTIVES
from trainer.word2vec.training import Snapshot, TrainedVectors, train

NOT_JUDGED = "not compared with another model"
PLAIN_MEAN = 1.0


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """The result of training, before it is stored as a version.

    Attributes:
        dataset: what was trained on.
        config: every setting.
        vectors: the two matrices.
        epochs: the last snapshot of each epoch of this run; without those before a resume.
        continuations: what comes next, or None if it was not asked for.
        weighed: what the voices of what comes next weigh; None if that was not asked for.
        alignment: how the vectors were turned onto those of an earlier model, if there was one.
        vector_space: the space of that model if they were; None for a space of their own.
    """

    dataset: Dataset
    config: Config
    vectors: TrainedVectors
    epochs: list[Snapshot]
    continuations: Continuations | None
    weighed: Weighed | None = None
    alignment: Alignment | None = None
    vector_space: str | None = None


def train_model(
    dataset: Dataset,
    config: Config,
    display: WeighingDisplay,
    known: KnownVectors | None = None,
    checkpoint: Checkpoint | None = None,
    earlier: EarlierModel | None = None,
) -> TrainedModel:
    """Weighs what speaks for what comes next, in a training of its own, then trains the model.

    See `train_unweighed`; the first training knows nothing of earlier models or checkpoints.
    """
    weighed = weigh_ahead(dataset, config, display) if config.next.weighs else None
    model = train_unweighed(dataset, config, display, known, checkpoint, earlier)
    return replace(model, weighed=weighed)


def train_unweighed(
    dataset: Dataset,
    config: Config,
    display: WeighingDisplay,
    known: KnownVectors | None = None,
    checkpoint: Checkpoint | None = None,
    earlier: EarlierModel | None = None,
) -> TrainedModel:
    """Trains vectors, turns them onto those of an earlier model, then counts what comes next.

    Args:
        dataset: what to train on.
        config: every setting.
        display: shows progress.
        known: vectors of an earlier model to begin from.
        checkpoint: where the state is saved from time to time, and resumed from.
        earlier: the model whose vector space is continued; None begins a new one.

    Raises:
        DivergenceError: the vectors stopped being finite.
        InputError: the checkpoint to resume from is missing, damaged or of another run.
    """
    epochs: dict[int, Snapshot] = {}
    with display.training() as show:

        def note(snapshot: Snapshot) -> None:
            epochs[snapshot.epoch] = snapshot
            show(snapshot)

        vectors = train(
            dataset.sessions,
            dataset.vocabulary,
            config.training,
            note,
            known=known,
            checkpoint=checkpoint,
        )
    alignment = space = None
    if earlier is not None:
        with display.working(f"aligning vectors with version {earlier.version}"):
            vectors, alignment = continue_space(vectors, dataset.vocabulary, earlier)
        space = earlier.space if alignment.refusal is None else None
    continuations = count_continuations(dataset, vectors.input, config, display)
    snapshots = list(epochs.values())
    return TrainedModel(dataset, config, vectors, snapshots, continuations, None, alignment, space)


def count_continuations(
    dataset: Dataset, vectors: NDArray[np.float32], config: Config, display: WeighingDisplay
) -> Continuations | None:
    """What comes next, unweighed; None if it was not asked for. See `build_continuations`."""
    if not config.next.continuations:
        return None
    with display.working("counting what comes next"):
        workers = config.training.workers
        return build_continuations(dataset.sessions, vectors, config.next, workers)


def make_artifact(model: TrainedModel, version: str) -> Artifact:
    """Builds the artifact of a trained model, and fits the decay of a taste if it is not set."""
    dataset, config = model.dataset, model.config
    # A graph that several threads build differs from run to run.
    threads = 1 if config.training.deterministic else config.training.workers
    similar = SimilarSettings(
        decay=PLAIN_MEAN if config.similar.decay is None else config.similar.decay,
        answer_shrinkage=config.similar.answer_shrinkage,
        query_shrinkage=config.similar.query_shrinkage,
    )
    counts = dataset.vocabulary.counts
    artifact = Artifact(
        manifest=_manifest(model, similar, version),
        item_ids=ItemIds.of(dataset.vocabulary.item_ids),
        titles=dataset.titles,
        metadata=dataset.metadata,
        counts=counts,
        input_vectors=model.vectors.input,
        output_vectors=model.vectors.output,
        cosine_index=cosine_index(
            model.vectors.input, counts, similar, config.index, workers=threads
        ),
        continuations=_weighed(model),
        untrained=dataset.untrained,
    )
    if config.similar.decay is not None:
        return artifact
    return replace(artifact, manifest=_with_fitted_decay(artifact, model))


def _weighed(model: TrainedModel) -> Continuations | None:
    """What comes next, as it is served."""
    if model.continuations is None:
        return None
    weighed = model.weighed or Weighed(None, None)
    return model.continuations.weighed(weighed.logit, weighed.fit)


def _with_fitted_decay(artifact: Artifact, model: TrainedModel) -> Manifest:
    manifest = artifact.manifest
    fit = fit_decay(Recommender(artifact), model.dataset.sessions, model.config.training.seed)
    decay = max(fit, key=fit.__getitem__, default=PLAIN_MEAN)
    return manifest.model_copy(
        update={
            "similar": manifest.similar.model_copy(update={"decay": decay}),
            "metrics": manifest.metrics | {"decay_mrr": {f"{key}": fit[key] for key in fit}},
        }
    )


def _manifest(model: TrainedModel, similar: SimilarSettings, version: str) -> Manifest:
    return Manifest(
        model_version=version,
        created=datetime.now(UTC),
        items=len(model.dataset.vocabulary),
        vector_size=model.config.training.vector_size,
        output=OBJECTIVES[model.config.training.objective].output,
        config=model.config.model_dump(mode="json"),
        data=model.dataset.report.as_dict(),
        metrics=_metrics(model),
        verdict=NOT_JUDGED,
        similar=similar,
        vector_space_id=model.vector_space or version,
        alignment=model.alignment,
    )


def _metrics(model: TrainedModel) -> dict[str, Any]:
    """The figures of the whole run, and of each of its epochs trained since the last resume."""
    last = model.vectors.last
    return {
        "epoch_losses": model.vectors.epoch_losses,
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
            for snapshot in model.epochs
        ],
    }
