"""Versions copied between a store and a bucket."""

import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from service.model.artifact import FILES, INPUT_VECTORS, MANIFEST
from service.model.errors import (
    ArtifactError,
    ConfigError,
    InputError,
    NoModelError,
    UnavailableError,
)
from service.model.hidden import Hidden
from service.model.remote import bucket as buckets
from service.model.remote import history
from service.model.remote.bucket import Bucket
from service.model.remote.download import pull
from service.model.remote.hidden_list import change_hidden, pull_hidden
from service.model.remote.upload import push
from service.model.store import Store
from tests.conftest import overwrite
from tests.remote.conftest import NAME, S3Server, content

Add = Callable[[], str]


class Watched(Bucket):
    """A bucket that notes what is written and read of it."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.written: list[str] = []
        self.read_from: list[tuple[str, int]] = []

    def write(self, name, content, sha256):  # type: ignore[no-untyped-def]
        super().write(name, content, sha256)
        self.written.append(name)

    def change(self, name, change):  # type: ignore[no-untyped-def]
        super().change(name, change)
        self.written.append(name)

    def piece(self, name, start):  # type: ignore[no-untyped-def]
        self.read_from.append((name, start))
        return super().piece(name, start)


class _LostError(Exception):
    """The connection, in the middle of it."""


def silent(_done: int, _total: int) -> None:
    pass


def lost_after(steps: int) -> Callable[[int, int], None]:
    left = iter(range(steps))

    def report(_done: int, _total: int) -> None:
        if next(left, None) is None:
            raise _LostError

    return report


@pytest.fixture(params=["file", "s3"])
def bucket(request: pytest.FixtureRequest, tmp_path: Path) -> Watched:
    """An empty place: a directory, or a new prefix on an S3 server."""
    if request.param == "file":
        return Watched(request.getfixturevalue("url"))
    request.getfixturevalue("s3")
    return Watched(f"s3://{NAME}/{tmp_path.name}/models")


def test_what_is_pushed_is_what_is_pulled(store: Store, cache: Store, bucket: Watched, add: Add):
    versions = [add(), add()]
    for version in versions:
        push(store, bucket, version, silent)
        assert history.current(bucket)[0] == version
    assert pull(cache, bucket, versions[1], silent)
    assert cache.versions() == versions[1:]
    assert cache.current() == versions[1]
    assert content(cache.path(versions[1])) == content(store.path(versions[1]))
    assert not cache.path(versions[1]).joinpath(MANIFEST).stat().st_mode & 0o222
    assert not pull(cache, bucket, versions[1], silent)


def test_the_bucket_is_laid_out_as_the_store_is(store: Store, there: Path, url: str, add: Add):
    version = add()
    store.promote(version)
    Hidden(store.directory).hide("pear")
    push(store, Bucket(url), version, silent)
    assert content(there) == content(store.directory)


def test_progress_is_told_in_bytes(store: Store, cache: Store, bucket: Watched, add: Add):
    version = add()
    size = sum(len(one) for one in content(store.path(version)).values())
    for copy in (
        lambda report: push(store, bucket, version, report),
        lambda report: pull(cache, bucket, version, report),
    ):
        told: list[tuple[int, int]] = []
        copy(lambda done, total, told=told: told.append((done, total)))
        assert told == sorted(told)
        assert told[-1] == (size, size)


def test_a_version_is_current_only_once_all_of_it_is_there(store: Store, bucket: Watched, add: Add):
    Hidden(store.directory).hide("pear")
    version = add()
    push(store, bucket, version, silent)
    assert bucket.written[-4:] == [
        f"versions/{version}/manifest.sha256", f"versions/{version}/manifest.json",
        "hidden", "history",
    ]  # fmt: skip


def test_an_interrupted_push_is_not_seen_and_goes_on_where_it_was(
    store: Store, bucket: Watched, add: Add
):
    first, second = add(), add()
    push(store, bucket, first, silent)
    bucket.written.clear()
    with pytest.raises(_LostError):
        push(store, bucket, second, lost_after(5))
    assert history.current(bucket)[0] == first
    before = list(bucket.written)
    assert before
    push(store, bucket, second, silent)
    assert history.current(bucket)[0] == second
    assert len(bucket.written) == len(set(bucket.written)) == len(FILES) + 3


def test_an_interrupted_pull_is_not_seen_and_goes_on_where_it_was(
    store: Store, cache: Store, bucket: Watched, add: Add, monkeypatch: pytest.MonkeyPatch
):
    version = add()
    push(store, bucket, version, silent)
    monkeypatch.setattr(buckets, "PIECE", 100)
    with pytest.raises(_LostError):
        pull(cache, bucket, version, lost_after(20))
    assert cache.versions() == []
    with pytest.raises(NoModelError):
        cache.current()
    begun = {one for one in bucket.read_from if MANIFEST[:8] not in one[0]}
    assert any(start for _, start in begun)
    bucket.read_from.clear()
    pull(cache, bucket, version, silent)
    assert cache.current() == version
    assert begun.isdisjoint(bucket.read_from)


def test_a_file_that_was_begun_wrong_is_fetched_again(
    store: Store, cache: Store, bucket: Watched, add: Add
):
    version = add()
    push(store, bucket, version, silent)
    begun = cache.directory / "versions" / f".partial-{version}"
    begun.mkdir(parents=True)
    (begun / INPUT_VECTORS).write_bytes(b"of another time")
    (begun / "counts.npy").write_bytes(b"longer" * 1000)
    pull(cache, bucket, version, silent)
    assert content(cache.path(version)) == content(store.path(version))


def damage(bucket: Bucket, version: str, request: pytest.FixtureRequest) -> None:
    """Another program writes other bytes, as many."""
    name = f"versions/{version}/{INPUT_VECTORS}"
    size = bucket.sizes(f"versions/{version}")[INPUT_VECTORS]
    if bucket.url.startswith("file"):
        overwrite(Path(bucket.place(name).removeprefix("file://")), b"x" * size)
    else:
        s3: S3Server = request.getfixturevalue("s3")
        s3.overwrite(bucket.place(name).removeprefix(f"s3://{NAME}/"), b"x" * size)


def test_a_damaged_object_is_refused_until_it_is_pushed_again(
    store: Store, cache: Store, bucket: Watched, add: Add, request: pytest.FixtureRequest
):
    good, version = add(), add()
    for one in (good, version):
        push(store, bucket, one, silent)
    pull(cache, bucket, good, silent)
    damage(bucket, version, request)
    with pytest.raises(ArtifactError, match=rf"{version}/{INPUT_VECTORS} is damaged.*push version"):
        pull(cache, bucket, version, silent)
    assert (cache.versions(), cache.current()) == ([good], good)
    bucket.written.clear()
    before = history.current(bucket)[1]
    push(store, bucket, version, silent)
    assert bucket.written == [f"versions/{version}/{INPUT_VECTORS}", "history"]
    assert history.current(bucket)[1] != before or bucket.url.startswith("s3")  # whole seconds
    pull(cache, bucket, version, silent)
    assert cache.current() == version


def test_a_damaged_version_is_not_pushed(store: Store, bucket: Watched, add: Add):
    version = add()
    path = store.path(version) / INPUT_VECTORS
    overwrite(path, path.read_bytes()[:-1] + b"x")
    with pytest.raises(ArtifactError, match=r"input_vectors.npy is damaged.*not pushed"):
        push(store, bucket, version, silent)
    assert f"versions/{version}/{INPUT_VECTORS}" not in bucket.written
    with pytest.raises(NoModelError):
        history.current(bucket)


def test_a_damaged_manifest_is_named_by_its_address(
    store: Store, cache: Store, there: Path, url: str, add: Add
):
    version = add()
    push(store, Bucket(url), version, silent)
    overwrite(there / "versions" / version / MANIFEST, b'{"format_version": 4}')
    with pytest.raises(
        ArtifactError, match=rf"^file://.*/versions/{version}/{MANIFEST} is damaged"
    ):
        pull(cache, Bucket(url), version, silent)


def test_an_object_that_is_missing_is_named(
    store: Store, cache: Store, there: Path, url: str, add: Add
):
    version = add()
    push(store, Bucket(url), version, silent)
    (there / "versions" / version / INPUT_VECTORS).unlink()
    with pytest.raises(UnavailableError, match=rf"{INPUT_VECTORS} is missing: push version"):
        pull(cache, Bucket(url), version, silent)


@pytest.mark.parametrize("line", ["../../etc", "/etc", "two words", "\udcff"])
def test_a_history_with_what_is_no_version_is_refused(there: Path, url: str, line: str):
    written = line.encode(errors="surrogateescape").replace(b" ", b"\n.")
    (there / "history").write_bytes(written + b"\n")
    with pytest.raises(ArtifactError, match=r"history is damaged: write one version per line"):
        history.current(Bucket(url))


def test_an_unknown_version_is_not_pushed(store: Store, bucket: Watched, add: Add):
    add()
    with pytest.raises(InputError, match="there is no version 'v9'"):
        push(store, bucket, "v9", silent)


def test_pushing_an_earlier_version_goes_back(store: Store, bucket: Watched, add: Add):
    first, second = add(), add()
    for version in (first, second, first):
        push(store, bucket, version, silent)
        assert history.current(bucket)[0] == version


def test_old_versions_leave_the_bucket(store: Store, bucket: Watched, add: Add):
    versions = [add() for _ in range(4)]
    with pytest.raises(_LostError):  # a version that was never complete
        push(store, bucket, versions[0], lost_after(3))
    for version in versions[1:]:
        push(store, bucket, version, silent)
    assert history.prune(bucket, 2) == versions[:2]
    assert bucket.folders("versions") == versions[2:]
    assert history.current(bucket)[0] == versions[3]
    assert history.prune(bucket, 2) == []


def test_nothing_newer_than_the_current_version_leaves_the_bucket(
    store: Store, bucket: Watched, add: Add
):
    first, second = add(), add()
    for version in (first, second, first):
        push(store, bucket, version, silent)
    assert history.prune(bucket, 1) == []
    assert bucket.folders("versions") == [first, second]


@pytest.mark.usefixtures("s3")
def test_what_another_writes_at_the_same_time_is_not_lost(tmp_path: Path):
    bucket, other = (Bucket(f"s3://{NAME}/{tmp_path.name}") for _ in range(2))
    change_hidden(bucket, lambda ids: ids | {"apple"})
    interruptions = iter(["pear", "plum"])

    def interrupted(ids: frozenset[str]) -> frozenset[str]:
        if item_id := next(interruptions, None):
            change_hidden(other, lambda now: now | {item_id})
        return ids - {"apple"}

    change_hidden(bucket, interrupted)
    assert bucket.read("hidden").content == b'"pear"\n"plum"\n'
    with pytest.raises(UnavailableError, match="changed by others all the time"):
        bucket.change("hidden", lambda _: other.change("hidden", lambda now: now + b"\n") or b"")


# Hidden items


def test_the_first_push_brings_the_hidden_items_and_later_ones_leave_the_list(
    store: Store, cache: Store, bucket: Watched, add: Add
):
    version = add()
    Hidden(store.directory).hide("pear")
    push(store, bucket, version, silent)
    change_hidden(bucket, lambda ids: ids | {"plum"})
    Hidden(store.directory).show("pear")
    push(store, bucket, version, silent)
    Hidden(cache.directory).hide("apple")
    assert pull_hidden(cache, bucket) == ({"apple"}, {"pear", "plum"})
    assert Hidden(cache.directory).ids() == {"pear", "plum"}


def test_a_bucket_without_a_list_shows_nothing_again(cache: Store, bucket: Watched):
    Hidden(cache.directory).hide("apple")
    assert pull_hidden(cache, bucket) == ({"apple"}, {"apple"})
    assert Hidden(cache.directory).ids() == {"apple"}


def test_a_damaged_list_shows_nothing_again(cache: Store, there: Path, url: str):
    Hidden(cache.directory).hide("apple")
    (there / "hidden").write_text('"pear"\n"pl')
    with pytest.raises(ArtifactError, match=r"file://.*/hidden is damaged in line 2"):
        pull_hidden(cache, Bucket(url))
    with pytest.raises(ArtifactError, match=r"file://.*/hidden is damaged in line 2"):
        change_hidden(Bucket(url), lambda ids: ids)
    assert Hidden(cache.directory).ids() == {"apple"}


# What goes wrong


@pytest.mark.parametrize(
    "wrong", ["bucket/prefix", "ftp://host/x", "s3://", "s3:///x", "", "http:"]
)
def test_what_is_no_address_is_refused_with_an_example(wrong: str):
    with pytest.raises(ConfigError, match=r"not the URL of an object store.*s3://bucket/prefix"):
        Bucket(wrong)


def test_a_directory_must_be_there(tmp_path: Path):
    with pytest.raises(ConfigError, match="there is no such directory, make it first"):
        Bucket(f"file://{tmp_path}/nowhere")


def test_the_extra_to_install_is_named(monkeypatch: pytest.MonkeyPatch):
    for name in ("obstore", "obstore.store", "obstore.exceptions"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigError, match=r"pip install 'item2vec\[s3\]'"):
        Bucket("s3://shop/models")


def reason(url: str) -> str:
    """Why a bucket can be neither read nor written, twice in the same words."""
    reasons = set()
    for _ in range(2):
        with pytest.raises(UnavailableError) as read:
            Bucket(url).read("history")
        reasons.add(str(read.value))
    with pytest.raises(UnavailableError):
        Bucket(url).change("history", lambda _: b"")
    (sentence,) = reasons
    assert "\n" not in sentence
    return sentence


@pytest.mark.usefixtures("s3")
def test_a_bucket_that_is_not_there_is_named():
    assert reason("s3://nowhere/x") == "s3://nowhere/x: there is no such bucket, create it"


def test_missing_credentials_are_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:1")
    assert "no credentials: set AWS_ACCESS_KEY_ID" in reason("s3://shop/x")


def test_a_server_that_is_down_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "anybody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert reason("s3://shop/x").endswith("history cannot be read: nothing listens at its address")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (403, "AccessDenied", "the credentials do not allow it, or are wrong (AccessDenied)"),
        (400, "InvalidRequest", "read: Server returned non-2xx status code: 400 Bad Request ("),
    ],
)
def test_a_server_that_refuses_is_quoted(
    status: int, body: str, expected: str, monkeypatch: pytest.MonkeyPatch, refusing: Callable
):
    monkeypatch.setenv("AWS_ENDPOINT_URL", refusing(status, f"<Error><Code>{body}</Code></Error>"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "anybody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    sentence = reason("s3://shop/x")
    assert expected in sentence
    assert sentence.endswith(f"({body})")


@pytest.fixture
def refusing() -> Iterator[Callable[[int, str], str]]:
    """Starts a server that answers everything in the same way; returns its address."""
    servers = []

    def start(status: int, body: str) -> str:
        class Refuse(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            do_PUT = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Refuse)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.usefixtures("s3")
def test_a_large_object_goes_in_parts_and_not_at_all_if_one_fails(tmp_path: Path):
    bucket = Bucket(f"s3://{NAME}/{tmp_path.name}")
    parts = [bytes([number]) * buckets.PIECE for number in range(2)] + [b"end"]
    whole = b"".join(parts)
    bucket.write("parts/large", iter(parts), "a checksum")
    assert bucket.sizes("parts") == {"large": len(whole)}
    assert bucket.sha256("parts/large", len(whole)) == "a checksum"
    starts = range(0, len(whole), buckets.PIECE)
    assert b"".join(bucket.piece("parts/large", start) for start in starts) == whole

    def failing() -> Iterator[bytes]:
        yield from parts
        raise _LostError

    with pytest.raises(_LostError):
        bucket.write("parts/never", failing(), "a checksum")
    assert set(bucket.sizes("parts")) == {"large"}
