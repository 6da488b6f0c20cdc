"""Fits what the voices weigh, on sessions that neither the table nor the vectors have seen."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from service.model.logit import CandidateSettings, Fit, FitCheck, Logit, Weights
from service.model.voices import VOICES
from trainer.continuations.checking import check, foretell
from trainer.continuations.likelihood import Alternatives, Array, most_likely
from trainer.continuations.observation import OTHERS, Observed

LENGTHS = (1, 2, 3, 5)  # the shortest session of each class
FEWEST_CASES = 1_000
FEWEST_OF_A_HALF = 250  # to fit on, and to check on
FIRST = 8  # of so many cases one shows where the search for all of them begins
# Normal priors: of all weights around 0, of those of a class around those of all sessions.
PRECISION, PRECISION_OF_CLASS = 1.0, 100.0


def fit_logit(
    observed: Observed, settings: CandidateSettings, description: str
) -> tuple[Logit | None, Fit]:
    """Fits the weights, and checks on half of the sessions whether they beat the table.

    They are fitted without items of the session among the answers, as the service answers by
    default, and with them.

    Args:
        observed: what came next in sessions that were held out.
        settings: how many items are weighed.
        description: where the sessions come from.

    Returns:
        The weights, or None where the table alone is better in both cases; and what was done.
    """
    start = np.zeros(observed.alternatives.features.shape[1])
    seen, seen_check, start = _fit(observed, start, allow_seen=True)
    unseen, unseen_check, _ = _fit(observed, start, allow_seen=False)
    if seen_check is None or unseen_check is None:
        which = "anything" if seen_check is None else "answers without the session's own items"
        description = f"{description}, too few of them to weigh {which}"
    fit = Fit(description=description, seen=seen_check, unseen=unseen_check)
    if seen is None and unseen is None:
        return None, fit
    logit = Logit(
        names=list(VOICES), lengths=list(LENGTHS), candidates=settings, seen=seen, unseen=unseen
    )
    return logit, fit


def _fit(
    observed: Observed, start: Array, *, allow_seen: bool
) -> tuple[Weights | None, FitCheck | None, Array]:
    """The weights, if they win; the check of those that half of the sessions gave; all in one."""
    cases, lengths, sessions = observed.alternatives, observed.lengths, observed.sessions
    kept = np.arange(len(observed))
    if not allow_seen:
        cases = replace(cases, forbidden=observed.is_own)
        kept = np.flatnonzero(~observed.is_own[cases.chosen])
    kept = kept[np.argsort(classes_of(lengths[kept]), kind="stable")]
    is_checked = sessions[kept] % 2 == 1
    fitted, checked = kept[~is_checked], kept[is_checked]
    if min(len(fitted), len(checked)) < FEWEST_OF_A_HALF:
        return None, None, start
    half = cases.take(fitted)
    for some in (cases.take(fitted[::FIRST]), half):
        start = common_weights(some, start)
    weights = weights_of_classes(half, classes_of(lengths[fitted]), start)
    result = _check(cases.take(checked), classes_of(lengths[checked]), weights)
    if not result.wins:
        return None, result, start
    everything = cases.take(kept)
    common = common_weights(everything, start)
    weights = weights_of_classes(everything, classes_of(lengths[kept]), common) / observed.scales
    voices, others = weights[:, :-OTHERS], weights[:, -OTHERS:]
    found = Weights(voices=voices.tolist(), others=[tuple(row) for row in others.tolist()])
    return found, result, common


def classes_of(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The class of sessions of some lengths, see LENGTHS."""
    return np.searchsorted(LENGTHS, lengths, side="right") - 1


def parts_of(cases: Alternatives, classes: NDArray[np.int64]) -> list[Alternatives]:
    """The cases of each class.

    Args:
        cases: in the order of their classes.
        classes: int64 [cases], ascending.
    """
    borders = np.searchsorted(classes, np.arange(len(LENGTHS) + 1))
    return [cases.part(first, last) for first, last in pairwise(borders)]


def common_weights(cases: Alternatives, start: Array) -> Array:
    """The weights of all classes together, float64 [features]; a start near them saves time."""
    return most_likely(cases, np.zeros_like(start), PRECISION, start)


def weights_of_classes(cases: Alternatives, classes: NDArray[np.int64], common: Array) -> Array:
    """The weights of each class, float64 [classes, features].

    Args:
        cases: in the order of their classes.
        classes: int64 [cases], ascending.
        common: float64 [features], the weights of all classes together.
    """
    return np.stack(
        [
            most_likely(part, common, PRECISION_OF_CLASS, common) if len(part) else common
            for part in parts_of(cases, classes)
        ]
    )


def _check(cases: Alternatives, classes: NDArray[np.int64], weights: Array) -> FitCheck:
    probabilities = [
        part.probabilities(row)[0]
        for part, row in zip(parts_of(cases, classes), weights, strict=True)
        if len(part)
    ]
    return check(foretell(cases, np.concatenate(probabilities)))
