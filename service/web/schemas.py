"""The bodies of answers."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from service.model.answers import ScoreKind, ShortBecause
from service.model.artifact import OutputRows
from service.model.continuations import Relation
from service.model.lineage import Alignment, Drift
from service.model.logit import Fit
from service.model.similarity import SimilarSettings

RELATION = (
    "`similar`: what could be taken instead, by cosine. `next`: what comes after or goes with it."
)
EXAMPLE: JsonDict = {
    "item_id": "21733",
    "title": "RED HANGING HEART T-LIGHT HOLDER",
    "score": 0.86,
}
EXAMPLE_VERSION = "20260102-030405-678901"


class Body(BaseModel):
    """The base of every body, of requests too: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", from_attributes=True, protected_namespaces=())


class Contribution(Body):
    """What an item of a query adds to a score."""

    item_id: str
    contribution: float


class Voice(Body):
    """What a kind of voice adds to the odds that an item comes next."""

    voice: str = Field(examples=["votes of the items"])
    log_odds: float = Field(
        description="Added to the logarithm of the odds, compared with the mean of all candidates, "
        "in which likely ones count more; above 0 it speaks for the item, below 0 against it.",
        examples=[2.1],
    )


VOICES = (
    "What speaks for an item that may come next, the largest first. Empty where only one has a "
    "say: cosines, or the votes of the table."
)


class NeighborBody(Body):
    """One item of an answer."""

    item_id: str
    title: str | None = Field(
        None, description="Only if `include` names it, as it does by default."
    )
    score: float = Field(
        description=(
            "Cosine with the query, less a discount for an item that was rarely seen; for what "
            "comes next, how probable it is (where `next.fit` of `/model` has no weights that win, "
            "its share of the votes); in an answer by popularity, the share of all occurrences."
        )
    )
    metadata: dict[str, Any] | None = Field(None, description="Only if `include` names it.")
    contributions: list[Contribution] | None = Field(
        None, description="Only with `explain`: they add up to the score."
    )
    voices: list[Voice] | None = Field(None, description=f"Only with `explain`. {VOICES}")

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})


class Answer(Body):
    """The base of every answer."""

    model_version: str = Field(description="The model that answered.", examples=[EXAMPLE_VERSION])


class NeighborsAnswer(Answer):
    """Items, best first."""

    requested: int = Field(description="How many items were asked for: `k`.", examples=[10])
    returned: int = Field(description="How many items are returned.", examples=[1])
    short_because: ShortBecause | None = Field(
        description=(
            "Why there are fewer than asked for. `catalogue`: there are no more; `rules`: no more "
            "are allowed; `min_score`: no more score as much; `votes`: no more ever came next; "
            "`unknown_items`: none of the query is known."
        ),
        examples=["catalogue"],
    )
    relation: Relation = Field(description=RELATION, examples=["similar"])
    score_kind: ScoreKind = Field(description="What the scores are.", examples=["cosine"])
    items: list[NeighborBody]


class RecommendAnswer(NeighborsAnswer):
    """Recommended items, best first."""

    unknown_items: list[str] = Field(
        description="Liked and disliked items the model does not know, or that are untrained.",
        examples=[[]],
    )
    fallback_used: str | None = Field(
        description="`popularity` if no liked item is known: these are the most popular items.",
        examples=[None],
    )
    ignored_items: list[str] = Field(
        description=(
            "Liked items too far back to have a vote for what comes next. Only the newest ones "
            "vote; `next.last_items` of `/model` says how many."
        ),
        examples=[[]],
    )


class Fault(BaseModel):
    """What is wrong in one place of a request."""

    where: str = Field(examples=["liked[0]"])
    why: str = Field(examples=["Input should be a valid string"])


