from collections.abc import Callable
from pathlib import Path

import pytest

from service.model.hidden import Hidden
from service.model.store import Store
from tests.conftest import Result

Run = Callable[..., Result]


@pytest.fixture
def url(tmp_path: Path) -> str:
    (tmp_path / "there").mkdir()
    return f"file://{tmp_path}/there"


@pytest.fixture
def cache(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache")


@pytest.fixture
def ask(store: Store, run: Run) -> Run:
    """Runs a command on the store."""
    return lambda *arguments: run(*arguments, "--models", store.directory)


def test_a_version_is_pushed_here_and_pulled_elsewhere(
    ask: Run, run: Run, url: str, cache: Store, publish: Callable[[], str]
):
    version = publish()
    result = ask("models", "push", f"{url}/")
    assert (result.code, result.out) == (0, f"current version in {url}: {version}\n")
    assert result.err == f"pushing version {version} to {url}\n"
    result = run("models", "pull", url, "--models", cache.directory)
    assert (result.code, result.out) == (0, f"current version: {version}\n")
    assert result.err == f"pulling version {version} from {url}\n"
    assert cache.current() == version


def test_an_earlier_version_is_pushed_by_its_name(
    ask: Run, run: Run, url: str, cache: Store, publish: Callable[[], str]
):
    first, _ = publish(), publish()
    for arguments in ((), ("--version", first)):
        assert ask("models", "push", url, *arguments).code == 0
        assert run("models", "pull", url, "--models", cache.directory).code == 0
    assert cache.current() == first


def test_hidden_items_reach_the_object_store_by_name_and_are_never_lost(
    ask: Run, run: Run, store: Store, url: str, cache: Store, publish: Callable[[], str]
):
    publish()
    assert ask("hide", "apple", "--push", url).out == "hidden: apple\n"
    Hidden(store.directory).hide("pear")
    assert ask("models", "push", url).err.endswith("not hidden there: pear\n")
    Hidden(cache.directory).hide("plum")
    result = run("models", "pull", url, "--models", cache.directory)
    assert result.err.endswith("shown again: plum\n")
    assert Hidden(cache.directory).ids() == {"apple"}
    assert ask("show", "apple", "--push", url).code == 0
    run("models", "pull", url, "--models", cache.directory)
    assert Hidden(cache.directory).ids() == set()


def test_hidden_items_go_where_publish_push_says(
    ask: Run, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ITEM2VEC_PUBLISH__PUSH", url)
    ask("hide", "apple")
    assert (tmp_path / "there" / "hidden").read_text() == '"apple"\n'


def test_an_empty_object_store_is_one_sentence(ask: Run, url: str):
    result = ask("models", "pull", url)
    assert result.code == 1
    assert (
        result.error == f"error: no model is published in {url}: run `item2vec models push {url}`"
    )


def test_an_empty_store_has_nothing_to_push(ask: Run, url: str):
    result = ask("models", "push", url)
    assert result.code == 1
    assert "no model is published" in result.error


@pytest.mark.parametrize("command", ["push", "pull"])
def test_what_is_no_address_is_wrong_usage(ask: Run, command: str):
    result = ask("models", command, "shop/models")
    assert result.code == 2
    assert "'shop/models' is not the URL of an object store" in result.error


def test_a_wrong_address_is_named_before_training(run: Run, tmp_path: Path):
    log = tmp_path / "log.txt"
    log.write_text("a b c\n" * 9)
    models = tmp_path / "models"
    result = run("retrain", "--paths", log, "--models", models, "--push", "shop/models")
    assert result.code == 2
    assert "'shop/models' is not the URL of an object store" in result.error
    assert not (models / "versions").exists()
