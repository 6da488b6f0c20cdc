"""The interface through which jobs report progress; this one shows nothing."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from trainer.corpus import DataReport

if TYPE_CHECKING:  # a display is made before kernels are known to be needed
    from trainer.config.jobs import TuningConfig
    from trainer.evaluation.comparison import Progress as OnCases
    from trainer.events.encoding import OnRead
    from trainer.tuning.findings import Tried
    from trainer.word2vec.training import OnSnapshot

    OnTrial = Callable[[Tried, Tried], None]


class Silent:
    """Shows nothing. Every other display shows some of it: `Lines`, `JsonLines`, `Bars`."""

    @contextmanager
    def reading(self, paths: Sequence[str]) -> Iterator["OnRead"]:
        """A log is being read; yields what is called with the number of events read so far."""
        yield lambda _: None

    def data(self, report: DataReport) -> None:
        """What became of the events."""

    @contextmanager
    def training(self) -> Iterator["OnSnapshot"]:
        """Vectors are being trained; yields what `training.train` reports to."""
        yield lambda _: None

    @contextmanager
    def working(self, step: str) -> Iterator[None]:
        """A step takes a while and cannot say how far it is."""
        yield

    @contextmanager
    def asking(self) -> Iterator["OnCases"]:
        """Models answer cases; yields what is called with a model, cases answered and all cases."""
        yield lambda _model, _done, _cases: None

    @contextmanager
    def trying(self, tuning: "TuningConfig") -> Iterator["OnTrial"]:
        """Settings are being searched for; yields what is called with a trial and the best."""
        yield lambda _trial, _best: None

    def note(self, message: str) -> None:
        """Something worth a sentence, once."""

    def result(self, event: str, version: str, text: str) -> None:
        """How a job ended, on standard output: `text` for people, the rest for machines."""
