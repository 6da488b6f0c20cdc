"""Confidence intervals by a percentile bootstrap over sessions.

Cases of one session depend on each other, so whole sessions are drawn with replacement (the
cluster bootstrap; Efron & Tibshirani 1993, Davison & Hinkley 1997, §3.8).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.model import ragged

DRAWS_PER_BLOCK = 1 << 22


@dataclass(frozen=True)
class Estimate:
    """A mean and its bootstrapped interval."""

    value: float
    low: float
    high: float


Estimates = dict[str, dict[str, Estimate]]


def compare_means(
    values: Mapping[str, Mapping[str, NDArray[np.float64]]],
    session: NDArray[np.int64],
    resamples: int,
    seed: int,
    confidence: float = 0.95,
) -> tuple[Estimates, Estimates]:
    """The means of every model, and the first model's means minus those of every other one.

    Args:
        values: model to metric to float64 [cases]; the metrics of all models are the same.
        session: int64 [cases], the session of each case.
        resamples: how many times sessions are drawn.
        seed: the same seed draws the same sessions.
        confidence: of the intervals.

    Returns:
        Means and differences, each by model and metric; the first model has no difference.
    """
    metrics = list(next(iter(values.values())))
    columns = [model[metric] for model in values.values() for metric in metrics]
    matrix = np.column_stack(columns)
    shape = (-1, len(values), len(metrics))
    means = matrix.mean(axis=0).reshape(shape[1:])
    resampled = bootstrap_means(matrix, session, resamples, seed).reshape(shape)
    estimates = {
        model: _by_metric(metrics, means[place], resampled[:, place], confidence)
        for place, model in enumerate(values)
    }
    differences = {
        model: _by_metric(
            metrics, means[0] - means[place], resampled[:, 0] - resampled[:, place], confidence
        )
        for place, model in enumerate(values)
        if place > 0
    }
    return estimates, differences


def _by_metric(
    metrics: list[str],
    means: NDArray[np.float64],
    resampled: NDArray[np.float64],
    confidence: float,
) -> dict[str, Estimate]:
    return {
        metric: Estimate(float(means[place]), *interval(resampled[:, place], confidence))
        for place, metric in enumerate(metrics)
    }


def bootstrap_means(
    values: NDArray[np.float64], session: NDArray[np.int64], resamples: int, seed: int
) -> NDArray[np.float64]:
    """The mean of every column in each resample of the sessions.

    All columns share the same draws, so the difference of two columns is a paired bootstrap. The
    mean of a resample is Σ_s w_s Σ_{c ∈ s} values_c / Σ_s w_s n_s, where session s was drawn w_s
    times and has n_s cases.

    Args:
        values: float64 [cases, columns].
        session: int64 [cases], the session of each case.
        resamples: how many times sessions are drawn.
        seed: the same seed draws the same sessions.

    Returns:
        float64 [resamples, columns].
    """
    _, cluster = np.unique(session, return_inverse=True)
    order = np.argsort(cluster, kind="stable")
    sizes = np.bincount(cluster)
    clusters = len(sizes)
    sums = np.add.reduceat(values[order], ragged.offsets_of(sizes)[:-1], axis=0)
    sums = np.column_stack([sums, sizes])
    random = np.random.default_rng(seed)
    means = np.empty((resamples, values.shape[1]))
    step = max(1, DRAWS_PER_BLOCK // clusters)
    for first in range(0, resamples, step):
        size = min(step, resamples - first)
        draws = random.integers(0, clusters, (size, clusters))
        draws += np.arange(size)[:, None] * clusters
        weights = np.bincount(draws.ravel(), minlength=size * clusters).reshape(size, clusters)
        totals = weights.astype(np.float64) @ sums
        means[first : first + size] = totals[:, :-1] / totals[:, -1:]
    return means


def group_means(
    values: NDArray[np.float64],
    groups: NDArray[np.int64],
    session: NDArray[np.int64],
    resamples: int,
    seed: int,
    confidence: float = 0.95,
) -> list[Estimate]:
    """The mean of each group of cases.

    The mean of a group in a resample of the sessions is a ratio: its sum of values over its number
    of cases, both as they were drawn.

    Args:
        values: float64 [cases].
        groups: int64 [cases], from 0; a case below 0 is in none.
        session: int64 [cases], the session of each case.
        resamples: how many times sessions are drawn.
        seed: the same seed draws the same sessions.
        confidence: of the intervals.

    Returns:
        One for each group up to the last; NaN for one without cases.
    """
    members = (groups[:, None] == np.arange(groups.max(initial=-1) + 1)).astype(np.float64)
    columns = np.column_stack([members * values[:, None], members])
    if not len(columns):
        return []
    means = np.vstack([columns.mean(axis=0), bootstrap_means(columns, session, resamples, seed)])
    sums, sizes = np.split(means, 2, axis=1)
    ratios = np.divide(sums, sizes, out=np.full_like(sums, np.nan), where=sizes > 0)
    drawn = (of_group[~np.isnan(of_group)] for of_group in ratios[1:].T)
    return [
        Estimate(mean, *(interval(one, confidence) if len(one) else (np.nan, np.nan)))
        for mean, one in zip(ratios[0].tolist(), drawn, strict=True)
    ]


def interval(means: NDArray[np.float64], confidence: float = 0.95) -> tuple[float, float]:
    """The percentile interval of bootstrapped means: float64 [resamples]."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)
