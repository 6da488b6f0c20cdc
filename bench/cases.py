"""Next-event cases: given all but the last event of a session, what is the last?"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainer.corpus import Sessions, Vocabulary
from trainer.events.vocabulary import count_items


@dataclass(frozen=True, eq=False)
class Cases:
    """A corpus to train on, and a query and an answer for each of its sessions.

    Attributes:
        sessions: every session without its last item.
        vocabulary: the items of these sessions.
        queries: int32 [sessions], the item before the last.
        answers: int32 [sessions], the last item; -1 if it does not occur in training.
        events: the number of events, the last ones included.
        catalogue: the number of different items, the last ones included.
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
    last_events = sessions.offsets[1:] - 1
    earlier_items = np.delete(sessions.items, last_events)
    training_vocabulary, rows = count_items(ids.gather(earlier_items))
    offsets = sessions.offsets - np.arange(len(sessions.offsets))
    return Cases(
        sessions=Sessions(rows, offsets),
        vocabulary=training_vocabulary,
        queries=rows[offsets[1:] - 1],
        answers=training_vocabulary.rows(ids.gather(sessions.items[last_events])),
        events=len(sessions.items),
        catalogue=len(vocabulary),
    )
