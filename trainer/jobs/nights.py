"""The context in which the nightly job runs: what becomes of it is noted in the store."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from service.model.artifact import Manifest
from service.model.errors import Item2VecError, JobRunningError, RefusedError, sentence
from service.model.figures import figures_of
from service.model.nights import Night, Nights, Outcome
from service.model.remote.bucket import Bucket
from service.model.remote.nightly_record import push_nights
from service.model.store import Store
from trainer.config.jobs import Config
from trainer.jobs.notify import notify
from trainer.jobs.push import NotPushedError
from trainer.view.display import Silent


@dataclass
class Run:
    """A run of the job, while it goes on.

    Attributes:
        published: the manifest of the version that was published; None until then.
    """

    published: Manifest | None = None


@contextmanager
def noted(config: Config, display: Silent) -> Iterator[Run]:
    """Notes in the store how the job inside it ends, then tells whom it concerns.

    Errors pass through unchanged. Where the note cannot be written, or nobody can be told, the
    display says so, and nothing else changes.
    """
    run, started = Run(), datetime.now(UTC)
    try:
        yield run
    except JobRunningError:  # it is the other's night
        raise
    except BaseException as error:
        _end(_failed(error, started), config, display)
        raise
    if run.published is None:
        return
    night = Night(
        started=started,
        ended=datetime.now(UTC),
        outcome="published",
        exit_code=0,
        version=run.published.model_version,
        why=run.published.verdict,
    )
    _end(night, config, display)


def _end(night: Night, config: Config, display: Silent) -> None:
    try:
        Nights(config.models).add(_measured(night, config))
        if config.publish.push is not None:
            push_nights(Store(config.models), Bucket(config.publish.push))
    except Item2VecError as error:
        display.warn(f"this run is not noted everywhere: {error}")
    notify(config.notify, night, config.models, display)


def _measured(night: Night, config: Config) -> Night:
    """The night with what the gate measured of its version, which may be deleted before long."""
    if night.version is None:
        return night
    try:
        manifest = Store(config.models).manifest(night.version)
    except Item2VecError:  # refused, and kept for no night, or damaged
        return night
    return night.model_copy(update={"figures": figures_of(manifest)})


def _failed(error: BaseException, started: datetime) -> Night:
    code = _exit_code(error)
    outcome: Outcome = "failed"
    version = None
    match error:
        case RefusedError():
            outcome, version = "refused", error.version
        case NotPushedError():  # served where it was published
            outcome, version = "published", error.version
    return Night(
        started=started,
        ended=datetime.now(UTC),
        outcome=outcome,
        exit_code=code,
        version=version,
        why=_why(error, code),
    )


def _exit_code(error: BaseException) -> int:
    """What the command will exit with."""
    match error:
        case Item2VecError():
            return error.exit_code
        case KeyboardInterrupt():
            return 128 + signal.SIGINT
        case SystemExit(code=int(code)):
            return code
        case _:
            return 1


def _why(error: BaseException, code: int) -> str:
    if isinstance(error, KeyboardInterrupt | SystemExit) and code > 128:
        return f"stopped by {signal.Signals(code - 128).name}"
    if isinstance(error, RefusedError):
        return error.why
    if isinstance(error, Item2VecError | OSError):
        return sentence(error)
    return f"{type(error).__name__}: {error}"
