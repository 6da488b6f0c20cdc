"""The record of the nightly job: what became of each of its runs.

    <store>/nights    one run a line, as a JSON object, the newest last

The file is replaced by a rename, under the lock of the store: a reader finds a complete one. A run
that is killed outright leaves no line, which is why it is the age of the newest that tells.
"""

import os
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError, field_validator

from service.model import disk
from service.model.disk import NEVER, Mark
from service.model.errors import ArtifactError
from service.model.figures import Figure
from service.model.lock import locked

KEPT = 400  # runs: more than a year of nights
LONGEST_WHY = 1000  # characters
LOCK_SECONDS = 30.0  # of waiting for the lock

Outcome = Literal["published", "refused", "failed"]


class Night(BaseModel):
    """A run of the nightly job.

    Attributes:
        started: when it began.
        ended: when its outcome was known.
        outcome: a version was published; or a new one was refused, or nothing came of it, and the
            version before stayed.
        exit_code: what the command exited with.
        version: the version that was published or refused, if there is one.
        why: one sentence.
        figures: what the gate measured of the version; it outlives the version.
    """

    model_config = ConfigDict(frozen=True)

    started: AwareDatetime
    ended: AwareDatetime
    outcome: Outcome
    exit_code: int
    version: str | None = None
    why: str
    figures: dict[str, Figure] = {}

    @field_validator("why")
    @classmethod
    def _is_a_line_of_text(cls, why: str) -> str:
        printable = "".join(character if character.isprintable() else " " for character in why)
        return " ".join(printable.split())[:LONGEST_WHY]


class Nights:
    """The newest runs of the nightly job over a store.

    Args:
        directory: of the store; created when the first run is noted.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._path = directory / "nights"
        self._read_last: tuple[Mark, tuple[Night, ...]] = NEVER, ()

    def add(self, night: Night) -> None:
        """Notes a run; the oldest is forgotten where there are too many.

        Raises:
            UnavailableError: the file cannot be read or written now.
            JobRunningError: another process does not release the lock.
        """
        with disk.failures(self._path, "written"), locked(self._directory, LOCK_SECONDS):
            lines = [*self._lines()[1], night.model_dump_json().encode()]
            with disk.replacing(self._path) as file:
                file.writelines(line + b"\n" for line in lines[-KEPT:])

    def content(self) -> bytes:
        """The file as it is, empty before the first run.

        Raises:
            UnavailableError: it cannot be read now.
        """
        with disk.failures(self._path, "read"):
            return b"".join(line + b"\n" for line in self._lines()[1])

    def replace(self, content: bytes) -> None:
        """Replaces the file; raises what `add` does."""
        with (
            disk.failures(self._path, "written"),
            locked(self._directory, LOCK_SECONDS),
            disk.replacing(self._path) as file,
        ):
            file.write(content)

    def runs(self) -> tuple[Night, ...]:
        """The runs, the newest last; the file is read again only if it has changed.

        Raises:
            ArtifactError: the file is damaged.
            UnavailableError: it cannot be read now.
        """
        with disk.failures(self._path, "read"):
            if self._mark() != self._read_last[0]:
                mark, lines = self._lines()
                runs = tuple(self._night(line, number) for number, line in enumerate(lines, 1))
                self._read_last = mark, runs
        return self._read_last[1]

    def _mark(self) -> Mark:
        try:
            return Mark.of(self._path.stat())
        except FileNotFoundError:
            return NEVER

    def _lines(self) -> tuple[Mark, list[bytes]]:
        try:
            with self._path.open("rb") as file:
                return Mark.of(os.fstat(file.fileno())), file.read().splitlines()
        except FileNotFoundError:
            return NEVER, []

    def _night(self, line: bytes, number: int) -> Night:
        try:
            return Night.model_validate_json(line)
        except ValidationError:
            raise ArtifactError(
                f"{self._path} is damaged in line {number}: delete that line"
            ) from None
