"""The files of the page, read once."""

import gzip
import mimetypes
import zlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import NamedTuple

WORTH_PACKING = 500  # bytes
TYPES = {".js": "text/javascript", ".svg": "image/svg+xml", ".css": "text/css"}


class File(NamedTuple):
    """A file of the page.

    Attributes:
        content: its bytes.
        packed: the same by gzip; None if that saves nothing.
        media_type: what it is.
        tag: an entity tag, another one for another content.
    """

    content: bytes
    packed: bytes | None
    media_type: str
    tag: str


@cache
def page_files() -> dict[str, File]:
    """Every file by its path within the folder of the page."""
    return {path: _file(path, found) for path, found in _walk(files(__package__) / "static", "")}


def _walk(folder: Traversable, before: str) -> list[tuple[str, Traversable]]:
    found = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        path = f"{before}{entry.name}"
        found += _walk(entry, f"{path}/") if entry.is_dir() else [(path, entry)]
    return found


def _file(path: str, found: Traversable) -> File:
    content = found.read_bytes()
    packed = gzip.compress(content, mtime=0) if len(content) > WORTH_PACKING else None
    ending = path[path.rfind(".") :]
    media_type = TYPES.get(ending) or mimetypes.guess_type(path)[0] or "application/octet-stream"
    return File(content, packed, media_type, f'"{zlib.crc32(content):08x}-{len(content)}"')
