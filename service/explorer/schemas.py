"""The bodies of answers to the page."""

from pydantic import Field

from service.model.columns import Kind
from service.model.continuations import Relation
from service.web.schemas import Answer, Body, ItemBody


class Example(Body):
    """An item to begin with."""

    item_id: str = Field(examples=["85123A"])
    title: str | None = Field(examples=["WHITE HANGING HEART T-LIGHT HOLDER"])


class GroupedColumn(Body):
    """A metadata column, and the groups that its values make."""

    name: str = Field(examples=["UnitPrice"])
    kind: Kind = Field(title="Column Kind")
    groups: list[str] = Field(
        description="Bands of numbers from low to high, or the most frequent texts.",
        examples=[["< 1", "1 to 2", "≥ 2"]],
    )


class MapGroupBody(Body):
    """A cluster of the map."""

    name: str = Field(description="Words that its titles share.", examples=["heart, hanging"])
    items: int = Field(examples=[120])
    x: int = Field(description="Where it is named, from 0 to 65535.")
    y: int = Field(description="Upwards.")


class MapBody(Body):
    """The map of the model."""

    groups: list[MapGroupBody]


class DecayBody(Body):
    """How a taste is answered."""

    decay: float


class VotesBody(DecayBody):
    """How `next` is answered."""

    last_items: int


class AboutAnswer(Answer):
    """What a page needs to know before it asks."""

    items: int = Field(description="Items that answers are made of.")
    vector_size: int
    relations: list[Relation] = Field(description="What can be asked for.")
    is_admin: bool = Field(description="Whether this key may hide items and publish versions.")
    models: list[str] = Field(description="The names of all models; none where there is only one.")
    max_k: int = Field(description="The most items that a query may ask for.")
    max_items: int = Field(description="The most items that a list of a query may name.")
    spread: list[float] = Field(
        description="The standard deviation of each number of the unit vectors."
    )
    examples: list[Example]
    columns: list[GroupedColumn] = Field(description="What `/explore/colors` can color by.")
    map: MapBody | None = Field(description="null if the model has none.")
    similar: DecayBody
    next: VotesBody | None


class RowItem(ItemBody):
    """An item, and where it is in the arrays of the model."""

    row: int | None = Field(description="null if it is untrained: it is not on the map.")
    vector: list[float] | None = Field(
        None, description="Scaled to length 1; only with `vectors`, and only of a trained item."
    )


class RowsAnswer(Answer):
    """Items by their rows or ids."""

    items: list[RowItem]
    unknown_items: list[str]
