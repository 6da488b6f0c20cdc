"""A planted log, and models whose voices are weighed on it."""

from functools import cache

import numpy as np
import pytest

import item2vec
from service.model.continuations import NextSettings

ITEMS = 40
SETTINGS = {
    "vector_size": 8,
    "epochs": 1,
    "min_count": 1,
    "workers": 1,
    "fit_share": 0.3,
    "fit_cases": 2500,
    "progress": False,
}


@cache
def after_two() -> np.ndarray:
    """Which item comes after two others, more often than not."""
    return np.random.default_rng(1).integers(0, ITEMS, (ITEMS, ITEMS))


@cache
def visits() -> list[list[str]]:
    """What comes next hangs on the last two items, some come back, and all others come by chance.

    No table of what comes after single items can know this.
    """
    random = np.random.default_rng(0)
    sessions = []
    for length in random.integers(3, 8, 1500).tolist():
        session = random.permutation(ITEMS)[:2].tolist()
        while len(session) < length:
            draw = random.random()
            if draw < 0.6:
                item = int(after_two()[session[-2], session[-1]])
            elif draw < 0.8:
                item = session[random.integers(len(session))]
            else:
                item = int(random.integers(ITEMS))
            session.append(item)
        sessions.append([f"i{item}" for item in session])
    return sessions


def settings_of(model: item2vec.Model) -> NextSettings:
    """How a model answers what comes next."""
    assert model.artifact.continuations is not None
    return model.artifact.continuations.settings


@pytest.fixture(scope="session")
def model() -> item2vec.Model:
    """Trained on the log."""
    trained = item2vec.train(visits(), **SETTINGS)
    logit = settings_of(trained).logit
    assert logit is not None
    assert None not in (logit.seen, logit.unseen)
    return trained


@pytest.fixture(scope="session")
def table_alone() -> item2vec.Model:
    """The same log, but so few sessions to weigh on that the table alone answers."""
    return item2vec.train(visits(), **SETTINGS | {"fit_share": 0.01})
