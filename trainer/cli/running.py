"""What surrounds a job: its display, and a word if it is stopped."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from service.model.store import Store
from trainer.cli.common import current_version
from trainer.cli.settings import make_display
from trainer.config.jobs import Config

if TYPE_CHECKING:
    from trainer.view.display import Silent


@contextmanager
def running_job(config: Config) -> Iterator["Silent"]:
    """The context of a job that imports and runs kernels; yields its display.

    Tells what became of a job that is stopped.
    """
    from trainer.compiler import CACHE_IS_KEPT

    display = make_display(config)
    if not CACHE_IS_KEPT:
        display.warn(
            "kernels are compiled for this run alone, since there is no folder to keep them in: "
            "set NUMBA_CACHE_DIR to a writable one"
        )
    store = Store(config.models)
    before = current_version(store)
    try:
        yield display
    except (KeyboardInterrupt, SystemExit):
        if current_version(store) == before:
            display.note("stopped, nothing published")
        raise


def how_to_serve(event: str, version: str) -> str:
    """Announces a version that is not served yet, with the command that would serve it."""
    return f"{event} version {version}; to serve it:\n  item2vec models promote {version}"
