"""The table of what comes next beside an obvious twin: dictionaries, one loop an event."""

import threading
from collections import Counter, defaultdict
from math import exp

import numba
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from trainer.config.sections import NextConfig
from trainer.continuations import kernels as table_kernels
from trainer.continuations import neighbors
from trainer.continuations import table as continuations
from trainer.continuations.kernels import NOTHING, RowSums, Smoothing, SparseRows
from trainer.continuations.table import build_continuations, count, near_items
from trainer.corpus import Sessions

ITEMS = 5


def sessions_of(baskets: list[list[int]], weights: list[float] | None = None) -> Sessions:
    items = np.array([item for basket in baskets for item in basket], np.int32)
    offsets = np.concatenate([[0], np.cumsum([len(basket) for basket in baskets])])
    return Sessions(items, offsets, None if weights is None else np.array(weights, np.float32))


def rows_of(rows: SparseRows) -> list[dict[int, float]]:
    return [
        {int(column): value for column, value in zip(*row, strict=True) if column != NOTHING}
        for row in zip(rows.columns, rows.values.tolist(), strict=True)
    ]


def sums_of(items: int) -> RowSums:
    return RowSums(np.zeros(items, np.float32), np.empty(items, np.int32))


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
                    counts[item][neighbor] += np.float32(worth * factor / distance * weight)
        place += len(basket)
    return [{item: value for item, value in row.items() if value > 0} for row in counts]


some_baskets = st.lists(
    st.lists(st.integers(0, ITEMS - 1), min_size=1, max_size=7), min_size=1, max_size=6
)
# Around where float32 (1e-45) and float64 (5e-324) take a number for zero, and beyond.
tiny = st.sampled_from([5e-324, 1e-310, 1e-300, 1e-150, 1e-60, 1e-46, 1e-44, 1e-39, 1e-20])
shares = st.sampled_from([0.0, 0.3, 0.5, 1.0]) | tiny | st.floats(0, 1)
amounts = shares | st.sampled_from([2.0, 30.0, 1e30, 1e300, 1.7e308])
some_config = st.builds(
    NextConfig,
    continuations=st.integers(1, 7),
    count_window=st.integers(1, 4) | st.just(1000),
    backwards=shares,
    recency=amounts | st.floats(1e-4, 0.1),
    prior_mass=amounts,
    vector_share=shares,
    vector_neighbors=st.integers(1, 7),
    neighbor_temperature=st.sampled_from([0.001, 0.05, 1000.0]),
    count_neighbors=st.integers(0, 7),
    borrowed_counts=st.integers(0, 7),
    popularity_exponent=st.floats(-1, 1),
    score_power=shares.filter(bool),
)
DENORMAL = 1e-42  # below, float32 has a digit or two


def draw_weights(data, baskets):
    size = sum(map(len, baskets))
    some = (shares | st.sampled_from([2.0, 99.0, 100.0])).map(lambda one: float(np.float32(one)))
    return data.draw(st.none() | st.lists(some, min_size=size, max_size=size))


@hypothesis_settings(max_examples=150)
@given(baskets=some_baskets, config=some_config, data=st.data())
def test_counts_are_those_of_the_obvious_twin(baskets, config, data):
    weights = draw_weights(data, baskets)
    with np.errstate(all="ignore"):
        found, totals = count(sessions_of(baskets, weights), ITEMS, ITEMS, config, workers=1)
        expected = naive_counts(baskets, config, weights)
    for row, twin, total in zip(rows_of(found), expected, totals, strict=True):
        assert row == pytest.approx(twin, rel=1e-5, abs=DENORMAL)
        assert total == pytest.approx(sum(twin.values()), rel=1e-5, abs=DENORMAL)


