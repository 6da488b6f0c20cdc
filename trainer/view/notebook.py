"""Shows a job in a notebook: a line that changes for each step, without widgets."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING

from trainer.corpus import DataReport
from trainer.view.display import Silent
from trainer.view.lines import snapshot_text
from trainer.view.plain import plain_text
from trainer.view.tables import data_table

if TYPE_CHECKING:
    from trainer.evaluation.comparison import OnCases
    from trainer.events.encoding import OnRead
    from trainer.word2vec.training import OnSnapshot, Snapshot

SECONDS_BETWEEN_UPDATES = 0.2

Show = Callable[["Shown"], None]


class Shown:
    """What stands in the notebook.

    Args:
        text: a line, or a table of them.
        share: how much of a step is done, 0 to 1; None if nobody knows.
    """

    def __init__(self, text: str, share: float | None = None) -> None:
        self.text = text
        self.share = share

    def __repr__(self) -> str:
        """The text, where no HTML is shown."""
        return self.text

    def _repr_html_(self) -> str:
        bar = "" if self.share is None else f'<progress value="{self.share:.3f}"></progress> '
        return f'<pre style="margin:0">{bar}{escape(self.text)}</pre>'


class Notebook(Silent):
    """Shows progress through IPython's own displays, which every notebook updates in place."""

    @contextmanager
    def reading(self, paths: Sequence[str]) -> Iterator["OnRead"]:
        """The number of events."""
        with _line(f"reading {', '.join(paths)}") as show:
            yield lambda events: show(Shown(f"read {events:,} events"))

    def plan(self, text: str) -> None:
        """The plan on a line."""
        _display(Shown(text))

    def data(self, report: DataReport) -> None:
        """A table of counts."""
        _display(Shown(plain_text(data_table(report))))

    @contextmanager
    def training(self) -> Iterator["OnSnapshot"]:
        """Epoch, rate and loss, with a bar."""
        with _line("training") as show:

            def report(snapshot: "Snapshot") -> None:
                share = snapshot.items_done / snapshot.items_total
                show(Shown(snapshot_text(snapshot), share))

            yield report

    @contextmanager
    def working(self, step: str) -> Iterator[None]:
        """The step, and that it is done."""
        with _line(step) as show:
            yield
            show(Shown(f"{step}: done"))

    @contextmanager
    def evaluating(self) -> Iterator["OnCases"]:
        """The model that is asked, with a bar."""
        with _line("evaluating") as show:
            yield lambda model, done, cases: show(
                Shown(f"evaluated {model}: {done:,} of {cases:,} cases", done / cases)
            )

    def note(self, message: str) -> None:
        """The remark on a line."""
        _display(Shown(f"note: {message}"))

    def warn(self, message: str) -> None:
        """The warning on a line."""
        _display(Shown(f"warning: {message}"))


@contextmanager
def _line(text: str) -> Iterator[Show]:
    """Yields a function that changes the line; the last change is never left out."""
    from IPython.display import display

    handle = display(Shown(text), display_id=True)
    due = 0.0
    last: Shown | None = None

    def show(state: Shown) -> None:
        nonlocal due, last
        last = state
        if time.monotonic() >= due:
            handle.update(state)
            due, last = time.monotonic() + SECONDS_BETWEEN_UPDATES, None

    try:
        yield show
    finally:
        if last is not None:
            handle.update(last)


def _display(shown: Shown) -> None:
    from IPython.display import display

    display(shown)
