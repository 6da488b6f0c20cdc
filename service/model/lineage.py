"""How a version relates to the one that was published before it; parts of the manifest."""

import math
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

Band = Literal["frequent", "middling", "rare"]
BANDS: tuple[Band, ...] = get_args(Band)
DEVIATIONS = 3.0  # below the floor, and it is said


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Alignment(_Part):
    """How vectors were turned onto those of the version before."""

    onto: str = Field(description="the version before")
    items: int | None = Field(
        None, description="shared items, seen often enough, that decided the rotation"
    )
    cosine_before: float | None = Field(
        None, description="mean cosine of such an item's vectors in both versions, as trained"
    )
    cosine_after: float | None = Field(None, description="the same, after turning")
    blend: float = Field(
        0.0, ge=0, le=1, description="share of the version before in the vectors of its items"
    )
    changed: int = Field(
        0, ge=0, description="items that were not blended: they changed by more than chance does"
    )
    refusal: str | None = Field(
        None, description="why it was not possible; vectors then begin a space of their own"
    )


class Agreement(_Part):
    """How far the answers of two models agree, for the items of one band."""

    items: int = Field(ge=1, description="items that were asked about, evenly spaced in the band")
    overlap: float = Field(ge=0, le=1, description="mean share of common items in top-10 lists")
    deviation: float = Field(ge=0, description="standard deviation of that mean")
    cosine: float | None = Field(
        None, description="mean cosine of an item's two vectors; null in different spaces"
    )


class NoiseFloor(_Part):
    """How far two models of one night agree: another seed, one session of a hundred left out."""

    measured: str = Field(description="the version whose night it was")
    bands: dict[Band, Agreement]


class Drift(_Part):
    """How far the answers of a version agree with those of the version before.

    Bands are thirds of the shared items, by how often they were seen.
    """

    since: str = Field(description="the version before")
    bands: dict[Band, Agreement]
    cosine: float | None = Field(
        None,
        description="mean cosine of an item's two vectors, weighted by how often it was seen; null "
        "in different spaces",
    )
    floor: NoiseFloor | None = Field(
        None, description="what chance alone does; measured on demand and carried over"
    )

    def threshold(self, band: Band) -> float:
        """The overlap below which a band has changed by more than chance; NaN without a floor."""
        floor = self.floor and self.floor.bands.get(band)
        return floor.overlap - DEVIATIONS * floor.deviation if floor else math.nan

    def overlap(self, band: Band) -> float:
        """The overlap of a band; NaN if no shared item is in it."""
        agreement = self.bands.get(band)
        return agreement.overlap if agreement else math.nan

    def alarms(self) -> list[str]:
        """A sentence for each band that has changed by more than chance."""
        return [
            f"top-10 lists of {band} items keep {self.overlap(band):.1%} of their items since "
            f"version {self.since}, less than chance alone explains ({self.threshold(band):.1%})"
            for band in self.bands
            if self.overlap(band) < self.threshold(band)
        ]