@hypothesis_settings(max_examples=150)
@given(baskets=some_baskets, config=some_config, items=st.integers(ITEMS, 9), data=st.data())
def test_a_table_of_any_settings_holds_every_item_once_a_row_and_scores_above_zero(
    baskets, config, items, data
):
    sessions = sessions_of(baskets, draw_weights(data, baskets))
    sizes = st.sampled_from([0.0, 1e-30, 1e-3, 1.0, 1e15])
    vectors = np.array(
        data.draw(st.lists(sizes, min_size=3 * items, max_size=3 * items)), np.float32
    ).reshape(items, 3)
    with np.errstate(all="ignore"):
        table = build_continuations(sessions, vectors, config, workers=1)
    for row in np.split(table.table.items, table.table.offsets[1:-1]):
        assert len(row) <= config.continuations
        assert len(set(row.tolist())) == len(row)
    assert np.isfinite(table.scores).all()
    assert (table.scores > 0).all()


def test_of_a_row_the_largest_counts_are_kept_largest_first_and_equal_ones_by_item():
    baskets = [[0, 3], [0, 3], [0, 4], [0, 1], [0, 2], [0, 2]]
    config = NextConfig(recency=0)
    found, totals = count(sessions_of(baskets), ITEMS, 3, config, workers=1)
    assert found.columns[0].tolist() == [2, 3, 1]
    assert found.values[0].tolist() == [2, 2, 1]
    assert totals[0] == 6


@pytest.mark.skipif(
    not (numba.config.BOUNDSCHECK or numba.config.DISABLE_JIT), reason="corrupts the memory"
)
def test_the_bounds_check_sees_a_write_behind_an_array(monkeypatch):
    monkeypatch.setattr(
        continuations, "RowSums", lambda values, touched: RowSums(values, touched[:1])
    )
    with pytest.raises(IndexError):
        count(sessions_of([[0, 1, 2]]), ITEMS, ITEMS, NextConfig(), workers=1)


DISCOUNTS = np.array([1, 0.5, 1, 0.9, 2], np.float32)


def smooth(counts, totals, near, smoothing) -> list[dict[int, float]]:
    out = SparseRows(
        np.full((ITEMS, ITEMS), NOTHING, np.int32), np.zeros((ITEMS, ITEMS), np.float32)
    )
    table_kernels.smooth_rows(
        counts, totals, near, 0, ITEMS, smoothing, DISCOUNTS, sums_of(ITEMS), out
    )
    return rows_of(out)


@hypothesis_settings(max_examples=60)
@given(
    baskets=some_baskets, seed=st.integers(0, 9), near_share=st.sampled_from([0.0, 0.3, 1.0]),
    mass=st.sampled_from([0.0, 2.0, 20.0, 1e30]), power=st.sampled_from([0.5, 1.0]),
)  # fmt: skip
def test_smoothed_rows_are_the_formula(baskets, seed, near_share, mass, power):
    found, totals = count(sessions_of(baskets), ITEMS, ITEMS, NextConfig(), workers=1)
    vectors = np.random.default_rng(seed).normal(size=(ITEMS, 3)).astype(np.float32)
    near = near_items(vectors, 2, 0.05, workers=1)
    counts, weights = np.zeros((ITEMS, ITEMS)), np.zeros((ITEMS, ITEMS))
    for matrix, rows in ((counts, rows_of(found)), (weights, rows_of(near))):
        for item, row in enumerate(rows):
            matrix[item, list(row)] = list(row.values())
    chances = counts / np.maximum(totals, 1e-9)[:, None]
    prior = (near_share * weights + (1 - near_share) * chances) @ chances
    bottom = np.maximum(totals + mass, 1e-9)[:, None]
    expected = counts / bottom + mass / bottom * prior
    smoothed = smooth(found, totals, near, Smoothing(mass, near_share, ITEMS, ITEMS, power))
    for row, twin in zip(smoothed, expected, strict=True):
        known = {
            item: (value * DISCOUNTS[item]) ** power for item, value in enumerate(twin) if value > 0
        }
        assert row == pytest.approx(known, rel=1e-4)


def test_an_item_that_was_seen_once_borrows_what_follows_similar_items():
    baskets = [[0, 1], [0, 1], [2, 3]]
    vectors = np.array([[1, 0], [0, 1], [1, 0.01], [0, -1], [-1, 0]], np.float32)
    model = build_continuations(sessions_of(baskets), vectors, NextConfig(backwards=0), workers=1)
    rows = model.table.items[model.table.offsets[2] : model.table.offsets[3]]
    assert set(rows.tolist()) == {1, 3}


