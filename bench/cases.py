"""Next-event cases: who has seen all but the last event of a session, what comes last?"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainer.corpus import Sessions, Vocabulary
from trainer.events.vocabulary import count_items


@dataclass(frozen=True, eq=False)
class Cases:
    """What is trained on, and what is asked.

    Attributes:
        sessions: every session without its last item.
        vocabulary: the items of those.
        queries: int32 [sessions], the item before the last one.
        answers: int32 [sessions], the last item, -1 for one never trained on.
        events: events of the sessions, the last ones included.
        catalogue: items of those.
    """

    sessions: Sessions
    vocabulary: Vocabulary
    queries: NDArray[np.int32]
    answers: NDArray[np.int32]
    events: int
    catalogue: int


def hold_out_last(sessions: Sessions, vocabulary: Vocabulary) -> Cases:
    """Every session of two items or more is a case; its last item is the answer."""
    ids = pl.Series(vocabulary.item_ids)
    last = sessions.offsets[1:] - 1
    earlier = np.delete(sessions.items, last)
    trained, rows = count_items(ids.gather(earlier))
    offsets = sessions.offsets - np.arange(len(sessions.offsets))
    return Cases(
        sessions=Sessions(rows, offsets),
        vocabulary=trained,
        queries=rows[offsets[1:] - 1],
        answers=trained.rows(ids.gather(sessions.items[last])),
        events=len(sessions.items),
        catalogue=len(vocabulary),
    )
