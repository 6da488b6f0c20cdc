"""The command `gate`: what the gate found last, and what it looks at."""

from pathlib import Path
from typing import Annotated

import typer

from service.model.disk import replacing
from service.model.errors import NoModelError
from service.model.store import Store
from service.model.verdict import Verdict
from trainer.cli.common import Force, Json, ModelsOption, open_store
from trainer.cli.files import check_page
from trainer.cli.settings import config_of
from trainer.cli.speech import print_json, print_line, print_table
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
    report: Annotated[Path | None, typer.Option(help="write a page to this file, in HTML")] = None,
    force: Force = False,
) -> None:
    """What the gate found at the last retraining, published or not."""
    if explain:
        _explain(models)
        return
    store = open_store(models)
    verdict = Verdicts(store).last()
    if verdict is None:
        raise NoModelError("no retraining has been judged yet: run `item2vec retrain`")
    if report is not None:
        check_page("--report", report, store, force)
        with replacing(report) as file:
            file.write(_page(store, verdict))
        print_line(f"wrote {report}")
    elif as_json:
        print_json(verdict.model_dump(mode="json"))
    else:
        print_table(verdict_table(verdict))


def _page(store: Store, verdict: Verdict) -> bytes:
    """The page of the version that the verdict is on; without one, of the verdict alone."""
    for version in reversed(store.versions()[-1:]):
        if store.manifest(version).gate == verdict:
            return store.report(version).read_bytes()
    from trainer.view.page.verdict import render_verdict

    return render_verdict(verdict, {}, None).encode()


def _explain(models: Path | None) -> None:
    print_table(EXPLANATION)
    values = config_of(models).gate
    print_table(
        tables.limits_table(
            (f"gate.{name}", sources.show_value(getattr(values, name)), field.description or "")
            for name, field in type(values).model_fields.items()
        )
    )
