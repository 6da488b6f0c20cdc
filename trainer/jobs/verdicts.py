"""The verdicts that a store remembers beside its versions.

<store>/verdict.json   of the last retraining, published or not
<store>/judged.json    what a run passed that has begun its second training
"""

from pathlib import Path

from pydantic import ValidationError

from service.model.artifact import Artifact
from service.model.disk import replacing
from service.model.errors import ArtifactError, UnavailableError
from service.model.store import Store
from service.model.verdict import Check, Verdict
from trainer.gate.checks import not_made


class Verdicts:
    """The remembered verdicts of a store.

    Args:
        store: whose directory they are in.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._last = store.directory / "verdict.json"
        self._passed = store.directory / "judged.json"

    def last(self) -> Verdict | None:
        """That of the last retraining, None if none was judged yet.

        Raises:
            ArtifactError: the file is damaged.
        """
        try:
            return Verdict.model_validate_json(self._last.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError:
            raise ArtifactError(
                f"{self._last} is damaged: the next retraining replaces it"
            ) from None

    def note_last(self, verdict: Verdict) -> None:
        """Replaces that of the last retraining."""
        _write(verdict, self._last)

    def note_passed(self, verdict: Verdict) -> None:
        """Remembers what was passed, for a run that is interrupted from now on."""
        _write(verdict, self._passed)

    def passed(self) -> list[Check]:
        """The checks of the comparison that an interrupted run has passed."""
        try:
            verdict = Verdict.model_validate_json(self._passed.read_bytes())
        except (OSError, ValidationError):
            why = "the run that was interrupted made no comparison"
            return [not_made("comparison", "comparison", why)]
        return [check for check in verdict.checks if check.kind == "comparison"]

    def forget_passed(self) -> None:
        """Forgets what an interrupted run has passed."""
        self._passed.unlink(missing_ok=True)

    def refusals_since(self, current: Artifact | None) -> int:
        """How many retrainings in a row the comparison alone has refused since a version."""
        since = "" if current is None else current.manifest.model_version
        for version in reversed(self._store.versions()):
            if version <= since:
                return 0
            try:
                manifest = self._store.manifest(version)
            except (ArtifactError, UnavailableError):
                continue
            if manifest.gate is not None:
                return manifest.gate.refusals if manifest.refused else 0
        return 0


def _write(verdict: Verdict, path: Path) -> None:
    with replacing(path) as file:
        file.write(verdict.model_dump_json(indent=2).encode())
