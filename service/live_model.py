"""The model being served, replaced while requests are answered."""

import logging
from collections.abc import Callable

from service.errors import Item2VecError, NoModelError
from service.recommender import Recommender
from service.store import Store

logger = logging.getLogger(__name__)


class LiveModel:
    """Holds one Recommender and replaces it when the store has another current version.

    A request takes the recommender once and keeps it: an answer comes from one version, and the
    files of an old one stay mapped until its last request has ended.

    Args:
        store: where versions are published.
        on_refresh: told after every attempt whether a new version is served (True) or refused.
    """

    def __init__(self, store: Store, on_refresh: Callable[[bool], None] = lambda _: None) -> None:
        self._store = store
        self._on_refresh = on_refresh
        self._recommender: Recommender | None = None
        self._refused: str | None = None

    def get(self) -> Recommender:
        """The recommender to answer with.

        Raises:
            NoModelError: no verified model is loaded.
        """
        if self._recommender is None:
            raise NoModelError("no model is loaded yet: publish one with `item2vec retrain`")
        return self._recommender

    def refresh(self) -> None:
        """Loads the store's current version if it is not the one served.

        A version that cannot be loaded is reported once, and the model served stays; it is tried
        again after another one was current.
        """
        try:
            version = self._store.current()
        except NoModelError:
            return
        except (Item2VecError, OSError) as error:
            logger.error("the store cannot be read: %s", error)
            return
        served = self._recommender.version if self._recommender else None
        if version != self._refused:
            self._refused = None
        if version in (served, self._refused):
            return
        try:
            self._recommender = Recommender(self._store.load(version))
        except (Item2VecError, OSError):
            logger.exception("version %s is refused, serving %s", version, served or "nothing")
            self._refused = version
            self._on_refresh(False)
        else:
            logger.info("serving version %s (before: %s)", version, served or "nothing")
            self._on_refresh(True)
