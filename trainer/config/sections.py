"""The settings that shape a model: training, index and what comes next."""

import re
from typing import Annotated, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)

from service.model.item_map import MOST_CLUSTERS
from trainer.config.cores import usable_cores
from trainer.config.section import Section, as_list

WIDEST_WINDOW = 1_000_000


def check_metric(metric: str) -> str:
    """The name of a metric of ranked lists, if it is one.

    Raises:
        ValueError: it is none.
    """
    if not re.fullmatch(r"(HR|NDCG|MRR)@([1-9]\d{0,2}|1000)", metric):
        raise ValueError("should be HR@k, NDCG@k or MRR@k, k from 1 to 1000, such as MRR@20")
    return metric


Cutoff = Annotated[int, Field(ge=1, le=1000)]
Cutoffs = Annotated[list[Cutoff], BeforeValidator(as_list)]


class TrainingConfig(Section):
    """How the vectors are trained; the names are gensim's where it has one."""

    architecture: Literal["skip-gram", "cbow"] = Field(
        "skip-gram",
        description="predict an item from one context item at a time, or from all of them together",
    )
    objective: Literal["negative-sampling", "hierarchical-softmax"] = Field(
        "hierarchical-softmax",
        description="what a prediction is scored against: a tree of all items, which finds better "
        "similar items, or sampled items, which train faster",
    )
    vector_size: int = Field(100, ge=1, le=4096, description="dimensions of the vectors")
    window: int | Literal["session"] = Field(
        10, description="widest distance of a context item, or `session`: all items of the session"
    )
    max_contexts: int = Field(
        20,
        ge=2,
        le=10_000,
        description="for window session: context items of an item, sampled if there are more",
    )
    shrink_windows: bool = Field(
        True,
        description="draw the reach of each window from 1..window, so that near items count more",
    )
    negative: int = Field(10, ge=1, le=1000, description="noise items sampled for each prediction")
    shared_negatives: float = Field(
        2.5,
        ge=0,
        le=100,
        description="skip-gram: neighboring items share noise items, each of which stands for this "
        "many of their own, which is faster; 0: each item has its own",
    )
    ns_exponent: float = Field(
        0.75,
        ge=-5,
        le=5,
        description="noise items are drawn by count^ns_exponent; below 0 prefers rare items",
    )
    sample: float = Field(
        1e-3,
        ge=0,
        description="share of all events above which an item is thinned out at random; 0: off",
    )
    alpha: float = Field(0.05, gt=0, description="learning rate at the start; it falls linearly")
    min_alpha: float = Field(0.0001, ge=0, description="learning rate at the end")
    epochs: int = Field(20, ge=1, le=1_000_000_000, description="passes over the data")
    cbow_mean: bool = Field(
        True, description="cbow: average the context vectors instead of adding them up"
    )
    workers: int = Field(
        default_factory=usable_cores,
        ge=1,
        le=4096,
        description="threads; with 1, the same seed gives the same vectors to the byte",
    )
    seed: int = Field(1, ge=0, description="seed of all random numbers")
    deterministic: bool = Field(
        False,
        description="train in one thread, so that any number of workers gives the same vectors",
    )

    @field_validator("window", mode="wrap")
    @classmethod
    def _reaches_something(cls, value: object, check: ValidatorFunctionWrapHandler) -> int | str:
        try:
            window: int | str = check(value)
        except ValidationError:
            window = 0
        if window != "session" and not 1 <= int(window) <= WIDEST_WINDOW:
            raise ValueError(f"should be a whole number from 1 to {WIDEST_WINDOW:,}, or `session`")
        return window

    @property
    def shares_noise(self) -> bool:
        """Whether neighboring centers share noise items."""
        is_sampled = self.objective == "negative-sampling" and self.architecture == "skip-gram"
        return is_sampled and self.shared_negatives > 0

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.min_alpha > self.alpha:
            raise ValueError(f"`min_alpha` {self.min_alpha} is above `alpha` {self.alpha}")
        return self


