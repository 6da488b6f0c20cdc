"""One gradient step for some hidden rows against the same targets."""

import numpy as np
from numpy.typing import NDArray

from trainer.compiler import inner_jit
from trainer.word2vec.kernels.logistic import scores_to_steps
from trainer.word2vec.kernels.tiles import MOST_ROWS, score, step


@inner_jit
def gradient(
    hidden: NDArray[np.float32],
    starts: NDArray[np.int64],
    n_rows: int,
    output: NDArray[np.float32],
    targets: NDArray[np.int64],
    first_target: int,
    n_positive: int,
    n_targets: int,
    alpha: np.float32,
    width: int,
    scores: NDArray[np.float32],
) -> float:
    """One step of descent for every pair of a hidden row and a target row.

    All pairs of a group of rows are scored before any of them is changed, as in the blocks of Ji et
    al. (arXiv 1604.04661). For a hidden row h and its targets t: error = alpha (label -
    sigmoid(h . t)), t += error h, h += sum of error t. A group has MOST_ROWS at most: the step of a
    target is the sum over them, and with more rows and a high alpha it overshot where a session
    repeats an item, with sixteen rows until the vectors were no longer finite.

    Args:
        hidden: the flat matrix of the hidden rows; changed.
        starts: int64, where its rows start.
        n_rows: the number of rows.
        output: the flat matrix of the targets; changed.
        targets: int64, where the target rows start.
        first_target: the place of the first target.
        n_positive: the number of targets with label 1, which come first; the others have 0.
        n_targets: the number of targets.
        alpha: float32, the learning rate.
        width: columns of both matrices, a multiple of 16.
        scores: scratch of at least MOST_ROWS * n_targets + 16.

    Returns:
        The loss before the steps of each group, summed over all pairs.
    """
    end = first_target + n_targets
    loss = 0.0
    first = 0
    while first < n_rows:
        left = n_rows - first
        # The last two groups are equal: three and three rows rather than four and two.
        n = min(left, MOST_ROWS) if left <= MOST_ROWS or left > 2 * MOST_ROWS else (left + 1) // 2
        score(hidden, starts, first, n, output, targets, first_target, end, scores, 0, width)
        loss += scores_to_steps(scores, 0, n_positive * n, n_targets * n, alpha)
        step(hidden, starts, first, n, output, targets, first_target, end, scores, 0, width)
        first += n
    return loss
