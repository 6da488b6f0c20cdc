"""Shows a job as lines of text or JSON."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from service.model.verdict import Verdict
from trainer.corpus import DataReport
from trainer.view.display import Silent
from trainer.view.tables import data_table
from trainer.view.verdict_table import verdict_table

if TYPE_CHECKING:
    from trainer.config.jobs import TuningConfig
    from trainer.evaluation.comparison import OnCases
    from trainer.events.encoding import OnRead
    from trainer.tuning.findings import Trial
    from trainer.view.display import OnBytes, OnRequest, OnTrial
    from trainer.word2vec.training import OnSnapshot, Snapshot

SECONDS_BETWEEN_LINES = 10.0


class Lines(Silent):
    """Lines for people; progress is printed every ten seconds at most, and at the end.

    Args:
        log: where they go.
    """

    def __init__(self, log: Console) -> None:
        self.log = log

    def step(self, text: str) -> None:
        """Announces a step."""
        _print(self.log, text)

    def event(self, text: str, name: str, figures: dict[str, Any]) -> None:
        """Prints an event as text."""
        _print(self.log, text)

    @contextmanager
    def reading(self, paths: Sequence[str]) -> Iterator["OnRead"]:
        """Announces the log, then from time to time the number of events read."""
        self.step(f"reading {', '.join(paths)}")
        timer = _Timer(SECONDS_BETWEEN_LINES)

        def report(events: int) -> None:
            if timer.due():
                self.event(f"read {events:,} events", "reading", {"events": events})

        yield report

    def plan(self, text: str) -> None:
        """Prints the plan."""
        self.step(text)

    def data(self, report: DataReport) -> None:
        """Prints a table of counts."""
        self.log.print(data_table(report))

    @contextmanager
    def training(self) -> Iterator["OnSnapshot"]:
        """Prints epoch, rate and loss from time to time, and at the end."""
        timer = _Timer()

        def report(snapshot: "Snapshot") -> None:
            if timer.due() or snapshot.items_done == snapshot.items_total:
                self.event(snapshot_text(snapshot), "training", _snapshot_figures(snapshot))

        yield report

    @contextmanager
    def working(self, step: str) -> Iterator[None]:
        """Announces the step."""
        self.step(step)
        yield

    @contextmanager
    def copying(self, step: str) -> Iterator["OnBytes"]:
        """Announces the step, then from time to time how much is copied."""
        self.step(step)
        timer = _Timer(SECONDS_BETWEEN_LINES)

        def report(done: int, total: int) -> None:
            if timer.due():
                text = f"{step}: {done / 1e6:,.0f} of {total / 1e6:,.0f} MB"
                self.event(text, "copying", {"bytes_done": done, "bytes": total})

        yield report

    @contextmanager
    def evaluating(self) -> Iterator["OnCases"]:
        """Prints how many cases each model has ranked, from time to time and at its end."""
        timer = _Timer(SECONDS_BETWEEN_LINES)

        def report(model: str, done: int, cases: int) -> None:
            if timer.due() or done == cases:
                text = f"evaluated {model}: {done:,} of {cases:,} cases"
                self.event(text, "asking", {"model": model, "cases_done": done, "cases": cases})

        yield report

    @contextmanager
    def searching(self, tuning: "TuningConfig") -> Iterator["OnTrial"]:
        """Prints every trial, the best so far, and how much time is left."""
        pace = Pace(tuning.minutes)

        def report(trial: "Trial", best: "Trial") -> None:
            figures = {
                **asdict(trial),
                "metric": tuning.metric,
                "best": best.value,
                "best_trial": best.number,
                "trials": tuning.trials,
            }
            text = trial_text(trial, best, tuning) + pace.left(tuning.trials - trial.number)
            self.event(text, "trial", figures)

        yield report

    @contextmanager
    def replaying(self, size: int) -> Iterator["OnRequest"]:
        """Prints the number of requests from time to time."""
        timer = _Timer(SECONDS_BETWEEN_LINES)

        def report(requests: int, position: int) -> None:
            if timer.due():
                share = f", {position / size:.0%}" if size else ""
                figures = {"requests": requests, "bytes_read": position, "bytes": size}
                self.event(f"replayed {requests:,} requests{share}", "replaying", figures)

        yield report

    def note(self, message: str) -> None:
        """Prints the remark on a line."""
        _print_labeled(self.log, "note:", message)

    def warn(self, message: str) -> None:
        """Prints the warning on a line."""
        _print_labeled(self.log, "warning:", message)

    def verdict(self, verdict: Verdict) -> None:
        """Prints a table of the checks."""
        self.log.print(verdict_table(verdict))


class JsonLines(Lines):
    """The same for machines: one JSON object per line, for events with figures only."""

    def step(self, text: str) -> None:
        """Prints nothing: a step has no figures."""

    def event(self, text: str, name: str, figures: dict[str, Any]) -> None:
        """Prints an event as its name and figures."""
        _print(self.log, json.dumps({"event": name, **figures}))

    def data(self, report: DataReport) -> None:
        """Prints every count."""
        self.event("", "data", report.as_dict())

    def note(self, message: str) -> None:
        """Prints the remark."""
        self.event("", "note", {"message": message})

    def warn(self, message: str) -> None:
        """Prints the warning."""
        self.event("", "warning", {"message": message})

    def verdict(self, verdict: Verdict) -> None:
        """Prints the outcome and every check."""
        self.event("", "verdict", verdict.model_dump(mode="json", exclude={"evaluations"}))


class Quiet(Silent):
    """Warnings alone.

    Args:
        lines: how they are shown.
    """

    def __init__(self, lines: Lines) -> None:
        self._lines = lines

    def warn(self, message: str) -> None:
        """Prints the warning."""
        self._lines.warn(message)


def _print(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def _print_labeled(console: Console, label: str, message: str) -> None:
    console.print(Text.assemble((label, "yellow"), f" {message}"), soft_wrap=True)


def snapshot_text(snapshot: "Snapshot") -> str:
    """The progress of a training run."""
    return (
        f"epoch {snapshot.epoch}/{snapshot.epochs}, "
        f"{snapshot.items_done / snapshot.items_total:.0%}, {rate_text(snapshot)}, "
        f"loss {snapshot.loss:.4f}, alpha {snapshot.alpha:.5f}, {snapshot.seconds_left:.0f} s left"
    )


def rate_text(snapshot: "Snapshot") -> str:
    """Items per second."""
    rate = snapshot.items_per_second
    return f"{rate / 1e6:.2f} M items/s" if rate >= 1e6 else f"{rate / 1e3:.0f} k items/s"


def trial_text(trial: "Trial", best: "Trial", tuning: "TuningConfig") -> str:
    """A trial and the best one so far, as a line of text."""
    value = "none" if trial.value is None else f"{trial.value:.4f}"
    name = f"trial {trial.number}/{tuning.trials}" if trial.number else "as given"
    given_up = "" if trial.complete else ", given up"
    best_name = f"trial {best.number}" if best.number else "as given"
    return f"{name}: {tuning.metric} {value}{given_up}, best {best.value:.4f} ({best_name})"


class Pace:
    """Says how long the rest of a search takes, by the mean of its trials so far.

    The first report does not count: before it, the settings as given are trained from nothing.

    Args:
        minutes: after which no new trial begins; None if there is no limit.
    """

    def __init__(self, minutes: float | None) -> None:
        self._end = time.monotonic() + 60 * (minutes or float("inf"))
        self._reports = 0
        self._first = 0.0

    def left(self, trials: int) -> str:
        """After a trial: the time that is left if so many are, as text; empty if unknown."""
        now = time.monotonic()
        if not self._reports:
            self._first = now
        self._reports += 1
        if self._reports == 1 or trials == 0:
            return ""
        mean = (now - self._first) / (self._reports - 1)
        seconds = max(0.0, min(mean * trials, self._end - now))
        return (
            f", about {seconds / 60:.0f} min left" if seconds >= 90 else f", {seconds:.0f} s left"
        )


def _snapshot_figures(snapshot: "Snapshot") -> dict[str, Any]:
    return {
        **asdict(snapshot),
        "items_per_second": round(snapshot.items_per_second),
        "pairs_per_second": round(snapshot.pairs_per_second),
        "seconds_left": round(snapshot.seconds_left, 3),
    }


class _Timer:
    """Says when the next line is due."""

    def __init__(self, wait: float = 0.0) -> None:
        self._next = time.monotonic() + wait

    def due(self) -> bool:
        if time.monotonic() < self._next:
            return False
        self._next = time.monotonic() + SECONDS_BETWEEN_LINES
        return True
