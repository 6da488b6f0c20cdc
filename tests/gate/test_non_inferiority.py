"""How often a candidate passes, is refused or is left to the guards, by how good it is."""

from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.evaluation.bootstrap import Estimate
from trainer.gate.non_inferiority import is_not_inferior

Z = NormalDist().inv_cdf(0.99)
MARGIN = 0.02


def outcomes(true: float, deviation: float, nights: int = 4000) -> dict[bool | None, float]:
    """The share of nights with each outcome, where the difference is `true`."""
    seen = np.random.default_rng(0).normal(true, deviation, nights)
    decided = [
        is_not_inferior(Estimate(d, d - Z * deviation, d + Z * deviation), MARGIN, 0.99)
        for d in seen.tolist()
    ]
    return {outcome: decided.count(outcome) / nights for outcome in (True, False, None)}


@pytest.mark.parametrize("deviation", [0.0001, 0.001, 0.0036, 0.005, 0.01, 0.05])
def test_an_equal_candidate_is_hardly_ever_refused(deviation: float):
    assert outcomes(0, deviation)[False] <= 0.002


@pytest.mark.parametrize("deviation", [0.0001, 0.001, 0.0036])
def test_with_cases_enough_a_candidate_worse_than_the_margin_is_refused(deviation: float):
    assert outcomes(-MARGIN, deviation)[True] <= 0.015
    assert outcomes(-2 * MARGIN, deviation)[False] == 1


def test_with_few_cases_the_guards_decide_unless_it_is_surely_worse():
    assert outcomes(0, 0.02)[None] > 0.8
    assert outcomes(-0.2, 0.02)[False] == 1


@given(st.floats(-1, 1), st.floats(0, 1), st.floats(1e-6, 0.5), st.floats(0, 1))
def test_a_better_estimate_never_turns_a_pass_into_a_refusal(
    value: float, width: float, margin: float, more: float
):
    before, after = (
        is_not_inferior(Estimate(one, one - width, one + width), margin, 0.99)
        for one in (value, value + more)
    )
    assert not (before is True and after is not True)
    assert not (before is None and after is False)
