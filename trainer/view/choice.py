"""Chooses how a job that a program started shows its progress."""

import sys

from rich.console import Console

from trainer.view.bars import Bars
from trainer.view.display import Silent
from trainer.view.lines import Lines
from trainer.view.notebook import Notebook
from trainer.view.plain import WIDTH


def display(progress: bool | None) -> Silent:
    """A display for a notebook, a terminal or a plain stream.

    Args:
        progress: whether to show anything; None: in notebooks and terminals.
    """
    if progress is False:
        return Silent()
    if _in_notebook():
        return Notebook()
    width = None if sys.stderr.isatty() else WIDTH
    log = Console(stderr=True, width=width, highlight=False, markup=False, emoji=False)
    if log.is_terminal:
        return Bars(log)
    return Lines(log) if progress else Silent()


def _in_notebook() -> bool:
    """Whether IPython runs this process, with a kernel that shows HTML."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and getattr(ipython.get_ipython(), "kernel", None) is not None
