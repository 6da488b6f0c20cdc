"""How a training run is shown: a bar on a terminal, lines elsewhere."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from trainer.config.jobs import TuningConfig
from trainer.evaluation.comparison import Progress as OnAsked
from trainer.events.encoding import OnRead
from trainer.tuning.findings import Tried
from trainer.word2vec.training import Report, Snapshot

SECONDS_BETWEEN_LINES = 10.0


@contextmanager
def show(console: Console, log_format: str = "text") -> Iterator[Report]:
    """Yields what `training.train` is to report to.

    Args:
        console: where to.
        log_format: "text" is for people, "json" for machines.
    """
    if log_format == "json":
        yield _Lines(console, _as_json)
    elif console.is_terminal:
        with _bar(console) as report:
            yield report
    else:
        yield _Lines(console, _as_text)


@contextmanager
def asking(console: Console, log_format: str = "text") -> Iterator[OnAsked]:
    """Shows how many cases each model has been asked, and yields what is to be told.

    Args:
        console: where to.
        log_format: "text" is for people, "json" for machines.
    """
    if console.is_terminal and log_format == "text":
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            tasks: dict[str, TaskID] = {}

            def update(model: str, done: int, cases: int) -> None:
                if model not in tasks:
                    tasks[model] = progress.add_task(escape(model), total=cases)
                progress.update(tasks[model], completed=done)

            yield update
        return
    timer = _Timer(SECONDS_BETWEEN_LINES)

    def report(model: str, done: int, cases: int) -> None:
        if timer.due() or done == cases:
            asked = {"event": "asking", "model": model, "cases_done": done, "cases": cases}
            text = f"asked {model}: {done:,} of {cases:,} cases"
            line = json.dumps(asked) if log_format == "json" else text
            console.print(line, highlight=False, markup=False, soft_wrap=True)

    yield report


@contextmanager
def trying(
    console: Console, tuning: TuningConfig, log_format: str = "text"
) -> Iterator[Callable[[Tried, Tried], None]]:
    """Shows every trial of settings, and yields what is to be told of a trial and of the best.

    Args:
        console: where to.
        tuning: the metric and how many trials there are.
        log_format: "text" is for people, "json" for machines.
    """
    if console.is_terminal and log_format == "text":
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
            task = progress.add_task(f"{tuning.metric}", total=tuning.trials)

            def update(tried: Tried, best: Tried) -> None:
                told = escape(_trial_as_text(tried, best, tuning))
                progress.update(task, completed=tried.number, description=told)

            yield update
        return
    as_line = _trial_as_json if log_format == "json" else _trial_as_text

    def report(tried: Tried, best: Tried) -> None:
        console.print(as_line(tried, best, tuning), highlight=False, markup=False, soft_wrap=True)

    yield report


def note(console: Console, message: str, log_format: str = "text") -> None:
    """Says something once, for people or for machines."""
    line = json.dumps({"event": "note", "message": message}) if log_format == "json" else message
    console.print(line, highlight=False, markup=False, soft_wrap=True)


def _trial_as_text(tried: Tried, best: Tried, tuning: TuningConfig) -> str:
    value = "none" if tried.value is None else f"{tried.value:.4f}"
    name = f"trial {tried.number}/{tuning.trials}" if tried.number else "as given"
    given_up = "" if tried.complete else ", given up"
    of_best = f"trial {best.number}" if best.number else "as given"
    return f"{name}: {tuning.metric} {value}{given_up}, best {best.value:.4f} ({of_best})"


def _trial_as_json(tried: Tried, best: Tried, tuning: TuningConfig) -> str:
    told = {"metric": tuning.metric, "best": best.value, "best_trial": best.number}
    return json.dumps({"event": "trial", **asdict(tried), **told, "trials": tuning.trials})


@contextmanager
def reading(console: Console, what: str, log_format: str = "text") -> Iterator[OnRead]:
    """Shows that a log is being read, and yields what is to be told the events read so far.

    Args:
        console: where to.
        what: the log.
        log_format: "text" is for people, "json" for machines.
    """
    if console.is_terminal and log_format == "text":
        with console.status(f"reading {escape(what)}") as status:
            yield lambda events: status.update(f"reading {escape(what)}: {events:,} events")
        return
    if log_format == "text":
        console.print(f"reading {what}", highlight=False, markup=False)
    timer = _Timer(SECONDS_BETWEEN_LINES)

    def report(events: int) -> None:
        if timer.due():
            as_json = json.dumps({"event": "reading", "events": events})
            line = as_json if log_format == "json" else f"read {events:,} events"
            console.print(line, highlight=False, soft_wrap=True)

    yield report


@contextmanager
def working(console: Console, words: str, log_format: str = "text") -> Iterator[None]:
    """Says what is being done, where that takes a while and cannot say how far it is."""
    if log_format == "text" and console.is_terminal:
        with console.status(words):
            yield
        return
    if log_format == "text":
        console.print(words, highlight=False)
    yield


class _Timer:
    """Says now and then that it is time."""

    def __init__(self, wait: float = 0.0) -> None:
        self._next = time.monotonic() + wait

    def due(self) -> bool:
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + SECONDS_BETWEEN_LINES
        return True


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
    """A line now and then, but no more than one in ten seconds, and one at the end."""

    def __init__(self, console: Console, as_line: Callable[[Snapshot], str]) -> None:
        self._console = console
        self._as_line = as_line
        self._timer = _Timer()

    def __call__(self, snapshot: Snapshot) -> None:
        end_of_run = snapshot.items_done == snapshot.items_total
        if self._timer.due() or end_of_run:
            self._console.print(self._as_line(snapshot), highlight=False, soft_wrap=True)


def _as_text(snapshot: Snapshot) -> str:
    return (
        f"epoch {snapshot.epoch}/{snapshot.epochs}, "
        f"{snapshot.items_done / snapshot.items_total:.0%}, {_rate(snapshot)}, "
        f"loss {snapshot.loss:.4f}, alpha {snapshot.alpha:.5f}, {snapshot.seconds_left:.0f} s left"
    )


def _as_json(snapshot: Snapshot) -> str:
    rates = {
        "items_per_second": round(snapshot.items_per_second),
        "pairs_per_second": round(snapshot.pairs_per_second),
        "seconds_left": round(snapshot.seconds_left, 3),
    }
    return json.dumps({"event": "training", **asdict(snapshot), **rates})


def _rate(snapshot: Snapshot) -> str:
    rate = snapshot.items_per_second
    return f"{rate / 1e6:.2f} M items/s" if rate >= 1e6 else f"{rate / 1e3:.0f} k items/s"
