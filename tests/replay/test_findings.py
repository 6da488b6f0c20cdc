"""How two answers are compared."""

import json

import pytest

from trainer.replay.asking import Response
from trainer.replay.findings import Comparison, Findings
from trainer.replay.requests import Recorded


def request(line: int = 1, path: str = "/similar/x") -> Recorded:
    return Recorded(line, "GET", path, "", b"", 0)


def answer(items: str, seconds: float = 0.001) -> Response:
    """An answer with an item a letter."""
    return Response(200, json.dumps(listed(items)).encode(), seconds)


def listed(items: str) -> dict[str, object]:
    return {"items": [{"item_id": item, "title": f"An {item}"} for item in items]}


def problem(status: int) -> Response:
    return Response(status, b'{"status": 0}', 0.001)


def compared(*pairs: tuple[Response, Response], examples: int = 10) -> Findings:
    comparison = Comparison(("v1", "v2"), examples)
    for line, pair in enumerate(pairs, 1):
        comparison.add(request(line, f"/similar/{line}"), pair)
    return comparison.findings({})


@pytest.mark.parametrize(
    ("first", "second", "overlap", "identical", "correlation"),
    [
        ("abc", "abc", 1, 1, 1),
        ("abc", "cba", 1, 0, -1),
        ("abcd", "abdc", 1, 0, 0.8),
        ("abcd", "abxy", 0.5, 0, 1),
        ("abcd", "ab", 0.5, 0, 1),
        ("xayb", "bcad", 0.5, 0, -1),
        ("ab", "cd", 0, 0, None),
        ("", "", 1, 1, None),
        ("", "a", 0, 0, None),
    ],
)
def test_two_lists_have_an_overlap_and_an_order(
    first: str, second: str, overlap: float, identical: float, correlation: float | None
):
    found = compared((answer(first), answer(second)))
    assert (found.overlap, found.identical, found.lists) == (overlap, identical, 1)
    assert found.rank_correlation == pytest.approx(correlation)


def test_means_are_over_the_lists_that_both_answered():
    found = compared(
        (answer("ab"), answer("ab")),
        (answer("ab"), answer("ac")),
        (problem(404), answer("ab")),
        (problem(422), problem(404)),
    )
    assert (found.requests, found.lists) == (4, 2)
    assert (found.overlap, found.identical) == (0.75, 0.5)
    assert [side.errors for side in found.sides] == [{"404": 1, "422": 1}, {"404": 1}]


def test_every_query_of_a_batch_is_a_list_of_its_own():
    def batch(*answers: dict[str, object]) -> Response:
        return Response(200, json.dumps({"answers": answers}).encode(), 0.001)

    found = compared(
        (batch(listed("ab"), listed("ab"), {"status": 404}), batch(listed("ab"), listed("xy"), {}))
    )
    assert (found.requests, found.lists, found.overlap) == (1, 2, 0.5)
    assert [side.errors for side in found.sides] == [{"404": 1}, {}]
    (difference,) = found.differences
    assert difference.request == "GET /similar/1 (query 2)"


def test_the_most_different_answers_are_kept_with_titles_the_earlier_first():
    found = compared(
        (answer("abcd"), answer("abcx")),
        (answer("ab"), answer("xy")),
        (answer("abcd"), answer("abcd")),
        (answer("ab"), answer("ax")),
        (answer("cd"), answer("xy")),
        examples=3,
    )
    kept = [(difference.line, difference.overlap) for difference in found.differences]
    assert kept == [(2, 0), (5, 0), (4, 0.5)]
    assert found.differences[2].only == ({"b": "An b"}, {"x": "An x"})
    assert compared((answer("ab"), answer("xy")), examples=0).differences == []


def test_a_request_that_is_repeated_is_shown_once():
    comparison = Comparison(("v1", "v2"), 10)
    for line in (1, 2, 3):
        comparison.add(request(line), [answer("a"), answer("b")])
    found = comparison.findings({})
    assert (found.lists, [difference.line for difference in found.differences]) == (3, [1])


def test_times_are_those_of_each_version():
    found = compared(*[(answer("a", n / 1000), answer("a", 2 * n / 1000)) for n in range(101)])
    assert [(side.p50_ms, side.p99_ms) for side in found.sides] == [
        pytest.approx((50, 99)),
        pytest.approx((100, 198)),
    ]


def test_a_list_without_titles_is_compared_as_well():
    bare = Response(200, b'{"items": [{"item_id": "a", "score": 1}]}', 0.001)
    found = compared((bare, answer("b")))
    assert found.differences[0].only == ({"a": None}, {"b": "An b"})
