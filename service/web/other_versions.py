"""All versions of a model: what they are, and those that answer beside the one that is served."""

import threading
from collections import OrderedDict
from typing import NamedTuple

from service.model.artifact import REPORT, Manifest
from service.model.errors import ArtifactError, InputError, UnavailableError
from service.model.recommender import Recommender
from service.web.live_model import LiveModel

KEPT = 2  # versions in memory beside the one that is served


class Summary(NamedTuple):
    """A version in a list of all.

    Attributes:
        version: its name.
        manifest: what it is; None if it cannot be read.
        damage: why not.
        size: of its files, in bytes.
        has_report: whether the gate has written a page on it.
    """

    version: str
    manifest: Manifest | None
    damage: str | None
    size: int
    has_report: bool


class _Loaded(NamedTuple):
    """A version in memory, and the items that were hidden when it answered last."""

    recommender: Recommender
    hidden_ids: frozenset[str]


class Versions:
    """The versions beside the one that is served; threads can share it.

    Args:
        live: what serves the current one.
    """

    def __init__(self, live: LiveModel) -> None:
        self._live = live
        self._store = live.store
        self._summaries: dict[str, Summary] = {}
        self._loaded: OrderedDict[str, _Loaded] = OrderedDict()
        self._loading = threading.Lock()

    def all(self) -> list[Summary]:
        """Every version, the newest first; the files of an intact one are looked at once.

        Raises:
            UnavailableError: the store cannot be read now.
        """
        names = self._store.versions()
        self._summaries = {name: self._known(name) or self._summary(name) for name in names}
        return [self._summaries[name] for name in reversed(names)]

    def manifest(self, version: str) -> Manifest:
        """The manifest of a version.

        Raises:
            InputError: there is no such version.
            ArtifactError: it is damaged.
            UnavailableError: it cannot be read now.
        """
        known = self._known(version)
        manifest = known and version in self._store.versions() and known.manifest
        return manifest or self._store.manifest(version)

    def recommender(self, version: str) -> Recommender:
        """A version that answers; it is loaded unless it is the served one or was asked for lately.

        Raises:
            InputError: there is no such version.
            ArtifactError: it is damaged.
            UnavailableError: it cannot be read now.
        """
        served = self._live.loaded
        if served is not None and served.version == version:
            return served
        hidden_ids = self._live.hidden_ids
        with self._loading:
            found = self._loaded.pop(version, None)
            if found is None or version not in self._store.versions():
                found = _Loaded(Recommender(self._store.load(version)), frozenset())
            if found.hidden_ids is not hidden_ids:
                found.recommender.hidden = found.recommender.rows_of(hidden_ids)
            self._loaded[version] = _Loaded(found.recommender, hidden_ids)
            if len(self._loaded) > KEPT:
                self._loaded.popitem(last=False)
        return found.recommender

    def _known(self, version: str) -> Summary | None:
        known = self._summaries.get(version)
        return known if known and known.damage is None else None

    def _summary(self, version: str) -> Summary:
        manifest, damage, size, has_report = None, None, 0, False
        try:
            path = self._store.path(version)
            has_report = (path / REPORT).is_file()
            size = sum(file.stat().st_size for file in path.iterdir())
            manifest = self._store.manifest(version)
        except (ArtifactError, InputError, UnavailableError, OSError) as error:
            damage = str(error)
        return Summary(version, manifest, damage, size, has_report)
