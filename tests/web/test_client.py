"""A client that is generated from the OpenAPI document reads well and is answered."""

import importlib
import json
import pkgutil
import subprocess
import sys
import typing
from collections.abc import Iterator
from typing import Any

import pytest

from service.model.store import Store
from service.web.app import create_app
from service.web.settings import Settings
from tests.conftest import make_artifact_with_next
from tests.web.test_main import running

OPERATIONS = {
    "queries": {
        *("similar", "similar_to_many", "following", "popular", "similarity"),
        *("recommend", "recommend_by_get", "recommend_batch", "explain"),
        *("analogy", "analogy_by_get", "find_items", "item", "vector"),
    },
    "operations": {"healthz", "metrics", "model_manifest", "problem_kind", "readyz"},
    "admin": {"hidden_items", "hide", "publish", "show"},
    "explorer": {"about", "colors", "item_map", "items"},
    "versions": {
        *("all_versions", "version", "report", "nightly_runs"),
        *("similar_by_version", "following_by_version"),
    },
}
# What is no JSON.
UNTYPED = {"metrics": ["str"], "report": ["str"], "item_map": ["File"], "colors": ["File"]}
# All bodies, and parts of bodies: the generator makes up no name for want of one.
MODELS = {
    *("AnalogyRequest", "BatchRequest", "ExplainRequest", "ManyRequest", "RecommendRequest"),
    *("BatchAnswer", "ExplainAnswer", "ItemAnswer", "ItemsAnswer", "ManyAnswer", "ModelAnswer"),
    *("NeighborsAnswer", "RecommendAnswer", "SimilarityAnswer", "VectorAnswer"),
    *("Contribution", "Fault", "Health", "HiddenItem", "HiddenItems", "ItemBody", "LikedBody"),
    *("NeighborBody", "NextBody", "Problem", "ProblemKind", "SimilarSettings"),
    *("Fallback", "Include", "Metadata", "OutputRows", "Relation", "ScoreKind", "ShortBecause"),
    *("ModelAnswerConfig", "ModelAnswerData", "ModelAnswerMetrics"),
    *("FitCheck", "Fit", "Voice"),
    *("AboutAnswer", "DecayBody", "Example", "GroupedColumn", "ColumnKind", "MapBody"),
    *("MapGroupBody", "Relations", "RowItem", "RowsAnswer", "VotesBody"),
    *("CurrentAnswer", "CurrentRequest", "Figure", "FigureOthers", "NightBody"),
    *("NightBodyFigures", "NightOutcome", "NightsAnswer", "VersionBody", "VersionsAnswer"),
    *("VersionAnswer", "VersionAnswerConfig", "VersionAnswerData", "VersionAnswerMetrics"),
    *("Check", "Kind", "Outcome", "Verdict", "VerdictEvaluations"),
    *("Agreement", "Alignment", "Drift", "DriftBands", "NoiseFloor", "NoiseFloorBands"),
}


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The package that openapi-python-client makes of the document."""
    directory = tmp_path_factory.mktemp("client")
    app = create_app(Settings(models=directory / "models"))
    (directory / "openapi.json").write_text(json.dumps(app.openapi()))
    (directory / "config.yaml").write_text("post_hooks: []")
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
    options = ["--path", "openapi.json", "--config", "config.yaml", "--output-path", "shop"]
    done = subprocess.run(
        [*command, *options, "--fail-on-warning"],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(directory)
        yield importlib.import_module("shop")
    for name in [name for name in sys.modules if name.partition(".")[0] == "shop"]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def models(generated: Any) -> Any:
    return importlib.import_module(f"{generated.__name__}.models")


@pytest.fixture(scope="module")
def client(generated: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """That client, over a service of the fruits and tools."""
    store = Store(tmp_path_factory.mktemp("shop") / "models")
    store.promote(store.add(make_artifact_with_next).model_version)
    with (
        running(store) as (server, _),
        generated.Client(server, raise_on_unexpected_status=True) as client,
    ):
        yield client


def operation(generated: Any, tag: str, name: str) -> Any:
    return importlib.import_module(f"{generated.__name__}.api.{tag}.{name}")


@pytest.fixture(scope="module")
def ask(generated: Any, client: Any) -> Any:
    """Calls an operation by its name."""

    def ask(name: str, *arguments: Any, tag: str = "queries", **options: Any) -> Any:
        return operation(generated, tag, name).sync(*arguments, client=client, **options)

    return ask


def ids(answer: Any) -> list[str]:
    return [item.item_id for item in answer.items]


# What it looks like


@pytest.mark.parametrize("tag", OPERATIONS)
def test_methods_are_named_after_what_they_ask(generated: Any, tag: str):
    package = importlib.import_module(f"{generated.__name__}.api.{tag}")
    assert {module.name for module in pkgutil.iter_modules(package.__path__)} == OPERATIONS[tag]


def test_every_body_has_a_name_of_its_own(models: Any):
    assert set(models.__all__) == MODELS


@pytest.mark.parametrize(
    ("tag", "name"), [(tag, name) for tag, names in OPERATIONS.items() for name in sorted(names)]
)
def test_what_is_sent_and_what_comes_back_has_a_type(
    generated: Any, models: Any, tag: str, name: str
):
    module = operation(generated, tag, name)
    hints = typing.get_type_hints(module.sync)
    assert Any not in {part for hint in hints.values() for part in parts(hint)}
    [answer] = set(parts(hints["return"])) - {models.Problem, type(None)}
    assert answer.__name__ in (*models.__all__, *UNTYPED.get(name, ()))


def parts(hint: Any) -> list[Any]:
    """The types that a type is made of."""
    inner = typing.get_args(hint)
    return [part for one in inner for part in parts(one)] if inner else [hint]


# What it answers


def test_similar_items_and_what_comes_next(ask: Any, models: Any):
    answer = ask("similar", "apple", k=2)
    assert isinstance(answer, models.NeighborsAnswer)
    assert ids(answer) == ["pear", "plum"]
    assert (answer.relation, answer.score_kind) == ("similar", models.ScoreKind.COSINE)
    assert answer.items[0].title == "A pear"
    assert ids(ask("following", "apple")) == ["hammer", "pear"]
    assert ids(ask("similar", "apple", relation=models.Relation.NEXT)) == ["hammer", "pear"]


def test_an_item_with_any_sign_in_its_id_is_asked_for(ask: Any):
    assert "'a/b?c%'" in ask("similar", "a/b?c%").detail


def test_a_recommendation_by_weights_dislikes_rules_and_reasons(ask: Any, models: Any):
    body = models.RecommendRequest(
        liked=["apple", models.LikedBody("saw", weight=0.5)],
        disliked=["drill"],
        filter_="kind = 'fruit'",
        include=[models.Include.TITLE, models.Include.METADATA],
        explain=True,
        k=3,
    )
    answer = ask("recommend", body=body)
    assert isinstance(answer, models.RecommendAnswer)
    assert sorted(ids(answer)) == ["pear", "plum"]
    assert answer.short_because is models.ShortBecause.RULES
    assert (answer.unknown_items, answer.fallback_used) == ([], None)
    for item in answer.items:
        assert item.metadata["kind"] == "fruit"
        parts = {one.item_id: one.contribution for one in item.contributions}
        assert parts.keys() == {"apple", "saw", "drill"}
        assert sum(parts.values()) == pytest.approx(item.score, abs=1e-6)
    by_get = ask("recommend_by_get", liked=["apple"], disliked=["drill"], k=1)
    assert ids(by_get) == ["pear"]


def test_a_batch_has_answers_and_problems_in_their_places(ask: Any, models: Any):
    queries = [
        models.RecommendRequest(liked=["apple"], k=1),
        models.RecommendRequest(liked=["apple"], filter_="colour = 'red'"),
        models.RecommendRequest(disliked=["saw"], k=1),
    ]
    first, wrong, last = ask("recommend_batch", body=models.BatchRequest(queries)).answers
    assert isinstance(first, models.RecommendAnswer)
    assert ids(first) == ["pear"]
    assert isinstance(wrong, models.Problem)
    assert "colour" in wrong.detail
    assert isinstance(last, models.RecommendAnswer)
    body = models.ManyRequest(items=["apple", "kiwi"], k=1)
    apple, kiwi = ask("similar_to_many", body=body).answers
    assert ids(apple) == ["pear"]
    assert (kiwi.status, kiwi.type_) == (404, "/problems/unknown-item")


def test_a_reason_an_analogy_the_popular_and_single_items(ask: Any, models: Any):
    body = models.ExplainRequest(item="saw", liked=["apple"], exclude=["saw"])
    assert ask("explain", body=body).removed_by == "exclude"
    body = models.AnalogyRequest(positive=["pear", "saw"], negative=["apple"], k=1)
    assert ids(ask("analogy", body=body)) == ["hammer"]
    assert ids(ask("popular", k=1, filter_="kind = 'tool'")) == ["hammer"]
    assert ask("similarity", a="apple", b="apple").cosine == 1
    item = ask("item", "apple")
    assert (item.title, item.count, item.metadata["kind"]) == ("A apple", 60, "fruit")
    assert len(ask("vector", "apple").vector) == 2
    assert ids(ask("find_items", q="dri")) == ["drill"]
    assert ids(ask("find_items", q="a", filter_="kind = 'fruit'", k=1)) == ["apple"]


def test_an_error_is_a_problem(ask: Any, models: Any):
    unknown = ask("similar", "kiwi")
    assert isinstance(unknown, models.Problem)
    assert (unknown.status, unknown.type_) == (404, "/problems/unknown-item")
    assert unknown.detail == "the model does not know item 'kiwi'"
    invalid = ask("recommend", body=models.RecommendRequest(liked=["apple"], k=0, tastes=0))
    assert isinstance(invalid, models.Problem)
    assert invalid.status == 422
    assert [type(fault) for fault in invalid.errors] == [models.Fault] * 2
    assert {fault.where for fault in invalid.errors} == {"k", "tastes"}


def test_operators_and_admins_have_answers_too(ask: Any, models: Any):
    assert ask("readyz", tag="operations").status == "ok"
    manifest = ask("model_manifest", tag="operations")
    assert (manifest.items, manifest.output) == (6, models.OutputRows.ITEMS)
    assert 'item2vec_model_items{model=""} 6.0' in ask("metrics", tag="operations")
    assert ask("hide", "drill", tag="admin").hidden
    assert ask("hidden_items", tag="admin").item_ids == ["drill"]
    assert not ask("show", "drill", tag="admin").hidden
