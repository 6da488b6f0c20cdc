"""`item2vec suggest`: looks at a log, writes a configuration file for it."""

from pathlib import Path
from typing import Annotated

import typer

from service.model.disk import replacing, unwritable
from service.model.errors import ConfigError
from trainer.cli.common import Json, out, print_json, say


def suggest(  # noqa: PLR0913 - flags of a command
    log: Annotated[Path, typer.Argument(help="the event log", show_default=False)],
    items: Annotated[
        Path | None, typer.Argument(help="a file that describes its items", show_default=False)
    ] = None,
    item: Annotated[str | None, typer.Option(help="column of the item, if you know")] = None,
    session: Annotated[str | None, typer.Option(help="column of the session")] = None,
    user: Annotated[str | None, typer.Option(help="column of the user")] = None,
    time: Annotated[str | None, typer.Option(help="column of the time")] = None,
    to: Annotated[Path, typer.Option("--out", "-o", help="configuration file to write")] = Path(
        "item2vec.toml"
    ),
    force: Annotated[bool, typer.Option("--force", help="replace that file")] = False,
    as_json: Json = False,
) -> None:
    """Look at a log, and write a configuration file with a reason for each setting.

    It tells columns, separators, times, sessions and what is rare by the beginning of the log;
    what it cannot tell it says. Nothing is trained.
    """
    if reason := unwritable(to):
        raise ConfigError(f"--out {to}: {reason}")
    if to.exists() and not force:
        raise ConfigError(
            f"--out {to}: the file exists; name another one, or replace it with --force"
        )
    from trainer.suggestion.choosing import suggest as look

    given = {"item": item, "session": session, "user": user, "time": time}
    suggestion = look(log, items, {role: name for role, name in given.items() if name})
    text = suggestion.as_toml()
    with replacing(to) as output:
        output.write(text.encode())
    if as_json:
        print_json({"file": str(to)} | suggestion.as_dict())
        return
    out.print(text)
    for doubt in suggestion.doubts:
        say("please check:", doubt)
    out.print(f"wrote {to}; to train with it:", soft_wrap=True)
    out.print(f"  item2vec train --config {to}", soft_wrap=True)
