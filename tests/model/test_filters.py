"""Filters: exactly the items of a loop over the catalogue, and errors that name the place."""

import json
import math
import operator
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.model import column_types
from service.model import columns as columns_module
from service.model.columns import Columns
from service.model.conditions import (
    Among,
    And,
    Between,
    Comparison,
    Condition,
    Holding,
    Missing,
    Not,
    Or,
)
from service.model.errors import InputError
from service.model.filters import Filter
from tests.conftest import make_artifact

NAMES = ["apple", "pear", "plum", "hammer", "saw", "drill"]
COMPARISONS = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}

NUMBERS = (
    st.floats()
    | st.integers(-3, 3)
    | st.booleans()
    | st.sampled_from([10**400, -(10**400), 2**53 + 1, -(2**63)])
)
TEXTS = st.sampled_from(["", "a", "b", "A", "it's", '"', "`", "é", "e\u0301", "\U0001f600", "1"])
ANY_TEXTS = TEXTS | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
COLUMNS = {
    "price": NUMBERS,
    "color": ANY_TEXTS,
    "mixed ``": ANY_TEXTS | NUMBERS | st.lists(ANY_TEXTS, max_size=2),
    "All": st.lists(ANY_TEXTS | st.none() | st.integers(0, 3), max_size=3),
    "größe": NUMBERS,
    "tags": st.lists(TEXTS, max_size=4),
}
NUMBERED, LISTED = {"price", "größe", "count"}, {"All", "tags"}
NAMED = [*COLUMNS, "count", "title"]


@st.composite
def catalogues(draw: st.DrawFn) -> dict[str, list[Any]]:
    """Six items: every column has a value of its kind, and another so that it is mixed."""
    columns: dict[str, list[Any]] = {
        name: draw(st.lists(st.none() | values, min_size=6, max_size=6))
        for name, values in COLUMNS.items()
    }
    columns["price"][0] = columns["größe"][5] = 2
    columns["color"][0] = "a"
    columns["mixed ``"][:2] = "b", 1
    columns["All"][3] = columns["tags"][4] = ["a"]
    columns["title"] = draw(st.lists(st.none() | ANY_TEXTS, min_size=6, max_size=6))
    return columns


def conditions() -> st.SearchStrategy[Condition]:
    questions = st.sampled_from(NAMED).flatmap(question)
    return st.recursive(
        questions,
        lambda parts: (
            parts.map(Not)
            | st.lists(parts, min_size=2, max_size=3).map(lambda some: And(tuple(some)))
            | st.lists(parts, min_size=2, max_size=3).map(lambda some: Or(tuple(some)))
        ),
        max_leaves=6,
    )


def question(name: str) -> st.SearchStrategy[Condition]:
    column, missing = st.just(name), st.builds(Missing, st.just(name), st.booleans())
    finite = st.floats(allow_nan=False, allow_infinity=False)
    numbers = st.integers(-3, 60).map(float) | finite | st.just(float(2**53))
    value = numbers if name in NUMBERED else ANY_TEXTS
    values = st.lists(value, min_size=1, max_size=12).map(tuple)
    if name in LISTED:
        return missing | st.builds(Holding, column, st.sampled_from(["any", "all", "none"]), values)
    return (
        missing
        | st.builds(Comparison, column, st.sampled_from(list(COMPARISONS)), value)
        | st.builds(Between, column, value, value)
        | st.builds(Among, column, values)
    )


def columns_of(catalogue: dict[str, list[Any]]) -> Columns:
    metadata = {name: catalogue[name] for name in COLUMNS}
    return replace(make_artifact(), metadata=metadata, titles=catalogue["title"]).columns


def items(catalogue: dict[str, list[Any]]) -> Iterator[dict[str, Any]]:
    """The items as the documentation of filters has them."""
    for row in range(6):
        item = {name: as_documented(name, values[row]) for name, values in catalogue.items()}
        yield item | {"count": 60 - 10 * row}


