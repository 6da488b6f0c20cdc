"""A new version with a file that is not what was written: the one served stays."""

import http.client
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from service.model.artifact import FILES, MANIFEST, MANIFEST_CHECKSUM, NEXT_FILES, Artifact
from service.model.store import Store
from tests.chaos.services import serving
from tests.conftest import make_artifact, make_continuations, overwrite, with_voices
from tests.shell import wait_until
from tests.web.test_protocol import Service
from trainer.artifacts.neighbors import with_neighbors

REFRESHES = "item2vec_model_refreshes_total"


def build(version: str, items: int = 6) -> Artifact:
    """A model of which no file is like that of a model of another size."""
    names = [f"item-{row}" for row in range(items)]
    artifact = make_artifact(
        version,
        {name: [1.0, float(row)] for row, name in enumerate(names)},
        with_voices(make_continuations([{(row + 1) % items: 1.0} for row in range(items)])),
    )
    tags = [[f"tag-{row}"] for row in range(items)]
    titles = [f"Title of {name}" for name in names]
    described = replace(artifact, titles=titles, metadata={"tags": tags})
    return with_neighbors(described, items - 1, workers=1)


def truncated(path: Path, _: Path) -> None:
    overwrite(path, path.read_bytes()[:-1])


def flipped(path: Path, _: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x10
    overwrite(path, bytes(content))


def deleted(path: Path, _: Path) -> None:
    path.unlink()


def a_link_to_nothing(path: Path, _: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def a_link_to_another_version(path: Path, other: Path) -> None:
    path.unlink()
    path.symlink_to(other)


def a_directory(path: Path, _: Path) -> None:
    path.unlink()
    path.mkdir()


def that_of_another_version(path: Path, other: Path) -> None:
    path.unlink()
    shutil.copy(other, path)


Damage = Callable[[Path, Path], None]
# A damaged file is refused for good; one that is not there may be late, and is looked for again.
OUTCOMES: dict[Damage, str] = {
    truncated: "refused",
    flipped: "refused",
    a_link_to_another_version: "refused",
    that_of_another_version: "refused",
    deleted: "failed",
    a_link_to_nothing: "failed",
    a_directory: "failed",
}


class World:
    """A store, with a version of more items in it, and the service over it."""

    def __init__(self, store: Store, service: Service, log: Path) -> None:
        self.store = store
        self.log = log
        self.other = store.add(lambda version: build(version, items=7)).model_version
        self._service = service

    def publish(self) -> str:
        """Makes a new version current."""
        version = self.store.add(build).model_version
        self.promote_unseen(version)
        return version

    def promote_unseen(self, version: str) -> None:
        """Makes a version current without looking at it."""
        with (self.store.directory / "history").open("a") as history:
            history.write(f"{version}\n")

    def served(self) -> str:
        """The version that answers a query."""
        connection = http.client.HTTPConnection("127.0.0.1", self._service.port, timeout=10)
        try:
            connection.request("GET", "/similar/item-1")
            response = connection.getresponse()
            return str(json.loads(response.read())["model_version"])
        finally:
            connection.close()

    def outcomes(self) -> dict[str, float]:
        """How often a version was served, refused and so on."""
        lines = self._service.get("/metrics").splitlines()
        counts = [line.rsplit(" ", 1) for line in lines if line.startswith(REFRESHES)]
        return {name.split('"')[3]: float(number) for name, number in counts}

    def errors(self) -> list[str]:
        """What was logged as an error."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [line["message"] for line in lines if line["level"] == "error"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One service for all damages."""
    directory = tmp_path_factory.mktemp("damage")
    store, log = Store(directory / "models"), directory / "log"
    store.promote(store.add(build).model_version)
    with serving(store.directory, log) as service:
        yield World(store, service, log)


@pytest.mark.parametrize("name", [*FILES, *NEXT_FILES, MANIFEST, MANIFEST_CHECKSUM])
@pytest.mark.parametrize("damage", OUTCOMES)
def test_a_damaged_version_is_named_once_and_the_next_good_one_is_served(
    world: World, damage: Damage, name: str
):
    outcome = OUTCOMES[damage]
    good = world.served()
    before, errors = world.outcomes().get(outcome, 0), len(world.errors())

    version = world.store.add(build).model_version
    damage(world.store.path(version) / name, world.store.path(world.other) / name)
    world.promote_unseen(version)
    wait_until(lambda: world.outcomes().get(outcome, 0) > before, "the damage to be seen")

    assert world.served() == good
    [said] = world.errors()[errors:]
    assert (version in said, good in said, name in said) == (True, True, True)
    next_good = world.publish()
    wait_until(lambda: world.served() == next_good, "the next good version")
    assert len(world.errors()) == errors + 1
    if outcome == "refused":
        assert world.outcomes()[outcome] == before + 1
