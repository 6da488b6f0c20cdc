"""The command line: `item2vec`."""

import sys
from typing import Annotated

import typer

from service import __version__
from service.model.errors import Item2VecError, sentence
from trainer.cli import speech
from trainer.cli.lazy import group, print_help

HELP = """Recommendations from sessions: train item vectors, publish them, serve them over HTTP.

A setting is taken from the first of these that has it: flags, ITEM2VEC_<SECTION>__<NAME> in the
environment, item2vec.toml, defaults. `item2vec config show` tells which one it was.

Exit codes: 0 done, 1 failed, 2 wrong usage or input, 3 refused by the gate, 130 and 143 stopped by
a signal.
"""
WRONG_USAGE = 2
UsageError: type[Exception] = typer.BadParameter.__mro__[1]  # typer itself does not name it

app = group(
    HELP,
    {
        "Train": {
            "suggest": "trainer.cli.suggest:suggest",
            "retrain": "trainer.cli.jobs:retrain",
            "train": "trainer.cli.jobs:train",
            "evaluate": "trainer.cli.jobs:evaluate",
            "tune": "trainer.cli.jobs:tune",
            "gate": "trainer.cli.gate:show",
        },
        "Serve": {
            "serve": "trainer.cli.serve:serve",
            "hide": "trainer.cli.hidden:hide",
            "show": "trainer.cli.hidden:show",
            "hidden": "trainer.cli.hidden:list_hidden",
            "replay": "trainer.cli.replay:replay",
        },
        "Ask": {
            "items": "trainer.cli.items:items",
            "item": "trainer.cli.items:item",
            "similar": "trainer.cli.ask:similar",
            "recommend": "trainer.cli.ask:recommend",
            "analogy": "trainer.cli.ask:analogy",
            "explain": "trainer.cli.ask:explain",
        },
        "Models and settings": {
            "export": "trainer.cli.transfer:export",
            "import": "trainer.cli.transfer:import_vectors",
        },
    },
)
versions = group(
    "List, inspect and switch published models.",
    {
        "Commands": {
            "list": "trainer.cli.models:list_versions",
            "show": "trainer.cli.models:show",
            "promote": "trainer.cli.models:promote",
            "rollback": "trainer.cli.models:rollback",
            "prune": "trainer.cli.models:prune",
            "nights": "trainer.cli.models:nights",
            "push": "trainer.cli.remote:push",
            "pull": "trainer.cli.remote:pull",
        }
    },
)
app.add_typer(versions, name="models", rich_help_panel="Models and settings")
settings = group("Look at settings.", {"Commands": {"show": "trainer.cli.configuration:show"}})
app.add_typer(settings, name="config", rich_help_panel="Models and settings")


def main() -> None:
    """Runs the command line; prints a known error as one sentence and exits with its code."""
    speech.begin(sys.argv[1:])
    try:
        # Not standalone, typer leaves it to us to say what is wrong with the command line.
        sys.exit(app(prog_name="item2vec", standalone_mode=not speech.in_json()))
    except UsageError as error:
        speech.say_error(error, WRONG_USAGE)
        sys.exit(WRONG_USAGE)
    except Item2VecError as error:
        speech.say_error(error, error.exit_code)
        sys.exit(error.exit_code)
    except OSError as error:
        speech.say_error(sentence(error), 1)
        sys.exit(1)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"item2vec {__version__}")
        raise typer.Exit


@app.callback(help=HELP, invoke_without_command=True)
def item2vec(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - answered by its callback
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="print the version and exit"
        ),
    ] = False,
) -> None:
    """The program without a command: prints its help."""
    print_help(context)
