"""The table of what the gate found."""

from rich import box
from rich.table import Table
from rich.text import Text

from service.model.verdict import Verdict

SIGNS = {True: Text("✓", "green"), False: Text("✗", "bold red"), None: Text("-", "dim")}

ORDER = {False: 0, True: 1, None: 2}  # who is refused looks for the reason


def verdict_table(verdict: Verdict) -> Table:
    """A row for each check, failed ones first: was it passed, what was seen and expected."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, caption_justify="left")
    table.add_column("")
    table.add_column("check", no_wrap=True)
    table.add_column("seen (expected)", overflow="fold")
    for check in sorted(verdict.checks, key=lambda check: ORDER[check.passed]):
        style = "bold" if check.passed is False else "dim" if check.passed is None else ""
        table.add_row(SIGNS[check.passed], check.name, Text(check.sentence, style))
    passed = sum(check.passed is True for check in verdict.checks)
    open_ = sum(check.passed is None for check in verdict.checks)
    table.caption = Text(
        f"{verdict.outcome}: {passed} passed, {len(verdict.failed)} failed, {open_} not made"
    )
    return table
