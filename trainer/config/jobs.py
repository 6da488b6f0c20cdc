"""The settings of jobs; `Config` holds all sections."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from service.model.continuations import Relation
from service.model.named import ALONE, named_stores
from service.model.nights import Outcome
from trainer.config.data import DataConfig, ItemsConfig
from trainer.config.gate import GateConfig
from trainer.config.presets import Preset
from trainer.config.section import Section, Time, as_list, none_if_empty
from trainer.config.sections import (
    Cutoffs,
    IndexConfig,
    MapConfig,
    NextConfig,
    SimilarConfig,
    TrainingConfig,
    check_metric,
)

ADDRESS = re.compile(r"https?://[^\s/?#]+\S*")
Secret = Annotated[SecretStr | None, BeforeValidator(none_if_empty)]
Outcomes = Annotated[list[Outcome], BeforeValidator(as_list)]


class RunConfig(Section):
    """How a run begins, reports its progress and resumes."""

    warm_start: str | None = Field(
        None,
        description="version to take vectors from, or `current`; only new items begin at random",
    )
    checkpoint_every: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="minutes between checkpoints; if not set, none are written",
    )
    resume: bool = Field(False, description="continue from the last checkpoint of the same run")
    log_format: Literal["text", "json"] = Field(
        "text", description="progress for people, or one JSON object per line"
    )
    quiet: bool = Field(
        False,
        description="neither report nor progress, only warnings",
        json_schema_extra={"flag": "-q"},
    )


class PublishConfig(Section):
    """Where a new version goes, and what happens to earlier ones."""

    keep: int = Field(
        5, ge=1, description="number of published versions to keep after a retraining"
    )
    keep_refused: int = Field(
        2, ge=1, description="number of versions to keep that the gate refused, to look at"
    )
    push: str | None = Field(
        None,
        description="object store to push a published version to, as s3://bucket/prefix; hidden "
        "items go there at once",
    )


class NotifyConfig(Section):
    """Who is told how a retraining ended."""

    command: Secret = Field(
        None,
        description="shell command that gets the run as JSON on its standard input, and in "
        "variables such as NIGHT_OUTCOME",
    )
    webhook: Secret = Field(None, description="address that the run is posted to, as JSON")
    on: Outcomes = Field(
        ["refused", "failed"], description="outcomes to tell of: published, refused, failed"
    )
    seconds: float = Field(
        30.0, gt=0, le=3600, description="how long the command, and each post, may take"
    )

    @model_validator(mode="after")
    def _has_an_address(self) -> Self:
        # The message does not hold the address, in which there may be a secret.
        if self.webhook and not ADDRESS.fullmatch(self.webhook.get_secret_value()):
            raise ValueError("`webhook` should be written as https://host/path, without blanks")
        return self


class StabilityConfig(Section):
    """How close a version stays to the one that is published."""

    align: bool = Field(
        True,
        description="turn the vectors onto those of the current version, which leaves all scores "
        "as they are: an item's vector stays where it was",
    )
    blend: float = Field(
        0.7,
        ge=0,
        lt=1,
        description="share of the current version in the vectors of its items, once they are "
        "aligned: answers change less from night to night; 0: none",
    )
    measure_noise: bool = Field(
        False,
        description="train a second time, with another seed and without one session of a hundred, "
        "to measure how much of the drift is chance; later versions keep the figure",
    )


class EvaluationConfig(Section):
    """What is held out, and how models are queried about it."""

    split: Literal["temporal", "last-item"] = Field(
        "temporal",
        description="hold out the newest sessions, or the last item of every session",
    )
    test_share: float = Field(
        0.1, gt=0, lt=1, description="temporal: share of the sessions to hold out"
    )
    test_from: Time = Field(
        None,
        description="temporal: hold out the sessions that began at this time (ISO 8601) or later, "
        "instead of a share",
    )
    query: Literal["session", "last"] = Field(
        "session", description="query with the whole session so far, or with its last item alone"
    )
    query_decay: float | None = Field(
        None,
        ge=0,
        le=1,
        description="share of its weight that an item of the query keeps per step back, for "
        "similar items; if not set, that of the model, as in the service",
    )
    cutoffs: Cutoffs = Field(
        [10, 20], min_length=1, description="lengths of the lists that metrics are computed for"
    )
    max_cases: int = Field(
        10_000, ge=0, description="number of cases, drawn at random by the seed; 0: all"
    )
    exclude_seen: bool = Field(
        True,
        description="never recommend items of the query, like the service; published figures for "
        "click-streams mostly allow them",
    )
    baselines: bool = Field(
        True,
        description="compare with simple models that only count, and with the same model trained "
        "for the other objective",
    )
    report: Path | None = Field(None, description="HTML page to write")


class TuningConfig(Section):
    """How better settings are searched for."""

    relation: Relation = Field(
        "next", description="relation to tune for; it decides which settings are searched"
    )
    metric: str = Field(
        "MRR@20", description="what to maximise on the validation part: HR@k, NDCG@k or MRR@k"
    )
    trials: int = Field(
        50, ge=1, description="number of settings to try, including those of earlier runs"
    )
    minutes: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="begin no new trial after this many minutes"
    )
    share: float = Field(
        1.0,
        gt=0,
        le=1,
        description="share of the sessions, the newest ones, to search with; less is faster",
    )
    study: Path | None = Field(
        None, description="file that remembers all trials; repeating the command continues from it"
    )

    @field_validator("metric")
    @classmethod
    def _is_a_metric(cls, metric: str) -> str:
        return check_metric(metric)


class Config(BaseModel):
    """All settings of a training run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    models: Path = Field(Path("models"), description="directory of published models")
    preset: Preset = Field(
        "balanced", description="defaults that serve both relations, or one of them better"
    )
    data: DataConfig = DataConfig()
    items: ItemsConfig = ItemsConfig()
    training: TrainingConfig = TrainingConfig()
    index: IndexConfig = IndexConfig()
    similar: SimilarConfig = SimilarConfig()
    next: NextConfig = NextConfig()
    map: MapConfig = MapConfig()
    run: RunConfig = RunConfig()
    gate: GateConfig = GateConfig()
    publish: PublishConfig = PublishConfig()
    notify: NotifyConfig = NotifyConfig()
    stability: StabilityConfig = StabilityConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    tuning: TuningConfig = TuningConfig()

    @field_validator("models")
    @classmethod
    def _is_one(cls, models: Path) -> Path:
        """A job works on one model, also where the environment names several for the service."""
        stores = named_stores(models)
        if ALONE not in stores:
            directory = next(iter(stores.values()))
            raise ValueError(f"several models are named: name one, --models {directory}")
        return models
