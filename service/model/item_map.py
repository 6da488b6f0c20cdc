"""The map: every trained item in a plane, and the clusters that color it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

SIDE = 65_535  # the largest coordinate
MOST_CLUSTERS = 24
COUNT_STEPS = 8  # of a doubling of the count
# One item: its place, y upwards, its cluster, and how often it was seen, see `log_counts`.
POINT = np.dtype([("x", "<u2"), ("y", "<u2"), ("group", "u1"), ("log_count", "u1")])


class MapGroup(BaseModel):
    """A cluster of items."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="words that tell its titles from others")
    items: int = Field(ge=0)
    x: int = Field(ge=0, le=SIDE, description="where it is named")
    y: int = Field(ge=0, le=SIDE)


class MapSettings(BaseModel):
    """How the map was made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    groups: list[MapGroup] = Field(min_length=1, max_length=MOST_CLUSTERS)
    placed: int = Field(ge=1, description="items laid out by their neighbours; others by these")
    scale: float = Field(gt=0, description="steps of a coordinate for one unit of the layout")
    seconds: float = Field(ge=0, description="that it took")
    continued: str | None = Field(None, description="the version whose map it began from")


@dataclass(frozen=True, eq=False)
class ItemMap:
    """Every trained item in a plane.

    Attributes:
        points: POINT [items], in row order.
        settings: its clusters, and how it was made.
    """

    points: NDArray[Any]
    settings: MapSettings

    @classmethod
    def of(
        cls,
        places: NDArray[np.float32],
        members: NDArray[np.int64],
        counts: NDArray[np.int64],
        settings: MapSettings,
    ) -> "ItemMap":
        """A map of items at these places.

        Args:
            places: float32 [items, 2], from 0 to SIDE.
            members: int64 [items], the cluster of each.
            counts: int64 [items], occurrences in training.
            settings: its clusters, and how it was made.
        """
        points = np.zeros(len(places), POINT)
        rounded = np.clip(np.rint(places), 0, SIDE)
        points["x"], points["y"] = rounded[:, 0], rounded[:, 1]
        points["group"], points["log_count"] = members, log_counts(counts)
        return cls(points, settings)

    @property
    def places(self) -> NDArray[np.float32]:
        """Where the items are: float32 [items, 2], from 0 to SIDE."""
        return np.stack([self.points["x"], self.points["y"]], axis=1).astype(np.float32)


def log_counts(counts: NDArray[np.int64]) -> NDArray[np.uint8]:
    """COUNT_STEPS times the binary logarithm of each count, at most 255."""
    steps = np.rint(COUNT_STEPS * np.log2(np.maximum(counts, 1)))
    logs: NDArray[np.uint8] = np.minimum(steps, 255).astype(np.uint8)
    return logs
