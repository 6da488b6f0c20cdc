"""Progress in a notebook, whose displays stand in for those of IPython."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

from trainer.corpus import DataReport
from trainer.view import notebook
from trainer.view.bars import Bars
from trainer.view.choice import display
from trainer.view.display import Silent
from trainer.view.lines import Lines
from trainer.view.notebook import Notebook
from trainer.word2vec.training import Snapshot


@pytest.fixture
def cells(monkeypatch):
    """What the notebook shows, a list for each display, oldest state first."""
    cells = []

    def show(shown, display_id=False):
        cells.append([shown])
        return SimpleNamespace(update=cells[-1].append) if display_id else None

    ipython, displays = ModuleType("IPython"), ModuleType("IPython.display")
    ipython.get_ipython = lambda: SimpleNamespace(kernel="a kernel")
    displays.display = show
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", displays)
    return cells


@pytest.fixture
def no_terminal(monkeypatch):
    monkeypatch.setattr("rich.console.Console.is_terminal", False)


def snapshot(done):
    return Snapshot(
        epoch=1, epochs=2, items_done=done, items_total=8000, pairs_done=0, loss=0.25, alpha=0.05,
        seconds=2.0,
    )  # fmt: skip


def test_a_step_is_one_line_that_changes(cells, monkeypatch):
    monkeypatch.setattr(notebook, "SECONDS_BETWEEN_UPDATES", 0)
    with Notebook().training() as report:
        report(snapshot(4000))
        report(snapshot(8000))
    [[before, half, whole]] = cells
    assert repr(before) == "training"
    assert repr(half).startswith("epoch 1/2, 50%, 2 k items/s, loss 0.2500")
    assert '<progress value="0.500"></progress>' in half._repr_html_()
    assert '<progress value="1.000"></progress>' in whole._repr_html_()


def test_the_last_state_is_shown_however_fast_it_follows(cells):
    with Notebook().reading(["log.csv"]) as on_read:
        for events in range(1000):
            on_read(events)
    [states] = cells
    assert len(states) < 1000
    assert repr(states[0]) == "reading log.csv"
    assert repr(states[-1]) == "read 999 events"


def test_every_part_of_a_job_is_shown(cells):
    shown = Notebook()
    with shown.working("counting <what> comes next"):
        pass
    with shown.evaluating() as on_cases:
        on_cases("popularity", 5, 10)
    shown.note("a remark")
    shown.data(DataReport(events_read=1234))
    shown.plan("about to train")
    shown.warn("the data frame has no times")
    last = [states[-1] for states in cells]
    assert repr(last[0]) == "counting <what> comes next: done"
    assert "&lt;what&gt;" in last[0]._repr_html_()
    assert repr(last[1]) == "evaluated popularity: 5 of 10 cases"
    assert repr(last[2]) == "note: a remark"
    assert "1,234" in repr(last[3])
    assert repr(last[4]) == "about to train"
    assert repr(last[5]) == "warning: the data frame has no times"


def test_a_notebook_leaves_out_only_what_no_call_of_the_library_reports():
    parts = {name for name in vars(Silent) if not name.startswith("_")}
    shown = {name for name in parts if name in vars(Notebook)}
    assert parts - shown == {"copying", "searching", "replaying", "verdict"}


@pytest.mark.usefixtures("cells")
def test_notebooks_show_progress_by_themselves():
    assert isinstance(display(None), Notebook)
    assert isinstance(display(True), Notebook)
    assert type(display(False)) is Silent


def test_a_terminal_shows_bars(monkeypatch):
    monkeypatch.setattr("rich.console.Console.is_terminal", True)
    assert isinstance(display(None), Bars)


@pytest.mark.usefixtures("no_terminal")
def test_a_program_shows_lines_if_it_asks_for_them():
    assert type(display(None)) is Silent
    assert type(display(True)) is Lines


@pytest.mark.usefixtures("cells", "no_terminal")
def test_a_shell_of_ipython_is_no_notebook(monkeypatch):
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", SimpleNamespace)
    assert type(display(None)) is Silent
