import json
from pathlib import Path

import numpy as np
import pytest

from service.model.artifact import INPUT_VECTORS
from service.model.recommender import Recommender
from service.model.similarity import unit
from service.model.store import Store
from tests.conftest import overwrite

MODELS = Path("models")
ITEM_IDS = [f"i{number}" for number in range(40)]
SETTINGS = """
models = "models"
[data]
paths = ["log.csv"]
session = "basket"
item = "item"
[training]
vector_size = 4
epochs = 15
alpha = 0.1
workers = 1
[similar]
decay = 0.5
"""


def write_log(item_ids: list[str]) -> None:
    """300 baskets of five items each, in which those go together that are near in the list."""
    random = np.random.default_rng(0)
    lines = ["basket,item"]
    for basket in range(300):
        first = random.integers(len(item_ids))
        near = [item_ids[(first + step) % len(item_ids)] for step in random.permutation(5)]
        lines += [f"b{basket},{item_id}" for item_id in near]
    Path("log.csv").write_text("\n".join(lines) + "\n")


@pytest.fixture(autouse=True)
def _log(_shop: None) -> None:
    write_log(ITEM_IDS)


@pytest.fixture
def published(run) -> str:
    assert run("retrain").code == 0
    return Store(MODELS).current()


def answers(version: str | None = None) -> dict[str, list[tuple[str, float]]]:
    recommender = Recommender(Store(MODELS).load(version))
    return {
        item_id: [(one.item_id, one.score) for one in recommender.similar(item_id, 10)]
        for item_id in recommender.artifact.item_ids
    }


def test_the_first_version_begins_a_space(published, run):
    manifest = run("models", "show").json
    assert manifest["vector_space_id"] == published
    assert manifest["alignment"] is None
    assert manifest["drift"] is None


@pytest.mark.parametrize("objective", ["hierarchical-softmax", "negative-sampling"])
def test_the_next_version_stays_in_the_space_and_answers_as_it_would_have(run, objective):
    same = ("--objective", objective, "--seed", "2", "--blend", "0")
    first = run("retrain", "--objective", objective)
    assert first.code == 0
    space = Store(MODELS).current()
    assert run("train", *same, "--no-align").code == 0
    assert run("retrain", *same).code == 0
    *_, plain, aligned = Store(MODELS).versions()
    old, new, turned = (Store(MODELS).load(version) for version in (space, plain, aligned))
    assert new.manifest.vector_space_id == plain
    assert turned.manifest.vector_space_id == space
    assert turned.manifest.alignment.onto == space
    assert turned.manifest.alignment.items == 40
    cosine = (unit(turned.input_vectors) * unit(old.input_vectors)).sum(axis=1).mean()
    assert cosine == pytest.approx(turned.manifest.alignment.cosine_after, abs=1e-5)
    assert cosine > turned.manifest.alignment.cosine_before
    scores = new.input_vectors @ new.output_vectors.T
    np.testing.assert_allclose(
        turned.input_vectors @ turned.output_vectors.T, scores, rtol=1e-6, atol=1e-6
    )
    before, after = answers(plain), answers(aligned)
    for item_id, expected in before.items():
        assert dict(after[item_id]) == pytest.approx(dict(expected), abs=1e-6)
        assert [score for _, score in after[item_id]] == pytest.approx(
            [score for _, score in expected], abs=1e-6
        )
    assert new.continuations.table.items.tolist() == turned.continuations.table.items.tolist()
    assert new.continuations.scores == pytest.approx(turned.continuations.scores, abs=1e-6)


def test_a_version_is_blended_with_the_one_before(published, run):
    assert run("retrain", "--seed", "2", "--blend", "0.9").code == 0
    manifest = run("models", "show").json
    assert manifest["alignment"]["blend"] == 0.9
    assert manifest["drift"]["since"] == published
    assert manifest["drift"]["cosine"] > 0.98
    assert manifest["drift"]["cosine"] > manifest["alignment"]["cosine_after"]
    assert set(manifest["drift"]["bands"]) == {"frequent", "middling", "rare"}


def test_a_version_of_other_settings_is_followed_but_not_blended(published, run):
    result = run("retrain", "--window", "3")
    assert result.code == 0
    assert f"version {published}, which was trained with another training.window" in " ".join(
        result.err.split()
    )
    manifest = run("models", "show").json
    assert manifest["vector_space_id"] == published
    assert manifest["alignment"]["blend"] == 0


@pytest.mark.usefixtures("published")
def test_where_sizes_differ_a_new_space_begins_and_it_is_said(run):
    result = run("retrain", "--vector-size", "5")
    assert result.code == 0
    assert "vectors begin a space of their own" in result.err
    manifest = run("models", "show").json
    assert manifest["vector_space_id"] == manifest["model_version"]
    assert manifest["alignment"]["refusal"] == "its vectors have 4 numbers, the new ones 5"
    assert manifest["drift"]["cosine"] is None
    assert 0 <= manifest["drift"]["bands"]["frequent"]["overlap"] <= 1


@pytest.mark.usefixtures("published")
def test_chance_is_measured_on_demand_and_carried_over(run):
    assert run("retrain", "--measure-noise").code == 0
    measured = run("models", "show").json
    assert measured["drift"]["floor"]["measured"] == measured["model_version"]
    assert set(measured["drift"]["floor"]["bands"]) == {"frequent", "middling", "rare"}
    assert run("retrain").code == 0
    carried = run("models", "show").json
    assert carried["model_version"] != measured["model_version"]
    assert carried["drift"]["floor"] == measured["drift"]["floor"]


@pytest.mark.usefixtures("published")
def test_a_change_beyond_chance_is_said(run):
    assert run("retrain", "--measure-noise", "--blend", "0.99").code == 0
    write_log(np.random.default_rng(1).permutation(ITEM_IDS).tolist())
    result = run("retrain", "--blend", "0")
    assert result.code == 0
    assert "less than chance alone explains" in " ".join(result.err.split())


def test_a_damaged_model_does_not_stop_the_night(published, run):
    overwrite(Store(MODELS).path(published) / INPUT_VECTORS, b"damaged")
    result = run("retrain")
    assert result.code == 0
    assert "the new version has nothing to follow" in result.err
    manifest = run("models", "show").json
    assert manifest["vector_space_id"] == manifest["model_version"]
    assert manifest["drift"] is None


@pytest.mark.usefixtures("published")
def test_an_imported_model_begins_a_space_of_its_own(run):
    assert run("export", "vectors.txt").code == 0
    assert run("import", "vectors.txt").code == 0
    version = Store(MODELS).versions()[-1]
    manifest = json.loads(run("models", "show", version).out)
    assert manifest["vector_space_id"] == version
