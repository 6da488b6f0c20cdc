"""A place in an object store, read and written by name: `s3://bucket/prefix`."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from service.model.errors import ConfigError, UnavailableError, short

if TYPE_CHECKING:
    from obstore.store import ObjectStore

SCHEMES = ("s3", "gs", "az", "file")
PIECE = 8 << 20  # bytes that one request carries
UPLOADS_AT_ONCE = 4  # pieces of one file
SHA256 = "sha256"  # the name under which an object keeps its own checksum
CHANGES_TRIED = 5  # of an object that others change as well
_CLIENT = {
    "allow_http": True,  # to an address of one's own, in AWS_ENDPOINT_URL
    "connect_timeout": "5s",
    "read_timeout": "60s",
    "timeout": "5m",
}
_RETRIES = {"max_retries": 3}

Blocks = Iterable[bytes]


class Object(NamedTuple):
    """The content of a small object.

    Attributes:
        content: all of it.
        mark: differs whenever the object was written.
        state: what a conditional write is to name.
    """

    content: bytes
    mark: object
    state: dict[str, str]


class Bucket:
    """Objects below a URL. Credentials and endpoints are those of the environment.

    An object is written as a whole or not at all. Every method raises `UnavailableError`, in one
    sentence, if the store cannot be reached or refuses.

    Args:
        url: `s3://bucket/prefix`, also `gs`, `az` and `file`; without a prefix, all of the bucket.

    Raises:
        ConfigError: there can be no such place, or `obstore` is not installed.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._objects = _open(self.url)

    def place(self, name: str) -> str:
        """The URL of an object."""
        return f"{self.url}/{name}"

    def read(self, name: str) -> Object | None:
        """A small object, or None if there is none of that name."""
        with self._failures(name, "read"):
            try:
                result = self._objects.get(name)
                meta, content = result.meta, bytes(result.bytes())
            except FileNotFoundError as error:
                self._refuse_missing_bucket(error)
                return None
        found = {"e_tag": meta["e_tag"], "version": meta["version"]}
        state = {key: value for key, value in found.items() if value is not None}
        return Object(content, (meta["last_modified"], *found.values()), state)

    def piece(self, name: str, start: int) -> bytes:
        """Up to `PIECE` bytes of an object from `start` on, which must be before its end."""
        with self._failures(name, "read"):
            return bytes(self._objects.get_range(name, start=start, length=PIECE))

    def sizes(self, folder: str) -> dict[str, int]:
        """The names and sizes in bytes of all objects below a folder."""
        with self._failures(folder, "listed"):
            pages = self._objects.list(folder)
            return {
                meta["path"].removeprefix(f"{folder}/"): meta["size"]
                for page in pages
                for meta in page
            }

    def folders(self, folder: str) -> list[str]:
        """The names of the folders in a folder, ascending."""
        with self._failures(folder, "listed"):
            found = self._objects.list_with_delimiter(folder)["common_prefixes"]
        return sorted(path.rpartition("/")[2] for path in found)

    def sha256(self, name: str, size: int) -> str:
        """The checksum that was stored with an object of so many bytes, else that of its content.

        An object that another program has overwritten has lost the former.
        """
        with self._failures(name, "read"):
            attributes: dict[str, str] = dict(
                self._objects.get(name, options={"head": True}).attributes
            )
        if SHA256 in attributes:
            return attributes[SHA256]
        digest = hashlib.sha256()
        for start in range(0, size, PIECE):
            digest.update(self.piece(name, start))
        return digest.hexdigest()

    def write(self, name: str, content: bytes | Blocks, sha256: str) -> None:
        """Writes an object together with its checksum, a large one block by block.

        An exception of the blocks leaves nothing behind.
        """
        options: dict[str, Any] = {"chunk_size": PIECE, "max_concurrency": UPLOADS_AT_ONCE}
        if not self.url.startswith("file:"):  # files have no attributes
            options["attributes"] = {SHA256: sha256}
        with self._failures(name, "written"):
            self._objects.put(name, content, **options)

    def change(self, name: str, change: Callable[[bytes | None], bytes]) -> None:
        """Replaces a small object by what a function makes of it, and of None if there is none.

        What others write at the same time is not lost where the store can tell: all but `file`.
        """
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        for _ in range(CHANGES_TRIED):
            before = self.read(name)
            content = change(before.content if before else None)
            mode: Any = before.state if before else "create"
            with self._failures(name, "written"):
                try:
                    self._objects.put(name, content, mode=mode)
                except (AlreadyExistsError, PreconditionError):
                    continue
                except NotImplementedError:
                    self._objects.put(name, content)
                return
        raise UnavailableError(f"{self.place(name)} is changed by others all the time: try again")

    def delete(self, folder: str) -> None:
        """Deletes all objects below a folder."""
        names = [f"{folder}/{name}" for name in self.sizes(folder)]
        with self._failures(folder, "deleted"):
            self._objects.delete(names)

    @contextmanager
    def _failures(self, name: str, doing: str) -> Iterator[None]:
        """Turns a failure of the object store into one sentence.

        Raises:
            UnavailableError: with the failure as its cause.
        """
        from obstore.exceptions import BaseError

        try:
            yield
        except FileNotFoundError as error:
            self._refuse_missing_bucket(error)
            raise UnavailableError(f"{self.place(name)} is missing") from error
        except (BaseError, NotImplementedError) as error:
            reason = _reason(error)
            raise UnavailableError(f"{self.place(name)} cannot be {doing}: {reason}") from error

    def _refuse_missing_bucket(self, error: Exception) -> None:
        if _NO_BUCKET.search(str(error)):
            raise UnavailableError(f"{self.url}: there is no such bucket, create it") from error


