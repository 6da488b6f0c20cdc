from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.continuations.likelihood import Alternatives, _Posterior, most_likely

FEATURES = 3


def cases_of(
    seed: int, n: int = 5, widest: int = 6, *, with_forbidden: bool = True
) -> Alternatives:
    """Cases of one alternative or more, the first of which is never forbidden."""
    random = np.random.default_rng(seed)
    lengths = random.integers(1, widest + 1, n)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    rows = int(lengths.sum())
    forbidden = (random.random(rows) < 0.3) & with_forbidden
    forbidden[starts] = False
    chosen = [
        random.choice(start + np.flatnonzero(~forbidden[start : start + length]))
        for start, length in zip(starts, lengths, strict=True)
    ]
    features = random.normal(size=(rows, FEATURES)).astype(np.float32)
    return Alternatives(features, starts, np.array(chosen), forbidden)


def naive(cases: Alternatives, weights: np.ndarray) -> tuple[list[float], float]:
    """Probabilities, and the log-likelihood, case by case."""
    ends = [*cases.starts[1:], len(cases.features)]
    probabilities: list[float] = []
    likelihood = 0.0
    for start, end, chosen in zip(cases.starts, ends, cases.chosen, strict=True):
        odds = [
            0.0 if cases.forbidden[row] else float(np.exp(cases.features[row] @ weights))
            for row in range(start, end)
        ]
        probabilities += [one / sum(odds) for one in odds]
        likelihood += float(np.log(odds[chosen - start] / sum(odds)))
    return probabilities, likelihood


weights_of = st.lists(st.floats(-2, 2), min_size=FEATURES, max_size=FEATURES).map(np.array)


@settings(max_examples=50)
@given(st.integers(0, 99), weights_of)
def test_probabilities_and_likelihood_are_those_of_the_obvious_twin(seed: int, weights: np.ndarray):
    cases = cases_of(seed)
    found, likelihood = cases.probabilities(weights)
    expected, expected_likelihood = naive(cases, weights)
    assert found.tolist() == pytest.approx(expected, abs=1e-5)
    assert likelihood == pytest.approx(expected_likelihood, rel=1e-4, abs=1e-4)


@settings(max_examples=50)
@given(st.integers(0, 99), weights_of, weights_of, st.sampled_from([0.0, 1.0, 10.0]))
def test_gradient_and_curvature_are_the_slopes_of_the_loss(
    seed: int, weights: np.ndarray, prior: np.ndarray, precision: float
):
    cases = cases_of(seed)

    def loss(at: np.ndarray) -> float:
        away = at - prior
        return 0.5 * precision * float(away @ away) - naive(cases, at)[1]

    posterior = _Posterior(cases, prior, precision)
    found, gradient = posterior.loss(weights)
    assert found == pytest.approx(loss(weights), rel=1e-4, abs=1e-4)
    steps = 1e-3 * np.eye(FEATURES)
    slopes = [(loss(weights + step) - loss(weights - step)) / 2e-3 for step in steps]
    assert gradient == pytest.approx(np.array(slopes), rel=1e-3, abs=1e-2)
    bends = [
        (posterior.loss(weights + step)[1] - posterior.loss(weights - step)[1]) / 2e-3
        for step in steps
    ]
    curvature = posterior.curvature(weights)
    assert curvature == pytest.approx(np.array(bends), rel=1e-2, abs=2e-2)
    assert curvature == pytest.approx(curvature.T, abs=1e-5)


def planted(weights: np.ndarray, n: int = 4_000) -> Alternatives:
    """Choices that people with these weights would make."""
    cases = cases_of(1, n, with_forbidden=False)
    chances, _ = cases.probabilities(weights)
    random = np.random.default_rng(2)
    borders = [*cases.starts.tolist(), len(chances)]
    chosen = [
        start + random.choice(end - start, p=chances[start:end] / chances[start:end].sum())
        for start, end in pairwise(borders)
    ]
    return Alternatives(cases.features, cases.starts, np.array(chosen), cases.forbidden)


def test_planted_weights_are_found_again():
    weights = np.array([1.5, -0.7, 0.0])
    cases, zero = planted(weights), np.zeros(FEATURES)
    found = most_likely(cases, zero, 1.0, zero)
    assert found == pytest.approx(weights, abs=0.1)
    assert most_likely(cases, zero, 1.0, np.full(FEATURES, 30.0)) == pytest.approx(found, abs=0.01)


def test_a_strong_prior_is_kept_and_a_weak_one_gives_in():
    weights, zero = np.array([1.5, -0.7, 0.0]), np.zeros(FEATURES)
    cases = planted(weights, 500)
    prior = np.array([-1.0, 1.0, 1.0])
    assert most_likely(cases, prior, 1e9, zero) == pytest.approx(prior, abs=1e-3)
    weak, strong = (most_likely(cases, prior, precision, zero) for precision in (1.0, 100.0))
    assert np.linalg.norm(weak - weights) < np.linalg.norm(strong - weights)


def test_what_is_always_chosen_gets_a_large_but_finite_weight():
    features = np.tile(np.array([[0, 0, 0], [1, 0, 0]], np.float32), (200, 1))
    starts = np.arange(0, 400, 2)
    cases = Alternatives(features, starts, starts + 1, np.zeros(400, np.bool_))
    found = most_likely(cases, np.zeros(FEATURES), 1.0, np.zeros(FEATURES))
    assert 3 < found[0] < 20
    assert found[1:] == pytest.approx([0, 0], abs=1e-6)


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [4, 2], [3, 3, 0], []])
def test_some_cases_in_another_order_are_the_same_cases(order: list[int]):
    cases = cases_of(3)
    ends = [*cases.starts[1:], len(cases.features)]
    taken = cases.take(np.array(order, np.int64))
    assert len(taken) == len(order)
    taken_ends = [*taken.starts[1:], len(taken.features)]
    for place, case in enumerate(order):
        rows, row = (
            slice(cases.starts[case], ends[case]),
            slice(taken.starts[place], taken_ends[place]),
        )
        assert taken.features[row].tolist() == cases.features[rows].tolist()
        assert taken.forbidden[row].tolist() == cases.forbidden[rows].tolist()
        assert taken.chosen[place] - row.start == cases.chosen[case] - rows.start


@pytest.mark.parametrize(("first", "last"), [(0, 5), (1, 3), (4, 5), (2, 2), (5, 5)])
def test_a_part_of_the_cases_is_those_cases(first: int, last: int):
    cases = cases_of(3)
    part, taken = cases.part(first, last), cases.take(np.arange(first, last))
    assert len(part) == last - first
    for one, other in zip(vars(part).values(), vars(taken).values(), strict=True):
        assert one.tolist() == other.tolist()
