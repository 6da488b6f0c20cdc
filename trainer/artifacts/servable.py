"""Makes the artifact that is served of a trained model."""

from service.model.artifact import Artifact
from trainer.artifacts.build import TrainedModel, make_artifact
from trainer.artifacts.mapped import with_map
from trainer.artifacts.neighbors import with_neighbors
from trainer.artifacts.weighing import WeighingDisplay


def make_servable(
    model: TrainedModel, version: str, display: WeighingDisplay, earlier: Artifact | None = None
) -> Artifact:
    """The artifact of a model, with lists and a map that an evaluation has no need of.

    Args:
        model: what was trained.
        version: its name.
        display: shows progress.
        earlier: the version before, whose map goes on.
    """
    artifact = make_artifact(model, version)
    config = model.config
    if config.index.stored_neighbors:
        with display.working("listing similar items"):
            artifact = with_neighbors(
                artifact, config.index.stored_neighbors, config.training.workers
            )
    if config.map.positions:
        with display.working("placing items on the map"):
            artifact = with_map(artifact, config.map, config.training.workers, earlier)
    return artifact