def as_documented(name: str, value: Any) -> Any:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if name in NUMBERED:
        return as_float64(value)
    if name in LISTED:
        return [text_of(one) for one in value]
    return text_of(value)


def as_float64(number: float) -> float:
    if abs(number) < 2**1024:
        return float(number)
    return math.inf if number > 0 else -math.inf


def text_of(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def is_true(condition: Condition, item: dict[str, Any]) -> bool:
    match condition:
        case Not(inner):
            return not is_true(inner, item)
        case And(parts):
            return all(is_true(part, item) for part in parts)
        case Or(parts):
            return any(is_true(part, item) for part in parts)
        case Missing(name, missing):
            return (item[name] is None) == missing
    value = item[condition.column]
    if value is None:
        return False
    match condition:
        case Comparison(_, sign, other):
            return COMPARISONS[sign](value, other)
        case Between(_, least, most):
            return least <= value <= most
        case Among(_, values):
            return value in values
        case Holding(_, how_many, values):
            held = [one in value for one in values]
            return {"any": any(held), "all": all(held), "none": not any(held)}[how_many]
    raise AssertionError(condition)


@settings(max_examples=200)
@given(catalogues(), conditions(), st.sampled_from([0, column_types.FEW]))
def test_a_filter_lets_pass_what_a_loop_over_the_catalogue_does(
    catalogue: dict[str, list[Any]], condition: Condition, few: int
):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(column_types, "FEW", few)
        found = Filter.parse(str(condition)).mask(columns_of(catalogue))
    assert found.dtype == np.bool_
    assert found.tolist() == [is_true(condition, item) for item in items(catalogue)]


@settings(max_examples=200)
@given(conditions())
def test_the_text_of_a_filter_is_parsed_to_an_equal_one(condition: Condition):
    parsed = Filter.parse(str(condition))
    again = Filter.parse(str(parsed))
    assert (again, hash(again), str(again)) == (parsed, hash(parsed), str(parsed))


PIECES = ["price", "color", "`a b`", "=", "<", "in", "(", ")", ",", "'a'", '"', "1", "-.5e3", "is"]
PIECES += [
    "not",
    "missing",
    "and",
    "or",
    "between",
    "any",
    "true",
    "&",
    " ",
    "\x00",
    "é",
    "\u0661",
    "²",
]


@settings(max_examples=500)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join) | st.text(max_size=20))
def test_any_text_is_a_filter_or_an_input_error(text: str):
    try:
        parsed = Filter.parse(text)
    except InputError:
        return
    assert Filter.parse(str(parsed)) == parsed


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("price<20", "price < 20"),
        ("price<-5 AND price>+.5", "price < -5 and price > 0.5"),
        ("price = 1e6 or price = 1E400000 ", None),
        ("color=\"it's\" Or color = 'it''s'", "color = 'it''s' or color = 'it''s'"),
        ("a = 1 or b = 2 and c = 3", "a = 1 or b = 2 and c = 3"),
        ("(a = 1 or b = 2) and c = 3", "(a = 1 or b = 2) and c = 3"),
        ("((a = 1) and (b = 2 and c = 3))", "a = 1 and b = 2 and c = 3"),
        ("not a = 1 and b = 2", "not a = 1 and b = 2"),
        ("not (a = 1 and b = 2)", "not (a = 1 and b = 2)"),
        ("not(not a is NOT missing)", "not not a is not missing"),
        ("a between 1 and 2 and b = 1", "a between 1 and 2 and b = 1"),
        ("a in (1,2 , 3)", "a in (1, 2, 3)"),
        ("`all` all ('x') and `in``k` = true", "`all` all ('x') and `in``k` = 1"),
        ("`` is missing and größe = false", "`` is missing and größe = 0"),
        ("Price = 1\n\tand\u00a0B_2 = '\n'", "Price = 1 and B_2 = '\n'"),
    ],
)
def test_a_text_is_read_as_documented(text: str, canonical: str | None):
    if canonical is None:
        with pytest.raises(InputError, match="'1E400000' at character 24: expected a number below"):
            Filter.parse(text)
    else:
        assert str(Filter.parse(text)) == canonical


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("", "the end at character 1", "a column, 'not' or '('"),
        ("  ", "the end at character 3", "a column"),
        ("20 > price", "'20' at character 1", "a column"),
        ("price", "the end at character 6", "=, !=, <, <=, >, >=, between, in, any, all, none or"),
        ("price == 20", "'=' at character 8", "a number, true, false or a text in quotes"),
        ("price < cheap", "'cheap' at character 9", "a text in quotes"),
        ("price < 20px", "'px' at character 11", "'and', 'or' or the end"),
        ("price < 20 & new = 1", "'&' at character 12", "'and', 'or' or the end"),
        ("price between 1", "the end at character 16", "'and'"),
        ("(price < 20", "the end at character 12", "'and', 'or' or ')'"),
        ("price < 20)", "')' at character 11", "'and', 'or' or the end"),
        ("color in ()", "')' at character 11", "a number"),
        ("color in 'red'", "\"'red'\" at character 10", "'('"),
        ("color in ('a' 'b')", "\"'b'\" at character 15", "',' or ')'"),
        ("color = 'red", '"\'red" at character 9', "a text in quotes"),
        ("color is", "the end at character 9", "'missing' or 'not missing'"),
        ("color is not null", "'null' at character 14", "'missing'"),
        ("all = 1", "'all' at character 1", "in backticks"),
        ("color not in ('a')", "'not' at character 7", "=, !="),
        ("color = '" + "x" * 200, f'"\'{"x" * 76}...{"x" * 20}" at character 9', "in quotes"),
    ],
)
def test_what_is_no_filter_is_refused_by_its_place(text: str, place: str, expected: str):
    with pytest.raises(InputError) as raised:
        Filter.parse(text)
    message = str(raised.value)
    found, _, wanted = message.partition(": expected ")
    assert found == f"the filter has {place}"
    assert expected in wanted


