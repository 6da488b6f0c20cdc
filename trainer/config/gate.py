"""The settings of the gate: what a version must fulfil to be published."""

from typing import Literal

from pydantic import Field, field_validator

from trainer.config.section import Section
from trainer.config.sections import check_metric

Checks = Literal["all", "guards", "none"]


class GateConfig(Section):
    """What a retraining must fulfil to be published."""

    checks: Checks = Field(
        "all",
        description="guards of the log and the model and a comparison on held-out sessions; the "
        "guards alone, in half the time; or nothing",
    )
    least_events: float = Field(
        0.7, ge=0, description="fewest events, as a share of those of the current version"
    )
    most_events: float = Field(
        1.5, gt=0, description="most events, as such a share; more where the log is longer in time"
    )
    least_items: float = Field(
        0.8,
        ge=0,
        description="fewest items, and fewest of them in the file of items, as a share of those of "
        "the current version",
    )
    most_items: float = Field(
        1.5, gt=0, description="most items, as such a share; more where the log is longer in time"
    )
    lost_items: float = Field(
        0.1,
        ge=0,
        le=1,
        description="largest share of the current version's items, by their events, that the log "
        "no longer has",
    )
    new_items: float = Field(
        0.3,
        ge=0,
        le=1,
        description="largest share of the events that are of items the current version lacks",
    )
    respelled_items: float = Field(
        0.01,
        ge=0,
        le=1,
        description="largest share of the current version's events whose items are lost, but come "
        "back in another spelling",
    )
    more_repeats: float = Field(
        0.2,
        ge=0,
        le=1,
        description="how much the share of events that repeat an item of their session may grow",
    )
    largest_user: float = Field(
        0.2,
        gt=0,
        le=1,
        description="largest share of the events of one user, or of one session without users; "
        "more where that of the current version is as large",
    )
    hours_ahead: float = Field(
        15, ge=0, description="hours by which the log may end after the present, in UTC"
    )
    hours_earlier: float = Field(
        1, ge=0, description="hours by which the log may end before that of the current version"
    )
    stale_hours: float = Field(
        36,
        gt=0,
        description="hours by which the newest event of a log that was fresh may be late",
    )
    changed_hours: float = Field(
        0.1,
        ge=0,
        description="largest share of the sessions (or users) that were active in hours that the "
        "current version has seen, that may have moved, appeared or vanished",
    )
    lost_hours: int = Field(
        0,
        ge=0,
        description="most hours that the current version has seen, and most days, that may have "
        "lost half of who was active in them, or all",
    )
    silent_hours: int = Field(
        0,
        ge=0,
        description="most new hours, between busy ones, that may be empty but usually are not",
    )
    changed_titles: float = Field(
        0.2, ge=0, le=1, description="largest share of the items whose title has changed"
    )
    least_coverage: float = Field(
        0.7,
        ge=0,
        description="fewest different items among the answers to 1,000 queries, as a share of "
        "those of the current version",
    )
    more_unanswered: float = Field(
        0.1,
        ge=0,
        le=1,
        description="how much the share of 1,000 queries with fewer than ten answers may grow",
    )
    slowest_ms: float = Field(
        100, gt=0, description="milliseconds that 99 % of 1,000 queries must not exceed"
    )
    held_out_share: float = Field(
        0.05,
        gt=0,
        lt=0.5,
        description="share of the sessions, the newest, that is held out; where enough of them are "
        "new to the current version, those alone",
    )
    held_out_sessions: int = Field(
        200, ge=2, description="fewest held-out sessions for which a comparison is made"
    )
    compared_cases: int = Field(5_000, ge=100, description="most cases of a comparison")
    compared_by: str = Field("NDCG@20", description="what is compared: HR@k, NDCG@k or MRR@k")
    margin: float = Field(
        0.02,
        gt=0,
        lt=1,
        description="how much worse than the current version, as a share of its figure, a version "
        "may be",
    )
    confidence: float = Field(
        0.99, ge=0.9, lt=1, description="how sure the comparison must be, one-sided"
    )
    refit: bool = Field(
        True,
        description="after the comparison, train again with the held-out sessions and publish that",
    )
    publish_after: int = Field(
        0,
        ge=0,
        description="after so many refusals in a row by the comparison alone, publish all the "
        "same, for a stale model ages too; 0: never",
    )

    @field_validator("compared_by")
    @classmethod
    def _is_a_metric(cls, metric: str) -> str:
        return check_metric(metric)
