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
class RunState:
    """The state of a training run, apart from its matrices.

    Attributes:
        chunks: chunks trained so far, over all epochs.
        pairs: pairs trained so far, over all epochs.
        seconds: time spent training so far.
        loss: the loss of the batch after the last finished epoch, or before the first.
        epoch_losses: the loss of the batch after each finished epoch.
    """

    chunks: int = 0
    pairs: int = 0
    seconds: float = 0.0
    loss: float = 0.0
    epoch_losses: tuple[float, ...] = ()


class Checkpoint:
    """A file that always holds one complete state: a new file replaces it by renaming.

    Args:
        path: the file.
        minutes: the time between two saves; None: never save.
        resume: whether a run continues from the state in the file.
    """

    def __init__(self, path: Path, minutes: float | None, resume: bool) -> None:
        self._path = path
        self._seconds = None if minutes is None else minutes * 60
        self.resumes = resume
        self._saved_at = time.monotonic()

    def due(self) -> bool:
        """Whether it is time to save again."""
        return self._seconds is not None and time.monotonic() >= self._saved_at + self._seconds

    def save(self, fingerprint: Fingerprint, state: RunState, matrices: Matrices) -> None:
        """Replaces the state in the file; if the process is killed meanwhile, the old one stays.

        It also stays if the new one cannot be written, say because the disk is full. Then a warning
        is logged and training goes on: hours of work are not lost to a full disk.
        """
        header = json.dumps({"fingerprint": fingerprint, "progress": asdict(state)})
        try:
            with replacing(self._path) as file:
                np.savez(file, state=np.array(header), input=matrices.input, output=matrices.output)
        except OSError as error:
            logger.warning(
                "checkpoint %s cannot be written (%s): training goes on, and tries again in "
                "%.3g minutes",
                self._path,
                error.strerror or error,
                (self._seconds or 0) / 60,
            )
        self._saved_at = time.monotonic()

    def load(self, fingerprint: Fingerprint, matrices: Matrices) -> RunState:
        """Fills the matrices from the file, if the run is to be resumed.

        Returns:
            The state of that run; that of a new run, if none is to be resumed.

        Raises:
            InputError: there is no checkpoint, it is damaged, or it belongs to another run.
        """
        if not self.resumes:
            return RunState()
        try:
            with self._path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                header = json.loads(str(archive["state"]))
                self._check(header["fingerprint"], fingerprint)
                matrices.input[:] = archive["input"]
                matrices.output[:] = archive["output"]
        except FileNotFoundError:
            raise InputError(f"there is no checkpoint {self._path} to resume from") from None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise InputError(f"{self._path} is damaged ({error}): train without --resume") from None
        state = header["progress"]
        return RunState(**state | {"epoch_losses": tuple(state["epoch_losses"])})

    def remove(self) -> None:
        """Deletes the file, once the run has ended."""
        self._path.unlink(missing_ok=True)

    def _check(self, saved: Fingerprint, expected: Fingerprint) -> None:
        differing = [name for name in expected if saved.get(name) != expected[name]]
        if differing:
            raise InputError(
                f"{self._path} belongs to another run: {', '.join(differing)} differ; train "
                "without --resume, or with the data and settings of that run"
            )


def fingerprint(
    sessions: Sessions, vocabulary: Vocabulary, config: TrainingConfig, chunk_items: int
) -> dict[str, Any]:
    """What must not change if a run is to be resumed: data, hyper-parameters, size of chunks.

    Args:
        sessions: the encoded corpus.
        vocabulary: its items.
        config: every hyper-parameter.
        chunk_items: about how many items a chunk has, since a state counts chunks.
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
