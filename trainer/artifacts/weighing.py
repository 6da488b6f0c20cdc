"""Weighs the voices of what comes next on the newest sessions, by a model that lacks them."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from service.model.logit import CandidateSettings, Fit, Logit
from service.model.similarity import unit
from service.model.voices import Voices
from trainer.config.jobs import Config
from trainer.config.sections import NextConfig
from trainer.continuations.fit import FEWEST_CASES, fit_logit
from trainer.continuations.observation import observe
from trainer.continuations.table import build_continuations
from trainer.corpus import Dataset, Sessions
from trainer.word2vec.training import OnSnapshot, train


class WeighingDisplay(Protocol):
    """Shows the progress of weighing."""

    def training(self) -> AbstractContextManager[OnSnapshot]:
        """Shows the training of vectors; yields a function to call with each snapshot."""

    def working(self, step: str) -> AbstractContextManager[None]:
        """Shows that another step is being done."""

    def note(self, message: str) -> None:
        """Shows a remark."""


@dataclass(frozen=True)
class Weighed:
    """The weights of the voices.

    Attributes:
        logit: the weights; None where the table alone answers.
        fit: how they were found, or why there are none; None if nothing was asked for.
    """

    logit: Logit | None
    fit: Fit | None


@dataclass(frozen=True, eq=False)
class Ahead:
    """A corpus that was cut in two.

    Attributes:
        older: what a model is trained on.
        newest: the sessions after it.
        description: how it was cut, as part of a sentence.
    """

    older: Dataset
    newest: Sessions
    description: str


def cut(dataset: Dataset, config: NextConfig) -> Ahead | Fit:
    """Cuts off the newest sessions; if they are too few to weigh anything, says so."""
    sessions = dataset.sessions
    first = len(sessions) - int(config.fit_share * len(sessions))
    newest = sessions.part(first, len(sessions))
    cases = len(newest.items) - int(np.count_nonzero(newest.lengths()))
    about = f"the newest {config.fit_share:.0%} of the sessions"
    if cases < FEWEST_CASES:
        return Fit(
            description=f"{about} have {cases:,} items to foretell, too few to weigh anything "
            f"(from {FEWEST_CASES:,} on)"
        )
    older = replace(dataset, sessions=sessions.part(0, first))
    return Ahead(older, newest, f"on {about} ({len(newest):,})")


def weigh_ahead(dataset: Dataset, config: Config, display: WeighingDisplay) -> Weighed:
    """Trains without the newest sessions, for fewer epochs, and weighs the voices on them.

    Raises:
        DivergenceError: the vectors stopped being finite.
    """
    ahead = train_ahead(dataset, config, display)
    if isinstance(ahead, Fit):
        return Weighed(None, ahead)
    return weigh(*ahead, config, display)


def train_ahead(
    dataset: Dataset, config: Config, display: WeighingDisplay
) -> tuple[Ahead, NDArray[np.float32]] | Fit:
    """Vectors of the older sessions, float32 [items, vector_size]; or why there are none.

    Raises:
        DivergenceError: the vectors stopped being finite.
    """
    ahead = cut(dataset, config.next)
    if isinstance(ahead, Fit):
        display.note(f"what comes next is ranked by the table alone: {ahead.description}")
        return ahead
    epochs = max(round(config.next.fit_epochs * config.training.epochs), 1)
    display.note(
        f"training ahead for {epochs} epochs, without the newest {len(ahead.newest):,} sessions, "
        "to weigh on them what speaks for what comes next"
    )
    training = config.training.model_copy(update={"epochs": epochs})
    with display.training() as show:
        return ahead, train(ahead.older.sessions, dataset.vocabulary, training, show).input


def weigh(
    ahead: Ahead, vectors: NDArray[np.float32], config: Config, display: WeighingDisplay
) -> Weighed:
    """Weighs the voices on the newest sessions.

    Args:
        ahead: the corpus.
        vectors: float32 [items, vector_size], trained on its older part.
        config: every setting.
        display: shows progress.
    """
    older, settings = ahead.older.sessions, CandidateSettings()
    with display.working("weighing what speaks for what comes next"):
        table = build_continuations(older, vectors, config.next, config.training.workers)
        assert table is not None
        counts = np.bincount(older.items, minlength=len(vectors))
        observed = observe(
            Voices(unit(vectors), counts, table, settings),
            ahead.newest,
            config.next.next_decay,
            config.next.fit_cases,
            config.training.seed,
        )
        logit, fit = fit_logit(observed, settings, ahead.description)
    return Weighed(logit, fit)
