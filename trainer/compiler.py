"""Numba's options and its cache, in one place for all kernels."""

import atexit
import functools
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numba
from numba.extending import overload

# The folders with the compiled functions and everything that they call.
COMPILED = ("word2vec", "continuations", "maps")
# Sums may be reordered and products fused; NaN and infinity keep their meaning, so that
# divergence can be detected.
FAST_MATH = ("reassoc", "contract", "arcp", "nsz", "afn")

# For kernels that other kernels call: no call is left, and arrays that are taken out of a tuple are
# not counted as references. Threads counting the references of one array wait for one another.
INNER: Any = {"fastmath": set(FAST_MATH), "forceinline": True, "_nrt": False}

P = ParamSpec("P")
R = TypeVar("R")


def jit(function: Callable[P, R]) -> Callable[P, R]:
    """Compiles a function when it is first called, without the GIL; keeps its signature."""
    compiled: Callable[P, R] = numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    return compiled


def fast_jit(function: Callable[P, R]) -> Callable[P, R]:
    """Like `jit`, for arithmetic whose last bit does not matter: see `FAST_MATH`."""
    options: Any = {"fastmath": set(FAST_MATH)}
    compiled: Callable[P, R] = numba.njit(nogil=True, cache=True, error_model="numpy", **options)(
        function
    )
    return compiled


def inner_jit(function: Callable[P, R]) -> Callable[P, R]:
    """Like `fast_jit`, for what other kernels call and what allocates nothing: see `INNER`."""
    compiled: Callable[P, R] = numba.njit(nogil=True, cache=True, error_model="numpy", **INNER)(
        function
    )
    return compiled


def by_first_type(
    kinds: Mapping[type, Callable[..., Any]],
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Makes a function dispatch on the type of its first argument.

    In compiled code the type is known at compile time, so the dispatch costs nothing.

    Args:
        kinds: the function to call for each NamedTuple type; all have the same parameters.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def choose(*arguments: P.args, **named: P.kwargs) -> R:
            result: R = kinds[type(arguments[0])](*arguments, **named)
            return result

        options: Any = {"nogil": True, "error_model": "numpy", **INNER}
        overload(choose, jit_options=options, strict=False)(
            lambda first, *_: _uncompiled(kinds[first.instance_class])
        )
        return choose

    return decorate


def _uncompiled(function: Callable[P, R]) -> Callable[P, R]:
    plain: Callable[P, R] = getattr(function, "py_func", function)
    return plain


def sources_digest() -> str:
    """A name for the machine code, which changes whenever one of its sources changes."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    digest.update(f"bounds checked: {numba.config.BOUNDSCHECK}".encode())  # type: ignore[attr-defined]
    for folder in COMPILED:
        for source in sorted((Path(__file__).parent / folder).rglob("*.py")):
            digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _kept_folders() -> list[Path]:
    """Folders that may keep machine code from run to run: the user's choice, else ours."""
    if folder := os.environ.get("NUMBA_CACHE_DIR"):
        return [Path(folder)]
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    return [Path(__file__).parent / "__pycache__", home / "item2vec"]


def _use_cache() -> bool:
    """Tells Numba where to keep machine code; returns whether it outlives this program.

    Numba notices changes in the file of a kernel, not in other files that the kernel calls, so each
    state of the sources has a folder of its own.
    """
    name = f"numba-{sources_digest()}"
    folder = next((path / name for path in _kept_folders() if _is_writable(path / name)), None)
    cache = folder or Path(tempfile.mkdtemp(prefix="item2vec-numba-"))
    if folder is None:
        atexit.register(shutil.rmtree, cache, ignore_errors=True)
    numba.config.CACHE_DIR = str(cache)  # type: ignore[attr-defined]
    return folder is not None


# Whether kernels are compiled once; otherwise, with no writable folder, in every run.
CACHE_IS_KEPT = _use_cache()
