"""What a page shows of a model as a whole; each part is computed when it is first asked for."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from service.model.artifact import Artifact
from service.model.grouping import Grouping, groupings
from service.model.similarity import unit

SAMPLED = 10_000  # items that the spread is measured on
EXAMPLES = 6


class Overview:
    """A model at a glance.

    Args:
        artifact: the model.
    """

    def __init__(self, artifact: Artifact) -> None:
        self._artifact = artifact

    @cached_property
    def spread(self) -> NDArray[np.float32]:
        """The standard deviation of each number of the unit vectors, float32 [vector_size]."""
        vectors = self._artifact.input_vectors
        every = -(-len(vectors) // SAMPLED)
        spread: NDArray[np.float32] = unit(np.asarray(vectors[::every])).std(axis=0)
        return spread

    @cached_property
    def groupings(self) -> dict[str, Grouping]:
        """The metadata columns that items can be grouped by, by name."""
        artifact = self._artifact
        found = groupings(artifact.columns, artifact.manifest.items)
        return {grouping.name: grouping for grouping in found}

    @cached_property
    def examples(self) -> list[int]:
        """Rows of items to begin with: frequent ones, each unlike those before it."""
        frequent = min(len(self._artifact.item_ids), 200)
        units = unit(np.asarray(self._artifact.input_vectors[:frequent]))
        rows = [0]
        closest = units @ units[0]
        for _ in range(min(EXAMPLES, frequent) - 1):
            closest[rows] = np.inf
            rows.append(int(np.argmin(np.maximum(closest, 0.2) + np.arange(frequent) / 1000)))
            closest = np.maximum(closest, units @ units[rows[-1]])
        return rows
