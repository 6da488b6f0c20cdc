"""The bodies of answers about versions and nights."""

from datetime import datetime

from pydantic import Field

from service.model.figures import Figure
from service.model.nights import Outcome
from service.model.verdict import Outcome as GateOutcome
from service.model.verdict import Verdict
from service.web.schemas import Body, ModelAnswer

VERSION = "20260102-030405-678901"


class VersionBody(Body):
    """A version in a list of all; what its manifest does not tell is null."""

    model_version: str = Field(examples=[VERSION])
    created: datetime | None
    is_current: bool = Field(description="Whether the store says that it is to be served.")
    is_served: bool = Field(description="Whether this process answers from it.")
    was_published: bool = Field(description="Whether it is current, or was.")
    outcome: GateOutcome | None = Field(description="What the gate said; null without a gate.")
    verdict: str | None = Field(description="The same as a sentence.")
    items: int | None
    sessions: int | None
    size_bytes: int
    has_report: bool = Field(description="Whether `/models/{version}/report` has a page on it.")
    damaged: str | None = Field(description="Why it cannot be read; null if it can.")


class VersionsAnswer(Body):
    """All versions of a model, the newest first."""

    current: str | None = Field(description="The version to be served.", examples=[VERSION])
    served: str | None = Field(description="The version that this process answers from.")
    versions: list[VersionBody]


class VersionAnswer(ModelAnswer):
    """One version."""

    gate: Verdict | None = Field(
        description="Every check of the gate, and the figures that it compared; null without one."
    )


class NightBody(Body):
    """A run of the nightly job."""

    started: datetime
    ended: datetime
    outcome: Outcome = Field(title="Night Outcome")
    exit_code: int
    version: str | None = Field(description="What was published or refused; null if nothing was.")
    why: str
    figures: dict[str, Figure] = Field(
        description="The comparisons of the gate by name; none where it did not get so far."
    )


class NightsAnswer(Body):
    """The runs of the nightly job, the newest last."""

    nights: list[NightBody]


class CurrentRequest(Body):
    """The version that is to be served."""

    version: str = Field(min_length=1, max_length=100, examples=[VERSION])


class CurrentAnswer(Body):
    """The version that is to be served from now on, and the one that was."""

    version: str
    before: str | None
