"""Recommendations from sessions, for notebooks and programs.

    model = item2vec.train(events, item="product_id", session="visit_id")
    model.similar("85123A")
    model.save("models")

`train` needs `pip install 'item2vec[train]'`; `load` and all answers do not.
"""

from item2vec.answer import Answer
from item2vec.model import Model
from item2vec.packages import MissingPackageError
from item2vec.start import load, train
from service import __version__
from service.model.answers import Item, Neighbor
from service.model.errors import (
    ArtifactError,
    ConfigError,
    EventLogError,
    InputError,
    Item2VecError,
    JobRunningError,
    NoContinuationsError,
    NoModelError,
    UnavailableError,
    UnknownItemError,
)
from service.model.queries import Liked

__all__ = [
    "Answer",
    "ArtifactError",
    "ConfigError",
    "EventLogError",
    "InputError",
    "Item",
    "Item2VecError",
    "JobRunningError",
    "Liked",
    "MissingPackageError",
    "Model",
    "Neighbor",
    "NoContinuationsError",
    "NoModelError",
    "UnavailableError",
    "UnknownItemError",
    "__version__",
    "load",
    "train",
]
