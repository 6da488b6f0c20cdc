"""Trains a model that belongs to no store."""

from service.model.artifact import Artifact
from service.model.store import new_version
from trainer.artifacts.build import train_model
from trainer.artifacts.servable import make_servable
from trainer.config.jobs import Config
from trainer.events.dataset import read_dataset
from trainer.view.display import Silent


def train_in_memory(config: Config, display: Silent) -> Artifact:
    """Reads a log and trains a model, which `Store.add` can write as it is.

    Args:
        config: every setting; those of jobs have no effect.
        display: where progress is shown.

    Raises:
        InputError: the event log cannot be used.
        DivergenceError: the vectors stopped being finite.
    """
    with display.reading([*config.items.paths, *config.data.paths]) as on_read:
        dataset = read_dataset(config.data, on_read, config.training.workers, config.items)
    display.data(dataset.report)
    return make_servable(train_model(dataset, config, display), new_version(), display)