def _open(url: str) -> "ObjectStore":
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not (parts.netloc or parts.scheme == "file"):
        known = ", ".join(f"{scheme}://" for scheme in SCHEMES)
        raise ConfigError(
            f"{short(url)!r} is not the URL of an object store: write s3://bucket/prefix; known: "
            f"{known}"
        )
    try:
        from obstore.exceptions import BaseError
        from obstore.store import from_url
    except ModuleNotFoundError:
        raise ConfigError(f"{url}: obstore is not installed: pip install 'item2vec[s3]'") from None
    options: Any = {"client_options": _CLIENT, "retry_config": _RETRIES}
    if parts.scheme == "file":
        options = {"automatic_cleanup": True}  # of empty directories
    try:
        return from_url(url, **options)
    except (BaseError, ValueError) as error:
        raise ConfigError(f"{short(url)}: {_reason(error)}") from None


_NO_BUCKET = re.compile(r"NoSuchBucket|ContainerNotFound|specified bucket does not exist", re.I)
_MEANINGS = (  # of what obstore says
    (
        r"169\.254\.|latest/api/token|metadata\.google|token request",
        "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (or those of gs, az), or "
        "give this machine a role",
    ),
    (r"status code: 40[13]", "the credentials do not allow it, or are wrong"),
    (r"canonicalize filesystem root", "there is no such directory, make it first"),
    (r"dns error", "its host is unknown: look at the endpoint and at the network"),
    (r"connection ?refused", "nothing listens at its address"),
    (r"timed ?out|timeout", "it does not answer in time"),
)
_VARYING = re.compile(
    r" in [\d.]+\S*s\b|,? after \d+ retries|,? max_retries: \d+|,? retry_timeout: \S+"
)

_PREAMBLE = re.compile(r"^Generic \w+ error: (Error performing \w+ \S+\s+- )?")


def _reason(error: Exception) -> str:
    """Why the object store failed, in the same words every time."""
    text = _VARYING.sub("", str(error))
    code = re.search(r"<Code>(\w+)</Code>", text)
    suffix = f" ({code[1]})" if code else ""
    for pattern, meaning in _MEANINGS:
        if re.search(pattern, text, re.I):
            return f"{meaning}{suffix}"
    sentence = re.split(r"\n\nDebug source|: <", _PREAMBLE.sub("", text))[0]
    return f"{short(' '.join(sentence.split()))}{suffix}"