def test_limits_are_those_of_the_documentation():
    deepest = "(" * 16 + "not " * 16 + "a = 1" + ")" * 16
    assert str(Filter.parse(deepest)) == "not " * 16 + "a = 1"
    with pytest.raises(InputError, match="at character 34: expected at most 32 parentheses and"):
        Filter.parse(f"({'(' * 32}a = 1{')' * 32})")
    with pytest.raises(InputError, match="at most 32"):
        Filter.parse("not " * 1000 + "a = 1")

    values = ",".join(["1"] * 999)
    Filter.parse(f"a in ({values}) and b = 1")
    with pytest.raises(InputError, match="expected at most 1000 values"):
        Filter.parse(f"a in ({values}) and b in (1, 2)")

    with pytest.raises(InputError, match="at character 1601: expected at most 100 comparisons"):
        Filter.parse(" or ".join(["c is missing"] * 101))

    longest = "a = " + "1" * 100 + " " * 3992
    Filter.parse(longest)
    with pytest.raises(InputError, match="has 4097 characters: at most 4096 are allowed"):
        Filter.parse(longest + " ")


def test_many_conditions_beside_each_other_are_not_deep():
    mask = Filter.parse(" or ".join(["(count = 10)"] * 100)).mask(make_artifact().columns)
    assert mask.tolist() == [False] * 5 + [True]


