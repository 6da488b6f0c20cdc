"""`item2vec suggest`: looks at a log, writes a configuration file for it."""

from pathlib import Path
from typing import Annotated

import typer

from service.model.disk import replacing
from service.model.store import Store
from trainer.cli.common import Force, Json
from trainer.cli.files import check_output
from trainer.cli.speech import in_json, print_json, print_line, say
from trainer.config.directory import DEFAULT_FILE, models_directory


def suggest(  # noqa: PLR0913 - flags of a command
    log: Annotated[Path, typer.Argument(help="the event log", show_default=False)],
    items: Annotated[
        Path | None, typer.Argument(help="a file that describes its items", show_default=False)
    ] = None,
    item: Annotated[str | None, typer.Option(help="column of the item, if you know")] = None,
    session: Annotated[str | None, typer.Option(help="column of the session")] = None,
    user: Annotated[str | None, typer.Option(help="column of the user")] = None,
    time: Annotated[str | None, typer.Option(help="column of the time")] = None,
    to: Annotated[
        Path, typer.Option("--out", "-o", help="configuration file to write")
    ] = DEFAULT_FILE,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Look at a log, and write a configuration file with a reason for each setting.

    It tells columns, separators, times, sessions and what is rare by the beginning of the log;
    what it cannot tell it says. Nothing is trained.
    """
    # Whatever the file says that is to be replaced.
    check_output("--out ", to, Store(models_directory(None) or Path("models")), force)
    from trainer.suggestion.choosing import suggest as look

    given = {"item": item, "session": session, "user": user, "time": time}
    suggestion = look(log, items, {role: name for role, name in given.items() if name})
    text = suggestion.as_toml()
    with replacing(to) as output:
        output.write(text.encode())
    if as_json or in_json():
        print_json({"file": str(to)} | suggestion.as_dict())
        return
    print_line(text)
    for doubt in suggestion.doubts:
        say("please check:", doubt)
    print_line(f"wrote {to}; to train with it:")
    print_line("  item2vec retrain" + ("" if to == DEFAULT_FILE else f" --config {to}"))
