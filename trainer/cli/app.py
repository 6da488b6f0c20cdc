"""The command line: `item2vec`."""

import dataclasses
import json
import os
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from service.model.artifact import Manifest
from service.model.continuations import Relation
from service.model.environment import PREFIX
from service.model.errors import (
    ArtifactError,
    ConfigError,
    InputError,
    Item2VecError,
    NoModelError,
    UnavailableError,
    UnknownItemError,
)
from service.model.files import most_frequent_item
from service.model.recommender import Neighbor, Recommender
from service.model.store import Store
from service.web.settings import Settings
from trainer.artifacts import exports
from trainer.cli.options import add_flags
from trainer.config import sources as settings
from trainer.config.changes import changed_settings
from trainer.config.jobs import Config
from trainer.config.sources import Flags, nest, show_value
from trainer.view import tables as report

if TYPE_CHECKING:
    from trainer.tuning.findings import Tuned

# What trains is imported by the commands that do: kernels take longer to load than to answer a
# query, and a version can be rolled back where nothing can be compiled.

HELP = """Recommendations from sessions: train item vectors, publish them, serve them over HTTP.

Settings come from flags, from ITEM2VEC_<SECTION>__<NAME> in the environment, from item2vec.toml
and from defaults, the first that has one counts; `item2vec config show` tells which did.

Exit codes: 0 done, 1 failed, 2 wrong usage or input, 130 and 143 stopped by a signal.
"""

app = typer.Typer(pretty_exceptions_enable=False, rich_markup_mode="rich")
models = typer.Typer(help="List, inspect and switch published models.", no_args_is_help=True)
configuration = typer.Typer(help="Look at settings.", no_args_is_help=True)
app.add_typer(models, name="models")
app.add_typer(configuration, name="config")

WIDE = 10_000  # columns of what is piped, so that no id is folded
# Ids and titles are printed to the letter: `[red]` and `:cat:` are no markup in them.
LITERAL: dict[str, Any] = {"highlight": False, "markup": False, "emoji": False}
out = Console(width=None if sys.stdout.isatty() else WIDE, **LITERAL)
log = Console(stderr=True, width=None if sys.stderr.isatty() else WIDE, **LITERAL)

ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", "-c", help="configuration file \\[default: item2vec.toml]"),
]
ModelsOption = Annotated[
    Path | None, typer.Option("--models", help="directory of published models \\[default: models]")
]
K = Annotated[int, typer.Option("--k", "-k", min=1, help="how many items")]
Json = Annotated[bool, typer.Option("--json", help="print JSON instead of a table")]
Version = Annotated[str | None, typer.Option(help="the version to ask \\[default: current]")]
LikedIds = Annotated[
    list[str], typer.Argument(metavar="ITEM...", help="item ids, the oldest first, the newest last")
]
RelationOption = Annotated[
    Relation, typer.Option(help="similar: could be taken instead; next: comes after or goes with")
]
AnyItemIds = Annotated[list[str] | None, typer.Argument(metavar="[ITEM]...", help="item ids")]

ASKING = ("preset", "data.", "training.", "index.", "next.", "evaluation.", "run.log_format")
NOT_TUNING = ("evaluation.cutoffs", "evaluation.baselines", "evaluation.report")
all_settings = add_flags(settings.settings())
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


