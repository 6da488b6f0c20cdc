"""Saves a training run part-way, so that it can be resumed."""

import hashlib
import json
import logging
import time
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.model.disk import replacing
from service.model.errors import InputError
from trainer.config.sections import TrainingConfig
from trainer.corpus import Sessions, Vocabulary
from trainer.word2vec.matrices import Matrices

Fingerprint = Mapping[str, Any]
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progress:
    """How far a run has come, besides its matrices.

    Attributes:
        chunks: chunks trained so far, in all epochs.
        pairs: pairs trained so far, in all epochs.
        seconds: time spent training so far.
        loss: of the batch at the end of the last finished epoch, or before the first.
        epoch_losses: the same, per finished epoch.
    """

    chunks: int = 0
    pairs: int = 0
    seconds: float = 0.0
    loss: float = 0.0
    epoch_losses: tuple[float, ...] = ()


class Checkpoint:
    """One file that always holds a complete state: a new one is written beside it and renamed.

    Args:
        path: the file.
        minutes: how often to write it; None is never.
        resume: whether a run continues from what the file holds.
    """

    def __init__(self, path: Path, minutes: float | None, resume: bool) -> None:
        self._path = path
        self._seconds = None if minutes is None else minutes * 60
        self._resume = resume
        self._written = time.monotonic()

    def due(self) -> bool:
        """Whether it is time to save again."""
        return self._seconds is not None and time.monotonic() >= self._written + self._seconds

    def save(self, fingerprint: Fingerprint, progress: Progress, matrices: Matrices) -> None:
        """Replaces what the file holds; a process killed meanwhile leaves it as it was.

        Where it cannot be written, because the disk is full say, the file stays as it was too and
        a warning is logged: hours of training do not end because of that.
        """
        state = json.dumps({"fingerprint": fingerprint, "progress": asdict(progress)})
        try:
            with replacing(self._path) as file:
                np.savez(file, state=np.array(state), input=matrices.input, output=matrices.output)
        except OSError as error:
            logger.warning(
                "checkpoint %s cannot be written (%s): training goes on, the next one is tried "
                "in %.3g minutes",
                self._path,
                error.strerror or error,
                (self._seconds or 0) / 60,
            )
        self._written = time.monotonic()

    def load(self, fingerprint: Fingerprint, matrices: Matrices) -> Progress:
        """Fills the matrices from the file, if the run is to be resumed.

        Returns:
            How far that run had come; nothing, where no run is to be resumed.

        Raises:
            InputError: there is no checkpoint, it is damaged, or it belongs to another run.
        """
        if not self._resume:
            return Progress()
        try:
            with self._path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                state = json.loads(str(archive["state"]))
                self._check(state["fingerprint"], fingerprint)
                matrices.input[:] = archive["input"]
                matrices.output[:] = archive["output"]
        except FileNotFoundError:
            raise InputError(f"there is no checkpoint {self._path} to resume from") from None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(f"{self._path} is damaged ({error}): train without --resume") from None
        progress = state["progress"]
        return Progress(**progress | {"epoch_losses": tuple(progress["epoch_losses"])})

    def remove(self) -> None:
        """Forgets the run, once it has ended."""
        self._path.unlink(missing_ok=True)

    def _check(self, found: Fingerprint, expected: Fingerprint) -> None:
        differing = [name for name in expected if found.get(name) != expected[name]]
        if differing:
            raise InputError(
                f"{self._path} belongs to another run: {', '.join(differing)} differ; train "
                "without --resume, or as that run was started"
            )


def fingerprint(
    sessions: Sessions, vocabulary: Vocabulary, config: TrainingConfig, chunk_items: int
) -> dict[str, Any]:
    """What must be the same for a run to be continued: the data, every hyper-parameter, the chunks.

    Args:
        sessions: the encoded corpus.
        vocabulary: its items.
        config: every hyper-parameter.
        chunk_items: about how many items a chunk has; progress is counted in chunks.
    """
    digest = hashlib.sha256("\n".join(vocabulary.item_ids).encode())
    arrays: list[NDArray[Any]] = [sessions.items, sessions.offsets, vocabulary.counts]
    if sessions.weights is not None:
        arrays.append(sessions.weights)
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return {
        "data": digest.hexdigest(),
        "chunk_items": chunk_items,
        **config.model_dump(mode="json", exclude={"workers"}),
    }
