"""The commands that run jobs: train, retrain, evaluate, tune."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.model.artifact import Manifest
from service.model.disk import replacing, unwritable
from service.model.errors import ConfigError
from service.model.store import Store
from trainer.cli.common import (
    ConfigFile,
    Json,
    check_outside,
    current_version,
    layers,
    make_display,
    out,
    print_json,
    read_config,
    say,
)
from trainer.cli.options import add_flags
from trainer.config import sources as settings
from trainer.config.changes import changed_settings
from trainer.config.jobs import Config
from trainer.config.sources import Flags, nest
from trainer.view import tables
from trainer.view.lines import Lines

if TYPE_CHECKING:
    pass

# What trains is imported by the commands that do: kernels take longer to load than to answer a
# query, and a version can be rolled back where nothing can be compiled.

ASKING = ("preset", "data.", "training.", "index.", "next.", "evaluation.", "run.log_format")
NOT_TUNING = ("evaluation.cutoffs", "evaluation.baselines", "evaluation.report")
training_settings = add_flags(
    (name, field)
    for name, field in settings.settings()
    if not name.startswith(("evaluation.", "tuning."))
)
evaluation_settings = add_flags(
    (name, field) for name, field in settings.settings() if name.startswith(ASKING)
)
tuning_settings = add_flags(
    (name, field)
    for name, field in settings.settings()
    if name.startswith((*ASKING, "tuning.")) and name not in NOT_TUNING
)


@training_settings
def train(flags: Flags, config: ConfigFile = None) -> None:
    """Train a model and add it to the store, without making it current."""
    effective = read_config(config, flags)
    with running_job(effective) as display:
        from trainer.jobs.retrain import train_version

        version = train_version(effective, display).model_version
    display.result("trained", version, how_to_serve("trained", version))


@training_settings
def retrain(
    flags: Flags,
    config: ConfigFile = None,
    if_changed: Annotated[
        bool,
        typer.Option(
            "--if-changed",
            help="only where no model is current, or it was trained with other settings",
        ),
    ] = False,
) -> None:
    """Read, train, publish: the nightly job. Two never run at once on one store."""
    sources = layers(config, nest(flags))
    effective = settings.merge(sources)
    display = make_display(effective)
    if if_changed and (manifest := _current_manifest(effective)) is not None:
        changes = changed_settings(manifest.config, effective)
        version = manifest.model_version
        if not changes:
            text = f"version {version} stays: it was trained with these settings"
            display.result("unchanged", version, text)
            return
        for name, was, now in changes:
            origin = settings.source(sources, name)
            display.note(f"training again: {name} was {was}, is {now} ({origin})")
    with running_job(effective):
        from trainer.jobs.retrain import retrain as train_and_publish

        version = train_and_publish(effective, display).model_version
    display.result("published", version, f"published version {version}")


@evaluation_settings
def evaluate(flags: Flags, config: ConfigFile = None, as_json: Json = False) -> None:
    """Hold out a part of the log, train on the rest, and compare with models that only count.

    Nothing is published.
    """
    effective = read_config(config, flags)
    page = effective.evaluation.report
    if page is not None:
        check_outside(Store(effective.models), page)
    with running_job(effective) as display:
        from trainer.jobs.evaluate import try_out

        trial = try_out(effective, display)
    if page is not None:
        _write(page, trial.page())
        say("page:", page)
    if as_json:
        print_json(trial.as_dict(effective))
    else:
        out.print(trial.holdout.words, soft_wrap=True)
        out.print(tables.evaluation_table(trial.evaluation))


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

    Settings are chosen by a validation part of the log; the test part is looked at once, after the
    search. Ctrl-C ends the search and keeps the best so far.
    """
    effective = read_config(config, flags)
    check_outside(Store(effective.models), to)
    if reason := unwritable(to):
        raise ConfigError(f"--out {to}: {reason}")
    if to.exists() and not force:
        raise ConfigError(
            f"--out {to}: is there already; name another file, or replace it with --force"
        )
    with running_job(effective) as display:
        from trainer.jobs.tune import tune as search

        tuned = search(effective, display, lambda found: _write(to, found.as_toml()))
    _write(to, tuned.as_toml())
    if as_json:
        print_json(tuned.as_dict())
    else:
        out.print(tables.tuning_table(tuned))
        out.print(f"wrote {to}; to train with it:", soft_wrap=True)
        out.print(f"  item2vec train --config {to}", soft_wrap=True)


def _write(file: Path, text: str) -> None:
    with replacing(file) as output:
        output.write(text.encode())


@contextmanager
def running_job(config: Config) -> Iterator[Lines]:
    """Where kernels are imported and run; yields what shows the job.

    Says what became of a job that is stopped.
    """
    from trainer.compiler import CACHE_IS_KEPT

    display = make_display(config)
    if not CACHE_IS_KEPT:
        display.note(
            "kernels are compiled for this run alone, since there is no folder to keep them in: "
            "let NUMBA_CACHE_DIR name one that can be written to"
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
    """The sentence and the command that follow a version that is not served yet."""
    return f"{event} version {version}; to serve it:\n  item2vec models promote {version}"


def _current_manifest(config: Config) -> Manifest | None:
    store = Store(config.models)
    version = current_version(store)
    return None if version is None else store.manifest(version)
