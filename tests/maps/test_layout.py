"""A layout: neighbors come together, others part, and it goes on from where it was."""

import numpy as np
import pytest

from service.model.similarity import unit
from tests.naive_maps import Layout
from trainer.maps import layout
from trainer.maps.kernels import Moments, Pairs, move
from trainer.maps.layout import lay_out
from trainer.maps.pairs import FAR, MIDDLING, NEAR, NOTHING, choose_pairs

ISLANDS, SIZE = 3, 25


def islands(seed: int = 0) -> np.ndarray:
    """Unit vectors of items on islands far from each other."""
    random = np.random.default_rng(seed)
    centers = 4 * np.eye(ISLANDS, 12)
    return unit(
        (np.repeat(centers, SIZE, axis=0) + random.normal(size=(ISLANDS * SIZE, 12))).astype("f4")
    )


def nearest(units: np.ndarray, n: int = NEAR) -> np.ndarray:
    cosines = units @ units.T
    np.fill_diagonal(cosines, -2)
    return np.argsort(-cosines, axis=1)[:, :n].astype(np.int32)


def pairs_of(units: np.ndarray) -> Pairs:
    return choose_pairs(units, nearest(units), np.random.default_rng(0))


def apart(places: np.ndarray) -> tuple[float, float]:
    """The mean distance of items on an island, and that of items on different ones."""
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    island = np.arange(len(places)) // SIZE
    same = island[:, None] == island[None]
    return float(distances[same].mean()), float(distances[~same].mean())


def test_a_step_is_that_of_the_twin():
    units = islands()
    pairs = pairs_of(units)
    start = np.random.default_rng(3).normal(size=(len(units), 2)).astype(np.float32)
    twin, places, moved = Layout(start, pairs), start.copy(), np.empty_like(start)
    moments = Moments(np.zeros_like(start), np.zeros_like(start))
    for step, strengths in enumerate([(2.0, 800.0, 1.0), (3.0, 3.0, 1.0), (1.0, 0.0, 1.0)], 1):
        rate = np.float32(np.sqrt(1 - 0.999**step) / (1 - 0.9**step))
        for first in range(0, len(units), 10):  # ranges, in any order
            last = min(first + 10, len(units))
            given = tuple(np.float32(one) for one in strengths)
            move(first, last, pairs, given, places, moved, moments, rate)
        places, moved = moved, places
        twin.step(strengths)
        np.testing.assert_allclose(places, twin.places, rtol=2e-4, atol=2e-4)


def test_islands_that_never_meet_lie_apart():
    units = islands()
    within, between = apart(lay_out(units, pairs_of(units), workers=1))
    assert between > 4 * within


def test_the_number_of_threads_changes_no_place(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(layout, "ITEMS_OF_A_THREAD", 10)
    monkeypatch.setattr(layout, "PHASES", (10, 10, 10))
    units = islands()
    one, three = (lay_out(units, pairs_of(units), workers) for workers in (1, 3))
    assert (one == three).all()


def test_a_layout_goes_on_from_an_earlier_one():
    before, after = islands(0), islands(0) + 0.02 * islands(1)
    earlier = lay_out(before, pairs_of(before), workers=1)
    later = lay_out(unit(after), pairs_of(unit(after)), 1, earlier)
    assert np.linalg.norm(later - earlier, axis=1).mean() < apart(earlier)[1] / 4
    assert apart(later)[1] > 4 * apart(later)[0]


def test_a_layout_of_alike_vectors_has_places_for_all():
    units = np.tile(np.float32([1, 0, 0]), (12, 1))
    assert np.isfinite(lay_out(units, pairs_of(units), workers=1)).all()


@pytest.mark.parametrize("items", [10, 11, 40])
def test_pairs_are_with_others_and_far_ones_with_no_neighbor(items: int):
    units = unit(np.random.default_rng(0).normal(size=(items, 6)).astype(np.float32))
    near = nearest(units, min(NEAR, items - 1))
    near[0, -1] = NOTHING  # a shorter list
    pairs = choose_pairs(units, near, np.random.default_rng(0))
    for partners in pairs:
        for item in range(items):
            others = partners.items[partners.offsets[item] : partners.offsets[item + 1]]
            assert ((others >= 0) & (others < items) & (others != item)).all()
    listed = {(item, other) for item, row in enumerate(near.tolist()) for other in row}
    owners = np.repeat(np.arange(items), np.diff(pairs.far.offsets))
    for pair in zip(owners.tolist(), pairs.far.items.tolist(), strict=True):
        assert pair not in listed or pair[::-1] not in listed
    assert len(pairs.near.items) == 2 * int((near != NOTHING).sum())
    assert len(pairs.middling.items) <= 2 * MIDDLING * items
    assert len(pairs.far.items) <= 2 * FAR * items
