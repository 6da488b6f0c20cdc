"""How much a session counts by its age."""

import numpy as np
from numpy.typing import NDArray

from trainer.corpus import Sessions


def recency_weights(sessions: Sessions, recency: float | None) -> NDArray[np.float64]:
    """e^(-age / recency) of each session.

    The age of a session is the share of the log's time that has passed since it began: 0 for the
    newest session, 1 for the oldest. Without times it is the share of the sessions that are newer.

    Args:
        sessions: oldest first.
        recency: the age at which a session counts 1 / e; None if all count the same.

    Returns:
        float64 [sessions].
    """
    if recency is None:
        return np.ones(len(sessions))
    moments = np.arange(len(sessions)) if sessions.starts is None else sessions.starts
    since = moments.max(initial=0) - moments
    ages = since / max(since.max(initial=0), 1)
    weights: NDArray[np.float64] = np.exp(-ages / recency)
    return weights
