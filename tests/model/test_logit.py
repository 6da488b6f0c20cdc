from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from service.model.logit import LARGEST_WEIGHT, CandidateSettings, Logit, Weights

TRUST = 2.0


def logit_of(**changes: object) -> Logit:
    """Two voices; sessions of one or two items, and longer ones."""
    fields: dict[str, object] = {
        "names": ["loud", "low"],
        "lengths": [1, 3],
        "candidates": CandidateSettings(),
        "seen": None,
        "unseen": Weights(voices=[[1, 0], [0, 2]], others=[(0, 0, 0), (1, 0.5, 0.25)]),
    }
    return Logit(**(fields | changes))  # type: ignore[arg-type]


def ask(logit: Logit, voices: list[list[float]], length: int = 1) -> tuple[list[float], float]:
    rows = np.array(voices, np.float32).reshape(2, -1)
    found, left = logit.probabilities(rows, length, TRUST, allow_seen=False)
    assert found.dtype == np.float32
    return found.tolist(), left


def test_a_candidate_is_as_probable_as_its_voices_say():
    found, left = ask(logit_of(), [[log(2), log(5)], [9, 9]])
    assert found == pytest.approx([2 / 8, 5 / 8])
    assert left == pytest.approx(1 / 8)


@pytest.mark.parametrize("length", [3, 4, 100])
def test_a_longer_session_has_weights_of_its_own(length: int):
    found, left = ask(logit_of(), [[9, 9], [log(2), log(5)]], length)
    others = exp(1 + 0.5 * log(length) + 0.25 * TRUST)
    assert found == pytest.approx([4 / (29 + others), 25 / (29 + others)])
    assert left == pytest.approx(others / (29 + others))


def test_a_session_belongs_to_the_class_with_the_longest_beginning():
    logit = logit_of(
        lengths=[1, 2, 5],
        unseen=Weights(voices=[[1, 0], [2, 0], [3, 0]], others=[(0, 0, 0)] * 3),
    )
    rows = {n: logit.weights(n, allow_seen=False).tolist()[0] for n in (1, 2, 3, 4, 5, 6, 1000)}
    assert rows == {1: 1, 2: 2, 3: 2, 4: 2, 5: 3, 6: 3, 1000: 3}


def test_without_candidates_it_is_another_item():
    assert ask(logit_of(), [[], []]) == ([], 1.0)


numbers = st.sampled_from([-1e8, -500.0, -1.0, 0.0, 1e-3, 2.0, 500.0, 1e8])


@settings(max_examples=200)
@given(
    st.lists(st.tuples(numbers, numbers), max_size=5),
    st.tuples(*[numbers | st.sampled_from([LARGEST_WEIGHT, -LARGEST_WEIGHT])] * 5),
    st.integers(1, 50),
)
def test_probabilities_sum_to_one_however_large_the_numbers(
    voices: list[tuple[float, float]], row: tuple[float, ...], length: int
):
    weights = Weights(voices=[list(row[:2])] * 2, others=[row[2:]] * 2)  # type: ignore[list-item]
    columns = [[one for one, _ in voices], [other for _, other in voices]]
    with np.errstate(all="raise", under="ignore"):
        found, left = ask(logit_of(unseen=weights), columns, length)
    assert all(0 <= one <= 1 for one in (*found, left))
    assert sum(found) + left == pytest.approx(1, abs=1e-5)


def test_it_speaks_only_where_it_was_weighed():
    assert logit_of().speaks(allow_seen=False)
    assert not logit_of().speaks(allow_seen=True)
    assert not logit_of(unseen=None).speaks(allow_seen=False)


def test_it_is_what_it_was_after_it_was_written():
    assert Logit.model_validate_json(logit_of().model_dump_json(), strict=True) == logit_of()


def test_one_that_was_asked_is_still_the_same():
    one, other = logit_of(), logit_of()
    ask(one, [[1], [1]])
    ask(other, [[1], [1]])
    assert one == other
    assert one != logit_of(lengths=[1, 4])


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"lengths": []}, "lengths"),
        ({"lengths": [1, 3, 5]}, "every class of length needs weights"),
        ({"lengths": [2, 3]}, "the lengths must rise from 1"),
        ({"lengths": [1, 1]}, "the lengths must rise from 1"),
        ({"names": ["loud"]}, "every voice needs a weight"),
        ({"seen": Weights(voices=[[1, 2], [3]], others=[(0, 0, 0)] * 2)}, "every voice needs"),
        ({"seen": Weights(voices=[[1, 2]] * 2, others=[(0, 0, 0)])}, "every class of length"),
        ({"more": 1}, "more"),
    ],
)
def test_weights_that_do_not_fit_together_are_refused(change: dict[str, object], why: str):
    with pytest.raises(ValidationError, match=why):
        logit_of(**change)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -float("inf"), 1e31])
def test_weights_that_are_no_numbers_are_refused(wrong: float):
    with pytest.raises(ValidationError, match="voices"):
        Weights(voices=[[wrong]], others=[(0, 0, 0)])
    with pytest.raises(ValidationError, match="others"):
        Weights(voices=[[0]], others=[(0, wrong, 0)])
