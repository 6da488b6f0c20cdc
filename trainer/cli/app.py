"""The command line: `item2vec`."""

import sys
from importlib import metadata
from typing import Annotated

import typer

from service.model.errors import Item2VecError, sentence
from trainer.cli import (
    ask,
    configuration,
    gate,
    hidden,
    jobs,
    models,
    remote,
    replay,
    serve,
    suggest,
)
from trainer.cli.common import out, say

HELP = """Recommendations from sessions: train item vectors, publish them, serve them over HTTP.

A setting is taken from the first of these that has it: flags, ITEM2VEC_<SECTION>__<NAME> in the
environment, item2vec.toml, defaults. `item2vec config show` tells which one it was.

Exit codes: 0 done, 1 failed, 2 wrong usage or input, 3 refused by the gate, 130 and 143 stopped by
a signal.
"""

app = typer.Typer(pretty_exceptions_enable=False, rich_markup_mode="rich")
for command in (
    suggest.suggest,
    jobs.train,
    jobs.retrain,
    jobs.evaluate,
    jobs.tune,
    serve.serve,
    replay.replay,
):
    app.command()(command)
for query in (ask.similar, ask.recommend, ask.analogy):
    app.command()(query)
for change in (hidden.hide, hidden.show):
    app.command()(change)
app.command("gate")(gate.show)
app.command("hidden")(hidden.list_hidden)

versions = typer.Typer(help="List, inspect and switch published models.", no_args_is_help=True)
for command in (models.show, models.promote, models.rollback, models.prune, models.nights):
    versions.command()(command)
versions.command("list")(models.list_versions)
for transfer in (remote.push, remote.pull):
    versions.command()(transfer)
app.add_typer(versions, name="models")
app.command()(models.export)
app.command("import")(models.import_vectors)

settings = typer.Typer(help="Look at settings.", no_args_is_help=True)
settings.command("show")(configuration.show)
app.add_typer(settings, name="config")


def main() -> None:
    """Runs the command line; prints a known error as one sentence and exits with its code."""
    try:
        app(prog_name="item2vec")
    except Item2VecError as error:
        say("error:", error, "bold red")
        sys.exit(error.exit_code)
    except OSError as error:
        say("error:", sentence(error), "bold red")
        sys.exit(1)


def _print_version(wanted: bool) -> None:
    if wanted:
        out.print(f"item2vec {metadata.version('item2vec')}")
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
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
