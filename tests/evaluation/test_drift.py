from dataclasses import replace

import numpy as np
import pytest

from service.model.artifact import Artifact
from service.model.lineage import Agreement, Drift, NoiseFloor
from tests.conftest import make_artifact
from trainer.evaluation import drift
from trainer.evaluation.drift import agreement_by_band, measure_drift


def around(version: str, turns: float = 1.0, items: int = 30, space: str = "v1") -> Artifact:
    """Items around a circle, which nothing but their nearest neighbours knows."""
    angles = np.linspace(0, turns * 2 * np.pi, items, endpoint=False)
    vectors = {f"i{row}": [np.cos(angle), np.sin(angle)] for row, angle in enumerate(angles)}
    artifact = make_artifact(version, vectors)
    manifest = artifact.manifest.model_copy(update={"vector_space_id": space})
    return replace(artifact, manifest=manifest)


def test_a_model_agrees_with_itself():
    found = measure_drift(around("v2"), around("v1"), None)
    assert found.since == "v1"
    assert list(found.bands) == ["frequent", "middling", "rare"]
    for agreement in found.bands.values():
        assert agreement.items == 10
        assert agreement.overlap == 1
        assert agreement.deviation == 0
        assert agreement.cosine == pytest.approx(1)
    assert found.cosine == pytest.approx(1)


def test_other_neighbours_are_no_agreement():
    """Ten of thirty items are near on a circle; where it is wound seven times, others are."""
    found = measure_drift(around("v2", turns=7), around("v1"), None)
    for agreement in found.bands.values():
        assert agreement.overlap < 0.7
        assert agreement.cosine < 0.9


def test_items_are_matched_by_id_whatever_their_rows():
    old = around("v1")
    order = np.random.default_rng(0).permutation(30)
    vectors = {f"i{row}": old.input_vectors[row].tolist() for row in order}
    moved = make_artifact("v2", vectors)
    found = measure_drift(moved, old, None)
    assert [agreement.overlap for agreement in found.bands.values()] == [1, 1, 1]


def test_items_that_are_gone_are_answers_that_are_lost():
    old = around("v1")
    vectors = {f"i{row}": old.input_vectors[row].tolist() for row in range(0, 30, 2)}
    found = agreement_by_band(make_artifact("v2", vectors), old)
    assert sum(agreement.items for agreement in found.values()) == 15
    assert all(agreement.overlap <= 0.6 for agreement in found.values())


def test_a_mean_overlap_is_known_the_better_the_more_items_are_asked_about(monkeypatch):
    random = np.random.default_rng(0)
    vectors = random.normal(size=(90, 5))

    def model(version: str) -> Artifact:
        nearby = vectors + 0.3 * random.normal(size=vectors.shape)
        return make_artifact(version, {f"i{row}": one.tolist() for row, one in enumerate(nearby)})

    old, new = model("v1"), model("v2")
    every = agreement_by_band(new, old)["frequent"]
    monkeypatch.setattr(drift, "ASKED", 8)
    few = agreement_by_band(new, old)["frequent"]
    assert (every.items, few.items) == (30, 8)
    assert 0 < every.deviation < few.deviation


def test_cosines_mean_nothing_between_spaces_but_answers_do():
    found = measure_drift(around("v2", space="v2"), around("v1"), None)
    assert found.cosine is None
    for agreement in found.bands.values():
        assert agreement.cosine is None
        assert agreement.overlap == 1


def test_models_without_a_shared_item_have_no_drift():
    other = make_artifact("v1", {"x": [1.0, 0.0], "y": [0.0, 1.0]})
    assert measure_drift(around("v2"), other, None) is None


def test_a_band_is_asked_about_evenly(monkeypatch):
    monkeypatch.setattr(drift, "ASKED", 4)
    found = agreement_by_band(around("v2"), around("v1"))
    assert [agreement.items for agreement in found.values()] == [4, 4, 4]


def test_more_than_chance_is_an_alarm():
    def agreement(overlap: float) -> Agreement:
        return Agreement(items=300, overlap=overlap, deviation=0.01)

    floor = NoiseFloor(measured="v1", bands={"frequent": agreement(0.9), "rare": agreement(0.8)})
    bands = {"frequent": agreement(0.86), "middling": agreement(0.1), "rare": agreement(0.78)}
    [alarm] = Drift(since="v1", bands=bands, floor=floor).alarms()
    assert alarm == (
        "top-10 lists of frequent items keep 86.0% of their items since version v1, less than "
        "chance alone explains (87.0%)"
    )
    assert Drift(since="v1", bands=bands).alarms() == []
