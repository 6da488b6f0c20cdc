"""Versions, nights and their verdicts over HTTP."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.model.artifact import Artifact
from service.model.figures import figures_of
from service.model.nights import Night, Nights
from service.model.store import Store
from service.model.verdict import Check, Verdict
from service.web.app import create_app
from service.web.settings import Settings
from tests.conftest import make_artifact, overwrite
from tests.worlds import problem

USER, ADMIN = "the-key-of-a-shop-page", "the-key-of-the-admin"
FRUITY = {"apple": [1.0, 0.0], "pear": [1.0, 0.1], "plum": [0.2, 1.0], "saw": [0.0, 1.0]}


def estimates(value: float) -> dict:
    return {"estimates": {"HR@10": {"value": value, "low": value - 0.1, "high": value + 0.1}}}


def judged(artifact: Artifact, outcome: str) -> Artifact:
    """The artifact with a verdict of the gate, and its page."""
    models = {"candidate": estimates(0.5), "popularity": estimates(0.2)}
    check = Check(name="items", kind="log", passed=outcome != "refused", sentence="4 items")
    gate = Verdict(
        outcome=outcome,
        checks=[check],
        evaluations={"next beside simple models": {"models": models}},
    )
    config = {"gate": {"compared_by": "HR@10"}, "data": {"paths": ["secret.csv"]}, "training": {}}
    manifest = artifact.manifest.model_copy(
        update={"gate": gate, "verdict": gate.sentence, "config": config, "data": {"sessions": 7}}
    )
    return replace(artifact, manifest=manifest, report="<!DOCTYPE html><title>Verdict</title>")


@pytest.fixture
def names(store: Store) -> list[str]:
    """Three versions: one that was published, the current one, and one that the gate refused."""
    first = store.add(lambda name: make_artifact(name, FRUITY)).model_version
    second = store.add(lambda name: judged(make_artifact(name), "passed")).model_version
    third = store.add(lambda name: judged(make_artifact(name, FRUITY), "refused")).model_version
    store.promote(first)
    store.promote(second)
    return [first, second, third]


@pytest.fixture
def service(store: Store, names: list[str]) -> Iterator[TestClient]:
    """The service over the second one."""
    assert store.current() == names[1]
    with TestClient(create_app(Settings(models=store.directory))) as client:
        yield client


def test_all_versions_are_listed_the_newest_first(service: TestClient, names: list[str]):
    answer = service.get("/models").json()
    assert answer["current"] == answer["served"] == names[1]
    refused, current, first = answer["versions"]
    assert [one["model_version"] for one in answer["versions"]] == names[::-1]
    assert [one["is_current"] for one in answer["versions"]] == [False, True, False]
    assert [one["was_published"] for one in answer["versions"]] == [False, True, True]
    assert (refused["outcome"], current["outcome"], first["outcome"]) == ("refused", "passed", None)
    assert (current["items"], current["sessions"], current["has_report"]) == (6, 7, True)
    assert current["size_bytes"] > 1000


def test_a_damaged_version_says_why_and_hides_no_other(
    service: TestClient, store: Store, names: list[str]
):
    overwrite(store.path(names[0]) / "manifest.json", b"{}")
    last = service.get("/models").json()["versions"][-1]
    assert "manifest.json" in last["damaged"]
    assert last["items"] is None
    problem(service.get(f"/models/{names[0]}"), 409, "damaged-version")
    problem(service.get(f"/models/{names[0]}/similar/apple"), 409, "damaged-version")


def test_a_version_shows_its_verdict(service: TestClient, names: list[str]):
    version = service.get(f"/models/{names[2]}").json()
    assert version["model_version"] == names[2]
    assert version["gate"]["checks"][0]["passed"] is False
    assert "candidate" in version["gate"]["evaluations"]["next beside simple models"]["models"]


def test_what_only_an_admin_sees_is_kept_of_other_versions_too(store: Store, names: list[str]):
    settings = Settings(models=store.directory, api_keys=USER, admin_key=ADMIN)
    with TestClient(create_app(settings)) as client:
        user, admin = (
            client.get(f"/models/{names[1]}", headers={"x-api-key": key}).json()
            for key in (USER, ADMIN)
        )
    assert "data" not in user["config"]
    assert admin["config"]["data"]["paths"] == ["secret.csv"]


def test_a_report_is_shown_and_can_do_nothing(service: TestClient, names: list[str]):
    page = service.get(f"/models/{names[1]}/report")
    assert page.text.endswith("<title>Verdict</title>")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "script" not in page.headers["content-security-policy"]
    problem(service.get(f"/models/{names[0]}/report"), 404, "no-version")


def test_another_version_answers_as_it_did(service: TestClient, names: list[str]):
    [served] = service.get("/similar/saw?k=1").json()["items"]
    earlier = service.get(f"/models/{names[0]}/similar/saw?k=1").json()
    assert earlier["model_version"] == names[0]
    assert served["item_id"] == "drill"
    assert [item["item_id"] for item in earlier["items"]] == ["plum"]
    again = service.get(f"/models/{names[1]}/similar/saw?k=1").json()
    assert again["items"] == [served]
    problem(service.get(f"/models/{names[0]}/similar/hammer"), 404, "unknown-item")
    problem(service.get(f"/models/{names[0]}/next/saw"), 409, "no-continuations")
    problem(service.get("/models/none/similar/saw"), 404, "no-version")


def test_hidden_items_are_in_no_answer_of_another_version(service: TestClient, names: list[str]):
    service.put("/admin/hidden/plum")
    [first] = service.get(f"/models/{names[0]}/similar/saw?k=1").json()["items"]
    assert first["item_id"] != "plum"


def test_a_deleted_version_answers_no_more(service: TestClient, store: Store, names: list[str]):
    assert service.get(f"/models/{names[2]}/similar/saw").status_code == 200
    shutil.rmtree(store.path(names[2]))
    problem(service.get(f"/models/{names[2]}/similar/saw"), 404, "no-version")
    problem(service.get(f"/models/{names[2]}"), 404, "no-version")


def test_nights_come_with_what_the_gate_measured(
    service: TestClient, store: Store, names: list[str]
):
    assert service.get("/nights").json() == {"nights": []}
    for version, outcome in ((names[1], "published"), ("gone", "refused"), (None, "failed")):
        now = datetime.now(UTC)
        night = Night(
            started=now, ended=now, outcome=outcome, exit_code=0, version=version, why="because"
        )
        Nights(store.directory).add(night)
    kept = figures_of(store.manifest(names[1]))  # of a version that was deleted since
    Nights(store.directory).add(night.model_copy(update={"version": "gone", "figures": kept}))
    first, second, third, fourth = service.get("/nights").json()["nights"]
    [figure] = first["figures"].values()
    assert (figure["metric"], figure["value"], figure["others"]) == (
        "HR@10", 0.5, {"popularity": 0.2},
    )  # fmt: skip
    assert figure["low"] < figure["value"] < figure["high"]
    assert second["figures"] == third["figures"] == {}
    assert fourth["figures"] == first["figures"]


def test_an_admin_publishes_a_version_and_the_one_before(service: TestClient, names: list[str]):
    for version, before in ((names[2], names[1]), (names[1], names[2])):
        answer = service.put("/admin/current", json={"version": version})
        assert answer.json() == {"version": version, "before": before}
        assert service.get("/similar/saw?k=1").json()["model_version"] == version


def test_only_an_admin_publishes(store: Store, names: list[str]):
    settings = Settings(models=store.directory, api_keys=USER, admin_key=ADMIN)
    with TestClient(create_app(settings)) as client:
        body, user = {"version": names[0]}, {"x-api-key": USER}
        problem(client.put("/admin/current", json=body, headers=user), 403, "not-admin")
        assert client.get("/explore/about", headers=user).json()["is_admin"] is False
        admin = {"x-api-key": ADMIN}
        assert client.put("/admin/current", json=body, headers=admin).status_code == 200
    assert store.current() == names[0]


def test_what_cannot_be_published_leaves_the_current_version(
    service: TestClient, store: Store, names: list[str]
):
    problem(service.put("/admin/current", json={"version": "none"}), 404, "no-version")
    problem(service.put("/admin/current", json={"version": 5}), 422, "invalid-request")
    overwrite(store.path(names[0]) / "counts.npy", b"damaged")
    problem(service.put("/admin/current", json={"version": names[0]}), 409, "damaged-version")
    assert store.current() == names[1]


def test_a_service_that_follows_an_object_store_publishes_nothing(tmp_path: Path, names: list[str]):
    settings = Settings(models=tmp_path / "cache", pull="s3://bucket/shop")
    client = TestClient(create_app(settings))  # not started: it pulls nothing
    answer = client.put("/admin/current", json={"version": names[0]})
    assert "s3://bucket/shop" in problem(answer, 409, "published-elsewhere")["detail"]
