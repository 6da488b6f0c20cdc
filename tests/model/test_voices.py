"""What speaks for each candidate, beside the obvious twin."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.model.logit import CandidateSettings
from service.model.sequences import ENDINGS, LAST, LAST_TWO
from service.model.similarity import unit
from service.model.voices import RECENT, VOICES, Candidates, Voices
from tests.conftest import make_continuations, make_sequences
from tests.naive_voices import RANKS, TWINS, Case

EVERYTHING = CandidateSettings(newest=100, recent=100, whole=100)
LAST_ITEMS = 4


def voices_of(case: Case, most: CandidateSettings = EVERYTHING, last: int = LAST_ITEMS) -> Voices:
    continuations = make_continuations(case.table)
    n = len(case.counts)
    return Voices(
        np.array(case.units, np.float32),
        np.array(case.counts, np.int64),
        replace(
            continuations,
            sequences=make_sequences(case.sequences, n),
            recent=np.array(case.recent, np.int32),
            settings=continuations.settings.model_copy(update={"last_items": last}),
        ),
        most,
    )


def ask(voices: Voices, session: list[tuple[int, float]]) -> Candidates | None:
    """The candidates of a session, newest last."""
    items = np.array([item for item, _ in session], np.int64)
    return voices.candidates(items, np.array([weight for _, weight in session], np.float32))


def heard(found: Candidates | None) -> dict[int, dict[str, float]]:
    """The voices of each candidate."""
    assert found is not None
    assert len(set(found.items.tolist())) == len(found.items)
    assert (found.items.dtype, found.voices.dtype) == (np.int32, np.float32)
    return {
        item: dict(zip(VOICES, row, strict=True))
        for item, row in zip(found.items.tolist(), found.voices.T.tolist(), strict=True)
    }


def case_of(session: list[tuple[int, float]], items: int = 6) -> Case:
    """Items around a circle, each followed by the next two."""
    angles = np.linspace(0, 2, items)
    return Case(
        table=[{(item + 1) % items: 3.0, (item + 2) % items: 1.0} for item in range(items)],
        sequences={(LAST, 0, 0): {1: 0.5, 4: 0.25}, (LAST_TWO, 1, 0): {5: 0.5}},
        units=[np.array([np.cos(angle), np.sin(angle)]) for angle in angles],
        counts=list(range(items, 0, -1)),
        recent=list(range(items)),
        session=session,
    )


# The obvious twin


@st.composite
def cases(draw: st.DrawFn, lowest: float = -1.0) -> tuple[Case, list[tuple[int, float]]]:
    """A world, and a session in it, newest last, of which the last items count."""
    n = draw(st.integers(1, 7))
    rows = st.integers(0, n - 1)
    table = draw(
        st.lists(st.dictionaries(rows, st.sampled_from([0.5, 1.0, 3.0])), min_size=n, max_size=n)
    )
    ending = st.tuples(st.sampled_from(ENDINGS), rows, rows).map(
        lambda one: (one[0], one[1] if one[0] else 0, one[2])
    )
    shares = st.dictionaries(rows, st.sampled_from([0.001, 0.25, 0.5]), min_size=1)
    numbers = st.lists(st.integers(0, 9), min_size=n, max_size=n)
    vectors = draw(
        st.lists(st.tuples(*[st.integers(-2, 2)] * 3), min_size=n, max_size=n).map(
            lambda one: np.array(one, np.float32)
        )
    )
    weights = st.sampled_from([-1.0, -0.25, 0.0, 0.25, 0.5, 1.0]).filter(lambda w: w >= lowest)
    session = draw(st.lists(st.tuples(rows, weights), min_size=1, max_size=LAST_ITEMS + 3))
    counted = [(item, weight) for item, weight in session[-LAST_ITEMS:][::-1] if weight]
    case = Case(
        table=table,
        sequences=draw(st.dictionaries(ending, shares, max_size=12)),
        units=list(unit(vectors)),
        counts=draw(numbers),
        recent=draw(numbers),
        session=counted,
    )
    return case, session


def test_every_voice_has_a_twin():
    assert {*TWINS, *RANKS} == {*VOICES}


@settings(max_examples=120)
@given(cases())
def test_the_voices_are_those_of_the_obvious_twin(world: tuple[Case, list[tuple[int, float]]]):
    case, session = world
    found = ask(voices_of(case), session)
    if not case.liked:
        assert found is None
        return
    told = heard(found)
    listed, voted = case.candidates()
    assert set(told) == listed | voted
    assert found is not None
    assert [found.items[place] for place in found.own] == case.liked
    assert found.length == len(case.liked)
    assert found.trust == pytest.approx(case.trust)
    assert len(found.others[0]) == 0
    for item, row in told.items():
        twin = {name: float(voice(case, item)) for name, voice in TWINS.items()}
        assert {name: row[name] for name in TWINS} == pytest.approx(twin, rel=1e-4, abs=2e-3)
    assert np.isfinite(found.voices).all()


@settings(max_examples=60)
@given(cases())
def test_a_rank_is_the_logarithm_of_the_place_by_another_voice(
    world: tuple[Case, list[tuple[int, float]]],
):
    case, session = world
    if not case.liked:
        return
    told = heard(ask(voices_of(case), session))
    for rank, by in RANKS.items():
        ordered = sorted(told.values(), key=lambda row: row[rank])
        assert [row[rank] for row in ordered] == pytest.approx(np.log1p(np.arange(len(told))))
        scores = [row[by] for row in ordered]
        assert scores == sorted(scores, reverse=True)


@settings(max_examples=80)
@given(cases(), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
def test_of_many_items_the_best_by_each_count_of_votes_are_candidates(
    world: tuple[Case, list[tuple[int, float]]], newest: int, recent: int, whole: int
):
    case, session = world
    if not case.liked:
        return
    most = CandidateSettings(newest=newest, recent=recent, whole=whole)
    found = ask(voices_of(case, most), session)
    assert found is not None
    listed, voted = case.candidates()
    chosen, others = set(found.items.tolist()), set(found.others[0].tolist())
    assert listed <= chosen
    assert chosen.isdisjoint(others)
    assert voted <= chosen | others
    assert others <= voted
    assert len(chosen) <= len(listed) + newest + recent + whole
    votes = case.votes(0.5)
    left = dict(zip(*(one.tolist() for one in found.others), strict=True))
    total = float(found.pool.votes[RECENT].sum())
    assert left == pytest.approx({item: total * votes[item] for item in others}, rel=1e-4)
    for decay, n in ((0.2, newest), (0.5, recent), (1, whole)):
        votes = case.votes(decay)
        if min(weight for _, weight in case.session) > 0:
            # The n best of all are among the candidates, but for ties.
            best = sorted(votes.values(), reverse=True)[:n]
            kept = sorted((votes.get(item, 0) for item in chosen), reverse=True)[: len(best)]
            assert kept == pytest.approx(best, abs=1e-6)


@settings(max_examples=40)
@given(cases(lowest=0.0), st.integers(-30, 30))
def test_only_the_proportion_of_weights_counts(
    world: tuple[Case, list[tuple[int, float]]], power: int
):
    case, session = world
    if not case.liked:
        return
    voices = voices_of(case)
    scaled = [(item, weight * 2.0**power) for item, weight in session]
    one, other = ask(voices, session), ask(voices, scaled)
    assert one is not None
    assert other is not None
    assert one.items.tolist() == other.items.tolist()
    rows = [row for row, name in enumerate(VOICES) if name not in RANKS]
    assert other.voices[rows] == pytest.approx(one.voices[rows], rel=1e-3, abs=1e-3)


# By hand


def test_the_items_of_the_session_are_candidates_whatever_follows_them():
    case = case_of([(5, 1.0), (5, 0.5), (2, 0.25)])
    nothing = replace(case, table=[{} for _ in case.table], sequences={})
    found = ask(voices_of(nothing), nothing.session[::-1])
    assert found is not None
    assert sorted(found.items.tolist()) == [2, 5]
    assert [found.items[place] for place in found.own] == [5, 5, 2]
    assert np.isfinite(found.voices).all()


def test_an_item_without_weight_has_no_say():
    case = case_of([])
    with_it, without = (ask(voices_of(case), one) for one in ([(3, 0.0), (0, 1.0)], [(0, 1.0)]))
    assert heard(with_it) == heard(without)


def test_only_the_last_items_count():
    case = case_of([])
    one, other = (
        ask(voices_of(case, last=1), session) for session in ([(3, 1.0), (0, 1.0)], [(0, 1.0)])
    )
    assert one is not None
    assert one.length == 1
    assert heard(one) == heard(other)


def test_a_session_of_disliked_items_alone_has_no_candidates():
    assert ask(voices_of(case_of([])), [(1, -1.0), (0, -0.5)]) is None
    assert ask(voices_of(case_of([])), [(1, 0.0)]) is None


def test_what_only_a_disliked_item_votes_for_is_no_candidate():
    case = case_of([])
    told = heard(ask(voices_of(case), [(2, -1.0), (0, 1.0)]))
    assert 2 in told  # outweighs the dislike: voted for by 0, and not by itself
    assert 3 not in told
    assert 4 in told  # it came right after 0
    assert told[4]["votes, recent"] == pytest.approx(np.log(1e-5))


def test_threads_share_the_voices():
    random = np.random.default_rng(1)
    items = 3_000
    case = case_of([], items)
    table = [dict.fromkeys(random.integers(0, items, 200).tolist(), 1.0) for _ in range(items)]
    voices = voices_of(replace(case, table=table), CandidateSettings(), last=20)
    sessions = [[(item, 1.0) for item in random.integers(0, items, 20)] for _ in range(60)]
    alone = [ask(voices, session) for session in sessions]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda session: ask(voices, session), sessions * 3))
    for one, other in zip(alone * 3, together, strict=True):
        assert one is not None
        assert other is not None
        assert np.array_equal(one.items, other.items)
        assert np.array_equal(one.voices, other.voices)
