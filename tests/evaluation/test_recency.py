from dataclasses import replace

import numpy as np
import pytest

from tests.worlds import sessions_of
from trainer.evaluation.baselines.recency import recency_weights

SESSIONS = sessions_of([0], [1], [2])


def test_a_session_counts_less_by_the_share_of_the_log_that_has_passed_since():
    timed = replace(SESSIONS, starts=np.array([1000, 1300, 1400]))
    expected = np.exp([-1 / 0.5, -0.25 / 0.5, 0])
    assert recency_weights(timed, 0.5) == pytest.approx(expected)


def test_without_times_the_order_of_the_sessions_is_their_age():
    assert recency_weights(SESSIONS, 0.5) == pytest.approx(np.exp([-1 / 0.5, -0.5 / 0.5, 0]))


def test_without_a_recency_all_sessions_count_the_same():
    assert recency_weights(SESSIONS, None).tolist() == [1, 1, 1]


def test_sessions_that_begin_together_are_all_the_newest():
    together = replace(SESSIONS, starts=np.array([7, 7, 7]))
    assert recency_weights(together, 0.5).tolist() == [1, 1, 1]
    assert recency_weights(sessions_of([0]), 0.5).tolist() == [1]
    assert recency_weights(sessions_of(), 0.5).tolist() == []
