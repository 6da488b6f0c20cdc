"""Request and response bodies."""

import re
from dataclasses import fields
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)
from pydantic.config import JsonDict

from service.model.answers import Fallback, ScoreKind, ShortBecause
from service.model.artifact import OutputRows
from service.model.continuations import NextSettings, Relation
from service.model.errors import short
from service.model.queries import NO_RULES, Rules
from service.model.similarity import SimilarSettings
from service.web.settings import DEFAULT_K

WHOLE = re.compile(r"-?[0-9]{1,100}")
DECIMAL = re.compile(r"-?[0-9]*\.?[0-9]+([eE][+-]?[0-9]+)?")


def number(value: object) -> object:
    """The number that a URL parameter spells in plain digits; any other value unchanged."""
    if isinstance(value, str) and WHOLE.fullmatch(value):
        return int(value)
    if isinstance(value, str) and DECIMAL.fullmatch(value):
        return float(value)
    return value


def whole(value: object) -> object:
    """The integer that a JSON number such as 5.0 is; any other value unchanged."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def flag(value: object) -> object:
    """The truth value that a URL parameter spells; any other value unchanged."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _text(value: object) -> object:
    """Refuses a number as an item id, and says how to write it as text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f'item ids are text: write "{short(str(value))}"')
    return value


ItemId = Annotated[str, Field(min_length=1, max_length=1024), BeforeValidator(_text)]
RELATION = (
    "`similar`: what could be taken instead, by cosine. `next`: what comes after or goes with it."
)
# Strict: neither text that looks like a number nor `true` is a number.
K = Annotated[int, Field(ge=1, strict=True, description="How many items to return.")]
EXAMPLE: JsonDict = {
    "item_id": "21733",
    "title": "RED HANGING HEART T-LIGHT HOLDER",
    "score": 0.86,
}
EXAMPLE_VERSION = "20260102-030405-678901"


class Body(BaseModel):
    """The base of every body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", from_attributes=True, protected_namespaces=())


class RulesBody(Body):
    """Which items may be answered, and what comes back of them."""

    exclude: list[ItemId] = Field(
        default_factory=list, description="Items not to return.", examples=[["21733"]]
    )
    candidates: list[ItemId] | None = Field(
        None, description="Rank only these items.", examples=[None]
    )
    filter: str | None = Field(
        None,
        json_schema_extra={"format": "filter"},
        description="A condition on metadata, `title` and `count`: `price < 20 and color = 'red'`.",
        examples=["count >= 100"],
    )
    min_count: int = Field(
        1, ge=1, strict=True, description="Return no item that was seen less often in training."
    )
    min_score: float | None = Field(
        None, strict=True, description="Return no item of a lower score.", examples=[None]
    )
    diversity: float = Field(
        0,
        ge=0,
        le=1,
        strict=True,
        description="0 ranks by score alone, 1 by distance from the items before.",
    )
    offset: int = Field(
        0, ge=0, strict=True, description="How many of the best to leave out: the next page."
    )
    include: list[Literal["title", "metadata"]] | None = Field(
        None,
        max_length=2,
        description="What comes back of every item, beside id and score; null: the title.",
        examples=[["title", "metadata"]],
    )

    def rules(self) -> Rules:
        """The rules, `NO_RULES` itself if none is set."""
        names = self.model_fields_set & RULES
        return Rules(**{name: getattr(self, name) for name in names}) if names else NO_RULES

    _whole = field_validator("min_count", "offset", mode="before")(whole)


RULES = {field.name for field in fields(Rules)}


def _date(value: object) -> object:
    """Refuses numbers, which could be seconds or milliseconds."""
    if isinstance(value, int | float):
        raise ValueError("a time is text: 2026-01-31T12:00:00Z")
    return value


