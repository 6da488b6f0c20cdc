"""Lists of similar items: what a search would find, read instead of searched."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.model.answers import Neighbor
from service.model.artifact import NEIGHBORS, NEIGHBORS_SCORES, Artifact
from service.model.errors import ArtifactError
from service.model.reader import load
from service.model.recommender import Recommender
from service.model.similarity import SimilarSettings
from service.model.writer import save
from tests.conftest import make_artifact
from trainer.artifacts import index
from trainer.artifacts.index import cosine_index
from trainer.artifacts.neighbors import with_neighbors
from trainer.config.sections import IndexConfig
from trainer.continuations import neighbors

SETTINGS = SimilarSettings(answer_shrinkage=3, query_shrinkage=20)


def model(vectors: np.ndarray, counts: np.ndarray) -> Artifact:
    artifact = make_artifact(vectors={str(row): list(one) for row, one in enumerate(vectors)})
    searched = cosine_index(artifact.input_vectors, counts, SETTINGS, IndexConfig())
    manifest = artifact.manifest.model_copy(update={"similar": SETTINGS})
    return replace(artifact, manifest=manifest, counts=counts, cosine_index=searched)


def random_model(items: int) -> Artifact:
    random = np.random.default_rng(0)
    counts = np.sort(random.integers(1, 60, items))[::-1]
    return model(random.normal(size=(items, 5)), counts)


def unsearchable(artifact: Artifact) -> Recommender:
    """A recommender that can only read lists."""
    return Recommender(replace(artifact, cosine_index=None))


def alike(listed: list[Neighbor], searched: list[Neighbor]) -> None:
    """Both have the same scores, and but for ties the same items."""
    scores = [one.score for one in searched]
    np.testing.assert_allclose([one.score for one in listed], scores, atol=1e-6)
    last = min(scores, default=0)
    for mine, others in ((listed, searched), (searched, listed)):
        names = {one.item_id for one in others}
        assert all(one.item_id in names or one.score <= last + 1e-6 for one in mine)
    assert len({one.item_id for one in listed}) == len(listed)


@pytest.mark.parametrize("smallest_quantized", [540, 541])
@pytest.mark.parametrize("k", [1, 7, 12])
def test_a_list_is_what_a_search_finds(
    k: int, smallest_quantized: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(index, "SMALLEST_QUANTIZED", smallest_quantized)
    artifact = random_model(90)
    save(with_neighbors(artifact, 12, workers=2), tmp_path / "v1")
    lists, searches = unsearchable(load(tmp_path / "v1")), Recommender(artifact)
    for row in range(90):
        listed = lists.similar(str(row), k)
        assert str(row) not in [one.item_id for one in listed]
        assert len(listed) == k
        alike(listed, searches.similar(str(row), k))


@settings(max_examples=50)
@given(
    st.lists(st.tuples(st.integers(-2, 2), st.integers(-2, 2)), min_size=1, max_size=30),
    st.integers(1, 40),
    st.integers(1, 40),
)
def test_equal_items_are_listed_as_well(vectors: list[tuple[int, int]], n: int, k: int):
    artifact = model(np.array(vectors, float), np.full(len(vectors), 5))
    recommender = Recommender(with_neighbors(artifact, n, workers=1))
    for row in range(len(vectors)):
        listed = recommender.similar(str(row), k)
        alike(listed, Recommender(artifact).similar(str(row), k))
        assert str(row) not in [one.item_id for one in listed]


def test_more_items_than_the_list_has_are_searched():
    artifact = random_model(90)
    recommender = Recommender(with_neighbors(artifact, 12, workers=2))
    assert recommender.similar("3", 13) == Recommender(artifact).similar("3", 13)
    assert len(recommender.similar("3", 500)) == 89


def test_a_list_of_the_whole_catalogue_answers_any_k():
    lists = unsearchable(with_neighbors(random_model(9), 50, workers=1))
    assert len(lists.similar("3", 500)) == 8
    assert unsearchable(with_neighbors(random_model(1), 50, workers=1)).similar("0") == []


def test_no_lists_can_be_asked_for(tmp_path: Path):
    artifact = with_neighbors(random_model(9), 0, workers=1)
    save(artifact, tmp_path / "v1")
    assert Recommender(load(tmp_path / "v1")).similar("3", 2) == Recommender(artifact).similar(
        "3", 2
    )


def test_of_very_many_items_most_of_the_list_is_found_and_every_score_is_exact(
    monkeypatch: pytest.MonkeyPatch,
):
    random = np.random.default_rng(3)
    centers = random.normal(size=(60, 15))[random.integers(0, 60, 3000)]
    vectors = centers + 0.5 * random.normal(size=(3000, 15))
    artifact = model(vectors, np.sort(random.integers(1, 60, 3000))[::-1])
    monkeypatch.setattr(neighbors, "MOST_COMPARED", 1000)
    lists = unsearchable(with_neighbors(artifact, 10, workers=2))
    searches = Recommender(artifact)
    found = 0
    for row in range(0, 3000, 30):
        everything = {one.item_id: one.score for one in searches.similar(str(row), 2999)}
        listed = lists.similar(str(row), 10)
        assert [one.score for one in listed] == sorted((s.score for s in listed), reverse=True)
        for one in listed:
            assert one.score == pytest.approx(everything[one.item_id], abs=1e-6)
        found += len({one.item_id for one in listed} & set(list(everything)[:10]))
    assert found / 1000 > 0.9


def test_a_list_that_is_too_short_is_searched_instead():
    artifact = with_neighbors(random_model(9), 4, workers=1)
    assert artifact.neighbors is not None
    artifact.neighbors.items[3, 2:] = -1
    recommender = Recommender(artifact)
    assert len(recommender.similar("3", 2)) == 2
    assert recommender.similar("3", 4) == Recommender(random_model(9)).similar("3", 4)


@pytest.mark.parametrize(
    ("name", "lists", "why"),
    [
        (NEIGHBORS, np.zeros((9, 4), np.int64), "int64 .* was expected"),
        (NEIGHBORS, np.zeros((9, 9), np.int32), "was expected"),
        (NEIGHBORS, np.zeros(36, np.int32), "was expected"),
        (NEIGHBORS, np.full((9, 4), 9, np.int32), "not in -1 to 8"),
        (NEIGHBORS, np.full((9, 4), -2, np.int32), "not in -1 to 8"),
        (NEIGHBORS_SCORES, np.zeros((9, 4), np.float64), "was expected"),
        (NEIGHBORS_SCORES, np.zeros((9, 3), np.float32), "was expected"),
        (NEIGHBORS_SCORES, np.full((9, 4), np.nan, np.float32), "not finite"),
        (NEIGHBORS_SCORES, np.full((9, 4), 1.5, np.float32), "beyond -1 and 1"),
    ],
)
def test_lists_that_mean_nothing_are_refused_by_name(
    tmp_path: Path, name: str, lists: np.ndarray, why: str
):
    artifact = with_neighbors(random_model(9), 4, workers=1)
    assert artifact.neighbors is not None
    changed = {"items": lists} if name == NEIGHBORS else {"scores": lists}
    save(replace(artifact, neighbors=artifact.neighbors._replace(**changed)), tmp_path / "v1")
    with pytest.raises(ArtifactError, match=f"{name} .*{why}"):
        load(tmp_path / "v1")
