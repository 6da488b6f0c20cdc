"""The small worlds tests live in."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import faiss
import fastapi.applications
import hypothesis
import numpy as np
import pytest
from fastapi.testclient import TestClient
from filelock import FileLock

from service.model.artifact import Artifact, Manifest
from service.model.continuations import Continuations, Lists, NextSettings
from service.model.logit import CandidateSettings, Logit, Weights
from service.model.sequences import ENDINGS, LAST, Sequences, key
from service.model.similarity import SimilarSettings
from service.model.store import Store
from service.model.untrained import Untrained
from service.model.voices import VOICES
from service.web.app import create_app
from service.web.settings import Settings
from tests.shell import ITEM2VEC, ROOT, serving
from tests.shell import run as run_program
from trainer.artifacts import index
from trainer.artifacts.index import cosine_index
from trainer.cli import app as cli
from trainer.config.sections import IndexConfig
from trainer.corpus import Sessions, Vocabulary

# How long an example takes is no property of the code: machines are shared and noisy.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

FRUITS = ["apple", "pear", "plum"]
TOOLS = ["hammer", "saw", "drill"]

# What a pod finds in its environment beside the Services `item2vec` and `item2vec-web`.
KUBERNETES = {
    "KUBERNETES_SERVICE_HOST": "10.0.0.1",
    "KUBERNETES_PORT": "tcp://10.0.0.1:443",
    "ITEM2VEC_SERVICE_HOST": "10.0.0.7",
    "ITEM2VEC_SERVICE_PORT": "80",
    "ITEM2VEC_SERVICE_PORT_HTTP": "80",
    "ITEM2VEC_PORT": "tcp://10.0.0.7:80",
    "ITEM2VEC_PORT_80_TCP": "tcp://10.0.0.7:80",
    "ITEM2VEC_PORT_80_TCP_PROTO": "tcp",
    "ITEM2VEC_PORT_80_TCP_PORT": "80",
    "ITEM2VEC_PORT_80_TCP_ADDR": "10.0.0.7",
    "ITEM2VEC_WEB_SERVICE_HOST": "10.0.0.8",
    "ITEM2VEC_WEB_SERVICE_PORT": "53",
    "ITEM2VEC_WEB_SERVICE_PORT_DNS_UDP": "53",
    "ITEM2VEC_WEB_PORT": "udp://[fd00::8]:53",
    "ITEM2VEC_WEB_PORT_53_UDP": "udp://[fd00::8]:53",
    "ITEM2VEC_WEB_PORT_53_UDP_ADDR": "fd00::8",
}


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests see defaults only, whatever the shell they run in has set."""
    for name in os.environ:
        if name.startswith("ITEM2VEC_"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test writes need not survive a power cut."""
    monkeypatch.setattr("os.fsync", lambda _: None)


@pytest.fixture(autouse=True, scope="session")
def _one_document_for_equal_routes() -> Iterator[None]:
    """FastAPI writes a document once for equal routes: it takes most of the start of a service."""
    written: dict[Any, dict[str, Any]] = {}
    write = fastapi.applications.get_openapi

    def write_once(*, routes: list[Any], servers: list[Any], **others: Any) -> dict[str, Any]:
        routers = [getattr(route, "original_router", None) for route in routes]
        parts = [id(one) if one else route.path for one, route in zip(routers, routes, strict=True)]
        key = (*parts, repr(servers))
        if key not in written:
            written[key] = write(routes=routes, servers=servers, **others)
        return deepcopy(written[key])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fastapi.applications.get_openapi", write_once)
        yield


@pytest.fixture
def disk_log(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What was synced and renamed from now on, in that order."""
    log: list[tuple[str, str]] = []
    opened: dict[int, str] = {}

    def note_open(path: Any, *arguments: Any, **options: Any) -> int:
        descriptor = os_open(path, *arguments, **options)
        opened[descriptor] = str(path)
        return descriptor

    def note_rename(rename: Callable[..., None]) -> Callable[..., None]:
        def noted(source: Any, target: Any, **options: Any) -> None:
            rename(source, target, **options)
            log.append(("renamed", f"{source} -> {target}"))

        return noted

    os_open = os.open
    monkeypatch.setattr(os, "open", note_open)
    monkeypatch.setattr(os, "fsync", lambda number: log.append(("synced", opened[number])))
    monkeypatch.setattr(os, "rename", note_rename(os.rename))
    monkeypatch.setattr(os, "replace", note_rename(os.replace))
    return log


def overwrite(path: Path, content: bytes) -> None:
    """Puts another file in the place of one that is read-only."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


@pytest.fixture
def islands() -> tuple[Sessions, Vocabulary]:
    """Items 0-3 and items 4-7 never meet in one of 60 sessions of three different items."""
    random = np.random.default_rng(0)
    sides = random.integers(0, 2, 60)
    items = np.array([random.permutation(4)[:3] for _ in sides]) + 4 * sides[:, None]
    counts = np.bincount(items.ravel(), minlength=8)
    ranking = np.argsort(-counts, kind="stable")
    rows = np.argsort(ranking).astype(np.int32)
    names = [f"{'left' if item < 4 else 'right'}-{item}" for item in ranking]
    offsets = np.arange(0, 60 * 3 + 1, 3, dtype=np.int64)
    return Sessions(rows[items.ravel()], offsets), Vocabulary(names, counts[ranking])


def write_baskets(log: Path) -> None:
    """Forty baskets, one an hour: three of four fruits, or three of four tools."""
    sides = [cycle(["apple", "pear", "plum", "fig"]), cycle(["hammer", "saw", "drill", "file"])]
    lines = ["basket,item,title,time,nothing"]
    for basket in range(40):
        for item in islice(sides[basket % 2], 3):
            when = f"2026-01-{1 + basket // 24:02}T{basket % 24:02}:00:00"
            lines.append(f"b{basket},{item},A [{item}],{when},")
    log.write_text("\n".join(lines) + "\n")


def make_continuations(table: list[dict[int, float]], *, decay: float = 0.5) -> Continuations:
    """For every row the rows that follow it and their scores, in any order."""
    table = [dict(sorted(row.items(), key=lambda one: (-one[1], one[0]))) for row in table]
    return Continuations(
        table=lists([list(scores) for scores in table]),
        scores=np.array([score for scores in table for score in scores.values()], np.float32),
        settings=NextSettings(decay=decay),
    )


def lists(rows: list[list[int]]) -> Lists:
    """Lists of rows, flat."""
    flat = np.array([row for one in rows for row in one], np.int32)
    return Lists(flat, np.cumsum([0, *map(len, rows)], dtype=np.int64))


def fruits_and_tools() -> Continuations:
    """What comes next in the model of fruits and tools: a hammer after an apple, then a saw."""
    _apple, pear, plum, hammer, saw, drill = range(6)
    return make_continuations(
        [{hammer: 0.75, pear: 0.25}, {plum: 1}, {}, {saw: 0.75, drill: 0.25}, {drill: 1}, {}]
    )


Ending = tuple[int, int, int]  # one of ENDINGS, the item before (0 for LAST), the last item


def make_sequences(rows: dict[Ending, dict[int, float]], items: int) -> Sequences:
    """For every ending of a session what came right after it, with its share, in any order."""
    keys = {key(*ending, items): row for ending, row in rows.items()}
    table = [dict(sorted(keys[one].items(), key=lambda one: -one[1])) for one in sorted(keys)]
    following = lists([list(row) for row in table])
    return Sequences(
        keys=np.array(sorted(keys), np.int64),
        offsets=following.offsets,
        items=following.items,
        shares=np.array([share for row in table for share in row.values()], np.float32),
    )


def make_logit(
    weights: dict[str, float] | None = None,
    others: tuple[float, float, float] = (0, 0, 0),
    *,
    seen: dict[str, float] | None = None,
    **settings: int,
) -> Logit:
    """Weights of the named voices, the same for all sessions; others where items come back."""
    unseen = {"votes, recent": 1.0} if weights is None else weights
    seen = unseen | {"is the last item": 0.5} if seen is None else seen
    seen_row, unseen_row = ([row.get(name, 0.0) for name in VOICES] for row in (seen, unseen))
    return Logit(
        names=list(VOICES),
        lengths=[1],
        candidates=CandidateSettings(**settings),
        seen=Weights(voices=[seen_row], others=[others]),
        unseen=Weights(voices=[unseen_row], others=[others]),
    )


def with_voices(
    continuations: Continuations, logit: Logit | None = None, items: int | None = None
) -> Continuations:
    """The same table, with more that has a say: every item came right after the one before it."""
    n = items or len(continuations.table.offsets) - 1
    rows = {(LAST, 0, item): {(item + 1) % n: 0.5} for item in range(n)}
    rows |= {(ending, item, item): {item: 0.25} for ending in ENDINGS[1:] for item in range(n)}
    return replace(
        continuations,
        sequences=make_sequences(rows, n),
        recent=np.arange(n, dtype=np.int32),
        settings=continuations.settings.model_copy(update={"logit": logit or make_logit()}),
    )


def plain_index(matrix: np.ndarray, config: IndexConfig | None = None) -> faiss.Index:
    """An index whose scores are cosines."""
    counts = np.ones(len(matrix), np.int64)
    return cosine_index(matrix, counts, SimilarSettings(), config or IndexConfig())


def quantized_index(matrix: np.ndarray) -> faiss.Index:
    """The same with codes, however few items there are (at least 16)."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "SMALLEST_QUANTIZED", 0)
        return plain_index(matrix, IndexConfig(search="quantized"))


def quantized_artifact(version: str = "v1") -> Artifact:
    """A model of forty items around a circle, whose index has codes."""
    angles = np.linspace(0, 2.4, 40) ** 2
    vectors = {f"item-{row}": [np.cos(angle), np.sin(angle)] for row, angle in enumerate(angles)}
    artifact = make_artifact(version, vectors)
    return replace(artifact, cosine_index=quantized_index(artifact.input_vectors))


def make_artifact(
    version: str = "v1",
    vectors: dict[str, list[float]] | None = None,
    continuations: Continuations | None = None,
) -> Artifact:
    """A model of six items in two dimensions: fruits point right, tools point up."""
    vectors = vectors or {
        "apple": [1.0, 0.0],
        "pear": [2.0, 0.2],
        "plum": [0.5, 0.1],
        "hammer": [0.0, 1.0],
        "saw": [0.2, 2.0],
        "drill": [0.1, 0.5],
    }
    matrix = np.array(list(vectors.values()), np.float32)
    return Artifact(
        manifest=Manifest(
            model_version=version,
            created=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            items=len(vectors),
            vector_size=matrix.shape[1],
            output="items",
            config={},
            data={},
            metrics={},
            verdict="made by hand",
            similar=SimilarSettings(),
            metadata={"kind": "text"},
        ),
        item_ids=list(vectors),
        titles=[f"A {name}" if name in FRUITS else None for name in vectors],
        metadata={"kind": ["fruit" if name in FRUITS else "tool" for name in vectors]},
        counts=np.arange(len(vectors), 0, -1, dtype=np.int64) * 10,
        input_vectors=matrix,
        output_vectors=matrix[:, ::-1].copy(),
        cosine_index=plain_index(matrix),
        continuations=continuations,
    )


def make_artifact_with_next(version: str = "v1") -> Artifact:
    """The same model, and what comes next in it."""
    return make_artifact(version, continuations=fruits_and_tools())


def make_artifact_with_voices(version: str = "v1") -> Artifact:
    """The same model, where more than the table has a say in what comes next."""
    return make_artifact(version, continuations=with_voices(fruits_and_tools()))


def with_untrained(artifact: Artifact) -> Artifact:
    """The same model, which knows a fruit and a tool that it has no vectors of."""
    untrained = Untrained(["kiwi", "kettle"], ["A kiwi", None], {"kind": ["fruit", "tool"]})
    return replace(artifact, untrained=untrained)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store(tmp_path / "models")


@pytest.fixture
def publish(store: Store) -> Callable[[], str]:
    """Publishes a version of the fruit-and-tool model; returns its name."""

    def publish() -> str:
        manifest = store.add(make_artifact)
        store.promote(manifest.model_version)
        return manifest.model_version

    return publish


@pytest.fixture
def client(store: Store, publish: Callable[[], str]) -> Iterator[TestClient]:
    """The service over one published version."""
    publish()
    with TestClient(create_app(Settings(models=store.directory))) as client:
        yield client


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


@dataclass
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What was printed, which must be strict JSON."""
        return json.loads(self.out, parse_constant=_refuse)

    @property
    def words(self) -> str:
        """What was printed, without its columns."""
        return " ".join(self.out.split())

    @property
    def error(self) -> str:
        """The one line that says what went wrong."""
        lines = [line for line in self.err.splitlines() if line.startswith("error:")]
        assert len(lines) == 1, self.err
        assert self.err.endswith(f"{lines[0]}\n")
        assert "Traceback" not in self.err
        return lines[0]


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Result]:
    """Runs the command line in this process."""

    def run(*arguments: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["item2vec", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as exited:
            cli.main()
        return Result(exited.value.code or 0, *capsys.readouterr())

    return run


def copy_project(directory: Path) -> Path:
    """The sample and its settings, as a user has them."""
    shutil.copy(ROOT / "item2vec.toml", directory)
    (directory / "data").symlink_to(ROOT / "data")
    return directory


@pytest.fixture(scope="session")
def sample_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, and a model of it published with defaults: trained once for all processes."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    directory = shared / "sample_project"
    with FileLock(f"{directory}.lock"):
        if not directory.exists():
            project = copy_project(tmp_path_factory.mktemp("project"))
            run_program(*ITEM2VEC, "retrain", cwd=project)
            project.rename(directory)
    return directory


@pytest.fixture(scope="session")
def address(sample_project: Path) -> Iterator[str]:
    """The service over that model."""
    with serving(sample_project) as address:
        yield address


@pytest.fixture
def own_project(sample_project: Path, tmp_path: Path) -> Path:
    """A copy of the sample's project, to be changed."""
    shutil.copytree(sample_project / "models", tmp_path / "models")
    return copy_project(tmp_path)