class LikedBody(Body):
    """An item that somebody liked or disliked."""

    id: ItemId
    weight: float = Field(1, gt=0, le=1e6, strict=True, description="How much it counts.")
    at: Annotated[AwareDatetime | None, BeforeValidator(_date)] = Field(
        None, description="When; for `half_life`."
    )


def _kind(value: object) -> str:
    return "as an object" if isinstance(value, dict | LikedBody) else "as an id"


LikedItem = Annotated[
    Annotated[ItemId, Tag("as an id")] | Annotated[LikedBody, Tag("as an object")],
    Discriminator(_kind),
]


class TasteBody(RulesBody):
    """A taste, as ids alone."""

    k: K = DEFAULT_K
    relation: Relation = Field("similar", description=RELATION, examples=["similar"])
    decay: float | None = Field(
        None,
        ge=0,
        le=1,
        strict=True,
        description=(
            "The share of its weight that a liked item keeps per step back: 1 counts all items "
            "equally, 0 only the newest. Default: the model's own, which `/model` shows."
        ),
        examples=[0.7],
    )
    fallback: Fallback = Field(
        "popular", description="What answers if no item is known: the most popular items, or none."
    )
    tastes: int = Field(
        1,
        ge=1,
        le=20,
        strict=True,
        description="Into how many tastes the liked items may be split, each with its share of "
        "the answer: 2 serves a mixed account better than their mean.",
    )
    explain: bool = Field(
        False, strict=True, description="Whether to return what each item adds to each score."
    )

    _numbers = field_validator("k", "tastes", mode="before")(whole)

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": [name]} for name in ("liked", "disliked")]}
    )

    @model_validator(mode="after")
    def _names_items(self) -> Self:
        if not self.model_fields_set & {"liked", "disliked"}:
            raise ValueError("give `liked`, `disliked` or both")
        return self


class RecommendRequest(TasteBody):
    """A taste to recommend for."""

    liked: list[LikedItem] = Field(
        default_factory=list,
        description="Items liked, bought or seen, the newest last: ids, or objects.",
        examples=[["85123A", "22457"]],
    )
    disliked: list[LikedItem] = Field(
        default_factory=list, description="Items to move away from.", examples=[["21733"]]
    )
    half_life: float | None = Field(
        None,
        gt=0,
        strict=True,
        description="Days after which an item counts half, by its `at`; one without is new.",
        examples=[30],
    )


class RecommendQuery(TasteBody):
    """The same, as parameters of a URL."""

    liked: list[ItemId] = Field(
        default_factory=list, description="Items liked.", examples=[["85123A", "22457"]]
    )
    disliked: list[ItemId] = Field(
        default_factory=list, description="Items disliked.", examples=[["21733"]]
    )

    _numbers = field_validator(
        "k", "decay", "tastes", "min_count", "min_score", "diversity", "offset", mode="before"
    )(number)
    _flags = field_validator("explain", mode="before")(flag)


class BatchRequest(Body):
    """Several tastes."""

    queries: list[Any] = Field(
        min_length=1, description="Bodies of `POST /recommend`.", examples=[[{"liked": ["85123A"]}]]
    )


class RelatedQuery(RulesBody):
    """What to return for one item, as parameters of a URL."""

    k: K = DEFAULT_K
    relation: Relation = Field("similar", description=RELATION)

    _numbers = field_validator("k", "min_count", "min_score", "diversity", "offset", mode="before")(
        number
    )


class FollowingQuery(RulesBody):
    """The same without the relation."""

    k: K = DEFAULT_K

    _numbers = field_validator("k", "min_count", "min_score", "diversity", "offset", mode="before")(
        number
    )


class ManyRequest(RulesBody):
    """Several items to find others for."""

    items: list[ItemId] = Field(min_length=1, examples=[["85123A", "22457"]])
    k: K = DEFAULT_K
    relation: Relation = Field("similar", description=RELATION, examples=["similar"])

    _numbers = field_validator("k", mode="before")(whole)


