"""What is read as a recorded request, and what is not."""

import json
from pathlib import Path

import pytest

from service.model.errors import InputError
from trainer.replay.requests import Recorded, Requests


def read(tmp_path: Path, *lines: object) -> tuple[list[Recorded], dict[str, int]]:
    """The requests of a file, and how many lines were left out."""
    file = tmp_path / "requests.jsonl"
    file.write_text(
        "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    )
    requests = Requests(file)
    return list(requests), dict(requests.left_out)


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ({"path": "/similar/a?k=5"}, ("GET", "/similar/a", "k=5", b"")),
        ({"method": "GET", "path": "/next/a%2Fb%3F"}, ("GET", "/next/a/b?", "", b"")),
        ({"path": "/similar/ä", "query": "?k=5"}, ("GET", "/similar/ä", "k=5", b"")),
        (
            {"path": "/recommend?k=1", "query": {"liked": ["a b", "c&d"], "decay": 0.5}},
            ("GET", "/recommend", "k=1&liked=a+b&liked=c%26d&decay=0.5", b""),
        ),
        (
            {"path": "/recommend", "body": {"liked": []}},
            ("POST", "/recommend", "", b'{"liked": []}'),
        ),
        ({"path": "/popular", "anything": "else", "logger": "mine"}, ("GET", "/popular", "", b"")),
    ],
)
def test_a_line_is_a_request(tmp_path: Path, line: object, asked: tuple[str, str, str, bytes]):
    ([request], left_out) = read(tmp_path, line)
    assert (request.method, request.path, request.query, request.body) == asked
    assert left_out == {}


def test_lines_are_numbered_and_their_ends_known(tmp_path: Path):
    requests, _ = read(tmp_path, {"path": "/popular"}, "", {"path": "/popular"})
    assert [request.line for request in requests] == [1, 3]
    assert requests[-1].position == (tmp_path / "requests.jsonl").stat().st_size


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ({"path": "/healthz"}, "no_query"),
        ({"path": "/"}, "no_query"),
        ({"path": "/admin/hidden/a", "method": "PUT"}, "no_query"),
        ({"path": "/similar/a", "method": "HEAD"}, "no_query"),
        ({"logger": "uvicorn.error", "message": "Started"}, "no_query"),
        ({"logger": "item2vec.access", "route": "/similar/{item_id}"}, "no_path"),
        ({"logger": "item2vec.access", "method": "POST", "path": "/recommend"}, "no_body"),
    ],
)
def test_what_cannot_be_compared_is_left_out_and_counted(tmp_path: Path, line: object, reason: str):
    assert read(tmp_path, line, line) == ([], {reason: 2})


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "is no JSON object: '{'"),
        ("[1]", "is no JSON object: '[1]'"),
        ("127.0.0.1 - - GET /similar/a", "is no JSON object: '127.0.0.1 - - GET /similar/a'"),
        ({"method": "GET"}, "has no `path`; a request is"),
        ({"path": 5}, "has path 5, which is no text"),
        ({"path": "similar/a"}, "has path 'similar/a', which does not begin with a slash"),
        ({"path": "/popular", "method": None}, "has method None, which is no text"),
        ({"path": "/popular", "query": 5}, "has query 5, which is neither text nor an object"),
        ({"path": "x" * 1000}, "xxx...xxx"),
    ],
)
def test_a_line_that_is_no_request_is_named(tmp_path: Path, line: object, problem: str):
    with pytest.raises(InputError) as raised:
        read(tmp_path, {"path": "/popular"}, line)
    message = str(raised.value)
    assert message.startswith(f"{tmp_path / 'requests.jsonl'}: line 2 ")
    assert problem in message
    assert len(message) < 400