class Problem(BaseModel):
    """An error, as RFC 9457 describes it (`application/problem+json`)."""

    type: str = Field(
        description="Stable name of the kind of error.", examples=["/problems/unknown-item"]
    )
    title: str = Field(examples=["Unknown item"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["the model does not know item 'X1'"])
    errors: list[Fault] | None = Field(
        None, description="For an invalid body or parameter: every place and what is wrong there."
    )


class ManyAnswer(Answer):
    """An answer for each item, in their order: the same as alone, or a problem."""

    answers: list[NeighborsAnswer | Problem]


class BatchAnswer(Answer):
    """An answer for each query, in their order: the same as alone, or a problem."""

    answers: list[RecommendAnswer | Problem]


class ExplainAnswer(Answer):
    """Why an item is recommended, or why not."""

    item_id: str
    title: str | None
    score: float | None = Field(
        description="null if nothing of the taste votes for it, or it cannot come next."
    )
    rank: int | None = Field(
        description="Its place among all items but those of the taste; the liked ones have places, "
        "too, with `allow_seen`."
    )
    removed_by: str | None = Field(description="The rule that keeps it out; null if none does.")
    contributions: list[Contribution] = Field(description="They add up to the score.")
    voices: list[Voice] = Field(description=VOICES)
    relation: Relation = Field(description=RELATION, examples=["similar"])
    unknown_items: list[str] = Field(description="Items of the taste the model does not know.")


class SimilarityAnswer(Answer):
    """How similar two items are."""

    a: str
    b: str
    cosine: float


class VectorAnswer(Answer):
    """The input vector of an item."""

    item_id: str
    vector: list[float]


class ItemBody(Body):
    """What the model knows of an item."""

    item_id: str = Field(examples=["85123A"])
    title: str | None = Field(examples=["WHITE HANGING HEART T-LIGHT HOLDER"])
    count: int = Field(description="Occurrences in training.", examples=[2169])
    metadata: dict[str, Any] = Field(examples=[{}])
    trained: bool = Field(
        description="false for an item that is known from the file of items alone: no answer names "
        "it, and nothing can be asked about it.",
        examples=[True],
    )


class ItemAnswer(Answer, ItemBody):
    """One item."""


class ItemsAnswer(Answer):
    """Matching items, most frequent first; untrained ones come last."""

    returned: int = Field(examples=[1])
    items: list[ItemBody]


class NextBody(Body):
    """How `next` is answered."""

    decay: float = Field(description="Share of its weight an item keeps per step back.")
    last_items: int = Field(description="How many newest items of a session have a vote.")
    fit: Fit | None = Field(
        description="How it was found what else has a say, or why the table alone has; null if "
        "nothing was asked for."
    )


class ModelAnswer(Answer):
    """The model that is served."""

    created: datetime
    age_seconds: int = Field(ge=0, description="Seconds since it was made.")
    items: int = Field(description="Items that answers are made of.")
    untrained: int = Field(description="Further items, known from the file of items alone.")
    vector_size: int
    output: OutputRows = Field(
        title="Output Rows",
        description="What the output vectors belong to: items, nodes of a tree, or none.",
    )
    config: dict[str, Any] = Field(description="Every setting of the training run.")
    data: dict[str, Any] = Field(description="What was read, dropped and kept.")
    metrics: dict[str, Any]
    verdict: str
    similar: SimilarSettings = Field(description="How `similar` is answered.")
    next: NextBody | None = Field(description="How `next` is answered; null if it is not.")
    vector_space_id: str | None = Field(
        description="Vectors of versions with the same one can be compared; null if unknown."
    )
    alignment: Alignment | None = Field(
        description="How vectors were turned onto those of the version before."
    )
    drift: Drift | None = Field(
        description="How far answers agree with those of the version before."
    )


class Health(Body):
    """Whether the process is alive, or ready to answer."""

    status: str = Field(examples=["ok"])


class ProblemKind(Body):
    """What one `type` of error means."""

    type: str = Field(examples=["/problems/unknown-item"])
    title: str = Field(examples=["Unknown item"])
    status: int = Field(examples=[404])
    meaning: str = Field(description="What it means, and what to do about it.")