def main() -> None:
    """Runs the command line; a known error is one sentence and its exit code."""
    try:
        app(prog_name="item2vec")
    except Item2VecError as error:
        _say("error:", error, "bold red")
        sys.exit(error.exit_code)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _say("error:", f"{place}{error.strerror or error}", "bold red")
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
    """What is asked of the program itself."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def _say(label: str, message: object, style: str = "yellow") -> None:
    log.print(Text.assemble((label, style), f" {message}"), soft_wrap=True)


# Training


@app.command()
@training_settings
def train(flags: Flags, config: ConfigFile = None) -> None:
    """Train a model and add it to the store, without making it current."""
    effective = _config(config, flags)
    with _job(effective):
        from trainer.jobs import retrain

        version = retrain.train_version(effective, log).model_version
    _print_result(effective, "trained", version, _to_serve("trained", version))


@app.command("retrain")
@training_settings
def retrain_command(
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
    layers = _layers(config, nest(flags))
    effective = settings.merge(layers)
    if if_changed and (manifest := _current_manifest(effective)) is not None:
        changes = changed_settings(manifest.config, effective)
        version = manifest.model_version
        if not changes:
            words = f"version {version} stays: it was trained with these settings"
            _print_result(effective, "unchanged", version, words)
            return
        for name, was, now in changes:
            words = f"{name} was {was}, is {now} ({settings.source(layers, name)})"
            _note(effective, f"training again: {words}")
    with _job(effective):
        from trainer.jobs import retrain

        version = retrain.retrain(effective, log).model_version
    _print_result(effective, "published", version, f"published version {version}")


@app.command()
@evaluation_settings
def evaluate(flags: Flags, config: ConfigFile = None, as_json: Json = False) -> None:
    """Hold out a part of the log, train on the rest, and compare with models that only count.

    Nothing is published.
    """
    effective = _config(config, flags)
    page = effective.evaluation.report
    if page is not None:
        _check_outside(Store(effective.models), page)
    with _job(effective):
        from trainer.jobs.evaluate import try_out

        trial = try_out(effective, log)
    if page is not None:
        page.write_text(trial.page(), encoding="utf-8")
        _say("page:", page)
    if as_json:
        _print_json(trial.as_dict(effective))
    else:
        out.print(trial.holdout.words, soft_wrap=True)
        out.print(report.evaluation_table(trial.evaluation))


@app.command()
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
    effective = _config(config, flags)
    _check_outside(Store(effective.models), to)
    if to.is_dir() or not to.parent.is_dir() or (to.exists() and not force):
        raise ConfigError(f"--out {to}: {_why_not(to)}")
    with _job(effective):
        from trainer.jobs.tune import tune as search

        tuned = search(effective, log, lambda found: _write(to, found))
    _write(to, tuned)
    if as_json:
        _print_json(tuned.as_dict())
    else:
        out.print(report.tuning_table(tuned))
        out.print(f"wrote {to}; to train with it:", soft_wrap=True)
        out.print(f"  item2vec train --config {to}", soft_wrap=True)


def _why_not(file: Path) -> str:
    if file.is_dir():
        return "is a directory; name a file"
    if file.exists():
        return "is there already; name another file, or replace it with --force"
    return f"there is no directory {file.parent}"


def _write(file: Path, tuned: "Tuned") -> None:
    file.write_text(tuned.as_toml(), encoding="utf-8")


@contextmanager
def _job(config: Config) -> Iterator[None]:
    """Where kernels are imported and run. Says what became of a job that is stopped."""
    from trainer.compiler import CACHE_IS_KEPT

    if not CACHE_IS_KEPT:
        _note(
            config,
            "kernels are compiled for this run alone, since there is no folder to keep them in: "
            "let NUMBA_CACHE_DIR name one that can be written to",
        )
    store = Store(config.models)
    before = _current(store)
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        if _current(store) == before:
            _note(config, "stopped, nothing published")
        raise


def _current_manifest(config: Config) -> Manifest | None:
    store = Store(config.models)
    version = _current(store)
    return None if version is None else store.manifest(version)


def _note(config: Config, message: str) -> None:
    if config.run.log_format == "json":
        log.print(json.dumps({"event": "note", "message": message}), soft_wrap=True)
    else:
        _say("note:", message)


def _to_serve(event: str, version: str) -> str:
    return f"{event} version {version}; to serve it:\n  item2vec models promote {version}"


def _print_result(config: Config, event: str, version: str, words: str) -> None:
    if config.run.log_format == "json":
        words = json.dumps({"event": event, "model_version": version})
    out.print(words, soft_wrap=True)


# Serving


@app.command()
@add_flags(Settings.model_fields.items())
def serve(flags: Flags) -> None:
    """Serve the current model over HTTP, and every later one without a restart."""
    flags.setdefault("models", _store(None).directory)
    for name, value in flags.items():
        os.environ[f"{PREFIX}{name}".upper()] = str(value)
    service = Settings.from_environment()
    _check_address(service.host, service.port)
    _say_what_to_try(service)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "service"])


def _check_address(host: str, port: int) -> None:
    """Refuses what the service could not listen on, before anything is said of it."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        reason = f"{error.strerror}; name another --port or --host"
        raise OSError(error.errno, reason, f"{host}:{port}") from None


