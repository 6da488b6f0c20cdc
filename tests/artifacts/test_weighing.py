"""A corpus that is cut in two, so that what comes next is weighed on what no model has seen."""

from dataclasses import replace

import numpy as np
import pytest

from service.model.logit import Fit
from service.model.recommender import Recommender
from tests.worlds import CHAIN, sessions_of, wandering_sessions
from trainer.artifacts.build import make_artifact, train_model
from trainer.artifacts.weighing import Ahead, cut
from trainer.config.jobs import Config
from trainer.config.sections import NextConfig
from trainer.config.sources import merge, nest
from trainer.corpus import DataReport, Dataset, Sessions, Vocabulary
from trainer.view.display import Silent

SHARE = NextConfig(fit_share=0.4)


def dataset_of(sessions: Sessions, items: int = CHAIN) -> Dataset:
    counts = np.bincount(sessions.items, minlength=items)
    names = [f"i{item:02}" for item in range(items)]
    return Dataset(sessions, Vocabulary(names, counts), [None] * items, {}, DataReport(0))


def config(**settings: object) -> Config:
    quick = {"training.vector_size": 8, "training.epochs": 2, "training.workers": 1}
    weighing = {"next.fit_share": 0.4, "next.fit_cases": 1_000}
    return merge({"test": nest(quick | weighing | settings)})


def test_the_newest_sessions_are_cut_off_with_their_weights_and_times():
    sessions = sessions_of(*wandering_sessions(800))
    random = np.random.default_rng(0)
    weights = random.random(len(sessions.items)).astype(np.float32)
    sessions = replace(sessions, weights=weights, starts=np.arange(800))
    ahead = cut(dataset_of(sessions), SHARE)
    assert isinstance(ahead, Ahead)
    assert ahead.description == "on the newest 40% of the sessions (320)"
    older, newest = ahead.older.sessions, ahead.newest
    assert (len(older), len(newest)) == (480, 320)
    for name in ("items", "weights", "starts"):
        both = np.concatenate([getattr(older, name), getattr(newest, name)])
        assert both.tolist() == getattr(sessions, name).tolist()
    assert newest.offsets[0] == 0
    assert newest.lengths().tolist() == sessions.lengths()[480:].tolist()
    assert ahead.older.vocabulary is not None


@pytest.mark.parametrize("visits", [[], [[0]], [[0, 1]] * 3, [[0]] * 5_000, [[0, 1]] * 2_497])
def test_of_too_few_items_to_foretell_nothing_is_cut(visits: list[list[int]]):
    fit = cut(dataset_of(sessions_of(*visits)), SHARE)
    assert isinstance(fit, Fit)
    assert "too few to weigh anything (from 1,000 on)" in fit.description
    assert (fit.seen, fit.unseen) == (None, None)


def test_a_thousand_items_to_foretell_are_enough():
    assert isinstance(cut(dataset_of(sessions_of(*[[0, 1]] * 2_500)), SHARE), Ahead)


def train(sessions: Sessions, items: int = CHAIN, **settings: object) -> Recommender:
    model = train_model(dataset_of(sessions, items), config(**settings), Silent())
    assert model.weighed is not None
    return Recommender(make_artifact(model, "v1"))


def test_items_that_only_the_newest_sessions_have_are_ranked_as_well():
    visits = wandering_sessions(1_000, again=0.5, chance=0.7)
    new = CHAIN  # no session before the last has it
    visits += [[new, 3, new, 3], [3, new, 3, new]]
    recommender = train(sessions_of(*visits), CHAIN + 1)
    for session in ([f"i{new}"], ["i03", f"i{new}"], [f"i{new}"] * 5):
        answer = recommender.recommend(session, 40, relation="next").neighbors
        assert answer
        assert all(0 <= one.score <= 1 for one in answer)


@pytest.mark.parametrize(
    "settings",
    [
        {"next.next_decay": 0.0},
        {"next.next_decay": 1.0},
        {"next.last_items": 1, "next.continuations": 1},
    ],
)
def test_settings_at_their_ends_are_weighed(settings: dict[str, object]):
    visits = wandering_sessions(900, again=0.5, chance=0.7)
    weights = np.ones(sum(map(len, visits)), np.float32)
    recommender = train(replace(sessions_of(*visits), weights=weights), **settings)
    next_ = recommender.artifact.manifest.next or recommender.artifact.continuations.settings
    assert next_.fit is not None
    assert next_.fit.seen is not None
    assert np.isfinite([next_.fit.seen.mrr, next_.fit.seen.calibration_error]).all()
    answer = recommender.recommend(["i03", "i04", "i03"], 40, relation="next").neighbors
    assert sum(one.score for one in answer) <= 1 + 1e-5


def test_a_catalogue_of_two_items_is_weighed():
    visits = np.random.default_rng(0).integers(0, 2, (900, 4)).tolist()
    answer = train(sessions_of(*visits), 2).recommend(["i00"], relation="next").neighbors
    assert [one.item_id for one in answer] == ["i01"]
