"""Filters: which items may be in an answer, by their metadata.

    price < 20 and (color = 'red' or color in ('blue', 'green')) and not brand = 'acme'

| | |
|---|---|
| `=` `!=` `<` `<=` `>` `>=` | `price <= 9.5`, `added >= '2026-01-31'` |
| `between … and …` | `price between 10 and 20`: 10 and 20 too |
| `in (…)` | `color in ('red', 'blue')`: one of these |
| `any (…)`, `all (…)`, `none (…)` | `tags any ('new', 'sale')`: a list that holds these |
| `is missing`, `is not missing` | `brand is missing`: the item has none |
| `not`, `and`, `or`, `( )` | in this order: `not` binds strongest |

Columns are those of the metadata, and two for every item: `count`, how often it occurs in the log,
and `title`. A column is of numbers, of texts or of lists. Numbers are written as `20`, `-1.5` or
`1e6`; `true` is 1 and `false` is 0. Texts stand in single or double quotes, which are doubled
within: `'it''s'`. They are compared character by character, with their case, so dates like
`2026-01-31` compare as dates. A column whose values are of several kinds is one of texts, where a
number is its JSON text. Names with other characters than letters, digits and `_`, or that are
keywords, stand in backticks. Keywords may be in any case.

Whatever is asked of a missing value is false, `!=` and `none` too: `brand != 'acme'` leaves out the
items without a brand, `not brand = 'acme'` keeps them.

A filter has at most 4,096 characters, 100 comparisons and 1,000 values, and no more than 32
parentheses and `not` within each other.
"""

from dataclasses import dataclass

from service.model.column_types import Mask
from service.model.columns import Columns
from service.model.conditions import Condition
from service.model.filter_parser import parse


@dataclass(frozen=True)
class Filter:
    """A condition on the metadata of items; its text is that of the condition."""

    condition: Condition

    @classmethod
    def parse(cls, text: str) -> "Filter":
        """Reads the text of a filter.

        Raises:
            InputError: it is too long, too deep or no condition; names the place.
        """
        return cls(parse(text))

    def mask(self, columns: Columns) -> Mask:
        """The items that it lets pass: bool [items], to be changed by the caller.

        Raises:
            InputError: naming a column that is unknown or of another type.
        """
        return columns.remembered(self, lambda: self.condition.mask(columns))

    def __str__(self) -> str:
        """The text, as it would be parsed."""
        return str(self.condition)
