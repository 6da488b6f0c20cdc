"""The table of what comes next beside an obvious twin: dictionaries, one loop an event."""

from collections import defaultdict
from math import exp

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from trainer import continuations, table_kernels
from trainer.config import NextConfig
from trainer.continuations import build_continuations, count, near_items
from trainer.sessions import Sessions
from trainer.table_kernels import NOTHING, Rows

ITEMS = 5


def sessions_of(baskets: list[list[int]], weights: list[float] | None = None) -> Sessions:
    items = np.array([item for basket in baskets for item in basket], np.int32)
    offsets = np.concatenate([[0], np.cumsum([len(basket) for basket in baskets])])
    return Sessions(items, offsets, None if weights is None else np.array(weights, np.float32))


def rows_of(rows: Rows) -> list[dict[int, float]]:
    return [
        {int(column): value for column, value in zip(*row, strict=True) if column != NOTHING}
        for row in zip(rows.columns, rows.values.tolist(), strict=True)
    ]


def naive_counts(baskets, config, weights=None) -> list[dict[int, float]]:
    counts = [defaultdict(float) for _ in range(ITEMS)]
    events = sum(map(len, baskets))
    place = 0
    for basket in baskets:
        for center, item in enumerate(basket):
            age = 1 - (place + center) / events
            worth = exp(-age / config.recency) if config.recency else 1
            for other, neighbor in enumerate(basket):
                distance = abs(other - center)
                if 0 < distance <= config.count_window:
                    factor = 1 if other > center else config.backwards
                    weight = weights[place + other] if weights else 1
                    counts[item][neighbor] += worth * factor * weight / distance
        place += len(basket)
    return [{item: value for item, value in row.items() if value > 0} for row in counts]


some_baskets = st.lists(
    st.lists(st.integers(0, ITEMS - 1), min_size=1, max_size=7), min_size=1, max_size=6
)
some_config = st.builds(
    NextConfig,
    count_window=st.integers(1, 4),
    backwards=st.sampled_from([0.0, 0.5, 1.0]),
    recency=st.sampled_from([0.0, 0.5, 1.0]),
)


@hypothesis_settings(max_examples=60, deadline=None)
@given(baskets=some_baskets, config=some_config, weighted=st.booleans())
def test_counts_are_those_of_the_obvious_twin(baskets, config, weighted):
    weights = [event % 3 for event in range(sum(map(len, baskets)))] if weighted else None
    found, totals = count(sessions_of(baskets, weights), ITEMS, ITEMS, config, workers=1)
    expected = naive_counts(baskets, config, weights)
    for row, twin, total in zip(rows_of(found), expected, totals, strict=True):
        assert row == pytest.approx(twin, rel=1e-5)
        assert total == pytest.approx(sum(twin.values()), rel=1e-5)


def test_of_a_row_the_largest_counts_are_kept_largest_first_and_equal_ones_by_item():
    baskets = [[0, 3], [0, 3], [0, 4], [0, 1], [0, 2], [0, 2]]
    config = NextConfig(recency=0)
    found, totals = count(sessions_of(baskets), ITEMS, 3, config, workers=1)
    assert found.columns[0].tolist() == [2, 3, 1]
    assert found.values[0].tolist() == [2, 2, 1]
    assert totals[0] == 6


DISCOUNTS = np.array([1, 0.5, 1, 0.9, 2], np.float32)


def smooth(counts, totals, near, *settings) -> list[dict[int, float]]:
    out = Rows(np.full((ITEMS, ITEMS), NOTHING, np.int32), np.zeros((ITEMS, ITEMS), np.float32))
    table_kernels.smooth_rows(counts, totals, near, 0, ITEMS, *settings, DISCOUNTS, out)
    return rows_of(out)


