"""A service that follows a bucket."""

import logging
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service import __main__ as service
from service.model.artifact import COUNTS, INPUT_VECTORS
from service.model.hidden import Hidden
from service.model.nights import Night, Nights
from service.model.remote.bucket import Bucket
from service.model.remote.hidden_list import change_hidden
from service.model.remote.nightly_record import push_nights
from service.model.remote.upload import push
from service.model.store import Store
from service.web.app import create_app
from service.web.pulling import KEPT_VERSIONS, Outcome, Puller
from service.web.settings import Settings
from tests.conftest import make_artifact, overwrite
from tests.shell import wait_until
from tests.worlds import problem

SECONDS = 30.0


class Publisher:
    """Pushes versions of a store."""

    def __init__(self, store: Store, there: Path, url: str) -> None:
        self.versions = there / "versions"
        self._store = store
        self._bucket = Bucket(url)

    def push(self, version: str | None = None) -> str:
        """Pushes a version, or else a new one; returns its name."""
        version = version or self._store.add(make_artifact).model_version
        push(self._store, self._bucket, version, lambda _done, _total: None)
        return version

    def hide(self, *item_ids: str) -> None:
        change_hidden(self._bucket, lambda _: frozenset(item_ids))


@pytest.fixture
def publisher(store: Store, there: Path, url: str) -> Publisher:
    return Publisher(store, there, url)


@pytest.fixture
def outcomes() -> list[Outcome]:
    return []


@pytest.fixture
def puller(cache: Store, url: str, outcomes: list[Outcome]) -> Iterator[Puller]:
    puller = Puller(cache, Bucket(url), SECONDS, outcomes.append)
    yield puller
    puller.stop()
    puller.run()  # lets go of the lock


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]


# One Puller


def test_what_is_pushed_becomes_current_here(
    puller: Puller, cache: Store, publisher: Publisher, outcomes: list[Outcome]
):
    for _ in range(2):
        version = publisher.push()
        assert [puller.look(), puller.look()] == [SECONDS, SECONDS]
        assert cache.current() == version
    assert outcomes == ["pulled", "pulled"]


def test_of_old_versions_one_is_kept(puller: Puller, cache: Store, publisher: Publisher):
    versions = []
    for _ in range(4):
        versions.append(publisher.push())
        puller.look()
    assert cache.versions() == versions[-KEPT_VERSIONS:]


def test_a_bucket_that_goes_back_is_followed(puller: Puller, cache: Store, publisher: Publisher):
    versions = [publisher.push() for _ in range(3)]
    puller.look()
    publisher.push(versions[0])
    puller.look()
    assert cache.current() == versions[0]


def test_a_version_that_is_deleted_from_the_cache_is_fetched_again(
    puller: Puller, cache: Store, publisher: Publisher
):
    version = publisher.push()
    puller.look()
    before = cache.promotion()
    shutil.rmtree(cache.path(version))
    puller.look()
    assert cache.load().manifest.model_version == version
    assert cache.promotion() != before  # so a service that refused it tries once more


@pytest.mark.parametrize("is_current", [True, False])
def test_a_copy_that_was_damaged_meanwhile_is_fetched_again(
    cache: Store, publisher: Publisher, url: str, is_current: bool
):
    version = publisher.push()
    for _ in range(2):  # two processes, one after the other
        puller = Puller(cache, Bucket(url), SECONDS, lambda _: None)
        puller.look()
        puller.stop()
        puller.run()
        if not is_current:
            (cache.directory / "history").unlink(missing_ok=True)
        overwrite(cache.path(version) / COUNTS, b"damaged")
    puller = Puller(cache, Bucket(url), SECONDS, lambda _: None)
    puller.look()
    puller.stop()
    puller.run()
    assert cache.load().manifest.model_version == version


def test_the_record_of_the_job_comes_with_the_versions(
    puller: Puller, cache: Store, store: Store, publisher: Publisher, url: str
):
    publisher.push()
    now = datetime.now(UTC)
    night = Night(started=now, ended=now, outcome="refused", exit_code=3, why="half is missing")
    Nights(store.directory).add(night)
    push_nights(store, Bucket(url))
    puller.look()
    assert Nights(cache.directory).runs() == (night,)


def test_an_empty_bucket_is_reported_once_and_waited_for(
    puller: Puller, cache: Store, publisher: Publisher, caplog: pytest.LogCaptureFixture
):
    assert [puller.look() for _ in range(3)] == [SECONDS] * 3
    (sentence,) = errors(caplog)
    assert "no model is published in file://" in sentence
    assert "item2vec models push" in sentence
    version = publisher.push()
    puller.look()
    assert cache.current() == version


