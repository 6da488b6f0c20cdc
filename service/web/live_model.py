"""The model being served, which can be replaced while requests are running."""

import logging
import math
import threading
import time
from collections.abc import Callable
from typing import Literal

from service.model.errors import ArtifactError, Item2VecError, NoModelError
from service.model.hidden import Hidden
from service.model.recommender import Recommender
from service.model.store import Promotion, Store

HIDDEN_SECONDS = 0.9  # between looks at the hidden items: all workers know them within a second
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds until a version that failed to load is tried again

# served: a new version answers. refused: it is damaged. failed: it is tried again later. lost: the
# store no longer says which version to serve.
Outcome = Literal["served", "refused", "failed", "lost"]

logger = logging.getLogger(__name__)


class LiveModel:
    """Holds one Recommender and replaces it when the store has another current version.

    A request gets the recommender once and keeps it: an answer comes from one version, and the
    files of an old version stay mapped until its last request has ended.

    Args:
        store: where versions are published.
        on_refresh: called with the outcome of every attempt to serve another version.
        clock: a monotonic clock, in seconds.
        on_hidden: called with the number of hidden items when they have changed.
        name: of the model, where the service has several.
    """

    def __init__(
        self,
        store: Store,
        on_refresh: Callable[[Outcome], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        on_hidden: Callable[[int], None] = lambda _: None,
        name: str = "",
    ) -> None:
        self._store = store
        self._log = logging.LoggerAdapter(logger, {"fields": {"model": name}} if name else None)
        self._on_refresh = on_refresh
        self._clock = clock
        self._on_hidden = on_hidden
        self._recommender: Recommender | None = None
        self._promotion: Promotion | None = None
        self._wait = FIRST_WAIT
        self._next_attempt = -math.inf
        self._complaint = ""
        self._hidden = Hidden(store.directory)
        self._hidden_ids: frozenset[str] = frozenset()
        self._hidden_complaint = ""
        # Held while hidden items reach the recommender, or another one takes its place.
        self._hiding = threading.Lock()

    @property
    def store(self) -> Store:
        """Where its versions are."""
        return self._store

    @property
    def hidden_ids(self) -> frozenset[str]:
        """The items that no answer names, in no order."""
        return self._hidden_ids

    @property
    def loaded(self) -> Recommender | None:
        """The recommender to answer with, or None without a verified model."""
        return self._recommender

    def get(self) -> Recommender:
        """The recommender to answer with.

        Raises:
            NoModelError: no verified model is loaded.
        """
        if self._recommender is None:
            raise NoModelError("no model is loaded yet: publish one with `item2vec retrain`")
        return self._recommender

    def refresh(self) -> None:
        """Loads the store's current version if it is not the one served, and the hidden items.

        If that fails, the served model stays. A damaged version is reported once, and tried again
        only when it is promoted again. Any other failure may pass: the version is tried again after
        a second, then after twice as long every time, up to a minute.
        """
        self.refresh_hidden()
        try:
            promotion = self._store.promotion()
        except NoModelError as error:
            if self._recommender is not None:
                self._lose(error)
            return
        except (Item2VecError, OSError) as error:
            self._lose(error)
            return
        if promotion != self._promotion:
            self._promotion, self._wait, self._next_attempt = promotion, FIRST_WAIT, -math.inf
        if promotion.version == self._served():
            self._complaint = ""
        elif self._clock() >= self._next_attempt:
            self._load(promotion.version)

    def refresh_hidden(self) -> None:
        """Reads the list of hidden items if it has changed.

        If that fails, it is reported once, and those known before stay hidden.
        """
        with self._hiding:
            try:
                ids = self._hidden.ids()
            except Item2VecError as error:
                self._complain_of_hidden(error)
            else:
                self._hidden_complaint = ""
                self._replace_hidden(ids)

    def hide(self, item_id: str) -> None:
        """Hides an item, in this process at once; see `Hidden.hide`."""
        self._hidden.hide(item_id)
        self.refresh_hidden()

    def show(self, item_id: str) -> None:
        """Shows an item again, in this process at once; see `Hidden.show`."""
        self._hidden.show(item_id)
        self.refresh_hidden()

    def _replace_hidden(self, ids: frozenset[str]) -> None:
        """Only the differences are looked up: there may be many hidden items."""
        before = self._hidden_ids
        if ids is before:
            return
        if served := self._recommender:
            shown, hidden = served.rows_of(before - ids), served.rows_of(ids - before)
            served.hidden = (served.hidden - shown) | hidden
        self._hidden_ids = ids
        self._on_hidden(len(ids))

    def _complain_of_hidden(self, error: Exception) -> None:
        sentence = f"{len(self._hidden_ids)} items stay hidden, for their list is unknown: {error}"
        if sentence != self._hidden_complaint:
            self._hidden_complaint = sentence
            self._log.error(sentence)

    def _load(self, version: str) -> None:
        served = self._served() or "nothing"
        try:
            recommender = Recommender(self._store.load(version))
        except ArtifactError as error:
            self._next_attempt = math.inf
            self._log.error("version %s is refused, serving %s: %s", version, served, error)
            self._on_refresh("refused")
        except (Item2VecError, OSError, MemoryError) as error:
            self._next_attempt = self._clock() + self._wait
            self._wait = min(2 * self._wait, LONGEST_WAIT)
            self._complain(f"version {version} is tried again later, serving {served}: {error}")
            self._on_refresh("failed")
        else:
            with self._hiding:
                recommender.hidden = recommender.rows_of(self._hidden_ids)
                self._recommender, self._complaint = recommender, ""
            self._log.info("serving version %s (before: %s)", version, served)
            self._on_refresh("served")

    def _lose(self, error: Exception) -> None:
        """Reports once that the store does not say which version to serve."""
        if self._complain(
            f"the store cannot be read, serving {self._served() or 'nothing'}: {error}"
        ):
            self._on_refresh("lost")

    def _complain(self, sentence: str) -> bool:
        """Logs a sentence unless it was the last one logged; returns whether it did."""
        if sentence == self._complaint:
            return False
        self._complaint = sentence
        self._log.error(sentence)
        return True

    def _served(self) -> str | None:
        return self._recommender.version if self._recommender else None
