from dataclasses import replace

import numpy as np
import pytest

from service.model.logit import CandidateSettings
from service.model.queries import powers
from service.model.similarity import unit
from service.model.voices import VOICES, Voices
from tests.conftest import make_continuations, make_logit, with_voices
from tests.worlds import sessions_of
from trainer.continuations.observation import OTHERS, Observed, observe

ITEMS = 9
DECAY = 0.5
SESSIONS = [[0, 1, 2], [], [3], [4, 5, 4, 4, 8], [0, 0], [7, 1, 2, 3, 4, 5, 6, 0]]


@pytest.fixture
def voices() -> Voices:
    rows = [{(row + 1) % ITEMS: 1.0, (row + 3) % ITEMS: 0.5} for row in range(ITEMS - 1)]
    table = with_voices(make_continuations([*rows, {}]))
    settings = table.settings.model_copy(update={"last_items": 5, "logit": make_logit()})
    units = unit(np.random.default_rng(0).normal(size=(ITEMS, 3)).astype(np.float32))
    counts = np.arange(ITEMS, dtype=np.int64)
    table = replace(table, settings=settings)
    return Voices(units, counts, table, CandidateSettings(newest=1, recent=1, whole=1))


def rows(observed: Observed, case: int) -> slice:
    ends = [*observed.alternatives.starts[1:], len(observed.is_own)]
    return slice(observed.alternatives.starts[case], ends[case])


def prefixes(sessions: list[list[int]]) -> list[tuple[int, list[int], int]]:
    """The number of the session, the items before, and what came next, of every case."""
    return [
        (number, session[:place], session[place])
        for number, session in enumerate(sessions)
        for place in range(1, len(session))
    ]


@pytest.mark.parametrize("decay", [0.0, DECAY, 1.0])
def test_a_case_holds_the_voices_of_its_candidates_and_what_came_next(voices: Voices, decay: float):
    observed = observe(voices, sessions_of(*SESSIONS), decay, 100, seed=1)
    expected = prefixes(SESSIONS)
    assert len(observed) == len(expected)
    assert observed.sessions.tolist() == [number for number, _, _ in expected]
    for case, (_, before, answer) in enumerate(expected):
        weights = powers(decay, np.arange(len(before))[::-1])
        candidates = voices.candidates(np.array(before), weights)
        assert candidates is not None
        place = rows(observed, case)
        features = observed.alternatives.features[place] * observed.scales
        assert features[1:, :-OTHERS] == pytest.approx(candidates.voices.T, abs=1e-5)
        assert not features[0, :-OTHERS].any()
        assert not features[1:, -OTHERS:].any()
        others = [1, np.log(candidates.length), candidates.trust]
        assert features[0, -OTHERS:] == pytest.approx(others)
        assert observed.lengths[case] == candidates.length <= 5
        own = 1 + np.flatnonzero(np.isin(candidates.items, candidates.items[candidates.own]))
        assert np.flatnonzero(observed.is_own[place]).tolist() == own.tolist()
        chosen = observed.alternatives.chosen[case] - place.start
        items = [-1, *candidates.items.tolist()]
        assert items[chosen] == (answer if answer in items else -1)
    assert not observed.alternatives.forbidden.any()
    assert observed.alternatives.features.shape[1] == len(VOICES) + OTHERS


def test_of_many_cases_some_are_drawn_by_the_seed(voices: Voices):
    sessions = sessions_of(*SESSIONS * 30)
    one, again, other = (observe(voices, sessions, DECAY, 40, seed) for seed in (1, 1, 2))
    assert len(one) == len(other) == 40
    assert one.sessions.tolist() == again.sessions.tolist() != other.sessions.tolist()
    assert np.array_equal(one.alternatives.features, again.alternatives.features)
    assert one.sessions.tolist() == sorted(one.sessions)
    # Of sessions without an item, or with one, nothing is asked.
    assert not set(one.sessions % len(SESSIONS)) & {1, 2}


def test_a_voice_that_says_the_same_of_all_stays_finite(voices: Voices):
    observed = observe(voices, sessions_of([0, 1]), DECAY, 100, seed=1)
    assert np.isfinite(observed.alternatives.features).all()
    assert (observed.scales > 0).all()
