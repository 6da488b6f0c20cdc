"""Shows a job on a terminal, with progress bars."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from trainer.view.lines import Lines, Pace, rate_text, trial_text

if TYPE_CHECKING:
    from trainer.config.jobs import TuningConfig
    from trainer.evaluation.comparison import OnCases
    from trainer.events.encoding import OnRead
    from trainer.tuning.findings import Trial
    from trainer.view.display import OnBytes, OnRequest, OnTrial
    from trainer.word2vec.training import OnSnapshot, Snapshot


class Bars(Lines):
    """Shows progress as bars and spinners, and everything else as `Lines` does."""

    @contextmanager
    def reading(self, paths: Sequence[str]) -> Iterator["OnRead"]:
        """A spinner with the number of events."""
        title = f"reading {escape(', '.join(paths))}"
        with self.log.status(title) as status:
            yield lambda events: status.update(f"{title}: {events:,} events")

    @contextmanager
    def training(self) -> Iterator["OnSnapshot"]:
        """One bar over all epochs, with rate and loss."""
        columns = (
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[rate]}"),
            TextColumn("loss {task.fields[loss]}"),
            TimeRemainingColumn(compact=True),
        )
        with Progress(*columns, console=self.log) as progress:
            task = progress.add_task("training", epoch="-", rate="", loss="-")

            def report(snapshot: "Snapshot") -> None:
                progress.update(
                    task,
                    completed=snapshot.items_done,
                    total=snapshot.items_total,
                    epoch=f"{snapshot.epoch}/{snapshot.epochs}",
                    rate=rate_text(snapshot),
                    loss=f"{snapshot.loss:.4f}",
                )

            yield report

    @contextmanager
    def working(self, step: str) -> Iterator[None]:
        """A spinner."""
        with self.log.status(step):
            yield

    @contextmanager
    def copying(self, step: str) -> Iterator["OnBytes"]:
        """One bar over all files, with the speed."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
        )
        with Progress(*columns, console=self.log) as progress:
            task = progress.add_task(escape(step), total=None)
            yield lambda done, total: progress.update(task, completed=done, total=total)

    @contextmanager
    def evaluating(self) -> Iterator["OnCases"]:
        """One bar per model, removed at the end."""
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
        with Progress(*columns, console=self.log, transient=True) as progress:
            tasks: dict[str, TaskID] = {}

            def report(model: str, done: int, cases: int) -> None:
                if model not in tasks:
                    tasks[model] = progress.add_task(escape(model), total=cases)
                progress.update(tasks[model], completed=done)

            yield report

    @contextmanager
    def searching(self, tuning: "TuningConfig") -> Iterator["OnTrial"]:
        """One bar over all trials, with the last trial and the best."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeElapsedColumn(), console=self.log) as progress:
            pace = Pace(tuning.minutes)
            task = progress.add_task(f"{tuning.metric}", total=tuning.trials)

            def report(trial: "Trial", best: "Trial") -> None:
                left = pace.left(tuning.trials - trial.number)
                text = escape(trial_text(trial, best, tuning) + left)
                progress.update(task, completed=trial.number, description=text)

            yield report

    @contextmanager
    def replaying(self, size: int) -> Iterator["OnRequest"]:
        """One bar over the bytes of the file, with the number of requests, removed at the end."""
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
        with Progress(
            *columns, TimeRemainingColumn(compact=True), console=self.log, transient=True
        ) as progress:
            task = progress.add_task("replaying", total=size or None)

            def report(requests: int, position: int) -> None:
                text = f"replayed {requests:,} requests"
                progress.update(task, completed=position, description=text)

            yield report