@pytest.fixture
def columns() -> Columns:
    metadata = {
        "price": [1.5, None, 3.0, 20.0, 7.0, 9.0],
        "kind": ["fruit", "fruit", None, "tool", "tool", "tool"],
        "tags": [["new"], [], ["sale"], None, ["new", "sale"], ["old"]],
        "added": ["2025-12-31", "2026-01-01", "2026-01-31", None, "2026-02-01", "2024-02-29"],
    }
    return replace(make_artifact(), metadata=metadata).columns


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("prise < 1", "no column 'prise', but count, title, price, kind, tags, added"),
        ("price = '1'", "'1' does not fit column price, which holds numbers"),
        ("price in (1, 'x')", "'x' does not fit column price, which holds numbers"),
        ("price any ('x')", "any .'x'. does not fit column price, which holds numbers"),
        ("kind = 1", "1 does not fit column kind, which holds texts"),
        ("kind in ('a', true)", "1 does not fit column kind, which holds texts"),
        ("kind none ('fruit')", "does not fit column kind, .*any, all and none are for lists"),
        ("tags = 'new'", "= 'new' does not fit column tags, which holds lists of texts: ask"),
        ("tags in ('new')", "in .'new'. does not fit column tags, which holds lists"),
        ("tags between 'a' and 'b'", "does not fit column tags, which holds lists"),
        ("tags any (1)", "1 does not fit column tags, which holds lists of texts"),
        ("price < 0 and kind = 1", "does not fit column kind"),
        ("price > 0 or x = 1", "no column 'x'"),
    ],
)
def test_a_column_that_does_not_fit_is_refused_by_name(columns: Columns, text: str, error: str):
    for _ in range(2):
        with pytest.raises(InputError, match=error):
            Filter.parse(text).mask(columns)


@pytest.mark.parametrize(
    ("text", "passing"),
    [
        ("price < 10 and (kind = 'fruit' or tags any ('new', 'old'))", ["apple", "saw", "drill"]),
        ("added between '2026-01-01' and '2026-01-31'", ["pear", "plum"]),
        ("added < '2026'", ["apple", "drill"]),
        ("kind != 'tool'", ["apple", "pear"]),
        ("not kind = 'tool'", ["apple", "pear", "plum"]),
        ("price != 3", ["apple", "hammer", "saw", "drill"]),
        ("tags all ('new', 'sale')", ["saw"]),
        ("tags all ('new', 'nothing')", []),
        ("tags none ('new', 'nothing')", ["pear", "plum", "drill"]),
        ("kind in ('Tool', 'FRUIT')", []),
    ],
)
def test_what_the_documentation_says(columns: Columns, text: str, passing: list[str]):
    mask = Filter.parse(text).mask(columns)
    assert [name for name, passes in zip(NAMES, mask, strict=True) if passes] == passing


def test_many_values_are_looked_up_as_few_are(columns: Columns, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(column_types, "FEW", 0)
    masks = {
        text: Filter.parse(text).mask(columns).tolist()
        for text in ("kind in ('tool')", "price in (3, 20)", "tags none ('sale', 'tool')")
    }
    assert list(masks.values()) == [
        [False, False, False, True, True, True],
        [False, False, True, True, False, False],
        [True, True, False, False, False, True],
    ]


def test_a_mask_belongs_to_its_caller(columns: Columns, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(columns_module, "LATEST_MASKS", 2)
    texts = ["price < 5", "kind = 'tool'", "price < 5", "tags any ('new')", "price < 5"] * 2
    expected = {text: Filter.parse(text).mask(columns).tolist() for text in texts}
    for text in texts:
        mask = Filter.parse(text).mask(columns)
        assert mask.tolist() == expected[text]
        mask[:] = ~mask


def test_the_latest_masks_are_made_once(columns: Columns, monkeypatch: pytest.MonkeyPatch):
    made: list[Condition] = []
    mask_of = Comparison.mask
    monkeypatch.setattr(
        Comparison, "mask", lambda self, columns: (made.append(self), mask_of(self, columns))[1]
    )
    monkeypatch.setattr(columns_module, "LATEST_MASKS", 2)
    for value in (1, 2, 1, 3, 1, 2):
        Filter.parse(f"price  <{value}").mask(columns)
    assert [condition.value for condition in made] == [1, 2, 3, 2]
