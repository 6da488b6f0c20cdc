"""Next-event cases: who has seen all but the last event of a session, what comes last?"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from trainer.corpus import Sessions, Vocabulary
from trainer.events.vocabulary import count_items

# A row of the vocabulary that is no row: the item of an answer nobody bought before.
UNKNOWN = -1


@dataclass(frozen=True, eq=False)
class Cases:
    """What is trained on, and what is asked.

    Attributes:
        sessions: every session without its last item.
        vocabulary: the items of those.
        queries: int32 [sessions], the item before the last one.
        answers: int32 [sessions], the last item, or UNKNOWN.
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
    row_of_id = {item_id: row for row, item_id in enumerate(trained.item_ids)}
    answers = [row_of_id.get(item_id, UNKNOWN) for item_id in ids.gather(sessions.items[last])]
    offsets = sessions.offsets - np.arange(len(sessions.offsets))
    return Cases(
        sessions=Sessions(rows, offsets),
        vocabulary=trained,
        queries=rows[offsets[1:] - 1],
        answers=np.array(answers, np.int32),
        events=len(sessions.items),
        catalogue=len(vocabulary),
    )
