"""The settings that shape a model: data, training, index and what comes next."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, Self, cast

from pydantic import (
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

from trainer.config.cores import usable_cores

WIDEST_WINDOW = 1_000_000
LARGEST = 2**63 - 1


def _none_if_empty(value: object) -> object:
    """An empty text takes back what a weaker source has set."""
    return None if value == "" else value


def _as_list(value: object) -> object:
    """A text is a list of one."""
    return [value] if isinstance(value, str) else value


def _as_mapping(value: object) -> object:
    """Texts like `purchase=4` are a mapping; an empty one names nothing."""
    if not isinstance(value, str | list):
        return value
    pairs = [text for text in cast(list[str], _as_list(value)) if text != ""]
    if not all(isinstance(text, str) and "=" in text for text in pairs):
        raise ValueError("Input should be written as type=weight, such as purchase=4")
    return {name: number for name, _, number in (text.rpartition("=") for text in pairs)}


TimeUnit = Literal["s", "ms", "us", "ns"]
Name = Annotated[str | None, BeforeValidator(_none_if_empty)]
Names = Annotated[list[str], BeforeValidator(_as_list)]
Time = Annotated[datetime | None, BeforeValidator(_none_if_empty)]
Cutoff = Annotated[int, Field(ge=1, le=1000)]
Cutoffs = Annotated[list[Cutoff], BeforeValidator(_as_list)]
Weight = Annotated[float, Field(ge=0, le=100)]
Weights = Annotated[dict[str, Weight], BeforeValidator(_as_mapping)]


class Section(BaseModel):
    """One table of the configuration file."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _is_no_truth_value(cls, value: object, info: ValidationInfo) -> object:
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

    paths: Names = Field(
        [],
        description="files or globs: .parquet, .csv, .csv.gz, .jsonl, or .txt (a session a line)",
    )
    item: str = Field("item_id", min_length=1, description="column of the item")
    session: Name = Field(
        None,
        description="column of the session; without it, a user's events are cut at session_gap",
    )
    user: Name = Field(None, description="column of the user")
    time: Name = Field(None, description="column of the time; without it, row order counts")
    time_format: Name = Field(
        None,
        description="how times are written, such as '%d/%m/%Y'; default: ISO 8601 or numbers",
    )
    time_unit: TimeUnit | None = Field(
        None,
        description="what numbers in the time column count since 1970: s, ms, us or ns; default: "
        "told from the largest",
    )
    event: Name = Field(None, description="column of the event's type, such as view or purchase")
    weights: Weights = Field(
        {},
        description="how often the pairs of an event of a type count, type to weight; types not "
        "named count 1",
    )
    title: Name = Field(None, description="column of the item's title")
    metadata: Names = Field([], description="further columns to keep of an item")
    where: Name = Field(None, description="SQL condition an event must meet")
    scratch: Path | None = Field(
        None, description="directory for temporary files; default: the system's"
    )
    session_gap: float = Field(
        30.0, gt=0, description="minutes without an event that end a session (no session column)"
    )
    collapse_repeats: bool = Field(False, description="count consecutive repeats of an item once")
    min_count: int = Field(1, ge=1, description="drop items with fewer occurrences")
    min_session_length: int = Field(2, ge=1, description="drop sessions with fewer items")

    @model_validator(mode="after")
    def _has_one_way_of_time(self) -> Self:
        if self.time_format and self.time_unit:
            raise ValueError("`time_format` is for texts and `time_unit` for numbers: set one")
        return self

    @model_validator(mode="after")
    def _has_types(self) -> Self:
        if self.weights and self.event is None:
            raise ValueError("`weights` go by the type of an event: name its column as `event`")
        return self

    @model_validator(mode="after")
    def _has_sessions(self) -> Self:
        plain_text = all(path.lower().endswith((".txt", ".txt.gz")) for path in self.paths)
        if self.session is None and not plain_text:
            if self.user is None:
                raise ValueError("name the `session` column, or `user` and `time` to cut sessions")
            if self.time is None:
                raise ValueError("sessions are cut by time: name the `time` column as well")
        return self


