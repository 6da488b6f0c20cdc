"""A fault in the content of an artifact."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from service.model.errors import ArtifactError

Fault = tuple[str, str]  # the name of a file, and what is wrong with it


def refuse(faults: Iterator[Fault], directory: Path) -> None:
    """Raises an error for the first fault, if there is one.

    Each check relies on those before it, so nothing is checked after the first fault.

    Raises:
        ArtifactError: naming the file that is at fault.
    """
    fault = next(faults, None)
    if fault:
        name, problem = fault
        raise ArtifactError(f"{directory / name} {problem}")


def differs(name: str, content: str, expected: str) -> Iterator[Fault]:
    """A fault unless the content of a file is what was expected."""
    if content != expected:
        yield name, f"holds {content} where {expected} was expected"


def shape(array: NDArray[Any]) -> str:
    """The type and the shape of an array, to be compared and shown."""
    return f"{array.dtype} {array.shape}"
