"""The errors item2vec raises on purpose.

    Item2VecError                    a job ends with exit code 1
    ├── InputError                   wrong usage or input: exit code 2
    │   ├── ConfigError              a setting is unknown, impossible or contradicts another
    │   ├── EventLogError            the event log cannot be read, or nothing is left of it
    │   ├── NoContinuationsError     the model was not trained for the relation `next`: HTTP 409
    │   └── UnknownItemError         an item the model has never seen: HTTP 404
    │       └── UntrainedItemError   it is known, but has no vector
    ├── ArtifactError                an artifact is damaged or of another format: for good
    ├── UnavailableError             the disk or memory fails, a file is missing: may pass
    ├── NoModelError                 nothing has been published yet: HTTP 503
    ├── RefusedError                 the gate refused a new version: exit code 3
    ├── NotPushedError               published here, but not in the object store
    │                                (defined in `trainer.jobs.push`)
    ├── JobRunningError              another job holds the lock of the store
    ├── MissingPackageError          a package is not installed that training needs
    │                                (defined in `item2vec.packages`)
    └── DivergenceError              training diverged: its vectors became infinite or NaN
                                     (defined in `trainer.word2vec.training`)

A message names the value that is wrong and what to do about it.
"""

from typing import ClassVar

LONGEST_VALUE = 100  # characters of a value that a message repeats


def short(text: str) -> str:
    """The text, or its two ends if it is long, so that no message grows with its input."""
    if len(text) <= LONGEST_VALUE:
        return text
    return f"{text[: LONGEST_VALUE - 23]}...{text[-20:]}"


def sentence(error: BaseException) -> str:
    """What went wrong, in the words of the error; an error of the disk names the file."""
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        return f"{place}{error.strerror or error}"
    return str(error)


class Item2VecError(Exception):
    """Anything that went wrong for a reason we know."""

    exit_code: ClassVar[int] = 1


class InputError(Item2VecError):
    """The caller's input cannot be used."""

    exit_code: ClassVar[int] = 2


class ConfigError(InputError):
    """A setting is unknown, impossible or contradicts another."""


class EventLogError(InputError):
    """The event log cannot be read, or nothing is left of it."""


class NoContinuationsError(InputError):
    """The model was not trained for the relation `next`."""


class UnknownItemError(InputError):
    """An item the model has never seen."""

    reason: ClassVar[str] = "the model does not know item {}"

    def __init__(self, item_id: str) -> None:
        super().__init__(self.reason.format(repr(short(item_id))))
        self.item_id = item_id


class UntrainedItemError(UnknownItemError):
    """An item that is known, but not from the log, so that nothing can be answered about it."""

    reason: ClassVar[str] = (
        "item {} is known, but untrained: it is in the file of items, but not in the sessions that "
        "the model learned from"
    )


class ArtifactError(Item2VecError):
    """An artifact is damaged or of another format; reading it again will not help."""


class UnavailableError(Item2VecError):
    """The disk or memory fails, or a file is missing; trying again may help."""


class NoModelError(Item2VecError):
    """Nothing has been published yet."""


class RefusedError(Item2VecError):
    """The gate refused to publish a new version; the current one stays.

    Attributes:
        version: the refused one, None if the log was refused before anything was trained.
        why: the message without advice.
    """

    exit_code: ClassVar[int] = 3

    def __init__(self, why: str, advice: str, version: str | None = None) -> None:
        super().__init__(f"{why}. {advice}")
        self.version = version
        self.why = why


class JobRunningError(Item2VecError):
    """Another job holds the lock of the store."""