class TrainingConfig(Section):
    """How the vectors are trained; gensim's names where gensim has one."""

    architecture: Literal["skip-gram", "cbow"] = Field(
        "skip-gram", description="predict from one context item, or from all of them together"
    )
    objective: Literal["negative-sampling", "hierarchical-softmax"] = Field(
        "negative-sampling", description="what a prediction is scored against"
    )
    vector_size: int = Field(100, ge=1, le=4096, description="numbers in a vector")
    window: int | Literal["session"] = Field(
        10, description="widest distance of a context item, or `session`: everything in it"
    )
    max_contexts: int = Field(
        20,
        ge=2,
        le=10_000,
        description="with window session: contexts of an item, sampled from a longer session",
    )
    shrink_windows: bool = Field(True, description="draw each distance from 1..window")
    negative: int = Field(10, ge=1, le=1000, description="items sampled against each center")
    ns_exponent: float = Field(
        0.75,
        ge=-5,
        le=5,
        description="noise is drawn from count^ns_exponent; negative prefers rare",
    )
    sample: float = Field(
        1e-4, ge=0, description="relative frequency above which an item is thinned out; 0 is off"
    )
    alpha: float = Field(0.05, gt=0, description="learning rate at the start")
    min_alpha: float = Field(0.0001, ge=0, description="learning rate at the end")
    epochs: int = Field(30, ge=1, le=1_000_000_000, description="passes over the data")
    cbow_mean: bool = Field(True, description="cbow: mean of the context vectors, or their sum")
    workers: int = Field(
        default_factory=usable_cores,
        ge=1,
        le=4096,
        description="threads; with 1 the same seed gives the same bytes",
    )
    seed: int = Field(1, ge=0, description="of every random number")
    deterministic: bool = Field(
        False, description="the same bytes for any number of workers: training uses one thread"
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

    search: Literal["exact", "hnsw"] = Field(
        "exact", description="compare with every item, or search a graph (from a million items on)"
    )
    hnsw_links: int = Field(32, ge=2, le=256, description="links of a node of the graph")
    hnsw_ef_construction: int = Field(200, ge=8, description="candidates when a node is linked")


class NextConfig(Section):
    """How it is learnt what comes next."""

    continuations: int = Field(
        200, ge=0, description="items kept that come next, for each item; 0: do not learn it"
    )
    count_window: int = Field(10, ge=1, le=1000, description="widest distance of what is counted")
    backwards: float = Field(
        0.5, ge=0, le=1, description="what an item that came before counts, of one that came after"
    )
    recency: float = Field(
        1.0,
        ge=0,
        description="events count e^-(age / recency), the oldest having age 1; 0: all alike",
    )
    prior_mass: float = Field(
        30.0, ge=0, description="how many counts what is known of similar items is worth"
    )
    vector_share: float = Field(
        0.5, ge=0, le=1, description="similar by the vectors, the rest by the counts"
    )
    vector_neighbors: int = Field(
        30, ge=1, le=1000, description="items similar by the vectors that an item borrows from"
    )
    neighbor_temperature: float = Field(
        0.05,
        ge=0.001,
        le=1000,
        description="they weigh e^(cosine / temperature): the lower, the more the nearest count",
    )
    count_neighbors: int = Field(
        50, ge=0, description="items similar by the counts that an item borrows from"
    )
    borrowed_counts: int = Field(
        50, ge=0, description="largest counts that are borrowed from each of them"
    )
    popularity_exponent: float = Field(
        -0.125,
        ge=-1,
        le=1,
        description="probabilities are multiplied by count^popularity_exponent; negative prefers "
        "rare",
    )
    score_power: float = Field(
        0.4,
        gt=0,
        le=1,
        description="scores are probabilities to this power: the lower, the more those win that "
        "several items of a session agree on",
    )
    next_decay: float = Field(
        0.5,
        ge=0,
        le=1,
        description="share of its weight that an item of a session keeps per step back; 1: all "
        "count alike, 0: only the newest does",
    )
    last_items: int = Field(
        20, ge=1, description="items of a session that have a vote, the newest ones"
    )
