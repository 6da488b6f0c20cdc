"""A conditional logit: the probability of each candidate to come next, by its voices.

McFadden, "Conditional logit analysis of qualitative choice behavior" (1974). Of n candidates with
voices x_1 ... x_n, candidate i comes next with the probability e^(w x_i) / (e^o + sum_j e^(w x_j)),
where o speaks for all items that are no candidates. The weights depend on the length of the session
and on whether its own items may come next; `trainer.continuations.fit` finds them.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

LARGEST_WEIGHT = 1e30  # float32 holds its product with any voice
Weight = Annotated[float, Field(ge=-LARGEST_WEIGHT, le=LARGEST_WEIGHT)]


class CandidateSettings(BaseModel):
    """How many items are weighed; part of the manifest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    newest: int = Field(60, ge=1, description="best by the votes of the newest items")
    recent: int = Field(150, ge=1, description="best by the votes of recent items")
    whole: int = Field(100, ge=1, description="best by the votes of the whole session")


class Weights(BaseModel):
    """The weights of sessions of one length or another.

    Attributes:
        voices: of each voice, by class of length.
        others: for items that are no candidates: a constant, the weight of the logarithm of the
            session's length and of that of its last item's occurrences, by class of length.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    voices: list[list[Weight]]
    others: list[tuple[Weight, Weight, Weight]]


class FitCheck(BaseModel):
    """How well sessions were foretold that neither the table nor the weights had seen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cases: int = Field(ge=0, description="items that were foretold from those before them")
    table_hit_rate: float = Field(ge=0, le=1, description="HR@20 of the table alone")
    hit_rate: float = Field(ge=0, le=1, description="HR@20")
    table_mrr: float = Field(ge=0, le=1, description="MRR@20 of the table alone")
    mrr: float = Field(ge=0, le=1, description="MRR@20")
    calibration_error: float = Field(
        ge=0, le=1, description="expected calibration error of the first answer's probability"
    )
    wins: bool = Field(description="whether the weights are used")


class Fit(BaseModel):
    """How the weights were found, or why there are none; part of the manifest."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str = Field(description="what was done, as a sentence")
    seen: FitCheck | None = Field(None, description="where items of the session may come next")
    unseen: FitCheck | None = Field(None, description="where they may not, as in the service")


class Logit(BaseModel):
    """What the voices weigh, and of which candidates; part of the manifest.

    Attributes:
        names: of the voices.
        lengths: the shortest session of each class.
        candidates: how many items are weighed.
        seen: where items of the session may come next; None: the table alone.
        unseen: where they may not; None: the table alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: list[str]
    lengths: list[int] = Field(min_length=1)
    candidates: CandidateSettings
    seen: Weights | None
    unseen: Weights | None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.lengths[0] != 1 or any(one >= other for one, other in pairwise(self.lengths)):
            raise ValueError("the lengths must rise from 1")
        for weights in filter(None, (self.seen, self.unseen)):
            sizes = {len(row) for row in weights.voices}
            if len(weights.voices) != len(self.lengths) or len(weights.others) != len(self.lengths):
                raise ValueError("every class of length needs weights")
            if sizes != {len(self.names)}:
                raise ValueError("every voice needs a weight")
        return self

    def speaks(self, *, allow_seen: bool) -> bool:
        """Whether there are weights, or else the table alone answers."""
        return allow_seen in self._arrays

    def weights(self, length: int, *, allow_seen: bool) -> NDArray[np.float32]:
        """The weights of the voices for a session, float32 [voices]."""
        row: NDArray[np.float32] = self._arrays[allow_seen].voices[self._class(length)]
        return row

    def probabilities(
        self,
        voices: NDArray[np.float32],
        length: int,
        trust: float,
        *,
        allow_seen: bool,
        banned: NDArray[np.integer[Any]] | None = None,
    ) -> tuple[NDArray[np.float32], float]:
        """How probable each candidate is, and that it is another item.

        Args:
            voices: float32 [voices, candidates].
            length: how many items the session has.
            trust: the logarithm of one more than the occurrences of its last item.
            allow_seen: whether items of the session may come next.
            banned: int, which of the candidates cannot: their probability is 0.

        Returns:
            float32 [candidates], and what is left to all other items: together 1.
        """
        arrays, of_class = self._arrays[allow_seen], self._class(length)
        odds = arrays.voices[of_class] @ voices
        if banned is not None:
            odds[banned] = -np.inf
        constant, by_length, by_trust = arrays.others[of_class]
        other = constant + by_length * math.log(length) + by_trust * trust
        highest = max(float(odds.max(initial=-np.inf)), other)
        exponentials = np.exp(odds - np.float32(highest))
        left = math.exp(other - highest)
        total = float(exponentials.sum()) + left
        return exponentials / np.float32(total), left / total

    def _class(self, length: int) -> int:
        return sum(length >= shortest for shortest in self.lengths[1:])

    @cached_property
    def _arrays(self) -> dict[bool, "_Arrays"]:
        return {
            allow_seen: _Arrays(np.array(weights.voices, np.float32), weights.others)
            for allow_seen, weights in ((True, self.seen), (False, self.unseen))
            if weights is not None
        }


@dataclass(frozen=True, eq=False)
class _Arrays:
    """Weights to reckon with; models that hold arrays themselves could not be compared."""

    voices: NDArray[np.float32]
    others: list[tuple[float, float, float]]
