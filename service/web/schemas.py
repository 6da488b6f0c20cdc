"""Request and response bodies."""

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator
from pydantic.config import JsonDict

from service.model.artifact import OutputRows
from service.model.continuations import NextSettings, Relation
from service.model.errors import short
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


class RecommendRequest(Body):
    """A taste to recommend for."""

    liked: list[ItemId] = Field(
        description="Items liked, bought or seen, the newest last.",
        examples=[["85123A", "22457"]],
    )
    k: K = DEFAULT_K
    exclude: list[ItemId] = Field([], description="Items not to return.", examples=[["21733"]])
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

    _numbers = field_validator("k", mode="before")(whole)


class RecommendQuery(RecommendRequest):
    """The same, as parameters of a URL."""

    _numbers = field_validator("k", "decay", mode="before")(number)


class AnalogyRequest(Body):
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
        [], description="Items that count +1.", examples=[["85123A", "22386"]]
    )
    negative: list[ItemId] = Field([], description="Items that count -1.", examples=[["21733"]])
    k: K = DEFAULT_K

    _numbers = field_validator("k", mode="before")(whole)


class AnalogyQuery(AnalogyRequest):
    """The same, as parameters of a URL."""

    _numbers = field_validator("k", mode="before")(number)


class NeighborBody(Body):
    """One item of an answer."""

    item_id: str
    title: str | None
    score: float = Field(
        description=(
            "Cosine with the query, less a discount for an item that was rarely seen; for what "
            "comes next, the share of the votes; in an answer by popularity, the share of all "
            "occurrences."
        )
    )

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})


class Answer(Body):
    """The base of every answer."""

    model_version: str = Field(description="The model that answered.", examples=[EXAMPLE_VERSION])


class NeighborsAnswer(Answer):
    """Nearest items, best first."""

    k: int = Field(description="How many items were requested.", examples=[10])
    returned: int = Field(
        description="How many items are returned: fewer if no more are allowed or ever came next.",
        examples=[1],
    )
    items: list[NeighborBody]


class RelatedAnswer(NeighborsAnswer):
    """Related items, best first."""

    relation: Relation = Field(description=RELATION, examples=["similar"])


class RecommendAnswer(RelatedAnswer):
    """Recommended items, best first."""

    unknown_items: list[str] = Field(
        description="Liked items the model does not know.", examples=[[]]
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
