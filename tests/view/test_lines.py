import json
from collections.abc import Iterable
from contextlib import suppress
from io import StringIO

import pytest
from rich.console import Console

from trainer.config.jobs import TuningConfig
from trainer.tuning.findings import Trial
from trainer.view import lines
from trainer.view.bars import Bars
from trainer.view.lines import JsonLines, Lines
from trainer.word2vec.training import Snapshot


def snapshot(items_done: int, items_total: int = 4) -> Snapshot:
    return Snapshot(
        epoch=1 + items_done // 2,
        epochs=2,
        items_done=items_done,
        items_total=items_total,
        pairs_done=10 * items_done,
        loss=2.5,
        alpha=0.01,
        seconds=0.5e-6 * items_done,
    )


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    """What time it is."""
    now = [0.0]
    monkeypatch.setattr(lines.time, "monotonic", lambda: now[0])
    return now


def make_console(terminal: bool = False) -> Console:
    return Console(file=StringIO(), force_terminal=terminal, width=120)


def shown(*steps: Snapshot, kind: type[Lines]) -> str:
    console = make_console(kind is Bars)
    with kind(console).training() as report:
        for step in steps:
            report(step)
    return console.file.getvalue()


def test_a_terminal_gets_a_bar():
    output = shown(snapshot(1), snapshot(4), kind=Bars)
    assert "100%" in output
    assert "2.00 M items/s" in output
    assert "loss 2.5000" in output


@pytest.mark.usefixtures("clock")
def test_a_file_gets_a_line_at_the_beginning_and_one_at_the_end():
    lines = shown(*map(snapshot, [1, 2, 3, 4]), kind=Lines).splitlines()
    assert [line.split(", ")[1] for line in lines] == ["25%", "100%"]
    assert lines[0] == "epoch 1/2, 25%, 2.00 M items/s, loss 2.5000, alpha 0.01000, 0 s left"


def test_a_file_gets_no_more_than_a_line_in_ten_seconds(clock):
    console = make_console()
    with Lines(console).training() as report:
        for second in range(31):
            clock[0] = float(second)
            report(snapshot(second, 1000))
    assert len(console.file.getvalue().splitlines()) == 4


HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"


def test_a_terminal_that_is_stopped_gets_its_cursor_back():
    console = make_console(terminal=True)
    with suppress(KeyboardInterrupt), Bars(console).training() as report:
        report(snapshot(1))
        raise KeyboardInterrupt
    output = console.file.getvalue()
    assert output.count(HIDE_CURSOR) == 1
    assert output.rindex(SHOW_CURSOR) > output.rindex(HIDE_CURSOR)


def asked(*steps: tuple[str, int, int], kind: type[Lines]) -> str:
    console = make_console(kind is Bars)
    with kind(console).evaluating() as report:
        for step in steps:
            report(*step)
    return console.file.getvalue()


def test_a_terminal_gets_a_bar_for_every_model_that_is_asked():
    output = asked(("ours", 1, 4), ("ours", 4, 4), ("[b]", 2, 4), kind=Bars)
    assert "ours" in output
    assert "[b]" in output
    assert "100%" in output


@pytest.mark.usefixtures("clock")
def test_a_file_gets_a_line_when_a_model_has_been_asked_everything():
    steps = [("ours", 1000, 4000), ("ours", 4000, 4000), ("[b]", 4000, 4000)]
    assert asked(*steps, kind=Lines).splitlines() == [
        "evaluated ours: 4,000 of 4,000 cases",
        "evaluated [b]: 4,000 of 4,000 cases",
    ]
    lines = asked(*steps, kind=JsonLines).splitlines()
    assert json.loads(lines[0]) == {
        "event": "asking",
        "model": "ours",
        "cases_done": 4000,
        "cases": 4000,
    }


def test_asking_a_model_for_long_is_told_now_and_then(clock):
    console = make_console()
    with Lines(console).evaluating() as report:
        for second in range(31):
            clock[0] = float(second)
            report("ours", second, 1000)
    assert len(console.file.getvalue().splitlines()) == 3


