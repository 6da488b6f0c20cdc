"""Brings what is published in an object store into the local one, while the service runs."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from filelock import FileLock, Timeout

from service.model import disk
from service.model.errors import ArtifactError, Item2VecError, NoModelError
from service.model.remote import history
from service.model.remote.bucket import Bucket
from service.model.remote.download import pull
from service.model.remote.hidden_list import pull_hidden
from service.model.remote.nightly_record import pull_nights
from service.model.store import Store
from service.web.metrics import Metrics
from service.web.settings import Settings

KEPT_VERSIONS = 2  # in the local store: the one that is served, and the one before
LONGEST_WAIT = 300.0  # seconds between two looks where the object store fails

# pulled: a version was brought and made current. refused: it is damaged. failed: it is tried again.
Outcome = Literal["pulled", "refused", "failed"]

logger = logging.getLogger(__name__)


class _StoppedError(Exception):
    """The service ends, and so does a download."""


@contextmanager
def pulling(settings: Settings, metrics: Metrics) -> Iterator[None]:
    """Looks for new versions in a thread of its own, if `settings.pull` says where."""
    if settings.pull is None:
        yield
        return
    puller = Puller(
        Store(next(iter(settings.stores.values()))),
        Bucket(settings.pull),
        settings.pull_seconds,
        lambda outcome: metrics.pulls.labels(outcome).inc(),
    )
    thread = threading.Thread(target=puller.run, name="pulling", daemon=True)
    thread.start()
    try:
        yield
    finally:
        puller.stop()
        thread.join(settings.stop_seconds)


class Puller:
    """Follows the current version and the hidden items of a bucket.

    Of all processes over one store a single one pulls: the first to lock it. If that one dies,
    another takes its place. What is served is left to `LiveModel`, which looks at the store alone.

    Args:
        store: the local store; its directory must be writable.
        bucket: where versions are pushed.
        seconds: between two looks.
        on_pull: called with the outcome of every attempt to bring a version.
    """

    def __init__(
        self, store: Store, bucket: Bucket, seconds: float, on_pull: Callable[[Outcome], None]
    ) -> None:
        self._store = store
        self._bucket = bucket
        self._seconds = self._wait = seconds
        self._on_pull = on_pull
        self._lock = FileLock(store.directory / ".pull", timeout=0, thread_local=False)
        self._refused: object = None  # the mark of a history whose version is damaged
        self._complaint = ""
        self._is_failing = False
        self._is_first = True  # a copy from before this process may be damaged
        self._stopping = threading.Event()

    def run(self) -> None:
        """Looks again and again until it is stopped."""
        while not self._stopping.is_set():
            self._stopping.wait(self.look())
        self._lock.release()

    def stop(self) -> None:
        """Makes `run` end before the next piece of a file."""
        self._stopping.set()

    def look(self) -> float:
        """Brings the current version of the bucket if it is not that of the store.

        If that fails, it is reported once. A damaged version is tried again once it was pushed
        anew; after any other failure the next look is twice as far away every time, up to five
        minutes.

        Returns:
            The seconds until it should be called again.
        """
        try:
            if self._is_ours():
                self._pull()
                self._recover()
        except _StoppedError:
            pass
        except (ArtifactError, NoModelError) as error:
            self._complain(error)
            self._wait = self._seconds
        except (Item2VecError, OSError, MemoryError) as error:
            self._complain(error)
            self._is_failing = True
            self._wait = min(2 * self._wait, max(LONGEST_WAIT, self._seconds))
        except Exception:
            logger.exception("looking for a new model in %s failed", self._bucket.url)
            self._wait = max(LONGEST_WAIT, self._seconds)
        return self._wait

    def _is_ours(self) -> bool:
        if self._lock.is_locked:
            return True
        with disk.failures(self._store.directory, "written"):
            self._store.directory.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire()
            except Timeout:
                return False
        return True

    def _pull(self) -> None:
        pull_hidden(self._store, self._bucket)
        pull_nights(self._store, self._bucket)
        version, mark = history.current(self._bucket)
        if mark == self._refused:
            return
        self._refused = None
        try:
            verify, self._is_first = self._is_first, False
            is_new = pull(self._store, self._bucket, version, self._go_on, verify=verify)
        except ArtifactError:
            self._refused = mark
            self._on_pull("refused")
            raise
        except (Item2VecError, OSError, MemoryError):
            self._on_pull("failed")
            raise
        if is_new:
            logger.info("pulled version %s from %s", version, self._bucket.url)
            self._on_pull("pulled")
            self._store.prune(KEPT_VERSIONS)

    def _go_on(self, _done: int, _total: int) -> None:
        if self._stopping.is_set():
            raise _StoppedError

    def _complain(self, error: Exception) -> None:
        """Logs a failure unless it was the last one logged."""
        sentence = f"no new model from {self._bucket.url}: {error}"
        if sentence != self._complaint:
            self._complaint = sentence
            logger.error(sentence)

    def _recover(self) -> None:
        self._wait, self._complaint = self._seconds, ""
        if self._is_failing:
            self._is_failing = False
            logger.info("%s can be read again", self._bucket.url)
