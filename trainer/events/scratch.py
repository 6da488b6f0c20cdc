"""Arrays and files on disk for data that may not fit in memory."""

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from service.model.errors import ConfigError


class Scratch:
    """Makes temporary files without a name: they vanish with the process, however it ends.

    Args:
        directory: where they are made; None for the system's directory for temporary files.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory

    def file(self) -> IO[bytes]:
        """An empty file.

        Raises:
            ConfigError: the directory cannot be written to.
        """
        with self.errors():
            return tempfile.TemporaryFile(dir=self._directory)

    def readable_file(self) -> tuple[IO[bytes], Path]:
        """An empty file and a path to read it by, as long as it is open.

        Raises:
            ConfigError: the directory cannot be written to.
        """
        if Path("/proc/self/fd").is_dir():
            file = self.file()
            return file, Path(f"/proc/self/fd/{file.fileno()}")
        with self.errors():  # without such paths, one with a name, until it is closed
            named = tempfile.NamedTemporaryFile(dir=self._directory)  # noqa: SIM115
            return cast(IO[bytes], named), Path(named.name)

    def write(self, array: NDArray[Any], file: IO[bytes]) -> None:
        """Appends a contiguous array to a file.

        Raises:
            ConfigError: it cannot be written, such as to a full disk.
        """
        with self.errors():
            file.write(array.data)

    def array(self, size: int, dtype: DTypeLike) -> NDArray[Any]:
        """A one-dimensional array of zeros in a mapped file; its disk space is reserved at once.

        Raises:
            ConfigError: it cannot be written, such as to a full disk.
        """
        if size == 0:
            return np.empty(0, dtype)
        with self.errors(), self.file() as file:
            n_bytes = size * np.dtype(dtype).itemsize
            if hasattr(os, "posix_fallocate"):  # else writing to a full disk is fatal
                os.posix_fallocate(file.fileno(), 0, n_bytes)
            else:
                file.truncate(n_bytes)
            return np.asarray(np.memmap(file, dtype, "r+", shape=(size,)))

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Tells what to do where a temporary file cannot be written."""
        try:
            yield
        except OSError as error:
            place = self._directory or tempfile.gettempdir()
            raise ConfigError(
                f"temporary files cannot be written to {place}: {error.strerror or error}; set "
                "`scratch` to a directory with room for them"
            ) from None


class Spool:
    """Columns of numbers, spread over partitions and read back one partition at a time.

    Args:
        scratch: where the files come from.
        dtypes: the dtype of each column.
        partitions: the number of partitions, at most 256.
    """

    def __init__(self, scratch: Scratch, dtypes: Mapping[str, DTypeLike], partitions: int) -> None:
        self.columns = tuple(dtypes)
        self._scratch = scratch
        self._dtypes = dtypes
        self._files: list[IO[bytes] | None] = [None] * partitions
        self._block_sizes: list[list[int]] = [[] for _ in range(partitions)]

    def add(self, columns: Mapping[str, NDArray[Any]], partition: NDArray[np.uint8]) -> None:
        """Writes every row of the columns [n] to its partition [n]."""
        order = np.argsort(partition, kind="stable")
        borders = np.searchsorted(partition[order], np.arange(len(self._files) + 1))
        ordered = {name: columns[name][order] for name in self._dtypes}
        for number in np.flatnonzero(np.diff(borders)):
            file = self._files[number] = self._files[number] or self._scratch.file()
            part = slice(borders[number], borders[number + 1])
            for values in ordered.values():
                self._scratch.write(values[part], file)
            self._block_sizes[number].append(part.stop - part.start)

    def filled(self) -> list[int]:
        """The numbers of the partitions that are not empty."""
        return [number for number, file in enumerate(self._files) if file]

    def take(self, number: int) -> dict[str, NDArray[Any]]:
        """The columns of a filled partition in the order of writing; deletes its file."""
        file, self._files[number] = self._files[number], None
        assert file is not None
        with file:
            file.seek(0)
            blocks = [
                [np.fromfile(file, dtype, size) for dtype in self._dtypes.values()]
                for size in self._block_sizes[number]
            ]
        columns = zip(*blocks, strict=True)
        return {
            name: np.concatenate(parts) for name, parts in zip(self._dtypes, columns, strict=True)
        }
