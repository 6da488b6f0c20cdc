"""Makes the artifact that is served of a trained model."""

from service.model.artifact import Artifact
from trainer.artifacts.build import TrainedModel, TrainingDisplay, make_artifact
from trainer.artifacts.neighbors import with_neighbors


def make_servable(model: TrainedModel, version: str, display: TrainingDisplay) -> Artifact:
    """The artifact of a model, with lists that an evaluation has no need of."""
    artifact = make_artifact(model, version)
    config = model.config
    if not config.index.stored_neighbors:
        return artifact
    with display.working("listing similar items"):
        return with_neighbors(artifact, config.index.stored_neighbors, config.training.workers)
