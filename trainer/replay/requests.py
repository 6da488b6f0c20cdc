"""Recorded requests, read from a file: one JSON object a line.

    {"method": "GET", "path": "/similar/85123A?k=5"}
    {"method": "GET", "path": "/similar/85123A", "query": {"k": 5}}
    {"method": "POST", "path": "/recommend", "body": {"liked": ["22423"]}}

`path` is as it was sent, percent-encoded. `query` is what stands behind its question mark, as text
or as an object. `method` is POST with a body and GET without one, if it is not named. Other fields
are ignored, so that lines of the service's own log are such requests if it was written at `debug`.
That log has no bodies: its POSTs are left out, and counted.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote, urlencode

from service.model import disk
from service.model.errors import InputError, short

# What is answered with items; everything else would be answered alike, or changes what is hidden.
OF_A_MODEL = re.compile(r"^/m/[a-z0-9_-]+/")  # where a service had several, the log of one
QUERIES = frozenset({"similar", "next", "recommend", "analogy", "popular"})
ACCESS_LOG = "item2vec.access"

Reason = Literal["no_query", "no_body", "no_path"]
REASONS: Mapping[Reason, str] = {
    "no_query": "no query for items",
    "no_body": "a POST without its body, which the service does not log",
    "no_path": "a line of a log without `path`, which the service logs at `debug` only",
}


class Recorded(NamedTuple):
    """A request as it was recorded.

    Attributes:
        line: its number in the file.
        method: GET or POST.
        path: decoded, without the query.
        query: what is behind the question mark, encoded.
        body: JSON, or nothing.
        position: bytes of the file up to the end of its line.
    """

    line: int
    method: str
    path: str
    query: str
    body: bytes
    position: int

    def __str__(self) -> str:
        query = f"?{self.query}" if self.query else ""
        return " ".join(filter(None, [self.method, self.path + query, self.body.decode()]))


class Requests:
    """The requests of a file, read while they are iterated over.

    Attributes:
        left_out: how many lines were left out so far, by reason.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.left_out: Counter[Reason] = Counter()

    def __iter__(self) -> Iterator[Recorded]:
        """Raises InputError for a line that is no request, naming it; UnavailableError."""
        position = 0
        with disk.failures(self._path, "read"), self._path.open("rb") as file:
            for number, line in enumerate(file, 1):
                position += len(line)
                if not line.strip():
                    continue
                try:
                    request = self._request(line, number, position)
                except ValueError as error:
                    raise InputError(f"{self._path}: line {number} {error}") from None
                if request is not None:
                    yield request

    def _request(self, line: bytes, number: int, position: int) -> Recorded | None:
        """The request of a line; None where it is left out.

        Raises:
            ValueError: saying what is wrong with the line.
        """
        fields = _object(line)
        if "path" not in fields and "logger" in fields:
            is_access = fields["logger"] == ACCESS_LOG
            self.left_out["no_path" if is_access else "no_query"] += 1
            return None
        path, _, query = _text(fields, "path").partition("?")
        path = OF_A_MODEL.sub("/", path)
        if not path.startswith("/"):
            raise ValueError(f"has path {short(path)!r}, which does not begin with a slash")
        body = json.dumps(fields["body"]).encode() if "body" in fields else b""
        method = _text(fields, "method") if "method" in fields else "POST" if body else "GET"
        query = "&".join(filter(None, [query, _query(fields.get("query", ""))]))
        if path.split("/")[1] not in QUERIES or method not in ("GET", "POST"):
            self.left_out["no_query"] += 1
            return None
        if method == "POST" and not body:
            self.left_out["no_body"] += 1
            return None
        return Recorded(number, method, unquote(path), query, body, position)


def _object(line: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(line)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        text = short(line.decode(errors="replace").strip())
        raise ValueError(f"is no JSON object: {text!r}")
    return fields


def _text(fields: dict[str, Any], name: str) -> str:
    if name not in fields:
        raise ValueError(f'has no `{name}`; a request is {{"method": "GET", "path": "/similar/X"}}')
    value = fields[name]
    if not isinstance(value, str):
        raise ValueError(f"has {name} {short(repr(value))}, which is no text")
    return value


def _query(query: object) -> str:
    if isinstance(query, str):
        return query.removeprefix("?")
    if not isinstance(query, dict):
        raise ValueError(f"has query {short(repr(query))}, which is neither text nor an object")
    return urlencode(query, doseq=True)
