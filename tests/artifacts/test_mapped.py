"""The map of an artifact: made, stored, gone on from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from service.model.artifact import Artifact
from service.model.item_map import SIDE, log_counts
from service.model.store import Store
from tests.conftest import make_artifact
from tests.maps.test_layout import ISLANDS, SIZE, islands
from trainer.artifacts import mapped
from trainer.artifacts.mapped import with_map
from trainer.artifacts.neighbors import with_neighbors
from trainer.config.sections import MapConfig

TITLES = ("HEART", "CAKE STAND", "TEACUP")


def shop(version: str, seed: int = 0, first: int = 0) -> Artifact:
    """Items on three islands; those before `first` are missing."""
    vectors = islands(seed)[first:]
    ids = [f"item-{number}" for number in range(first, ISLANDS * SIZE)]
    artifact = make_artifact(version, dict(zip(ids, vectors.tolist(), strict=True)))
    titles = [f"{TITLES[number // SIZE]} {number}" for number in range(first, ISLANDS * SIZE)]
    return replace(artifact, titles=titles)


def test_islands_lie_apart_in_clusters_named_by_their_titles(tmp_path: Path):
    store = Store(tmp_path)
    config = MapConfig(clusters=ISLANDS)
    version = store.add(lambda version: with_map(shop(version), config, 1)).model_version
    loaded = store.load(version).map
    assert loaded is not None
    assert [group.items for group in loaded.settings.groups] == [SIZE] * ISLANDS
    assert sorted(group.name for group in loaded.settings.groups) == [
        "cake, stand",
        "heart",
        "teacup",
    ]
    for number, group in enumerate(loaded.settings.groups):
        own = loaded.places[loaded.points["group"] == number]
        np.testing.assert_allclose(np.median(own, axis=0), [group.x, group.y], atol=1)
    assert (loaded.points["log_count"] == log_counts(shop("v").counts)).all()


def test_last_nights_map_goes_on(tmp_path: Path):
    store = Store(tmp_path)
    config = MapConfig(clusters=ISLANDS)
    first = store.load(store.add(lambda version: with_map(shop(version), config, 1)).model_version)
    second = with_map(shop("v2", seed=1, first=3), config, 1, first)
    assert second.map is not None
    assert first.map is not None
    assert second.map.settings.continued == first.manifest.model_version
    assert (second.map.points["group"] == first.map.points["group"][3:]).all()
    moved = np.linalg.norm(second.map.places - first.map.places[3:], axis=1)
    assert np.median(moved) < SIDE / 5


def test_stored_neighbors_are_used_and_others_searched():
    artifact = shop("v1")
    listed = with_map(with_neighbors(artifact, 20, 1), MapConfig(), 1)
    searched = with_map(artifact, MapConfig(), 1)
    for one in (listed, searched):
        assert one.map is not None
        assert one.map.settings.placed == ISLANDS * SIZE


def test_of_very_many_items_the_frequent_ones_are_laid_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mapped, "MOST_LAID_OUT", 50)
    monkeypatch.setattr(mapped, "SAMPLED", 40)
    artifact = with_map(with_neighbors(shop("v1"), 50, 1), MapConfig(), 1)
    assert artifact.map is not None
    assert artifact.map.settings.placed == 40
    assert len(artifact.map.points) == ISLANDS * SIZE


def test_there_is_no_map_of_few_items_or_where_none_is_wanted():
    assert with_map(make_artifact(), MapConfig(), 1).map is None
    assert with_map(shop("v1"), MapConfig(positions=False), 1).map is None


def test_the_same_model_has_the_same_map():
    one, other = (with_map(shop("v1"), MapConfig(), workers).map for workers in (1, 3))
    assert one is not None
    assert other is not None
    assert (one.points == other.points).all()
