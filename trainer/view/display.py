"""The interface through which jobs report progress; this one shows nothing."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from trainer.corpus import DataReport

OnBytes = Callable[[int, int], None]

if TYPE_CHECKING:  # a display is made before it is known whether kernels are needed
    from service.model.verdict import Verdict
    from trainer.config.jobs import TuningConfig
    from trainer.evaluation.comparison import OnCases
    from trainer.events.encoding import OnRead
    from trainer.tuning.findings import Trial
    from trainer.word2vec.training import OnSnapshot

    OnRequest = Callable[[int, int], None]
    OnTrial = Callable[[Trial, Trial], None]


class Silent:
    """Shows nothing. Displays that show something are `Lines`, `JsonLines`, `Bars` and `Quiet`."""

    @contextmanager
    def reading(self, paths: Sequence[str]) -> Iterator["OnRead"]:
        """A log is being read; yields a function to call with the number of events read so far."""
        yield lambda _: None

    def plan(self, text: str) -> None:
        """What a job is about to do, and how long that takes as far as it is known."""

    def data(self, report: DataReport) -> None:
        """What became of the events."""

    @contextmanager
    def training(self) -> Iterator["OnSnapshot"]:
        """Vectors are being trained; yields the function that `training.train` reports to."""
        yield lambda _: None

    @contextmanager
    def working(self, step: str) -> Iterator[None]:
        """A step takes a while and cannot report its progress."""
        yield

    @contextmanager
    def copying(self, step: str) -> Iterator[OnBytes]:
        """Files are copied; yields a function of the bytes copied so far, and in all."""
        yield lambda _done, _total: None

    @contextmanager
    def evaluating(self) -> Iterator["OnCases"]:
        """Models are being evaluated; yields an `OnCases`."""
        yield lambda _model, _done, _cases: None

    @contextmanager
    def searching(self, tuning: "TuningConfig") -> Iterator["OnTrial"]:
        """Settings are being searched for; yields a function of each trial and the best so far."""
        yield lambda _trial, _best: None

    @contextmanager
    def replaying(self, size: int) -> Iterator["OnRequest"]:
        """Requests are replayed; yields a function of their number and the bytes of them read.

        Args:
            size: of their file, in bytes; 0 if it is not known.
        """
        yield lambda _requests, _position: None

    def note(self, message: str) -> None:
        """A single remark."""

    def warn(self, message: str) -> None:
        """Something that somebody should look at."""

    def verdict(self, verdict: "Verdict") -> None:
        """What the gate found."""