def _say_what_to_try(service: Settings) -> None:
    store = Store(service.models)
    try:
        item_id = most_frequent_item(store.path(store.current()))
    except Item2VecError as error:
        _say("note:", f"{error}; until then queries are answered with 503")
        return
    if not service.port:
        return  # the service names the one it gets
    address = f"http://{service.host}:{service.port}"
    out.print("In another terminal, try:")
    out.print(f"  curl -s '{address}/similar/{_quoted(item_id)}?k=5'")
    out.print(f"or open {address}/docs in a browser. Ctrl-C stops the service.")


def _quoted(item_id: str) -> str:
    from urllib.parse import quote

    return quote(item_id, safe="")


# Queries


@app.command()
def similar(
    item: Annotated[str, typer.Argument(help="item id")],
    relation: RelationOption = "similar",
    k: K = 10,
    as_json: Json = False,
    models: ModelsOption = None,
    version: Version = None,
) -> None:
    """Items similar to one item, or those that come next."""
    recommender = _recommender(models, version)
    try:
        neighbors = recommender.similar(item, k, relation)
    except UnknownItemError as error:
        raise InputError(f"{error}{_titles_like(recommender, item)}") from None
    _print_neighbors(neighbors, as_json)


@app.command()
def recommend(  # noqa: PLR0913 - a command has as many parameters as options
    liked: LikedIds,
    exclude: Annotated[list[str] | None, typer.Option(help="items not to return")] = None,
    relation: RelationOption = "similar",
    decay: Annotated[
        float | None,
        typer.Option(
            help="the share of its weight that an item keeps per step back: 1 counts all alike, 0 "
            "the newest alone \\[default: 1 for similar, for next the model's next_decay]"
        ),
    ] = None,
    k: K = 10,
    as_json: Json = False,
    models: ModelsOption = None,
    version: Version = None,
) -> None:
    """Items for a taste, the mean of the liked items, or those that come next."""
    recommender = _recommender(models, version)
    found = recommender.recommend(liked, k, exclude or (), relation=relation, decay=decay)
    if found.unknown_items:
        _say("unknown:", ", ".join(map(report.printable, found.unknown_items)))
    if found.fallback_used:
        _say("note:", "no liked item is known, these are the most popular items")
    if found.ignored_items:
        _say("note:", f"too far back to have a vote: {', '.join(found.ignored_items)}")
    _print_neighbors(found.neighbors, as_json)


@app.command()
def analogy(
    positive: AnyItemIds = None,
    negative: Annotated[list[str] | None, typer.Option("--negative", "-n", help="subtract")] = None,
    k: K = 10,
    as_json: Json = False,
    models: ModelsOption = None,
    version: Version = None,
) -> None:
    """Items nearest to the sum of some items less others: `analogy KING WOMAN -n MAN`."""
    recommender = _recommender(models, version)
    _print_neighbors(recommender.analogy(positive or [], negative or [], k), as_json)


def _recommender(directory: Path | None, version: str | None) -> Recommender:
    return Recommender(_store(directory).load(version))


def _titles_like(recommender: Recommender, text: str) -> str:
    """Which items somebody may mean who typed a title."""
    matches = [
        f"{report.printable(item.item_id)} {report.printable(item.title or '')}".rstrip()
        for item in recommender.find(text, 3)
    ]
    return f"; it knows {', '.join(matches)}" if matches else ""


def _print_neighbors(neighbors: Sequence[Neighbor], as_json: bool) -> None:
    if as_json:
        _print_json([dataclasses.asdict(neighbor) for neighbor in neighbors])
    else:
        out.print(report.neighbors_table(neighbors))


# Models


@models.command("list")
def list_models(models: ModelsOption = None, as_json: Json = False) -> None:
    """Every version, oldest first."""
    store = _store(models)
    manifests = []
    for version in store.versions():
        try:
            manifests.append(store.manifest(version))
        except ArtifactError as error:
            _say("damaged:", error)
        except UnavailableError as error:
            _say("unavailable:", error)
    current = _current(store)
    if as_json:
        _print_json(
            [
                {
                    **manifest.model_dump(mode="json", exclude={"config", "sha256"}),
                    "current": manifest.model_version == current,
                }
                for manifest in manifests
            ]
        )
    else:
        out.print(report.versions_table(manifests, current))


