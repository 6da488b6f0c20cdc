"""`item2vec replay`, over the real service."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from service.model.hidden import Hidden
from service.model.store import Store
from tests.conftest import Result, fruits_and_tools, make_artifact
from tests.web.test_main import address

Run = Callable[..., Result]
TURNED = {
    "apple": [0.0, 1.0],
    "pear": [2.0, 0.2],
    "plum": [0.5, 0.1],
    "hammer": [1.0, 0.1],
    "saw": [0.2, 2.0],
    "drill": [0.1, 0.5],
}


@pytest.fixture
def versions(store: Store) -> tuple[str, str]:
    """Two versions; for the second, which is current, apples are tools, and it knows no next."""
    first = store.add(lambda version: make_artifact(version, continuations=fruits_and_tools()))
    second = store.add(lambda version: make_artifact(version, TURNED))
    store.promote(second.model_version)
    return first.model_version, second.model_version


@pytest.fixture
def replay(store: Store, versions: tuple[str, str], tmp_path: Path, run: Run) -> Run:
    """Replays lines against both versions."""

    def replay(*lines: object, against: str = ",".join(versions), options: str = "") -> Result:
        file = tmp_path / "requests.jsonl"
        file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
        models = ("--models", store.directory)
        return run("replay", file, "--against", against, *models, *options.split())

    return replay


def test_a_replay_pulls_nothing(replay: Run, store: Store, monkeypatch: pytest.MonkeyPatch):
    def pull(*_: object) -> None:
        raise AssertionError("the store is being changed")

    monkeypatch.setenv("ITEM2VEC_PULL", "file:///nowhere/at/all")
    monkeypatch.setattr("service.web.pulling.Puller", pull)
    before = store.versions()
    assert replay({"path": "/m/shop/similar/saw?k=2"}).code == 0
    assert store.versions() == before


def test_two_versions_are_compared_by_what_was_asked(replay: Run, versions: tuple[str, str]):
    result = replay(
        {"path": "/similar/saw?k=2"},
        {"path": "/similar/apple", "query": {"k": 2}},
        {"path": "/next/apple"},
        {"path": "/recommend", "body": {"liked": ["pear"], "k": 1, "include": []}},
        {"path": "/recommend/batch", "body": {"queries": [{"liked": ["kiwi"]}, {"k": 0}]}},
        {"path": "/similar/kiwi"},
        {"path": "/healthz"},
        options="--json",
    )
    assert result.code == 0
    found = result.json
    assert (found["requests"], found["left_out"]) == (6, {"no_query": 1})
    one, other = found["sides"]
    assert (one["version"], other["version"]) == versions
    assert one["errors"] == {"404": 1, "422": 1}
    assert other["errors"] == {"404": 1, "409": 1, "422": 1}
    assert 0 < one["p50_ms"] <= one["p99_ms"] < 10_000
    # Drill and one other tool or apple; two fruits or two tools; a fruit or a hammer; popular ones.
    assert found["lists"] == 4
    assert found["overlap"] == pytest.approx((0.5 + 0 + 0 + 1) / 4)
    assert found["identical"] == 0.25
    worst, equally_bad, better = found["differences"]
    assert (worst["line"], worst["request"]) == (2, "GET /similar/apple?k=2")
    assert worst["only"] == [{"pear": "A pear", "plum": "A plum"}, {"saw": None, "drill": None}]
    assert (equally_bad["line"], equally_bad["only"]) == (4, [{"plum": None}, {"hammer": None}])
    assert (better["line"], better["only"]) == (1, [{"hammer": None}, {"apple": "A apple"}])


def test_the_comparison_is_a_table_otherwise(replay: Run, versions: tuple[str, str]):
    result = replay({"path": "/similar/apple?k=2"}, {"path": "/healthz"})
    assert f"A {versions[0]} none" in result.words
    assert "1 requests, 1 lists answered by both overlap 0.0000, identical 0.00%" in result.words
    assert "left out: 1 (no query for items)" in result.words
    assert "1 GET /similar/apple?k=2 0.00" in result.words
    assert "pear A pear" in result.words
    assert "only A" not in replay({"path": "/popular"}).out


def test_a_version_agrees_with_itself_by_whatever_name(replay: Run, versions: tuple[str, str]):
    found = replay(
        *[{"path": f"/similar/{item}"} for item in TURNED],
        against=f"current, {versions[1]}",
        options="--json",
    ).json
    assert (found["overlap"], found["identical"], found["differences"]) == (1, 1, [])
    assert found["rank_correlation"] == 1


def test_keys_and_what_is_hidden_are_those_of_the_store(
    replay: Run, store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ITEM2VEC_API_KEYS", "0123456789abcdef")
    monkeypatch.setenv("ITEM2VEC_HOST", "0.0.0.0")
    Hidden(store.directory).hide("plum", "pear", "saw", "drill")
    found = replay({"path": "/similar/apple?k=1"}, options="--json").json
    assert (found["lists"], found["overlap"], found["sides"][0]["errors"]) == (1, 1, {})


def test_nothing_is_changed_by_what_is_replayed(replay: Run, store: Store):
    result = replay({"method": "PUT", "path": "/admin/hidden/apple"}, {"path": "/popular"})
    assert result.code == 0
    assert Hidden(store.directory).ids() == set()


def test_the_log_of_the_service_is_replayed(
    store: Store, run: Run, tmp_path: Path, versions: tuple[str, str]
):
    command = [sys.executable, "-m", "service"]
    environment = {
        "ITEM2VEC_MODELS": str(store.directory),
        "ITEM2VEC_PORT": "0",
        "ITEM2VEC_LOG_LEVEL": "debug",
    }
    with subprocess.Popen(
        command, env=os.environ | environment, stderr=subprocess.PIPE, text=True
    ) as process:
        server = address(process, 1)
        for path in ("similar/apple?k=2", "similar/a%2Fb", "recommend?liked=pear&liked=plum"):
            httpx.get(f"{server}/{path}")
        httpx.post(f"{server}/recommend", json={"liked": ["pear"]})
        process.terminate()
        log = process.communicate()[1]
    file = tmp_path / "service.log"
    file.write_text(log)
    result = run(
        "replay", file, "--against", ",".join(versions), "--models", store.directory, "--json"
    )
    found = result.json
    assert (found["requests"], found["lists"]) == (3, 2)
    assert found["sides"][0]["errors"] == {"404": 1}
    assert found["left_out"]["no_body"] == 1
    assert found["differences"][0]["request"] == "GET /similar/apple?k=2"


def test_the_version_before_the_current_one_has_a_name(
    replay: Run, store: Store, versions: tuple[str, str]
):
    result = replay({"path": "/popular"}, against="previous,current")
    assert (result.code, "no earlier version" in result.error) == (2, True)
    for version in versions:
        store.promote(version)
    found = replay({"path": "/popular"}, against="previous,current", options="--json").json
    assert tuple(side["version"] for side in found["sides"]) == versions


# What is refused


@pytest.mark.parametrize(
    ("against", "problem"),
    [
        ("current", "name two versions"),
        ("a,b,c", "name two versions"),
        ("current,", "name two versions"),
        ("current,v9", "there is no version 'v9'"),
    ],
)
def test_versions_that_are_none_are_named(replay: Run, against: str, problem: str):
    result = replay({"path": "/popular"}, against=against)
    assert result.code == 2
    assert problem in result.error


def test_a_damaged_version_is_one_sentence(replay: Run, store: Store, versions: tuple[str, str]):
    (store.directory / "versions" / versions[0] / "counts.npy").chmod(0o600)
    (store.directory / "versions" / versions[0] / "counts.npy").write_bytes(b"?")
    result = replay({"path": "/popular"})
    assert result.code == 1
    assert "counts.npy" in result.error


def test_a_bad_line_is_named(replay: Run):
    result = replay({"path": "/popular"}, {"path": "popular"})
    assert result.code == 2
    assert "requests.jsonl: line 2 has path 'popular'" in result.error
    assert result.out == ""


def test_where_there_is_nothing_to_replay_the_reason_is_said(replay: Run):
    result = replay()
    assert (result.code, "holds nothing to replay: it is empty" in result.error) == (2, True)
    line = {"logger": "item2vec.access", "method": "GET", "route": "/similar/{item_id}"}
    result = replay(line, line)
    assert result.code == 2
    assert "left out: 2 (a line of a log without `path`, which the service" in result.error


def test_a_file_that_is_not_there_is_wrong_usage(run: Run):
    result = run("replay", "gone.jsonl", "--against", "a,b")
    assert result.code == 2
    assert "gone.jsonl" in result.err