def test_a_damaged_object_is_refused_once_until_it_is_pushed_anew(
    puller: Puller,
    cache: Store,
    publisher: Publisher,
    outcomes: list[Outcome],
    caplog: pytest.LogCaptureFixture,
):
    good = publisher.push()
    puller.look()
    bad = publisher.push()
    path = publisher.versions / bad / INPUT_VECTORS
    overwrite(path, b"x" * path.stat().st_size)
    assert [puller.look() for _ in range(3)] == [SECONDS] * 3
    assert cache.current() == good
    (sentence,) = errors(caplog)
    assert f"{bad}/{INPUT_VECTORS} is damaged" in sentence
    assert outcomes == ["pulled", "refused"]
    publisher.push(bad)
    puller.look()
    assert cache.current() == bad
    assert outcomes == ["pulled", "refused", "pulled"]


def test_a_bucket_out_of_reach_is_reported_once_and_looked_at_ever_more_rarely(
    puller: Puller,
    cache: Store,
    there: Path,
    publisher: Publisher,
    caplog: pytest.LogCaptureFixture,
):
    version = publisher.push()
    puller.look()
    for _ in range(2):  # a second failure is as new as the first
        history = there / "history"
        history.rename(there / "away")
        history.mkdir()
        (history / "file").touch()
        (there / "hidden").symlink_to(there / "hidden")  # cannot be read at all
        caplog.clear()
        assert [puller.look() for _ in range(5)] == [60, 120, 240, 300, 300]
        assert len(errors(caplog)) == 1
        assert "cannot be read" in caplog.text
        (there / "hidden").unlink()
        shutil.rmtree(history)
        (there / "away").rename(history)
        caplog.set_level(logging.INFO)
        assert puller.look() == SECONDS
        assert "can be read again" in caplog.text
    assert cache.current() == version


def test_of_several_workers_one_pulls_and_another_takes_its_place(
    puller: Puller, cache: Store, url: str, publisher: Publisher, outcomes: list[Outcome]
):
    others: list[Outcome] = []
    other = Puller(cache, Bucket(url), SECONDS, others.append)
    publisher.push()
    for one in (puller, other):
        assert one.look() == SECONDS
    assert (outcomes, others) == (["pulled"], [])
    puller.stop()
    puller.run()
    version = publisher.push()
    other.look()
    assert others == ["pulled"]
    assert cache.current() == version
    other.stop()
    other.run()


def test_a_cache_that_cannot_be_written_is_one_sentence(
    url: str, tmp_path: Path, publisher: Publisher, caplog: pytest.LogCaptureFixture
):
    publisher.push()
    (tmp_path / "cache").touch()
    puller = Puller(Store(tmp_path / "cache"), Bucket(url), SECONDS, lambda _: None)
    assert puller.look() == 2 * SECONDS
    assert puller.look() == 4 * SECONDS
    (sentence,) = errors(caplog)
    assert f"{tmp_path}/cache cannot be written" in sentence


def test_a_service_that_stops_ends_the_download(
    puller: Puller, cache: Store, publisher: Publisher, outcomes: list[Outcome]
):
    publisher.push()
    puller.stop()
    puller.look()
    assert cache.versions() == []
    assert outcomes == []


def test_hidden_items_are_those_of_the_bucket(puller: Puller, cache: Store, publisher: Publisher):
    publisher.push()
    publisher.hide("pear")
    puller.look()
    assert Hidden(cache.directory).ids() == {"pear"}
    publisher.hide()
    puller.look()
    assert Hidden(cache.directory).ids() == set()


# The service around it


@pytest.fixture
def following(cache: Store, url: str) -> Iterator[TestClient]:
    settings = Settings(models=cache.directory, pull=url, pull_seconds=0.05, poll_seconds=0.02)
    with TestClient(create_app(settings), client=("127.0.0.1", 1)) as client:
        yield client


def test_a_service_follows_the_bucket(following: TestClient, publisher: Publisher):
    assert following.get("/healthz").status_code == 200
    assert following.get("/readyz").status_code == 503
    for _ in range(2):
        version = publisher.push()
        wait_until(
            lambda version=version: following.get("/model").json().get("model_version") == version,
            "the new version",
        )
    assert 'item2vec_model_pulls_total{outcome="pulled"} 2.0' in following.get("/metrics").text
    publisher.hide("pear")
    wait_until(lambda: "pear" not in following.get("/similar/apple").text, "the hidden item")


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_items_are_not_hidden_where_the_next_look_would_show_them_again(
    following: TestClient, cache: Store, url: str, method: str
):
    body = problem(following.request(method, "/admin/hidden/apple"), 409, "hidden-elsewhere")
    assert f"`item2vec hide --push {url}`" in body["detail"]
    assert Hidden(cache.directory).ids() == set()
    assert following.get("/admin/hidden").status_code == 200


def test_a_wrong_address_is_named_before_the_service_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("ITEM2VEC_PULL", "shop/models")
    assert service.main() == 2
    assert "'shop/models' is not the URL of an object store" in capsys.readouterr().err