class IndexConfig(Section):
    """How vectors are searched."""

    search: Literal["quantized", "exact"] = Field(
        "quantized",
        description="compare codes first, then exactly the best candidates, from some "
        "20,000 items on; or exactly with every item",
    )
    stored_neighbors: int = Field(
        50,
        ge=0,
        le=1000,
        description="number of similar items stored for each item, which answers need not search; "
        "0: none",
    )


class MapConfig(Section):
    """How items are put on the map that the explorer shows."""

    positions: bool = Field(True, description="put all items on a map; not fewer than ten")
    clusters: int = Field(
        24,
        ge=1,
        le=MOST_CLUSTERS,
        description="number of clusters that color it; fewer of a small catalogue",
    )


class SimilarConfig(Section):
    """How similar items are ranked."""

    answer_shrinkage: float = Field(
        3.0,
        ge=0,
        le=1e9,
        description="occurrences that make an answer half reliable: unreliable ones lose part of "
        "their score; 0: rare answers are not discounted",
    )
    query_shrinkage: float = Field(
        20.0,
        ge=0,
        le=1e9,
        description="occurrences that make an item of the query half reliable: answers to a "
        "reliable query must be reliable themselves",
    )
    decay: float | None = Field(
        None,
        ge=0,
        le=1,
        description="share of its weight that an item of a taste keeps per step back; if not set, "
        "fitted on the newest sessions",
    )


class NextConfig(Section):
    """How what comes next is learned."""

    ranker: Literal["logit", "table"] = Field(
        "logit",
        description="rank what comes next by a table, cosines, repeats and more, weighed on the "
        "newest sessions, which takes a second, shorter training; or by the table alone",
    )
    fit_share: float = Field(
        0.05,
        gt=0,
        le=0.5,
        description="share of the sessions, the newest ones, that the ranker is weighed on",
    )
    fit_cases: int = Field(
        16_000,
        ge=1_000,
        le=1_000_000,
        description="number of items of those sessions that it is weighed on, drawn at random",
    )
    fit_epochs: float = Field(
        0.25,
        gt=0,
        le=1,
        description="share of `epochs` that vectors are trained for without those sessions",
    )
    continuations: int = Field(
        200,
        ge=0,
        description="number of items kept as coming next, for each item; 0: learn no table",
    )
    count_window: int = Field(
        10, ge=1, le=1000, description="widest distance of two items that are counted"
    )
    backwards: float = Field(
        0.5,
        ge=0,
        le=1,
        description="weight of an item that came before, relative to one that came after",
    )
    recency: float = Field(
        1.0,
        ge=0,
        description="events count e^-(age / recency), the oldest with age 1; 0: all count the same",
    )
    prior_mass: float = Field(
        30.0,
        ge=0,
        description="weight of the counts borrowed from similar items, as a number of counts",
    )
    vector_share: float = Field(
        0.5,
        ge=0,
        le=1,
        description="share borrowed from items similar by vectors; the rest is by counts",
    )
    vector_neighbors: int = Field(
        30,
        ge=1,
        le=1000,
        description="number of items similar by vectors that an item borrows from",
    )
    neighbor_temperature: float = Field(
        0.05,
        ge=0.001,
        le=1000,
        description="items similar by vectors weigh e^(cosine / temperature); a low one favors the "
        "nearest",
    )
    count_neighbors: int = Field(
        50, ge=0, description="number of items similar by counts that an item borrows from"
    )
    borrowed_counts: int = Field(
        50, ge=0, description="number of counts borrowed from each similar item, the largest ones"
    )
    popularity_exponent: float = Field(
        -0.125,
        ge=-1,
        le=1,
        description="probabilities are multiplied by count^popularity_exponent; below 0 prefers "
        "rare items",
    )
    score_power: float = Field(
        0.4,
        gt=0,
        le=1,
        description="scores are probabilities to this power; a low one favors items that several "
        "items of a session agree on",
    )
    next_decay: float = Field(
        0.5,
        ge=0,
        le=1,
        description="share of its weight that an item of a session keeps per step back; 1: all "
        "count the same, 0: only the newest counts",
    )
    last_items: int = Field(
        20, ge=1, description="number of items of a session that have a vote, the newest ones"
    )

    @property
    def weighs(self) -> bool:
        """Whether more than the table has a say in what comes next."""
        return self.ranker == "logit" and self.continuations > 0
