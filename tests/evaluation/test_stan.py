from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.worlds import ask, sessions_of
from trainer.evaluation.baselines import Stan
from trainer.evaluation.baselines.stan import StanSettings

PAST = [[0, 1, 4], [0, 2], [1, 2, 3], [5, 6]]
PLAIN = StanSettings(neighbors=9, sample=9, decay=0.5, recency=None, nearness=0.1)
ROOT_2, ROOT_3 = np.sqrt([2, 3])

Past = list[list[int]]


def last(session: list[int], item: int) -> int:
    return max(place for place, other in enumerate(session) if other == item)


def naive_stan(past: Past, prefix: list[int], settings: StanSettings) -> dict[int, float]:
    """The votes for each item, in plain loops; sessions have no times."""
    weight = {item: settings.decay ** (len(prefix) - 1 - last(prefix, item)) for item in prefix}
    sharing = [n for n, session in enumerate(past) if set(session) & set(weight)]
    similarity = {}
    for n in sharing[-settings.sample :]:
        shared = sum(weight[item] for item in set(past[n]) & set(weight))
        age = (len(past) - 1 - n) / max(len(past) - 1, 1)
        recency = 1 if settings.recency is None else np.exp(-age / settings.recency)
        similarity[n] = shared / np.sqrt(len(set(past[n]))) * recency
    near = sorted(similarity, key=lambda n: (-float(f"{similarity[n]:.5g}"), -n))
    votes: dict[int, float] = {}
    for n in near[: settings.neighbors]:
        anchor = max(set(past[n]) & set(weight), key=lambda item: last(prefix, item))
        for item in set(past[n]):
            distance = abs(last(past[n], item) - last(past[n], anchor))
            votes[item] = votes.get(item, 0) + similarity[n] * settings.nearness**distance
    return {item: pytest.approx(vote, rel=1e-5) for item, vote in votes.items() if vote > 0}


def test_what_stands_near_the_latest_shared_item_of_similar_sessions_is_recommended():
    # 0 weighs .5, 1 weighs 1. The first session has both, and 1 is its anchor.
    first, second, third = 1.5 / ROOT_3, 0.5 / ROOT_2, 1 / ROOT_3
    found = ask(Stan(sessions_of(*PAST), 7, PLAIN), [0, 1], k=7)
    assert found == [
        {
            1: pytest.approx(first + third),
            0: pytest.approx(0.1 * first + second),
            2: pytest.approx(0.1 * second + 0.1 * third),
            4: pytest.approx(0.1 * first),
            3: pytest.approx(0.01 * third),
        }
    ]
    assert list(found[0]) == [1, 0, 2, 4, 3]


def test_an_unknown_item_takes_no_step_and_an_empty_prefix_has_no_answer():
    stan = Stan(sessions_of(*PAST), 7, PLAIN)
    known, strange, empty, nothing = ask(stan, [0, 1], [0, -1, 1, -1], [], [-1], k=7)
    assert strange == known
    assert empty == nothing == {}


def test_an_item_that_no_session_has_leads_nowhere():
    assert ask(Stan(sessions_of(*PAST), 9, PLAIN), [8], [8, 5], k=7) == [
        {},
        {5: pytest.approx(1 / ROOT_2), 6: pytest.approx(0.1 / ROOT_2)},
    ]


def test_a_repeated_item_counts_as_its_latest_occurrence_here_and_there():
    stan = Stan(sessions_of([0, 1, 0, 2]), 3, PLAIN)
    votes = ask(stan, [0, 1, 0])[0]
    similarity = (1 + 0.5) / ROOT_3
    assert votes == {
        0: pytest.approx(similarity),
        1: pytest.approx(0.1 * similarity),
        2: pytest.approx(0.1 * similarity),
    }


def test_older_sessions_count_less_by_their_times():
    sessions = replace(sessions_of([0, 1], [0, 2], [0, 3]), starts=np.array([0, 90, 100]))
    votes = ask(Stan(sessions, 4, replace(PLAIN, recency=0.2, nearness=1)), [0])[0]
    ages = {1: 1, 2: 0.1, 3: 0}
    expected = {item: np.exp(-age / 0.2) / ROOT_2 for item, age in ages.items()}
    assert {item: votes[item] for item in ages} == {
        item: pytest.approx(vote) for item, vote in expected.items()
    }


def test_of_equally_similar_sessions_the_newer_is_the_neighbor():
    only_one = Stan(sessions_of([0, 1], [0, 2], [3, 4]), 5, replace(PLAIN, neighbors=1))
    assert set(ask(only_one, [0])[0]) == {0, 2}


def test_items_that_tie_come_in_order_of_the_catalogue():
    votes = ask(Stan(sessions_of([2, 0, 1]), 3, PLAIN), [0])[0]
    assert list(votes) == [0, 1, 2]


def test_a_distance_too_far_to_change_a_sum_is_left_out_and_1_forgets_distances():
    far = [0, *range(10, 60), 1]
    assert 1 not in ask(Stan(sessions_of(far), 60, PLAIN), [0], k=60)[0]
    everywhere = ask(Stan(sessions_of(far), 60, replace(PLAIN, nearness=1)), [0], k=60)[0]
    assert len(everywhere) == len(far)
    assert ask(Stan(sessions_of(far), 60, replace(PLAIN, nearness=0)), [0])[0].keys() == {0}


@settings(max_examples=150, deadline=None)
@given(
    past=st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=6), min_size=1, max_size=9),
    prefix=st.lists(st.integers(0, 6), min_size=1, max_size=5),
    chosen=st.builds(
        StanSettings,
        neighbors=st.integers(1, 4),
        sample=st.integers(1, 5),
        decay=st.sampled_from([0.3, 0.55, 1.0]),
        recency=st.sampled_from([None, 0.7]),
        nearness=st.sampled_from([0.0, 0.6, 1.0]),
    ),
)
def test_stan_is_its_obvious_twin(past: Past, prefix: list[int], chosen: StanSettings):
    found = ask(Stan(sessions_of(*past), 7, chosen), prefix, k=7)[0]
    assert found == naive_stan(past, prefix, chosen)


def test_cases_are_ranked_alike_together_and_alone():
    stan = Stan(sessions_of(*PAST), 7, PLAIN)
    prefixes = [[0, 1], [], [2], [5, 6, 0], [3, 3]]
    together = ask(stan, *prefixes, k=7)
    assert together == [ask(stan, prefix, k=7)[0] for prefix in prefixes]


@pytest.mark.parametrize(
    ("name", "value"),
    [("decay", 1.1), ("nearness", -0.1), ("neighbors", 0), ("sample", 0), ("recency", 0.0)],
)
def test_a_setting_that_means_nothing_is_refused(name: str, value: float):
    with pytest.raises(ValueError, match=f"{name} = {value}: must be "):
        StanSettings(**{name: value})
