"""Where Numba keeps what it has compiled."""

import atexit
import os
import shutil
import tempfile

import numba


def use_writable_cache() -> str | None:
    """Gives Numba a temporary folder where it finds none that it may write to.

    Numba looks for a folder when a function is decorated: to be called before the kernels are
    imported.

    Returns:
        The folder, which is deleted when the program ends; None where none was needed.
    """
    try:
        numba.njit(cache=True)(_nothing)
    except RuntimeError:  # beside this file, in NUMBA_CACHE_DIR and at home nothing can be written
        folder = tempfile.mkdtemp(prefix="item2vec-numba-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        os.environ["NUMBA_CACHE_DIR"] = folder
        numba.config.reload_config()  # type: ignore[no-untyped-call]
        return folder
    return None


def _nothing() -> None:
    """Stands for any compiled function of this folder."""
