"""One gradient step for some hidden rows against the same targets."""

import numpy as np
from numpy.typing import NDArray

from trainer.compiler import fast_jit
from trainer.word2vec.kernels.logistic import scores_to_steps
from trainer.word2vec.kernels.simd import LANES, load, store, total, zeros

# Hidden rows that are scored before any of them is changed. The step of a target is the sum over
# them: with sixteen rows and a high alpha it overshot, until the vectors were no longer finite.
GROUP = 4


@fast_jit
def _score(
    hidden: NDArray[np.float32],
    start: int,
    output: NDArray[np.float32],
    targets: NDArray[np.int64],
    n_targets: int,
    width: int,
    scores: NDArray[np.float32],
    first_score: int,
    stride: int,
) -> None:
    """Dot products of one hidden row with all targets, three at a time to load the row less often.

    Args:
        hidden: the flat matrix of hidden rows.
        start: where the row starts.
        output: the flat matrix of the targets.
        targets: int64, where the target rows start.
        n_targets: the number of targets.
        width: columns of both matrices.
        scores: written; target t goes to `first_score + t * stride`.
        first_score: where the first score goes.
        stride: the distance between two scores.
    """
    for t in range(0, n_targets - 2, 3):
        first = zeros()
        second = zeros()
        third = zeros()
        for column in range(0, width, LANES):
            part = load(hidden, start + column)
            first = first + part * load(output, targets[t] + column)
            second = second + part * load(output, targets[t + 1] + column)
            third = third + part * load(output, targets[t + 2] + column)
        place = first_score + t * stride
        scores[place] = total(first)
        scores[place + stride] = total(second)
        scores[place + 2 * stride] = total(third)
    for t in range(n_targets - n_targets % 3, n_targets):
        last = zeros()
        for column in range(0, width, LANES):
            part = load(hidden, start + column)
            last = last + part * load(output, targets[t] + column)
        scores[first_score + t * stride] = total(last)


@fast_jit
def gradient(
    hidden: NDArray[np.float32],
    starts: NDArray[np.int64],
    n_rows: int,
    output: NDArray[np.float32],
    targets: NDArray[np.int64],
    n_positive: int,
    n_targets: int,
    alpha: np.float32,
    width: int,
    scores: NDArray[np.float32],
) -> float:
    """One step of descent for every pair of a hidden row and a target row.

    All pairs of a group of rows are scored first, then stepped in order, so that one pass over
    whole vectors computes the errors (similar to the blocks of Ji et al., arXiv 1604.04661). For a
    hidden row h and its targets t: error = alpha (label - sigmoid(h . t)), t += error h, and at the
    end h += sum of error t.

    Args:
        hidden: the flat matrix of the hidden rows; changed.
        starts: int64, where its rows start.
        n_rows: the number of rows.
        output: the flat matrix of the targets; changed.
        targets: int64, where the target rows start.
        n_positive: the number of targets with label 1, which come first; the others have 0.
        n_targets: the number of targets.
        alpha: float32, the learning rate.
        width: columns of both matrices, a multiple of 16.
        scores: scratch of at least GROUP * n_targets + 16.

    Returns:
        The loss before the steps of each group, summed over all pairs.
    """
    loss = 0.0
    for first in range(0, n_rows, GROUP):
        n = min(GROUP, n_rows - first)
        for h in range(n):
            _score(hidden, starts[first + h], output, targets, n_targets, width, scores, h, n)
        loss += scores_to_steps(scores, n_positive * n, n_targets * n, alpha)
        for h in range(n):
            start = starts[first + h]
            for column in range(0, width, LANES):
                before = load(hidden, start + column)
                after = before
                for t in range(n_targets):
                    error = scores[t * n + h]
                    target = load(output, targets[t] + column)
                    after = after + target * error
                    store(output, targets[t] + column, target + before * error)
                store(hidden, start + column, after)
    return loss