@hypothesis_settings(max_examples=60, deadline=None)
@given(
    baskets=some_baskets, seed=st.integers(0, 9), near_share=st.sampled_from([0.0, 0.3, 1.0]),
    mass=st.sampled_from([0.0, 2.0, 20.0]), power=st.sampled_from([0.5, 1.0]),
)  # fmt: skip
def test_smoothed_rows_are_the_formula(baskets, seed, near_share, mass, power):
    found, totals = count(sessions_of(baskets), ITEMS, ITEMS, NextConfig(), workers=1)
    near = near_items(np.random.default_rng(seed).normal(size=(ITEMS, 3)).astype(np.float32), 2)
    counts, weights = np.zeros((ITEMS, ITEMS)), np.zeros((ITEMS, ITEMS))
    for matrix, rows in ((counts, rows_of(found)), (weights, rows_of(near))):
        for item, row in enumerate(rows):
            matrix[item, list(row)] = list(row.values())
    chances = counts / np.maximum(totals, 1e-9)[:, None]
    prior = (near_share * weights + (1 - near_share) * chances) @ chances
    expected = (counts + mass * prior) / np.maximum(totals + mass, 1e-9)[:, None]
    smoothed = smooth(found, totals, near, near_share, mass, power)
    for row, twin in zip(smoothed, expected, strict=True):
        known = {
            item: (value * DISCOUNTS[item]) ** power for item, value in enumerate(twin) if value > 0
        }
        assert row == pytest.approx(known, rel=1e-4)


def test_an_item_that_was_seen_once_borrows_what_follows_similar_items():
    baskets = [[0, 1], [0, 1], [2, 3]]
    vectors = np.array([[1, 0], [0, 1], [1, 0.01], [0, -1], [-1, 0]], np.float32)
    model = build_continuations(sessions_of(baskets), vectors, NextConfig(backwards=0), workers=1)
    rows = model.table.rows[model.table.offsets[2] : model.table.offsets[3]]
    assert set(rows.tolist()) == {1, 3}


def test_the_nearest_items_are_weighed_by_their_cosines_and_never_the_item_itself():
    vectors = np.array([[1, 0], [2, 0], [1, 1], [-1, 0]], np.float32)
    near = near_items(vectors, 2)
    assert near.columns[0].tolist() == [1, 2]
    ratio = near.values[0, 1] / near.values[0, 0]
    assert ratio == pytest.approx(exp((np.sqrt(0.5) - 1) / continuations.TEMPERATURE), rel=1e-3)
    assert near.values.sum(axis=1) == pytest.approx(np.ones(4))


def test_many_items_are_searched_in_cells_and_most_of_the_nearest_are_found(monkeypatch):
    random = np.random.default_rng(3)
    centers = random.normal(size=(150, 15))[random.integers(0, 150, 6000)]
    vectors = (centers + 0.5 * random.normal(size=(6000, 15))).astype(np.float32)
    exact = near_items(vectors, 10)
    monkeypatch.setattr(continuations, "MOST_COMPARED", 1000)
    found = near_items(vectors, 10)
    recall = np.mean(
        [len(set(a) & set(b)) / 10 for a, b in zip(exact.columns, found.columns, strict=True)]
    )
    assert recall > 0.7
    assert not np.any(found.columns == np.arange(6000)[:, None])


def test_any_number_of_threads_builds_the_same_table():
    random = np.random.default_rng(1)
    baskets = [random.integers(0, 1500, 6).tolist() for _ in range(800)]
    vectors = random.normal(size=(1500, 4)).astype(np.float32)
    one, three = (
        build_continuations(sessions_of(baskets), vectors, NextConfig(), workers=workers)
        for workers in (1, 3)
    )
    assert np.array_equal(one.table.rows, three.table.rows)
    assert np.array_equal(one.scores, three.scores)


def test_a_table_of_nothing_is_none():
    vectors = np.ones((ITEMS, 2), np.float32)
    assert (
        build_continuations(sessions_of([[0, 1]]), vectors, NextConfig(continuations=0), 1) is None
    )
