"""How a training run is shown: a bar on a terminal, lines elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from trainer.training import Report, Snapshot

SECONDS_BETWEEN_LINES = 10.0


@contextmanager
def show(console: Console) -> Iterator[Report]:
    """Yields what `training.train` is to report to."""
    if console.is_terminal:
        with _bar(console) as report:
            yield report
    else:
        yield _Lines(console)


@contextmanager
def _bar(console: Console) -> Iterator[Report]:
    columns = (
        TextColumn("epoch {task.fields[epoch]}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rate]}"),
        TextColumn("loss {task.fields[loss]}"),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("training", epoch="-", rate="", loss="-")

        def report(snapshot: Snapshot) -> None:
            progress.update(
                task,
                completed=snapshot.items_done,
                total=snapshot.items_total,
                epoch=f"{snapshot.epoch}/{snapshot.epochs}",
                rate=_rate(snapshot),
                loss=f"{snapshot.loss:.4f}",
            )

        yield report


class _Lines:
    """A line at the end of an epoch, but no more than one in ten seconds, and one at the end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._next_line = time.monotonic()

    def __call__(self, snapshot: Snapshot) -> None:
        end_of_run = snapshot.items_done == snapshot.items_total
        if time.monotonic() < self._next_line and not end_of_run:
            return
        self._next_line = time.monotonic() + SECONDS_BETWEEN_LINES
        left = snapshot.items_total - snapshot.items_done
        seconds_left = snapshot.seconds * left / max(snapshot.items_done, 1)
        self._console.print(
            f"epoch {snapshot.epoch}/{snapshot.epochs}, "
            f"{snapshot.items_done / snapshot.items_total:.0%}, {_rate(snapshot)}, "
            f"loss {snapshot.loss:.4f}, alpha {snapshot.alpha:.5f}, {seconds_left:.0f} s left",
            highlight=False,
        )


def _rate(snapshot: Snapshot) -> str:
    rate = snapshot.items_done / max(snapshot.seconds, 1e-9)
    return f"{rate / 1e6:.2f} M items/s" if rate >= 1e6 else f"{rate / 1e3:.0f} k items/s"
