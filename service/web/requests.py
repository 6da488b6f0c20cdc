"""The bodies of requests, and the parameters of URLs."""

import re
from dataclasses import fields
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
from pydantic.config import JsonDict, JsonValue

from service.model.answers import Fallback
from service.model.continuations import Relation
from service.model.errors import short
from service.model.queries import NO_RULES, Rules
from service.web.schemas import RELATION, Body
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
Condition = Annotated[
    str | None,
    Field(
        json_schema_extra={"format": "filter"},
        description="A condition on metadata, `title` and `count`: `price < 20 and color = 'red'`.",
        examples=["count >= 100"],
    ),
]
# Strict: neither text that looks like a number nor `true` is a number.
K = Annotated[int, Field(ge=1, strict=True, description="How many items to return.")]


class RulesBody(Body):
    """Which items may be answered, and what comes back of them."""

    exclude: list[ItemId] = Field(
        default_factory=list, description="Items not to return.", examples=[["21733"]]
    )
    candidates: list[ItemId] | None = Field(
        None, description="Rank only these items.", examples=[None]
    )
    filter: Condition = None
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
        """The rules, `NO_RULES` itself if none differs from its default."""
        values = {name: getattr(self, name) for name in self.model_fields_set & RULES}
        rules = {name: value for name, value in values.items() if value != NO_RULE[name]}
        return Rules(**rules) if rules else NO_RULES

    _whole = field_validator("min_count", "offset", mode="before")(whole)


RULES = {field.name for field in fields(Rules)}
NO_RULE = {
    name: RulesBody.model_fields[name].get_default(call_default_factory=True) for name in RULES
}

NUMBERS = ("k", "decay", "tastes", "min_count", "min_score", "diversity", "offset")


class FromUrl(BaseModel):
    """What is read from the parameters of a URL, which are text."""

    _numbers = field_validator(*NUMBERS, mode="before", check_fields=False)(number)
    _flags = field_validator("explain", "allow_seen", mode="before", check_fields=False)(flag)


def _one_of(*names: str, **form: JsonValue) -> JsonDict:
    """Documents that a body has one of some fields, at least, in a certain form.

    In a list of its own: of alternatives at the top, generated clients make a type each.
    """
    forms: list[JsonValue] = [{"required": [name], "properties": {name: form}} for name in names]
    return {"allOf": [{"anyOf": forms}]}


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
            "equally, 0 only the newest. Default: the model's own, which `/model` shows; 1 with "
            "`half_life` or `tastes`."
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
    allow_seen: bool = Field(
        False,
        strict=True,
        description="Whether the liked items, too, may be returned: people play the same songs "
        "again. Never those in `disliked` or `exclude`.",
    )
    explain: bool = Field(
        False,
        strict=True,
        description="Whether to return what each item adds to each score, and which voices speak "
        "for what comes next.",
    )

    _numbers = field_validator("k", "tastes", mode="before")(whole)

    model_config = ConfigDict(json_schema_extra=_one_of("liked", "disliked"))

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


class RecommendQuery(FromUrl, TasteBody):
    """The same, as parameters of a URL."""

    liked: list[ItemId] = Field(
        default_factory=list, description="Items liked.", examples=[["85123A", "22457"]]
    )
    disliked: list[ItemId] = Field(
        default_factory=list, description="Items disliked.", examples=[["21733"]]
    )


class BatchRequest(Body):
    """Several tastes."""

    queries: list[Any] = Field(  # each is checked alone: a wrong one has a problem in its place
        min_length=1,
        description="Bodies of `POST /recommend`.",
        examples=[[{"liked": ["85123A"]}]],
        json_schema_extra={"items": {"$ref": "#/components/schemas/RecommendRequest"}},
    )


class ListQuery(FromUrl, RulesBody):
    """How many items to return, and which, as parameters of a URL."""

    k: K = DEFAULT_K


class RelatedQuery(ListQuery):
    """The same, and the relation they are to have."""

    relation: Relation = Field("similar", description=RELATION)


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

    model_config = ConfigDict(json_schema_extra=_one_of("positive", "negative", minItems=1))

    positive: list[ItemId] = Field(
        default_factory=list, description="Items that count +1.", examples=[["85123A", "22386"]]
    )
    negative: list[ItemId] = Field(
        default_factory=list, description="Items that count -1.", examples=[["21733"]]
    )
    k: K = DEFAULT_K

    _numbers = field_validator("k", mode="before")(whole)


class AnalogyQuery(FromUrl, AnalogyRequest):
    """The same, as parameters of a URL."""
