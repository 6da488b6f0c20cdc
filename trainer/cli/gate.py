"""The command `gate`: what the gate found last, and what it looks at."""

from pathlib import Path
from typing import Annotated

import typer

from service.model.errors import NoModelError
from trainer.cli.common import Json, ModelsOption, config_layers, open_store, out, print_json
from trainer.config import sources
from trainer.jobs.verdicts import Verdicts
from trainer.view import tables
from trainer.view.verdict_table import verdict_table

EXPLANATION = """A retraining is published if it passes the gate.

  1. Guards of the log, before anything is trained: is it complete, does it go on where the last
     one ended, does it speak of the same items by the same ids and titles, is it one user's?
  2. A comparison: a model is trained without the newest sessions and ranks the whole catalogue for
     each of their items. On sessions that are new to both it must not be worse than the current
     version by more than the margin (one-sided, paired bootstrap over sessions). `next` must not
     be surely below popularity and co-occurrence, `similar` must beat chance, and neither may lose
     half of its lead. With too few sessions to tell, the guards alone decide. The model is aligned,
     but not blended with the current version, which may know those sessions.
  3. The model is trained again with all sessions (gate.refit), and guarded: vectors, coverage,
     short answers, latency.

What is compared with the last log or version is left out where there is none, or where the
settings of the log have changed. A refused version is not published (exit code 3) and stays in the
store; `item2vec models promote` publishes it by hand, `item2vec retrain --force` whatever is found.
"""


def show(
    explain: Annotated[
        bool, typer.Option("--explain", help="say what is checked, and by which settings")
    ] = False,
    models: ModelsOption = None,
    as_json: Json = False,
) -> None:
    """What the gate found at the last retraining, published or not."""
    if explain:
        _explain(models)
        return
    verdict = Verdicts(open_store(models)).last()
    if verdict is None:
        raise NoModelError("no retraining has been judged yet: run `item2vec retrain`")
    if as_json:
        print_json(verdict.model_dump(mode="json"))
        return
    out.print(verdict_table(verdict))


def _explain(models: Path | None) -> None:
    out.print(EXPLANATION)
    layers = config_layers(None, {"models": models} if models else {})
    values = sources.merge(layers).gate
    out.print(
        tables.limits_table(
            (f"gate.{name}", sources.show_value(getattr(values, name)), field.description or "")
            for name, field in type(values).model_fields.items()
        )
    )