def test_events_too_old_to_count_leave_no_trace():
    baskets = [[0, 1]] * 300 + [[2, 3]] * 300
    config = NextConfig(recency=0.001, backwards=0, vector_share=0)
    vectors = np.ones((ITEMS, 2), np.float32)
    model = build_continuations(sessions_of(baskets), vectors, config, workers=1)
    assert model.table.offsets.tolist() == [0, 0, 0, 1, 1, 1]
    assert model.table.items.tolist() == [3]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("vector_neighbors", 1),
        ("neighbor_temperature", 1.0),
        ("count_neighbors", 0),
        ("borrowed_counts", 1),
        ("popularity_exponent", 0.5),
        ("score_power", 1.0),
    ],
)
def test_every_figure_of_the_table_is_a_setting(name, value):
    random = np.random.default_rng(5)
    sessions = sessions_of([random.integers(0, ITEMS, 4).tolist() for _ in range(30)])
    vectors = random.normal(size=(ITEMS, 3)).astype(np.float32)
    usual, other = (
        build_continuations(sessions, vectors, config, workers=1)
        for config in (NextConfig(), NextConfig(**{name: value}))
    )
    assert usual.scores.tolist() != other.scores.tolist()


def test_the_table_is_asked_as_its_settings_say():
    config = NextConfig(next_decay=0.3, last_items=7)
    vectors = np.ones((ITEMS, 2), np.float32)
    model = build_continuations(sessions_of([[0, 1]]), vectors, config, workers=1)
    assert (model.settings.decay, model.settings.last_items) == (0.3, 7)


def test_each_thread_sums_up_in_one_row_of_its_own(monkeypatch):
    rows = Counter()

    def count_memory(*arguments):
        rows[threading.get_ident()] += 1
        return RowSums(*arguments)

    monkeypatch.setattr(continuations, "RowSums", count_memory)
    baskets = [[item, item + 1] for item in range(3000)]
    count(sessions_of(baskets), 3001, 5, NextConfig(), workers=2)
    assert max(rows.values()) == 1


def test_ranges_of_items_cost_about_the_same():
    costs = np.array([900, 500, 300, *[1] * 100])
    ranges = []
    continuations._in_parallel(lambda first, last, _: ranges.append((first, last)), costs, 1)
    assert [place for first, last in ranges for place in range(first, last)] == list(range(103))
    # A 64th of the whole, and an item more at most.
    assert all(costs[first + 1 : last].sum() <= costs.sum() / 64 for first, last in ranges)
    assert len(ranges) > 3


def test_the_nearest_items_are_weighed_by_their_cosines_and_never_the_item_itself():
    vectors = np.array([[1, 0], [2, 0], [1, 1], [-1, 0]], np.float32)
    near = near_items(vectors, 2, temperature=0.05, workers=1)
    assert near.columns[0].tolist() == [1, 2]
    ratio = near.values[0, 1] / near.values[0, 0]
    assert ratio == pytest.approx(exp((np.sqrt(0.5) - 1) / 0.05), rel=1e-3)
    assert near.values.sum(axis=1) == pytest.approx(np.ones(4))


def test_many_items_are_searched_in_cells_and_most_of_the_nearest_are_found(monkeypatch):
    random = np.random.default_rng(3)
    centers = random.normal(size=(150, 15))[random.integers(0, 150, 6000)]
    vectors = (centers + 0.5 * random.normal(size=(6000, 15))).astype(np.float32)
    exact = near_items(vectors, 10, 0.05, workers=2)
    monkeypatch.setattr(neighbors, "MOST_COMPARED", 1000)
    found = near_items(vectors, 10, 0.05, workers=2)
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
    assert np.array_equal(one.table.items, three.table.items)
    assert np.array_equal(one.scores, three.scores)


def test_a_table_of_nothing_is_none():
    vectors = np.ones((ITEMS, 2), np.float32)
    assert (
        build_continuations(sessions_of([[0, 1]]), vectors, NextConfig(continuations=0), 1) is None
    )
