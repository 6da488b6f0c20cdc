"""A store seen as if one of its versions were current for good."""

from pathlib import Path

from service.model.store import Promotion, Store


class PinnedStore(Store):
    """A store whose current version is always the same, whatever is promoted.

    Args:
        directory: of the store.
        version: the version that is current here.
    """

    def __init__(self, directory: Path, version: str) -> None:
        super().__init__(directory)
        self._version = version

    def promotion(self) -> Promotion:
        """The version that was named."""
        return Promotion(self._version, (0, 0))
