"""Weights of worlds in which it is known what comes next."""

import numpy as np
import pytest

from service.model.logit import CandidateSettings, Fit, Logit
from service.model.queries import powers
from service.model.similarity import unit
from service.model.voices import VOICES, Voices
from tests.worlds import CHAIN, sessions_of, wandering_sessions
from trainer.config.sections import NextConfig
from trainer.continuations.fit import FEWEST_OF_A_HALF, LENGTHS, fit_logit
from trainer.continuations.observation import Observed, observe
from trainer.continuations.table import build_continuations

CASES = 2_000


def model_of(sessions: list[list[int]]) -> Voices:
    """A table of sessions, and vectors that know nothing."""
    older = sessions_of(*sessions)
    vectors = np.random.default_rng(1).normal(size=(CHAIN, 16)).astype(np.float32)
    table = build_continuations(older, vectors, NextConfig(), workers=1)
    assert table is not None
    counts = np.bincount(older.items, minlength=CHAIN)
    return Voices(unit(vectors), counts, table, CandidateSettings())


def look(sessions: list[list[int]], newest: int = 900) -> Observed:
    voices = model_of(sessions[:-newest])
    return observe(voices, sessions_of(*sessions[-newest:]), 0.5, CASES, seed=1)


def fit(observed: Observed) -> tuple[Logit | None, Fit]:
    return fit_logit(observed, CandidateSettings(), "on some sessions")


@pytest.fixture(scope="module")
def returning() -> Observed:
    """Visitors see any items, but half of the time what they saw two steps before."""
    return look(wandering_sessions(3_000, again=0.5, chance=1))


@pytest.fixture(scope="module")
def returning_fit(returning: Observed) -> tuple[Logit | None, Fit]:
    return fit(returning)


def test_where_items_come_back_weights_win_by_far(returning_fit: tuple[Logit | None, Fit]):
    logit, told = returning_fit
    assert logit is not None
    assert told.description == "on some sessions"
    assert told.seen is not None
    assert told.seen.wins
    assert told.seen.mrr > told.seen.table_mrr + 0.1
    assert told.seen.calibration_error < 0.06
    assert logit.speaks(allow_seen=True)
    assert (logit.names, logit.lengths) == ([*VOICES], [*LENGTHS])


def test_weights_know_that_the_item_before_comes_back(returning_fit: tuple[Logit | None, Fit]):
    logit, _ = returning_fit
    assert logit is not None
    voices = model_of(wandering_sessions(2_000, again=0.5, chance=1))
    session = np.array([7, 31])
    candidates = voices.candidates(session, powers(0.5, np.arange(2)[::-1]))
    assert candidates is not None
    scores, left = logit.probabilities(
        candidates.voices, candidates.length, candidates.trust, allow_seen=True
    )
    told = dict(zip(candidates.items.tolist(), scores.tolist(), strict=True))
    assert max(told, key=told.__getitem__) == 7
    assert told[7] == pytest.approx(0.5, abs=0.12)
    assert sum(told.values()) + left == pytest.approx(1, abs=1e-5)


def test_the_same_cases_give_the_same_weights(
    returning: Observed, returning_fit: tuple[Logit | None, Fit]
):
    assert fit(returning) == returning_fit


def test_where_the_table_is_all_there_is_it_stays():
    logit, told = fit(look(wandering_sessions(3_000, chance=0)))
    assert logit is None
    for one in (told.seen, told.unseen):
        assert one is not None
        assert one.cases > 800
        assert (one.table_mrr, one.wins) == (1, False)


@pytest.mark.parametrize(
    ("cases", "again", "what"),
    [
        (2 * FEWEST_OF_A_HALF - 1, 0.4, "anything"),
        (3 * FEWEST_OF_A_HALF, 0.9, "answers without the session's own items"),
    ],
)
def test_of_too_few_cases_nothing_is_weighed_and_that_is_said(cases: int, again: float, what: str):
    sessions = wandering_sessions(1_500, again=again)
    observed = observe(model_of(sessions[:1000]), sessions_of(*sessions[1000:]), 0.5, cases, 1)
    logit, told = fit(observed)
    assert told.description == f"on some sessions, too few of them to weigh {what}"
    assert told.unseen is None
    assert (told.seen is None) == (what == "anything")
    assert logit is None or not logit.speaks(allow_seen=False)


def test_sessions_of_lengths_that_were_never_seen_are_ranked_like_all_others():
    logit, _ = fit(look(wandering_sessions(8_000, again=0.6, length=3), newest=2_500))
    assert logit is not None
    assert logit.seen is not None
    # No session has five items: their class has the weights of all sessions together.
    assert np.isfinite(logit.seen.voices).all()
    assert len(logit.seen.voices) == len(LENGTHS)
