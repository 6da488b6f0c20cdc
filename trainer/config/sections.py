"""The settings that shape a model: data, training, index and what comes next."""

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, Self, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)

from trainer.config.addresses import Address, as_path
from trainer.config.cores import usable_cores

WIDEST_WINDOW = 1_000_000
LARGEST = 2**63 - 1
QUERY = re.compile(r"(\s|\(|--[^\n]*\n|/\*.*?\*/)*(SELECT|WITH|TABLE|VALUES)\b", re.I | re.S)


def none_if_empty(value: object) -> object:
    """An empty text unsets what a weaker source has set."""
    return None if value == "" else value


def as_list(value: object) -> object:
    """A single text becomes a list of one."""
    return [value] if isinstance(value, str) else value


def check_metric(metric: str) -> str:
    """The name of a metric of ranked lists, if it is one.

    Raises:
        ValueError: it is none.
    """
    if not re.fullmatch(r"(HR|NDCG|MRR)@([1-9]\d{0,2}|1000)", metric):
        raise ValueError("Input should be HR@k, NDCG@k or MRR@k, k from 1 to 1000, such as MRR@20")
    return metric


def _as_mapping(value: object) -> object:
    """Texts like `purchase=4` become a mapping; an empty text adds nothing to it."""
    if not isinstance(value, str | list):
        return value
    pairs = [text for text in cast(list[str], as_list(value)) if text != ""]
    if not all(isinstance(text, str) and "=" in text for text in pairs):
        raise ValueError("Input should be written as type=weight, such as purchase=4")
    return {name: number for name, _, number in (text.rpartition("=") for text in pairs)}


TimeUnit = Literal["s", "ms", "us", "ns"]
Name = Annotated[str | None, BeforeValidator(none_if_empty)]
Names = Annotated[list[str], BeforeValidator(as_list)]
Paths = Annotated[list[Annotated[str, AfterValidator(as_path)]], BeforeValidator(as_list)]
Time = Annotated[datetime | None, BeforeValidator(none_if_empty)]
Cutoff = Annotated[int, Field(ge=1, le=1000)]
Cutoffs = Annotated[list[Cutoff], BeforeValidator(as_list)]
Weight = Annotated[float, Field(ge=0, le=100)]
WeightScale = Literal["log", "sqrt", "linear"]
Weights = Annotated[dict[str, Weight], BeforeValidator(_as_mapping)]


class Section(BaseModel):
    """One table of the configuration file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _is_not_a_truth_value(cls, value: object, info: ValidationInfo) -> object:
        """Refuses `epochs = true`, which pydantic takes for 1."""
        whole = value if isinstance(value, list) else [value]
        parts = value.values() if isinstance(value, dict) else whole
        if cls.model_fields[str(info.field_name)].annotation is not bool and any(
            isinstance(part, bool) for part in parts
        ):
            raise ValueError("Input should not be true or false")
        return value

    @field_validator("*")
    @classmethod
    def _fits_an_array(cls, value: object) -> object:
        if isinstance(value, int) and value > LARGEST:
            raise ValueError(f"Input should be less than or equal to {LARGEST}")
        return value


class DataConfig(Section):
    """Where the event log is and what its columns mean."""

    paths: Paths = Field(
        [],
        description="files or globs: .parquet, .csv, .csv.gz, .jsonl, .txt (one session per line); "
        "or postgresql://user@host/database?table=events",
    )
    sql: Name = Field(
        None,
        description="SELECT that the database of `paths` is asked, instead of reading a table",
    )
    item: str = Field("item_id", min_length=1, description="column of the item")
    session: Name = Field(
        None,
        description="column of the session; without it, gaps between a user's events end sessions",
    )
    user: Name = Field(
        None, description="column of the user; without session and time, a user is a session"
    )
    time: Name = Field(
        None, description="column of the time; without it, events are in the order of the rows"
    )
    time_format: Name = Field(
        None,
        description="how times are written, such as '%d/%m/%Y'; if not set: ISO 8601 or numbers",
    )
    time_unit: TimeUnit | None = Field(
        None,
        description="unit of numbers in the time column, counted since 1970; if not set, inferred "
        "from the largest",
    )
    event: Name = Field(
        None, description="column of the type of the event, such as view or purchase"
    )
    weights: Weights = Field(
        {},
        description="how often the pairs of an event count, by its type, such as purchase=4; types "
        "that are not named: 1",
    )
    weight: Name = Field(
        None,
        description="column of a number, such as plays, that says how often the pairs of an event "
        "count; none: as 1",
    )
    weight_scale: WeightScale = Field(
        "log",
        description="how the numbers become weights, whose mean is 1: log2(1 + number), its square "
        "root, or the number itself",
    )
    title: Name = Field(None, description="column of the item's title")
    metadata: Names = Field([], description="further columns that describe an item, kept with it")
    where: Name = Field(None, description="SQL condition that an event must meet")
    scratch: Path | None = Field(
        None, description="directory for temporary files; if not set, that of the system"
    )
    session_gap: float = Field(
        30.0,
        gt=0,
        description="minutes without an event that end a session (without a session column)",
    )
    collapse_repeats: bool = Field(False, description="treat consecutive repeats of an item as one")
    min_count: int = Field(1, ge=1, description="drop items with fewer occurrences than this")
    min_session_length: int = Field(2, ge=1, description="drop sessions with fewer items than this")

    @model_validator(mode="after")
    def _has_one_way_of_time(self) -> Self:
        if self.time_format and self.time_unit:
            raise ValueError("`time_format` is for texts, `time_unit` for numbers: set one of them")
        return self

    @model_validator(mode="after")
    def _has_types(self) -> Self:
        if self.weights and self.event is None:
            raise ValueError("`weights` are by the type of an event: name its column as `event`")
        if self.weight_scale != "log" and self.weight is None:
            raise ValueError("`weight_scale` is of numbers: name their column as `weight`")
        return self

    @model_validator(mode="after")
    def _has_one_kind_of_source(self) -> Self:
        addresses = [path for path in self.paths if isinstance(path, Address)]
        if self.sql and not QUERY.match(self.sql):
            raise ValueError("`sql` should be a SELECT, such as SELECT * FROM events")
        if addresses and len(addresses) < len(self.paths):
            raise ValueError("`paths` are either files or addresses of databases, not both")
        if self.sql and not addresses:
            raise ValueError(
                "`sql` is for a database: give its address as `paths`, such as "
                "postgresql://user@host/database"
            )
        for address in addresses:
            if bool(self.sql) == bool(address.table):
                found = "both name" if self.sql else "none of them names"
                raise ValueError(
                    f"{address}: of `?table=` and `sql`, {found} what to read: give one"
                )
        return self

    @model_validator(mode="after")
    def _has_sessions(self) -> Self:
        plain_text = all(path.lower().endswith((".txt", ".txt.gz")) for path in self.paths)
        if self.session is None and self.user is None and not plain_text:
            raise ValueError(
                "name the `session` column, or `user` and `time` to cut sessions, or `user` alone "
                "if all events of a user are one session"
            )
        return self


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
            raise ValueError(f"Input should be from 1 to {WIDEST_WINDOW:,}, or 'session'")
        return window

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
    """How the table of what comes next is learned."""

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
