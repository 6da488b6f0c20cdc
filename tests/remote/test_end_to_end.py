"""From a retraining over an object store to services that share no disk with it."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from service.model.artifact import INPUT_VECTORS
from service.model.remote.bucket import Bucket
from service.model.remote.upload import push
from service.model.store import Store
from tests.conftest import Result, make_artifact, write_baskets
from tests.remote.conftest import NAME, S3Server
from tests.shell import wait_until
from tests.web.test_protocol import Service, service

Run = Callable[..., Result]
URL = f"s3://{NAME}/shop/models"
INTERVAL = 0.2  # seconds from one look into the object store to the next
SETTINGS = f"""
[data]
paths = ["log.csv"]
session = "basket"
item = "item"
min_count = 1
[training]
vector_size = 8
epochs = 1
workers = 1
[publish]
push = "{URL}"
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store of a directory with settings and a log."""
    monkeypatch.chdir(tmp_path)
    write_baskets(tmp_path / "log.csv")
    (tmp_path / "item2vec.toml").write_text(SETTINGS)
    return Store(tmp_path / "models")


@pytest.fixture
def following(s3: S3Server, tmp_path: Path) -> Iterator[Service]:  # noqa: ARG001
    """A service of two workers over an empty directory."""
    settings = {"PULL": URL, "PULL_SECONDS": str(INTERVAL), "POLL_SECONDS": "0.05", "WORKERS": "2"}
    with service(tmp_path / "cache", tmp_path / "said", **settings) as running:
        yield running


def served(running: Service) -> str | None:
    return json.loads(running.get("/model")).get("model_version")


def is_served(running: Service, version: str) -> Callable[[], bool]:
    """By each of the workers, as far as ten connections tell."""
    return lambda: {served(running) for _ in range(10)} == {version}


def pulls(running: Service, outcome: str) -> bool:
    return f'item2vec_model_pulls_total{{outcome="{outcome}"}} 1.0' in running.get("/metrics")


def complaints(said: Path) -> list[str]:
    lines = (line for line in said.read_text().splitlines() if line.startswith("{"))
    return [one["message"] for one in map(json.loads, lines) if one["level"] == "error"]


def test_a_service_serves_what_a_retraining_elsewhere_pushes_whatever_happens_to_the_bucket(
    shop: Store, s3: S3Server, following: Service, run: Run, tmp_path: Path
):
    assert json.loads(following.get("/readyz"))["status"] == 503
    assert run("retrain").code == 0
    wait_until(is_served(following, shop.current()), "the first version")
    assert pulls(following, "pulled")  # once, though there are two workers

    assert run("hide", "apple").code == 0
    wait_until(lambda: "apple" not in following.get("/similar/pear"), "the hidden item")

    good = shop.add(make_artifact).model_version
    shop.promote(good)
    began = time.monotonic()
    assert run("models", "push", URL).code == 0
    wait_until(is_served(following, good), "the next version")
    assert time.monotonic() - began < 20 * INTERVAL

    bad = shop.add(make_artifact).model_version
    vectors = (shop.path(bad) / INPUT_VECTORS).read_bytes()
    checksum = shop.manifest(bad).sha256[INPUT_VECTORS]
    Bucket(URL).write(f"versions/{bad}/{INPUT_VECTORS}", vectors[:-1] + b"x", checksum)
    assert run("models", "push", URL, "--version", bad).code == 0
    wait_until(lambda: pulls(following, "refused"), "the refusal")
    assert served(following) == good
    (sentence,) = [one for one in complaints(tmp_path / "said") if "damaged" in one]
    assert f"{URL}/versions/{bad}/{INPUT_VECTORS} is damaged" in sentence

    s3.stop()
    wait_until(
        lambda: "nothing listens at its address" in (tmp_path / "said").read_text(), "the complaint"
    )
    assert is_served(following, good)()
    result = run("retrain")
    assert result.code == 1
    assert f"version {shop.current()} is published in models, but not pushed" in result.error
    assert "nothing listens" in result.error

    s3.start()
    assert run("models", "push", URL).code == 0
    wait_until(is_served(following, shop.current()), "the version after the outage")
    versions = tmp_path / "cache" / "versions"
    wait_until(lambda: len(list(versions.iterdir())) == 2, "the end of old versions")
    assert sum("nothing listens" in one for one in complaints(tmp_path / "said")) == 1


def test_a_service_ends_in_time_while_the_object_store_is_silent(
    s3: S3Server, store: Store, add: Callable[[], str], tmp_path: Path
):
    push(store, Bucket(URL), add(), lambda _done, _total: None)
    settings = {"PULL": URL, "PULL_SECONDS": "0.05"}
    with service(tmp_path / "cache", tmp_path / "said", **settings) as running:
        wait_until(lambda: "model_version" in running.get("/model"), "the first version")
        s3.freeze()
        try:
            time.sleep(0.3)
            began = time.monotonic()
            running.process.send_signal(signal.SIGTERM)
            assert running.process.wait(timeout=20) in (0, -signal.SIGTERM)
            assert time.monotonic() - began < 5
        finally:
            s3.thaw()
    assert "Traceback" not in (tmp_path / "said").read_text()
