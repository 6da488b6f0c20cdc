"""The verdict of the gate on a version: every check, with what was seen and expected."""

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Outcome = Literal["passed", "refused", "forced"]
Kind = Literal["log", "model", "comparison"]


class Check(BaseModel):
    """One thing that a version must fulfil to be published.

    A check that could not be made has no value of `passed`, and says why.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: Kind = Field(description="of the log, of the model, or of its answers beside others'")
    passed: bool | None = None
    seen: float | None = Field(None, description="the figure that was judged")
    least: float | None = Field(None, description="the smallest that passes")
    most: float | None = Field(None, description="the largest that passes")
    sentence: str = Field(description="what was seen, and what was expected")

    @property
    def seen_only(self) -> str:
        """What was seen, without what was expected in parentheses behind it."""
        return re.sub(r" \((expected|allowed): [^()]*\)$", "", self.sentence)


class Verdict(BaseModel):
    """Whether a version may be published, and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    outcome: Outcome
    compared_with: str | None = Field(
        None, description="the version that was current; null if there was none to compare with"
    )
    checks: list[Check]
    evaluations: dict[str, Any] = Field(
        default_factory=dict, description="every figure of the comparisons on held-out sessions"
    )
    refusals: int = Field(
        0, description="nights in a row refused by the comparison alone, this one included"
    )

    @property
    def failed(self) -> list[Check]:
        """The checks that were not passed."""
        return [check for check in self.checks if check.passed is False]

    @property
    def sentence(self) -> str:
        """The outcome, and the reason for it."""
        if self.failed:
            reasons = "; ".join(f"{check.name}: {check.sentence}" for check in self.failed)
            return (
                f"{'published all the same' if self.outcome == 'forced' else 'refused'}: {reasons}"
            )
        made = sum(check.passed is not None for check in self.checks)
        beside = f", compared with version {self.compared_with}" if self.compared_with else ""
        return f"passed {made} checks{beside}"
