"""Shows in the metrics when the nightly job ran last."""

import logging
from collections.abc import Callable
from datetime import datetime

from service.model.errors import Item2VecError
from service.model.nights import Nights

logger = logging.getLogger(__name__)


class Heartbeat:
    """Keeps the time of the last run of each outcome in a gauge.

    Args:
        nights: the runs.
        ran: notes the outcome of a run, and when it ended; one that never was is not noted.
    """

    def __init__(self, nights: Nights, ran: Callable[[str, datetime], None]) -> None:
        self._nights = nights
        self._ran = ran
        self._complaint = ""

    def refresh(self) -> None:
        """Reads the runs if there are new ones; where that fails, the times known before stay."""
        try:
            runs = self._nights.runs()
        except Item2VecError as error:
            if str(error) != self._complaint:
                logger.error("the runs of the nightly job are unknown: %s", error)
            self._complaint = str(error)
            return
        self._complaint = ""
        for outcome, ended in {run.outcome: run.ended for run in runs}.items():
            self._ran(outcome, ended)