@models.command()
def show(
    version: Annotated[str | None, typer.Argument(help="\\[default: current]")] = None,
    models: ModelsOption = None,
) -> None:
    """The manifest of a version, as JSON."""
    store = _store(models)
    _print_json(store.manifest(version or store.current()).model_dump(mode="json"))


@models.command()
def promote(
    version: Annotated[str, typer.Argument(help="the version to serve")],
    models: ModelsOption = None,
) -> None:
    """Make a version current, after verifying it."""
    _store(models).promote(version)
    out.print(f"current version: {version}")


@models.command()
def rollback(models: ModelsOption = None) -> None:
    """Make the version before the current one current again."""
    out.print(f"current version: {_store(models).rollback()}")


@models.command()
def prune(
    keep: Annotated[
        int | None, typer.Option(min=1, help="newest versions to keep \\[default: publish.keep]")
    ] = None,
    models: ModelsOption = None,
) -> None:
    """Delete all but the newest versions; the current one stays."""
    deleted = _store(models).prune(keep or _config(None, {}).publish.keep)
    out.print(f"deleted {len(deleted)}: {', '.join(deleted)}" if deleted else "nothing to delete")


# Other programs


@app.command()
def export(
    output: Annotated[
        Path, typer.Argument(help="the file; .npy has its item ids beside it in <name>.items.json")
    ],
    file_format: Annotated[
        exports.Format | None,
        typer.Option(
            "--format",
            help="\\[default: by ending; .txt and .vec: word2vec, .bin: word2vec-binary]",
        ),
    ] = None,
    vectors: Annotated[
        exports.Vectors, typer.Option(help="which ones; average: the mean of input and output")
    ] = "input",
    models: ModelsOption = None,
    version: Version = None,
) -> None:
    """Write the vectors for another program: word2vec files (also .gz) are gensim's."""
    store = _store(models)
    _check_outside(store, output)
    artifact = store.load(version)
    exports.export_vectors(artifact, output, file_format, vectors)
    rows, columns = artifact.input_vectors.shape
    out.print(f"wrote {rows} {vectors} vectors of {columns} numbers to {output}", soft_wrap=True)


@app.command("import")
def import_command(
    vectors: Annotated[
        Path, typer.Argument(help="a word2vec file, text or binary, plain or gzipped")
    ],
    models: ModelsOption = None,
) -> None:
    """Make a model of a word2vec file, as gensim writes it, without making it current."""
    config = _config(None, {"models": models} if models else {})
    with _job(config):
        from trainer.artifacts.imports import import_vectors

        version = import_vectors(vectors, Store(config.models), config.index).model_version
    _print_result(config, "imported", version, _to_serve("imported", version))


# Settings


@configuration.command("show")
@all_settings
def show_config(flags: Flags, config: ConfigFile = None) -> None:
    """Every setting: its value, where it came from, and its environment variable."""
    layers = _layers(config, nest(flags))
    effective = settings.merge(layers).model_dump(mode="json")
    rows = []
    for name, _ in settings.settings():
        value: Any = effective
        for part in name.split("."):
            value = value[part]
        text = show_value(value)
        rows.append((name, text, settings.source(layers, name), settings.environment_name(name)))
    out.print(report.settings_table(rows))


def _layers(file: Path | None, flags: Mapping[str, Any]) -> settings.Layers:
    return settings.read_layers(file, flags, Settings.model_fields)


def _config(file: Path | None, flags: Flags) -> Config:
    return settings.merge(_layers(file, nest(flags)))


def _store(directory: Path | None) -> Store:
    """The store of --models, or of the configuration."""
    flags = {"models": directory} if directory else {}
    return Store(settings.merge(_layers(None, flags)).models)


def _check_outside(store: Store, output: Path) -> None:
    """Refuses to write where a model might be overwritten."""
    if output.resolve().is_relative_to(store.directory.resolve()):
        raise InputError(f"{output} lies in {store.directory}, among the models: name another file")


def _current(store: Store) -> str | None:
    try:
        return store.current()
    except NoModelError:
        return None


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