# Searching


def searched(
    numbers: Iterable[int], seconds: float, minutes: float | None, clock: list[float]
) -> str:
    """What is shown of trials that take so many seconds, after ten minutes for the first."""
    console = make_console()
    tuning = TuningConfig(trials=10, minutes=minutes)
    with Lines(console).searching(tuning) as report:
        clock[0] += 600
        for number in numbers:
            trial = Trial(number, {}, 0.5, complete=True)
            report(trial, trial)
            clock[0] += seconds
    return console.file.getvalue()


def test_a_search_says_how_long_the_rest_takes_by_its_trials_so_far(clock):
    lines = searched(range(11), 60, None, clock).splitlines()
    assert lines[0] == "as given: MRR@20 0.5000, best 0.5000 (as given)"
    assert lines[1].endswith(", about 9 min left")
    assert lines[9].endswith(", 60 s left")
    assert lines[10] == "trial 10/10: MRR@20 0.5000, best 0.5000 (trial 10)"


def test_a_search_that_is_continued_counts_the_trials_of_this_run(clock):
    lines = searched([0, 6, 7], 60, None, clock).splitlines()
    assert "left" not in lines[0]
    assert lines[1].endswith(", about 4 min left")
    assert lines[2].endswith(", about 3 min left")


def test_a_search_of_limited_minutes_takes_no_longer(clock):
    lines = searched(range(3), 60, 12, clock).splitlines()
    assert lines[1].endswith(", 60 s left")
    assert lines[2].endswith(", 0 s left")


# Replaying


def replayed(*steps: tuple[int, int], size: int, kind: type[Lines], clock: list[float]) -> str:
    """What is shown of requests and bytes, a step every eleven seconds."""
    console = make_console(kind is Bars)
    with kind(console).replaying(size) as report:
        for step in steps:
            clock[0] += 11
            report(*step)
    return console.file.getvalue()


def test_a_replay_for_long_is_told_now_and_then(clock):
    steps = (1000, 25), (4000, 100)
    assert replayed(*steps, size=100, kind=Lines, clock=clock).splitlines() == [
        "replayed 1,000 requests, 25%",
        "replayed 4,000 requests, 100%",
    ]
    assert replayed((1000, 25), size=0, kind=Lines, clock=clock) == "replayed 1,000 requests\n"
    assert json.loads(replayed((7, 25), size=100, kind=JsonLines, clock=clock)) == {
        "event": "replaying",
        "requests": 7,
        "bytes_read": 25,
        "bytes": 100,
    }


@pytest.mark.parametrize(("size", "share"), [(100, "50%"), (0, "")])
def test_a_terminal_gets_a_bar_for_a_replay(size, share):
    console = make_console(terminal=True)
    with Bars(console).replaying(size) as report:
        report(1000, 50)
    output = console.file.getvalue()
    assert "replayed 1,000 requests" in output
    assert share in output


# Copying


def copied(*steps: tuple[int, int], kind: type[Lines], clock: list[float]) -> str:
    console = make_console(kind is Bars)
    with kind(console).copying("pushing v1") as report:
        for done, total in steps:
            clock[0] += 11
            report(done * 1_000_000, total * 1_000_000)
    return console.file.getvalue()


def test_a_copy_that_takes_long_is_told_now_and_then(clock):
    text = copied((20, 4000), (3000, 4000), kind=Lines, clock=clock)
    assert text.splitlines() == [
        "pushing v1", "pushing v1: 20 of 4,000 MB", "pushing v1: 3,000 of 4,000 MB",
    ]  # fmt: skip
    line = json.loads(copied((20, 4000), kind=JsonLines, clock=clock))
    assert line == {"event": "copying", "bytes_done": 20_000_000, "bytes": 4_000_000_000}


def test_a_terminal_gets_a_bar_of_what_is_copied(clock):
    text = copied((20, 4000), (4000, 4000), kind=Bars, clock=clock)
    assert "pushing v1" in text
    assert "4.0/4.0 GB" in text