class ExplainRequest(RecommendRequest):
    """An item, and a taste that it is or is not recommended for."""

    item: ItemId = Field(examples=["22086"])


class AnalogyRequest(RulesBody):
    """Items to add and to subtract, at least one."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"required": [name], "properties": {name: {"minItems": 1}}}
                for name in ("positive", "negative")
            ]
        }
    )

    positive: list[ItemId] = Field(
        default_factory=list, description="Items that count +1.", examples=[["85123A", "22386"]]
    )
    negative: list[ItemId] = Field(
        default_factory=list, description="Items that count -1.", examples=[["21733"]]
    )
    k: K = DEFAULT_K

    _numbers = field_validator("k", mode="before")(whole)


class AnalogyQuery(AnalogyRequest):
    """The same, as parameters of a URL."""

    _numbers = field_validator("k", "min_count", "min_score", "diversity", "offset", mode="before")(
        number
    )


class Contribution(Body):
    """What an item of a query adds to a score."""

    item_id: str
    contribution: float


class NeighborBody(Body):
    """One item of an answer."""

    item_id: str
    title: str | None = Field(
        None, description="Only if `include` names it, as it does by default."
    )
    score: float = Field(
        description=(
            "Cosine with the query, less a discount for an item that was rarely seen; for what "
            "comes next, the share of the votes; in an answer by popularity, the share of all "
            "occurrences."
        )
    )
    metadata: dict[str, Any] | None = Field(None, description="Only if `include` names it.")
    contributions: list[Contribution] | None = Field(
        None, description="Only with `explain`: they add up to the score."
    )

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
        description="Liked and disliked items the model does not know.", examples=[[]]
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


class ManyAnswer(Answer):
    """An answer for each query, in their order: the same as alone, or a problem."""

    answers: list[dict[str, Any]]


class ExplainAnswer(Answer):
    """Why an item is recommended, or why not."""

    item_id: str
    title: str | None
    score: float | None = Field(description="null if nothing of the taste votes for it.")
    rank: int | None = Field(description="Its place among all items but those of the taste.")
    removed_by: str | None = Field(description="The rule that keeps it out; null if none does.")
    contributions: list[Contribution] = Field(description="They add up to the score.")
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


class ItemAnswer(Answer, ItemBody):
    """One item."""


class ItemsAnswer(Answer):
    """Matching items, most frequent first."""

    returned: int = Field(examples=[1])
    items: list[ItemBody]


class ModelAnswer(Answer):
    """The model that is served."""

    created: datetime
    age_seconds: int = Field(ge=0, description="Seconds since it was made.")
    items: int = Field(description="Size of the catalogue.")
    vector_size: int
    output: OutputRows = Field(
        description="What the output vectors belong to: items, nodes of a tree, or none."
    )
    config: dict[str, Any] = Field(description="Every setting of the training run.")
    data: dict[str, Any] = Field(description="What was read, dropped and kept.")
    metrics: dict[str, Any]
    verdict: str
    similar: SimilarSettings = Field(description="How `similar` is answered.")
    next: NextSettings | None = Field(description="How `next` is answered; null if it is not.")


class Health(Body):
    """Whether the process is alive, or ready to answer."""

    status: str = Field(examples=["ok"])


class Problem(BaseModel):
    """An error, as RFC 9457 describes it (`application/problem+json`)."""

    type: str = Field(
        description="Stable name of the kind of error.", examples=["/problems/unknown-item"]
    )
    title: str = Field(examples=["Unknown item"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["the model does not know item 'X1'"])
    errors: list[dict[str, Any]] | None = Field(
        None, description="For an invalid body or parameter: every place and what is wrong there."
    )


class ProblemKind(Body):
    """What one `type` of error means."""

    type: str = Field(examples=["/problems/unknown-item"])
    title: str = Field(examples=["Unknown item"])
    status: int = Field(examples=[404])
    meaning: str = Field(description="What it means, and what to do about it.")
