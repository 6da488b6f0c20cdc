"""What the command line says: results on standard output, all else on standard error.

On standard error it is lines of text or, with `--log-format json`, a JSON object a line.
"""

import json
import sys
from collections.abc import Sequence
from functools import cache
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from service.model.environment import PREFIX, variables

if TYPE_CHECKING:
    from rich.console import Console

WIDE = 10_000  # columns of piped output, so that no id is folded
FLAG, VARIABLE = "--log-format", f"{PREFIX}RUN__LOG_FORMAT"
_format = ["text"]


def begin(arguments: Sequence[str]) -> None:
    """Decides by flags and environment how to speak, before the settings are read."""
    values = [value for name, value in variables().items() if name.upper() == VARIABLE]
    for argument, following in zip_longest(arguments, arguments[1:], fillvalue=""):
        if argument == FLAG:
            values.append(following)
        elif argument.startswith(f"{FLAG}="):
            values.append(argument.partition("=")[2])
    speak(values[-1] if values else "text")


def speak(log_format: str) -> None:
    """Decides how to speak from now on: in "text", or in "json"."""
    _format[0] = log_format


def in_json() -> bool:
    """Whether standard error gets JSON lines."""
    return _format[0] == "json"


def say(label: str, message: object, style: str = "yellow") -> None:
    """Prints a labeled line on standard error."""
    if in_json():
        _print_line({"event": label.rstrip(":"), "message": str(message)})
    elif sys.stderr.isatty():
        from rich.text import Text

        log().print(Text.assemble((label, style), f" {message}"), soft_wrap=True)
    else:
        sys.stderr.write(f"{label} {message}\n")


def say_error(message: object, exit_code: int) -> None:
    """Prints why the program ends."""
    if in_json():
        _print_line({"event": "error", "message": str(message), "exit_code": exit_code})
    else:
        say("error:", message, "bold red")


def print_json(value: object) -> None:
    """Prints a value as JSON on standard output; on a line of its own where lines are JSON."""
    indent = None if in_json() else 2
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=indent) + "\n")


def print_line(text: str) -> None:
    """Prints a line on standard output, to the letter."""
    sys.stdout.write(f"{text}\n")


def print_table(table: Any) -> None:  # noqa: ANN401 - whatever rich prints
    """Prints a table on standard output."""
    out().print(table)


@cache
def out() -> "Console":
    """Standard output, for tables."""
    return _console(stderr=False)


@cache
def log() -> "Console":
    """Standard error, for tables and progress."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> "Console":
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    # Ids and titles are printed literally: `[red]` and `:cat:` are not markup in them.
    return Console(
        stderr=stderr,
        width=None if stream.isatty() else WIDE,
        highlight=False,
        markup=False,
        emoji=False,
    )


def _print_line(value: dict[str, Any]) -> None:
    sys.stderr.write(json.dumps(value, ensure_ascii=False) + "\n")
