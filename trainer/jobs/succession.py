"""How a new version succeeds the published one: in its vector space, with its drift measured."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from service.model import ragged
from service.model.artifact import Artifact
from service.model.errors import (
    ArtifactError,
    ConfigError,
    InputError,
    NoModelError,
    UnavailableError,
)
from service.model.lineage import NoiseFloor
from service.model.store import Store
from trainer.artifacts.build import TrainedModel, make_artifact, train_unweighed
from trainer.config.changes import changed_settings
from trainer.config.jobs import Config
from trainer.corpus import Dataset, Sessions
from trainer.evaluation.drift import agreement_by_band, measure_drift
from trainer.events.vocabulary import rank_items
from trainer.view.display import Silent
from trainer.word2vec.alignment import EarlierModel
from trainer.word2vec.matrices import KnownVectors
from trainer.word2vec.objectives import OBJECTIVES

TWIN = "twin"
LEFT_OUT = 0.01  # of the sessions, about what a night adds to a log of a year
CHANCE = ("training.seed", "training.deterministic")  # they change no more than chance does


@dataclass(frozen=True, eq=False)
class Succession:
    """What a new version takes over from earlier ones.

    Attributes:
        published: the current version; None if there is none, or none that can be read.
        known: the vectors that training begins from; None for random ones.
        earlier: what new vectors are aligned and blended with, if they are to be.
    """

    published: Artifact | None
    known: KnownVectors | None
    earlier: EarlierModel | None

    @classmethod
    def of(cls, store: Store, config: Config, display: Silent) -> "Succession":
        """What the settings ask for.

        Raises:
            InputError: the version to begin from is missing, or its vectors are of another size.
        """
        known = _known_vectors(store, config)
        published = _published_artifact(store, display)
        return cls(published, known, _earlier_model(published, config, display))

    @property
    def unblended(self) -> EarlierModel | None:
        """What vectors are aligned with that must know nothing of the newest sessions."""
        return self.earlier and replace(self.earlier, share=0.0)


def _published_artifact(store: Store, display: Silent) -> Artifact | None:
    """The current version; None if there is none or, with a note, if it cannot be read."""
    try:
        return store.load()
    except NoModelError:
        return None
    except (ArtifactError, InputError, UnavailableError) as error:
        display.warn(f"the new version has nothing to follow: {error}")
        return None


def _earlier_model(
    published: Artifact | None, config: Config, display: Silent
) -> EarlierModel | None:
    """What new vectors are aligned with, if they are to be.

    They are blended only with vectors that were trained in the same way.
    """
    if published is None or not config.stability.align:
        return None
    manifest = published.manifest
    changes = [
        name
        for name, _, _ in changed_settings(manifest.config, config)
        if name.startswith("training.") and name not in CHANCE
    ]
    share = config.stability.blend
    if share and changes:
        share = 0.0
        display.note(
            f"vectors are not blended with those of version {manifest.model_version}, which was "
            f"trained with another {', '.join(changes)}"
        )
    of_items = manifest.output == OBJECTIVES[config.training.objective].output == "items"
    return EarlierModel(
        item_ids=published.item_ids,
        input=published.input_vectors,
        output=published.output_vectors if of_items else None,
        version=manifest.model_version,
        space=manifest.vector_space,
        counts=published.counts,
        share=share,
    )


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


def make_twin(model: TrainedModel, display: Silent, past: Succession) -> Artifact:
    """The same model again, but for the seed and one session of a hundred.

    With hierarchical softmax a few events make quite another tree, which is chance as well.
    """
    config = model.config
    training = config.training.model_copy(update={"seed": config.training.seed + 1})
    table = config.next.model_copy(update={"continuations": 0})
    similar = config.similar.model_copy(update={"decay": 1.0})  # of one item, decay means nothing
    display.note(
        "training again, with another seed and without one session of a hundred, to measure how "
        "much of the drift is chance"
    )
    twin = train_unweighed(
        _thinned(model.dataset, training.seed),
        config.model_copy(update={"training": training, "next": table, "similar": similar}),
        display,
        past.known,
        earlier=past.earlier,
    )
    return make_artifact(twin, TWIN)


def _thinned(dataset: Dataset, seed: int) -> Dataset:
    """The same log without some of its sessions, and without titles."""
    sessions = dataset.sessions
    kept = np.random.default_rng(seed).random(len(sessions)) >= LEFT_OUT
    events = kept[sessions.owners()]
    items = sessions.items[events]
    counts = np.bincount(items, minlength=len(dataset.vocabulary))
    vocabulary, rows = rank_items(pl.Series(dataset.vocabulary.item_ids), counts)
    return Dataset(
        sessions=Sessions(
            rows[items],
            ragged.offsets_of(sessions.lengths()[kept]),
            None if sessions.weights is None else sessions.weights[events],
        ),
        vocabulary=vocabulary,
        titles=[None] * len(vocabulary),
        metadata={},
        report=dataset.report,
    )


def with_drift(artifact: Artifact, published: Artifact | None, twin: Artifact | None) -> Artifact:
    """The artifact, whose manifest says how far it agrees with the version before.

    Args:
        artifact: the new version.
        published: the version before.
        twin: the new version once more, if chance is to be measured; otherwise the figures
            of the version before are carried over.
    """
    if published is None:
        return artifact
    manifest = artifact.manifest
    before = published.manifest.drift
    floor = None if before is None else before.floor
    if twin is not None:
        floor = NoiseFloor(measured=manifest.model_version, bands=agreement_by_band(artifact, twin))
    drift = measure_drift(artifact, published, floor)
    return replace(artifact, manifest=manifest.model_copy(update={"drift": drift}))
