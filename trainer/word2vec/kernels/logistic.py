"""The logistic loss and its derivative, sixteen scores at a time."""

import numpy as np
from numpy.typing import NDArray

from trainer.compiler import inner_jit
from trainer.word2vec.kernels.simd import (
    LANES,
    Vector,
    first_lanes,
    floor,
    load,
    maximum,
    negative_abs,
    power_of_two,
    store,
    total,
    where_negative,
    zeros,
)


@inner_jit
def _exp(x: Vector) -> Vector:
    """e^x of a vector x <= 0, relative error below 3e-7.

    x = (n + f) ln 2 with |f| <= 1/2: the Taylor polynomial of 2^f, and 2^n by its bits.
    """
    z = maximum(x, np.float32(-80.0)) * np.float32(1.442695041)
    n = floor(z + np.float32(0.5))
    f = z - n
    power = f * np.float32(1.540353039e-4) + np.float32(1.333355815e-3)
    power = power * f + np.float32(9.618129108e-3)
    power = power * f + np.float32(5.550410866e-2)
    power = power * f + np.float32(2.402265070e-1)
    power = power * f + np.float32(6.931471806e-1)
    power = power * f + np.float32(1.0)
    return power * power_of_two(n)


@inner_jit
def _log1p(t: Vector) -> Vector:
    """log(1 + t) of a vector 0 <= t <= 1, error below 3e-7: a Chebyshev fit of log(1 + t) / t."""
    series = t * np.float32(-8.574676204e-3) + np.float32(4.421419234e-2)
    series = series * t + np.float32(-1.078536792e-1)
    series = series * t + np.float32(1.775702399e-1)
    series = series * t + np.float32(-2.449961172e-1)
    series = series * t + np.float32(3.327617657e-1)
    series = series * t + np.float32(-4.999744938e-1)
    series = series * t + np.float32(9.999998102e-1)
    return series * t


@inner_jit
def _step_and_loss(score: Vector, label: Vector, alpha: np.float32) -> tuple[Vector, Vector]:
    e = _exp(negative_abs(score))
    larger = np.float32(1.0) / (e + np.float32(1.0))
    sigmoid = where_negative(score, e * larger, larger)
    loss = maximum(score, np.float32(0.0)) - label * score + _log1p(e)
    return (label - sigmoid) * alpha, loss


@inner_jit
def scores_to_steps(
    scores: NDArray[np.float32], first: int, n_positive: int, n: int, alpha: np.float32
) -> np.float64:
    """Replaces each of n scores by alpha * (label - sigmoid(score)), exact at any score.

    Args:
        scores: float32, room for whole vectors.
        first: the first score.
        n_positive: the first scores have label 1, the others 0.
        n: how many scores.
        alpha: float32, the learning rate.

    Returns:
        The sum of the losses log(1 + exp(-score)) (label 1) and log(1 + exp(score)) (label 0).
    """
    losses = zeros()
    for start in range(0, n, LANES):
        score = load(scores, first + start)
        step, loss = _step_and_loss(score, first_lanes(n_positive - start), alpha)
        losses = losses + loss * first_lanes(n - start)
        store(scores, first + start, step)
    return np.float64(total(losses))


@inner_jit
def weighted_steps(
    scores: NDArray[np.float32],
    weights: NDArray[np.float32],
    first: int,
    n_positive: int,
    n: int,
    alpha: np.float32,
) -> np.float64:
    """Like `scores_to_steps`, with a weight for each score, zero beyond the last."""
    losses = zeros()
    for start in range(0, n, LANES):
        weight = load(weights, first + start)
        step, loss = _step_and_loss(load(scores, start), first_lanes(n_positive - start), alpha)
        losses = losses + loss * weight
        store(scores, start, step * weight)
    return np.float64(total(losses))
