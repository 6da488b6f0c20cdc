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
        raise ValueError("should be HR@k, NDCG@k or MRR@k, k from 1 to 1000, such as MRR@20")
    return metric


def _as_mapping(value: object) -> object:
    """Texts like `purchase=4` become a mapping; an empty text adds nothing to it."""
    if not isinstance(value, str | list):
        return value
    pairs = [text for text in cast(list[str], as_list(value)) if text != ""]
    if not all(isinstance(text, str) and "=" in text for text in pairs):
        raise ValueError("should be written as type=weight, such as purchase=4")
    return {name: number for name, _, number in (text.rpartition("=") for text in pairs)}


def _unescape(value: object) -> object:
    """Tabs as they are typed in a shell."""
    return "\t" if value in ("\\t", "tab") else none_if_empty(value)


TimeUnit = Literal["s", "ms", "us", "ns"]
Kind = Literal["parquet", "csv", "jsonl", "txt"]
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
            raise ValueError("should not be true or false")
        return value

    @field_validator("*")
    @classmethod
    def _fits_an_array(cls, value: object) -> object:
        if isinstance(value, int) and value > LARGEST:
            raise ValueError(f"should be at most {LARGEST:,}")
        return value


class DataConfig(Section):
    """Where the event log is and what its columns mean."""

    paths: Paths = Field(
        [],
        description="files or globs: .parquet, .csv, .tsv, .dat, .jsonl, .txt (one session per "
        "line), each but Parquet also as .gz; - for standard input; or "
        "postgresql://user@host/database?table=events",
    )
    format: Kind | None = Field(
        None,
        description="kind of the files, csv for columns with any separator; if not set, told by "
        "their endings, that of standard input by its content",
    )
    separator: Annotated[str | None, BeforeValidator(_unescape)] = Field(
        None,
        max_length=10,
        description="what separates columns, such as ; or :: or tab; if not set, guessed",
    )
    quotes: Literal["double", "none"] | None = Field(
        None,
        description="whether fields may stand in double quotes; if not set, told by the file",
    )
    decimal: Literal[".", ","] | None = Field(
        None, description="decimal sign of numbers in files with columns; if not set, guessed"
    )
    encoding: Name = Field(
        None, description="encoding of text files, such as cp1252; if not set, UTF-8"
    )
    columns: Names = Field(
        [], description="names of all columns, in order, of files that begin without a header"
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

    @field_validator("separator")
    @classmethod
    def _can_separate(cls, separator: str | None) -> str | None:
        if separator and re.search(r'[\w"\\\r\n]', separator):
            raise ValueError(
                "letters, digits, quotes, backslashes and line ends cannot separate columns; a tab "
                "is written as tab or \\t"
            )
        return separator

    @field_validator("encoding")
    @classmethod
    def _is_known(cls, encoding: str | None) -> str | None:
        try:
            if encoding:
                b"a".decode(encoding, errors="ignore")
        except LookupError:
            raise ValueError(
                "no such encoding is known; known are utf-8, cp1252, latin-1, utf-16, shift_jis, "
                "and others that Python has"
            ) from None
        return encoding

    @field_validator("columns")
    @classmethod
    def _differ(cls, columns: list[str]) -> list[str]:
        if twin := next((name for name in columns if columns.count(name) > 1), None):
            raise ValueError(f"{twin!r} is named twice")
        return columns

    @model_validator(mode="after")
    def _has_sessions(self) -> Self:
        told_by_content = self.format is None and "-" in self.paths
        plain_text = self.format == "txt" or (
            self.format is None
            and all(path.lower().endswith((".txt", ".txt.gz")) for path in self.paths)
        )
        named = self.session or self.user
        if not named and not plain_text and not told_by_content:
            raise ValueError(
                "name the `session` column, or `user` and `time` to cut sessions, or `user` alone "
                "if all events of a user are one session"
            )
        return self


class ItemsConfig(Section):
    """Where a file of items is, if there is one, and what its columns mean."""

    paths: Names = Field(
        [], description="files or globs with a row for each item: .parquet, .csv, .csv.gz, .jsonl"
    )
    id: Name = Field(
        None, description="column of the item's id, spelled as in the log; if not set, data.item"
    )
    title: Name = Field(
        None, description="column of the item's title, which is preferred to that of the log"
    )
    metadata: Names = Field(
        [],
        description="further columns that describe an item, such as price; preferred to those of "
        "the log",
    )

    @model_validator(mode="after")
    def _has_a_file(self) -> Self:
        if not self.paths and (self.id or self.title or self.metadata):
            raise ValueError("columns of a file of items are named, but no file: set its `paths`")
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
            raise ValueError(f"should be a whole number from 1 to {WIDEST_WINDOW:,}, or `session`")
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
