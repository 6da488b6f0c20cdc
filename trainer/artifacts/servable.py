"""Makes the artifact that is served of a trained model."""

from service.model.artifact import Artifact
from trainer.artifacts.build import TrainedModel, make_artifact
from trainer.artifacts.neighbors import with_neighbors
from trainer.artifacts.weighing import WeighingDisplay


def make_servable(model: TrainedModel, version: str, display: WeighingDisplay) -> Artifact:
    """The artifact of a model, with lists that an evaluation has no need of."""
    artifact = make_artifact(model, version)
    config = model.config
    if not config.index.stored_neighbors:
        return artifact
    with display.working("listing similar items"):
        return with_neighbors(artifact, config.index.stored_neighbors, config.training.workers)
