"""The commands that run jobs: train, retrain, evaluate, tune."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from service.model.artifact import Manifest
from service.model.disk import replacing, unwritable
from service.model.errors import ConfigError
from service.model.store import Store
from trainer.cli.common import (
    ConfigFile,
    Json,
    check_outside,
    config_layers,
    current_version,
    make_display,
    out,
    print_json,
    read_config,
    say,
)
from trainer.cli.options import add_flags
from trainer.config import sources
from trainer.config.changes import changed_settings
from trainer.config.jobs import Config
from trainer.config.sources import Flags, nest
from trainer.jobs.nights import noted
from trainer.view import tables
from trainer.view.lines import Lines

# Only the commands that train import the code that trains: kernels take longer to load than a
# query takes to answer, and a version can be rolled back on a machine that cannot compile.

EVALUATION = (
    "preset",
    "data.",
    "items.",
    "training.",
    "index.",
    "similar.",
    "next.",
    "evaluation.",
    "run.log_format",
)
NOT_TUNING = ("items.", "evaluation.cutoffs", "evaluation.baselines", "evaluation.report")
retraining_settings = add_flags(
    (name, field)
    for name, field in sources.settings()
    if not name.startswith(("notify.", "evaluation.", "tuning."))
)
training_settings = add_flags(
    (name, field)
    for name, field in sources.settings()
    if not name.startswith(("notify.", "evaluation.", "tuning.", "gate.", "publish."))
)
evaluation_settings = add_flags(
    (name, field) for name, field in sources.settings() if name.startswith(EVALUATION)
)
tuning_settings = add_flags(
    (name, field)
    for name, field in sources.settings()
    if name.startswith((*EVALUATION, "tuning.")) and not name.startswith(NOT_TUNING)
)


@training_settings
def train(flags: Flags, config: ConfigFile = None) -> None:
    """Train a model and add it to the store, without making it current."""
    effective = read_config(config, flags)
    with running_job(effective) as display:
        from trainer.jobs.retrain import train_version

        version = train_version(effective, display).model_version
    display.result("trained", version, how_to_serve("trained", version))


@retraining_settings
def retrain(
    flags: Flags,
    config: ConfigFile = None,
    if_changed: Annotated[
        bool,
        typer.Option(
            "--if-changed",
            help="only if no model is current, or it was trained with other settings",
        ),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="publish whatever the gate finds, without a comparison")
    ] = False,
) -> None:
    """Read, train, judge, publish: the nightly job. Only one at a time runs on a store.

    The gate checks the log and the model, and compares it on held-out sessions with the current
    version and with simple models. What it refuses is not published: exit code 3, and
    `item2vec gate` shows why. A refused version stays in the store: `item2vec models promote`
    publishes it by hand.
    """
    layers = config_layers(config, nest(flags))
    effective = sources.merge(layers)
    display = make_display(effective)
    if if_changed and (manifest := _current_manifest(effective)) is not None:
        changes = changed_settings(manifest.config, effective)
        version = manifest.model_version
        if not changes:
            text = f"version {version} stays: it was trained with these settings"
            display.result("unchanged", version, text)
            return
        for name, was, now in changes:
            origin = sources.source(layers, name)
            display.note(f"training again: {name} was {was}, is {now} ({origin})")
    with noted(effective, display) as run, running_job(effective):
        from trainer.jobs.retrain import retrain as train_and_publish

        run.published = manifest = train_and_publish(effective, display, force=force)
    version = manifest.model_version
    display.result("published", version, f"published version {version}")


@evaluation_settings
def evaluate(flags: Flags, config: ConfigFile = None, as_json: Json = False) -> None:
    """Hold out a part of the log, train on the rest, and compare with the baselines.

    Nothing is published.
    """
    effective = read_config(config, flags)
    page = effective.evaluation.report
    if page is not None:
        check_outside(Store(effective.models), page)
    with running_job(effective) as display:
        from trainer.jobs.evaluate import evaluate_held_out

        run = evaluate_held_out(effective, display)
    if page is not None:
        _write(page, run.page())
        say("page:", page)
    if as_json:
        print_json(run.as_dict(effective))
    else:
        out.print(run.holdout.description, soft_wrap=True)
        out.print(tables.evaluation_table(run.evaluation))
        out.print()
        out.print(tables.neighborhood_table(run.interchangeability))


@tuning_settings
def tune(
    flags: Flags,
    config: ConfigFile = None,
    to: Annotated[Path, typer.Option("--out", "-o", help="configuration file to write")] = Path(
        "tuned.toml"
    ),
    force: Annotated[bool, typer.Option("--force", help="replace that file")] = False,
    as_json: Json = False,
) -> None:
    """Search for better settings and write them as a configuration file.

    Settings are chosen on a validation part of the log; the test part is used once, after the
    search. Ctrl-C ends the search and keeps the best settings so far.
    """
    effective = read_config(config, flags)
    check_outside(Store(effective.models), to)
    if reason := unwritable(to):
        raise ConfigError(f"--out {to}: {reason}")
    if to.exists() and not force:
        raise ConfigError(
            f"--out {to}: the file exists; name another one, or replace it with --force"
        )
    with running_job(effective) as display:
        from trainer.jobs.tune import tune as search

        result = search(effective, display, lambda result: _write(to, result.as_toml()))
    _write(to, result.as_toml())
    if as_json:
        print_json(result.as_dict())
    else:
        out.print(tables.tuning_table(result))
        out.print(f"wrote {to}; to train with it:", soft_wrap=True)
        out.print(f"  item2vec train --config {to}", soft_wrap=True)


def _write(file: Path, text: str) -> None:
    with replacing(file) as output:
        output.write(text.encode())


@contextmanager
def running_job(config: Config) -> Iterator[Lines]:
    """The context of a job that imports and runs kernels; yields its display.

    Tells what became of a job that is stopped.
    """
    from trainer.compiler import CACHE_IS_KEPT

    display = make_display(config)
    if not CACHE_IS_KEPT:
        display.note(
            "kernels are compiled for this run alone, since there is no folder to keep them in: "
            "set NUMBA_CACHE_DIR to a writable one"
        )
    store = Store(config.models)
    before = current_version(store)
    try:
        yield display
    except (KeyboardInterrupt, SystemExit):
        if current_version(store) == before:
            display.note("stopped, nothing published")
        raise


def how_to_serve(event: str, version: str) -> str:
    """Announces a version that is not served yet, with the command that would serve it."""
    return f"{event} version {version}; to serve it:\n  item2vec models promote {version}"


def _current_manifest(config: Config) -> Manifest | None:
    store = Store(config.models)
    version = current_version(store)
    return None if version is None else store.manifest(version)
