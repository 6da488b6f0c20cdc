"""The checksums by which an artifact is known to be intact."""

import hashlib
from pathlib import Path

from service.model.artifact import MANIFEST

# Hashed without the GIL, which has to be waited for after each block where queries are answered.
BLOCK = 1 << 22


def of_file(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    sha256 = hashlib.sha256()
    block = memoryview(bytearray(BLOCK))
    with path.open("rb", buffering=0) as file:
        while length := file.readinto(block):
            sha256.update(block[:length])
    return sha256.hexdigest()


def of_manifest(content: bytes) -> bytes:
    """The content of the manifest's own checksum file, as `sha256sum` writes it."""
    return f"{hashlib.sha256(content).hexdigest()}  {MANIFEST}\n".encode()
