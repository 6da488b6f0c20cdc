"""The likelihood of a conditional logit, and the weights that maximise it.

McFadden, "Conditional logit analysis of qualitative choice behavior" (1974): concave in the
weights, so that a few steps of Newton's method in a trust region find the maximum.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_array

from service.model import ragged

Array = NDArray[np.float64]

LARGEST_STEP = 1e3  # of all weights; beyond it the loss is not what its curvature says
MOST_STEPS = 40
ROWS_PER_BLOCK = 1 << 12  # of features, so that they stay in the cache
TOLERANCE = 5e-4  # of the gradient, for each case


@dataclass(frozen=True, eq=False)
class Alternatives:
    """What could have come next in some cases, and what did.

    Attributes:
        features: float32 [rows, features], the alternatives of all cases, case after case.
        starts: int64 [cases], the first row of each case, which is never forbidden.
        chosen: int64 [cases], the row of the alternative that came next.
        forbidden: bool [rows], those that could not.
    """

    features: NDArray[np.float32]
    starts: NDArray[np.int64]
    chosen: NDArray[np.int64]
    forbidden: NDArray[np.bool_]

    def __len__(self) -> int:
        """The number of cases."""
        return len(self.starts)

    def part(self, first: int, last: int) -> "Alternatives":
        """The cases first..last-1, without a copy."""
        ends = np.append(self.starts, len(self.features))
        rows = slice(ends[first], ends[last])
        return Alternatives(
            self.features[rows],
            self.starts[first:last] - rows.start,
            self.chosen[first:last] - rows.start,
            self.forbidden[rows],
        )

    def take(self, cases: NDArray[np.integer[Any]]) -> "Alternatives":
        """Some cases, in another order."""
        lengths = np.diff(np.append(self.starts, len(self.features)))[cases]
        rows = ragged.places(self.starts[cases], lengths)
        starts = ragged.offsets_of(lengths)[:-1]
        chosen = self.chosen[cases] - self.starts[cases] + starts
        return Alternatives(self.features[rows], starts, chosen, self.forbidden[rows])

    def probabilities(self, weights: Array) -> tuple[NDArray[np.float32], float]:
        """That of every alternative, float32 [rows], and the log-likelihood of all cases."""
        odds = self.features @ weights.astype(np.float32)
        odds[self.forbidden] = -np.inf
        lengths = np.diff(np.append(self.starts, len(odds)))
        odds -= np.repeat(np.maximum.reduceat(odds, self.starts), lengths)
        exponentials = np.exp(odds)
        sums = np.add.reduceat(exponentials, self.starts)
        likelihood = float((odds[self.chosen] - np.log(sums)).sum(dtype=np.float64))
        return exponentials / np.repeat(sums, lengths), likelihood

    def means(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """The expected features of each case, float32 [cases, features]."""
        rows = len(self.features)
        borders = np.append(self.starts, rows)
        mixture = csr_array((probabilities, np.arange(rows), borders), (len(self), rows))
        means: NDArray[np.float32] = mixture @ self.features
        return means


def most_likely(cases: Alternatives, prior: Array, precision: float, start: Array) -> Array:
    """The weights of the largest posterior under a normal prior.

    Args:
        cases: what happened.
        prior: float64 [features], the mean of the prior.
        precision: of each weight, the inverse of its variance.
        start: float64 [features], where the search begins: near the result it takes few steps.

    Returns:
        float64 [features].
    """
    posterior = _Posterior(cases, prior, precision)
    result = minimize(
        posterior.loss,
        start,
        jac=True,
        hess=posterior.curvature,
        method="trust-exact",
        options={
            "initial_trust_radius": LARGEST_STEP,
            "max_trust_radius": 10 * LARGEST_STEP,
            "gtol": TOLERANCE * len(cases),
            "maxiter": MOST_STEPS,
        },
    )
    weights: Array = result.x
    return weights


class _Posterior:
    """The negative logarithm of the posterior, its gradient and curvature."""

    def __init__(self, cases: Alternatives, prior: Array, precision: float) -> None:
        self._cases = cases
        self._prior = prior
        self._precision = precision
        self._last: tuple[Array, _Expected] | None = None
        self._observed = cases.features[cases.chosen].sum(axis=0, dtype=np.float64)

    def loss(self, weights: Array) -> tuple[float, Array]:
        """The loss, and its gradient."""
        expected = self._expected(weights)
        away = weights - self._prior
        gradient = expected.means.sum(axis=0, dtype=np.float64) - self._observed
        loss = 0.5 * self._precision * float(away @ away) - expected.likelihood
        return loss, gradient + self._precision * away

    def curvature(self, weights: Array) -> Array:
        """The matrix of second derivatives: how much features vary among alternatives."""
        expected = self._expected(weights)
        roots = np.sqrt(expected.probabilities)
        curvature: Array = self._precision * np.eye(len(weights))
        curvature -= expected.means.T @ expected.means
        for first in range(0, len(roots), ROWS_PER_BLOCK):
            rows = slice(first, first + ROWS_PER_BLOCK)
            weighted = self._cases.features[rows] * roots[rows, None]
            curvature += weighted.T @ weighted
        return curvature

    def _expected(self, weights: Array) -> "_Expected":
        """What is expected of the cases; the curvature is asked for where the loss was."""
        if self._last is None or not np.array_equal(self._last[0], weights):
            probabilities, likelihood = self._cases.probabilities(weights)
            means = self._cases.means(probabilities)
            self._last = weights.copy(), _Expected(probabilities, means, likelihood)
        return self._last[1]


class _Expected(NamedTuple):
    """The probabilities of alternatives, the mean features of each case, the log-likelihood."""

    probabilities: NDArray[np.float32]
    means: NDArray[np.float32]
    likelihood: float
