"""What is checked before weights are used, beside plain loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.model.voices import VOICES, VOTES_RECENT
from trainer.continuations.calibration import BINS, calibration_error
from trainer.continuations.checking import CUTOFF, Foretold, check, foretell
from trainer.continuations.likelihood import Alternatives

OTHER = 0  # the first alternative, which stands for all items that are no candidates

# Of each case: the votes, odds, and whether it is forbidden, of each candidate; and what came next.
candidate = st.tuples(st.integers(0, 4), st.sampled_from([0.5, 1.0, 2.0]), st.booleans())


@st.composite
def some_cases(draw: st.DrawFn) -> list[tuple[list[tuple[int, float, bool]], int]]:
    cases = []
    for _ in range(draw(st.integers(1, 6))):
        candidates = draw(st.lists(candidate, min_size=1, max_size=30))
        allowed = [OTHER, *(n for n, one in enumerate(candidates, 1) if not one[2])]
        cases.append((candidates, draw(st.sampled_from(allowed))))
    return cases


@settings(max_examples=100)
@given(some_cases())
def test_ranks_are_those_of_plain_loops(cases: list[tuple[list[tuple[int, float, bool]], int]]):
    starts = np.cumsum([0, *(1 + len(candidates) for candidates, _ in cases)])[:-1]
    features = np.zeros((sum(1 + len(one) for one, _ in cases), len(VOICES)), np.float32)
    odds, forbidden = np.ones(len(features)), np.zeros(len(features), np.bool_)
    chosen, expected = [], []
    for start, (candidates, answer) in zip(starts.tolist(), cases, strict=True):
        chosen.append(start + answer)
        for place, (votes, one, is_forbidden) in enumerate(candidates, start + 1):
            features[place, VOTES_RECENT] = votes
            odds[place], forbidden[place] = 0 if is_forbidden else one, is_forbidden
        allowed = [(one[0], one[1]) for one in candidates if not one[2]]
        total = 1 + sum(one for _, one in allowed)
        best = max((one for _, one in allowed), default=0)
        if answer == OTHER:
            expected.append((0, 0, best / total, False))
            continue
        votes, mine, _ = candidates[answer - 1]
        rank = sum(one >= mine for _, one in allowed)
        table_rank = sum(one >= votes for one, _ in allowed)
        expected.append((rank, table_rank, best / total, mine == best))
    lengths = np.diff([*starts, len(features)])
    probabilities = odds / np.repeat(np.add.reduceat(odds, starts), lengths)
    alternatives = Alternatives(features, starts, np.array(chosen), forbidden)
    found = foretell(alternatives, probabilities.astype(np.float32))
    told = list(zip(*(one.tolist() for one in found), strict=True))
    assert told == [(*one[:2], pytest.approx(one[2]), one[3]) for one in expected]


def foretold(ranks: list[int], table_ranks: list[int]) -> Foretold:
    first = np.full(len(ranks), 0.5, np.float32)
    return Foretold(np.array(ranks), np.array(table_ranks), first, np.array(ranks) == 1)


@settings(max_examples=100)
@given(st.lists(st.tuples(*[st.integers(0, CUTOFF + 3)] * 2), min_size=1, max_size=30))
def test_figures_are_those_of_plain_loops(ranks: list[tuple[int, int]]):
    found = check(foretold([one for one, _ in ranks], [other for _, other in ranks]))
    hits = [(0 < one <= CUTOFF, 0 < other <= CUTOFF) for one, other in ranks]
    reciprocal = [
        (hit / max(one, 1), other_hit / max(other, 1))
        for (one, other), (hit, other_hit) in zip(ranks, hits, strict=True)
    ]
    n = len(ranks)
    assert found.cases == n
    assert found.hit_rate == pytest.approx(sum(one for one, _ in hits) / n)
    assert found.table_hit_rate == pytest.approx(sum(other for _, other in hits) / n)
    assert found.mrr == pytest.approx(sum(one for one, _ in reciprocal) / n)
    assert found.table_mrr == pytest.approx(sum(other for _, other in reciprocal) / n)
    gains = np.array([one - other for one, other in reciprocal])
    hit_gains = np.array([int(one) - int(other) for one, other in hits])
    assert found.wins == (
        gains.mean() > 2 * gains.std() / n**0.5
        and hit_gains.mean() >= -2 * hit_gains.std() / n**0.5
    )


@pytest.mark.parametrize(
    ("ranks", "table_ranks", "wins"),
    [
        ([1] * 90 + [0] * 10, [2] * 90 + [0] * 10, True),
        ([2] * 90 + [0] * 10, [1] * 90 + [0] * 10, False),
        ([3] * 100, [3] * 100, False),
        ([1, 3] * 50, [3, 1] * 50, False),  # no more than chance
        ([1] * 80 + [0] * 20, [2] * 100, False),  # better, but for those it loses
    ],
)
def test_weights_win_only_by_more_than_chance_and_lose_no_hits(
    ranks: list[int], table_ranks: list[int], wins: bool
):
    assert check(foretold(ranks, table_ranks)).wins == wins


def test_nothing_foretold_by_either_is_no_win():
    found = check(foretold([0] * 10, [0] * 10))
    assert (found.hit_rate, found.table_hit_rate, found.wins) == (0, 0, False)


@settings(max_examples=100)
@given(st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), min_size=1, max_size=70))
def test_the_calibration_error_is_that_of_plain_loops(cases: list[tuple[float, bool]]):
    ordered = sorted(cases, key=lambda one: one[0])
    bins = min(BINS, len(ordered))
    of_place = [place * bins // len(ordered) for place in range(len(ordered))]
    sizes = [of_place.count(one) for one in range(bins)]
    expected, first = 0.0, 0
    for size in sizes:
        part = ordered[first : first + size]
        first += size
        right = sum(is_right for _, is_right in part) / size
        mean = sum(probability for probability, _ in part) / size
        expected += size / len(ordered) * abs(right - mean)
    probabilities = np.array([one for one, _ in cases], np.float32)
    is_right = np.array([right for _, right in cases])
    assert calibration_error(probabilities, is_right) == pytest.approx(expected, abs=1e-5)


def test_probabilities_that_come_true_as_often_are_calibrated():
    random = np.random.default_rng(0)
    probabilities = random.random(50_000).astype(np.float32)
    is_right = random.random(50_000) < probabilities
    assert calibration_error(probabilities, is_right) < 0.01
    assert calibration_error(probabilities, ~is_right) > 0.4
