"""The checksums by which an artifact is known to be intact."""

import hashlib
from pathlib import Path

from service.model.artifact import MANIFEST


def of_file(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_manifest(content: bytes) -> bytes:
    """The content of the manifest's own checksum file, as `sha256sum` writes it."""
    return f"{hashlib.sha256(content).hexdigest()}  {MANIFEST}\n".encode()
