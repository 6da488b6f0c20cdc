"""`--json` prints what the service answers."""

import pytest
from fastapi.testclient import TestClient

from service.model.hidden import Hidden
from service.model.store import Store
from service.web.app import create_app
from service.web.settings import Settings
from tests.conftest import make_artifact_with_next


@pytest.fixture
def guide(store, publish, monkeypatch) -> Store:
    """A store of two models, the newer of which knows what comes next."""
    publish()
    store.promote(store.add(make_artifact_with_next).model_version)
    monkeypatch.chdir(store.directory.parent)
    return store


@pytest.fixture
def client(guide):
    """The service over it."""
    with TestClient(create_app(Settings(models=guide.directory))) as client:
        yield client


@pytest.mark.parametrize(
    ("typed", "path", "body"),
    [
        (["similar", "apple"], "/similar/apple", None),
        (["similar", "apple", "-k", "50"], "/similar/apple?k=50", None),
        (
            ["similar", "apple", "--relation", "next", "--exclude", "pear"],
            "/similar/apple?relation=next&exclude=pear",
            None,
        ),
        (
            ["similar", "apple", "--filter", "kind = 'tool'", "--diversity", ".5"],
            "/similar/apple?filter=kind+=+'tool'&diversity=.5",
            None,
        ),
        (["similar", "apple", "--min-score", ".9"], "/similar/apple?min_score=.9", None),
        (
            ["recommend", "apple", "gold", "--dislike", "saw", "-k", "2"],
            "/recommend",
            {"liked": ["apple", "gold"], "disliked": ["saw"], "k": 2},
        ),
        (["recommend", "gold"], "/recommend", {"liked": ["gold"]}),
        (
            ["recommend", "apple", "hammer", "--relation", "next", "--explain"],
            "/recommend",
            {"liked": ["apple", "hammer"], "relation": "next", "explain": True},
        ),
        (
            ["recommend", "apple", "saw", "--tastes", "2", "--explain", "--decay", ".5"],
            "/recommend",
            {"liked": ["apple", "saw"], "tastes": 2, "explain": True, "decay": 0.5},
        ),
        (
            ["recommend", "apple", "pear", "--allow-seen", "--relation", "next"],
            "/recommend",
            {"liked": ["apple", "pear"], "allow_seen": True, "relation": "next"},
        ),
        (
            ["analogy", "pear", "hammer", "-n", "apple"],
            "/analogy",
            {"positive": ["pear", "hammer"], "negative": ["apple"]},
        ),
        (
            ["explain", "plum", "apple", "gold", "--min-count", "50"],
            "/explain",
            {"item": "plum", "liked": ["apple", "gold"], "min_count": 50},
        ),
        (
            ["explain", "apple", "apple", "saw", "--allow-seen"],
            "/explain",
            {"item": "apple", "liked": ["apple", "saw"], "allow_seen": True},
        ),
        (["explain", "plum", "gold"], "/explain", {"item": "plum", "liked": ["gold"]}),
        (["items", "a", "pea"], "/items?q=a+pea", None),
        (["items", "a", "--filter", "count > 50"], "/items?q=a&filter=count+>+50", None),
        (["items", "nothing"], "/items?q=nothing", None),
        (["item", "apple"], "/items/apple", None),
    ],
)
def test_an_answer_is_that_of_the_service(client, run, typed, path, body):
    answered = client.get(path) if body is None else client.post(path, json=body)
    assert answered.status_code == 200
    result = run(*typed, "--json")
    assert result.code == 0, result.err
    assert result.json == answered.json()


def test_hidden_items_are_in_no_answer(guide, run):
    Hidden(guide.directory).hide("pear")
    for typed in (["similar", "apple"], ["recommend", "apple"], ["items", "a"]):
        assert "pear" not in run(*typed, "--json").out
    assert "hidden" in run("item", "pear").out
    assert "hidden" not in run("item", "apple").out


@pytest.mark.usefixtures("guide")
def test_what_changes_the_store_says_so_in_json(run):
    first, second = run("models", "list", "--json").json
    older, newer = first["model_version"], second["model_version"]
    assert run("models", "rollback", "--json").json == {
        "event": "promoted",
        "model_version": older,
    }
    promoted = run("models", "promote", newer, "--json").json
    assert promoted == {"event": "promoted", "model_version": newer}
    assert run("models", "prune", "--keep", "1", "--json").json == {"deleted": [older]}
    assert run("models", "prune", "--json").json == {"deleted": []}
    assert run("hide", "apple", "--json").json == {"hidden": ["apple"]}
    assert run("show", "apple", "--json").json == {"shown": ["apple"]}
    assert run("models", "show", "--json").json["model_version"] == newer
    exported = run("export", "v.npy", "--json").json
    assert exported == {
        "model_version": newer,
        "file": "v.npy",
        "vectors": "input",
        "items": 6,
        "vector_size": 2,
    }


def test_settings_are_shown_as_json(tmp_path, monkeypatch, run):
    monkeypatch.chdir(tmp_path)
    typed = ["config", "show", "--epochs", "7", "--paths", "a.csv", "b.csv", "--session", "s"]
    shown = run(*typed, "--json").json
    assert shown["training.epochs"] == {
        "value": 7,
        "from": "flag",
        "environment": "ITEM2VEC_TRAINING__EPOCHS",
    }
    assert shown["data.paths"]["value"] == ["a.csv", "b.csv"]
    assert shown["training.alpha"]["from"] == "default"
