import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest

from service import artifact as artifacts
from service.artifact import (
    COSINE_INDEX,
    COUNTS,
    FILES,
    INPUT_VECTORS,
    ITEMS,
    MANIFEST,
    NEXT_FILES,
    OUTPUT_VECTORS,
    TABLE,
    TABLE_OFFSETS,
    TABLE_SCORES,
    load,
    read_manifest,
    save,
    unit,
    verify,
)
from service.errors import ArtifactError
from tests.conftest import (
    fruits_and_tools,
    make_artifact,
    make_artifact_with_next,
)
from trainer.config import IndexConfig
from trainer.index import cosine_index


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """The directory of a saved fruit-and-tool model, which knows what comes next."""
    save(make_artifact_with_next(), tmp_path / "v1")
    return tmp_path / "v1"


def edit_manifest(directory: Path, **changes: Any) -> None:
    content = json.loads((directory / MANIFEST).read_text())
    (directory / MANIFEST).write_text(json.dumps(content | changes))


def put(directory: Path, name: str, content: bytes) -> None:
    """Replaces a file and makes the manifest agree with it."""
    (directory / name).write_bytes(content)
    sha256 = {**read_manifest(directory).sha256, name: hashlib.sha256(content).hexdigest()}
    edit_manifest(directory, sha256=sha256)


def test_what_is_saved_is_what_is_loaded(tmp_path: Path):
    artifact = make_artifact()
    manifest = save(artifact, tmp_path / "v1")
    loaded = load(tmp_path / "v1")
    assert loaded.manifest == manifest
    assert loaded.manifest.model_copy(update={"sha256": {}}) == artifact.manifest
    assert loaded.item_ids == artifact.item_ids
    assert loaded.titles == artifact.titles
    assert loaded.metadata == artifact.metadata
    np.testing.assert_array_equal(loaded.counts, artifact.counts)
    np.testing.assert_array_equal(loaded.input_vectors, artifact.input_vectors)
    np.testing.assert_array_equal(loaded.output_vectors, artifact.output_vectors)
    stored = loaded.cosine_index.reconstruct_n(0, 6)
    np.testing.assert_array_equal(stored, unit(artifact.input_vectors))


def test_ids_and_titles_keep_every_character(tmp_path: Path):
    odd = ["a/b", "100 %", 'quo"te', "näive ☕", "line\nbreak", "\x00"]
    save(replace(make_artifact(), item_ids=odd, titles=odd), tmp_path / "v1")
    loaded = load(tmp_path / "v1")
    assert (loaded.item_ids, loaded.titles) == (odd, odd)


def test_metadata_without_a_number_is_loaded(tmp_path: Path):
    values = [float("nan"), float("inf"), None, 1, "one", {"nested": [1]}]
    save(replace(make_artifact(), metadata={"mixed": values}), tmp_path / "v1")
    assert repr(load(tmp_path / "v1").metadata["mixed"]) == repr(values)


def test_an_hnsw_index_survives_the_round_trip(tmp_path: Path):
    artifact = make_artifact()
    index = cosine_index(artifact.input_vectors, IndexConfig(search="hnsw"))
    save(replace(artifact, cosine_index=index), tmp_path / "v1")
    loaded = load(tmp_path / "v1").cosine_index
    assert isinstance(loaded, faiss.IndexHNSW)
    query = unit(artifact.input_vectors[:1])
    for found, expected in zip(loaded.search(query, 6), index.search(query, 6), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", ["counts", "input_vectors", "output_vectors"])
def test_loaded_arrays_are_mapped_and_cannot_be_changed(saved: Path, name: str):
    array = getattr(load(saved), name)
    assert isinstance(array, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1


def test_a_checksum_is_written_for_every_file(saved: Path):
    sha256 = verify(saved).sha256
    assert sorted(sha256) == sorted([*FILES, *NEXT_FILES])
    assert sha256[ITEMS] == hashlib.sha256((saved / ITEMS).read_bytes()).hexdigest()


def truncated(content: bytes) -> bytes:
    return content[:-1]


def emptied(_: bytes) -> bytes:
    return b""


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0x80]) + content[middle + 1 :]


@pytest.mark.parametrize("damage", [truncated, emptied, flipped])
@pytest.mark.parametrize("name", [*FILES, *NEXT_FILES, MANIFEST])
def test_a_damaged_file_is_refused_by_name(
    saved: Path, name: str, damage: Callable[[bytes], bytes]
):
    (saved / name).write_bytes(damage((saved / name).read_bytes()))
    with pytest.raises(ArtifactError, match=name):
        load(saved)


@pytest.mark.parametrize("name", [*FILES, *NEXT_FILES, MANIFEST])
def test_a_missing_file_is_refused_by_name(saved: Path, name: str):
    (saved / name).unlink()
    with pytest.raises(ArtifactError, match=name):
        load(saved)


@pytest.mark.parametrize("name", [*FILES, *NEXT_FILES])
def test_a_file_without_a_checksum_is_refused_by_name(saved: Path, name: str):
    sha256 = {**read_manifest(saved).sha256}
    del sha256[name]
    edit_manifest(saved, sha256=sha256)
    with pytest.raises(ArtifactError, match=name):
        load(saved)


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_model_is_refused_by_name(saved: Path, tmp_path: Path, name: str):
    save(make_artifact(vectors={"apple": [1.0, 0.0, 0.0], "saw": [0, 1, 0]}), tmp_path / "other")
    put(saved, name, (tmp_path / "other" / name).read_bytes())
    with pytest.raises(ArtifactError, match=name):
        load(saved)


@pytest.mark.parametrize("name", [*FILES, *NEXT_FILES])
def test_nonsense_with_a_right_checksum_is_refused_by_name(saved: Path, name: str):
    for content in (b"", b"{}", (saved / name).read_bytes()[:-8]):
        put(saved, name, content)
        with pytest.raises(ArtifactError, match=name):
            load(saved)


@pytest.mark.parametrize(
    "items",
    [
        {"item_id": list("abcdef"), "title": [None] * 5, "metadata": {}},
        {"item_id": list("abcdef"), "title": [None] * 6, "metadata": {"kind": ["x"]}},
        {"item_id": ["a", "b", "c", "d", "e", 6], "title": [None] * 6, "metadata": {}},
        {"item_id": "abcdef", "title": [None] * 6, "metadata": {}},
        {"item_id": 6, "title": [None] * 6, "metadata": {}},
        {"item_id": list("abcdef"), "title": [None] * 6, "metadata": ["kind"]},
        {"item_id": list("abcdef"), "title": [None] * 6},
        ["abcdef"],
    ],
)
def test_items_that_are_no_columns_of_one_length_are_refused(saved: Path, items: Any):
    put(saved, ITEMS, json.dumps(items).encode())
    with pytest.raises(ArtifactError, match=ITEMS):
        load(saved)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        (COUNTS, np.ones(6, np.float64)),
        (INPUT_VECTORS, np.ones((6, 2), np.float64)),
        (OUTPUT_VECTORS, np.ones(12, np.float32)),
    ],
)
def test_an_array_of_another_type_is_refused(saved: Path, name: str, array: np.ndarray):
    np.save(saved / name, array)
    put(saved, name, (saved / name).read_bytes())
    with pytest.raises(ArtifactError, match=f"{name} holds {array.dtype} .* was expected"):
        load(saved)


# What comes next


def test_what_comes_next_is_saved_and_loaded(tmp_path: Path):
    expected = fruits_and_tools()
    manifest = save(make_artifact(continuations=expected), tmp_path / "v1")
    assert manifest.next == expected.settings

    loaded = load(tmp_path / "v1")

    assert loaded.manifest == manifest
    found = loaded.continuations
    assert found is not None
    assert found.settings == expected.settings
    np.testing.assert_array_equal(found.scores, expected.scores)
    for part in ("rows", "offsets"):
        array = getattr(found.table, part)
        np.testing.assert_array_equal(array, getattr(expected.table, part))
        assert isinstance(array, np.memmap)
        assert not array.flags.writeable


def test_a_model_that_does_not_know_what_comes_next_has_no_files_of_it(tmp_path: Path):
    manifest = save(make_artifact(), tmp_path / "v1")
    assert manifest.next is None
    assert sorted(manifest.sha256) == sorted(FILES)
    assert not (tmp_path / "v1" / TABLE).exists()
    assert load(tmp_path / "v1").continuations is None


def test_a_manifest_from_before_there_was_next_is_read(tmp_path: Path):
    save(make_artifact(), tmp_path / "v1")
    content = json.loads((tmp_path / "v1" / MANIFEST).read_text())
    del content["next"]
    (tmp_path / "v1" / MANIFEST).write_text(json.dumps(content))
    assert load(tmp_path / "v1").continuations is None


@pytest.mark.parametrize(
    ("name", "array"),
    [
        (TABLE, np.zeros(6, np.int64)),
        (TABLE, np.zeros(5, np.int32)),
        (TABLE_OFFSETS, np.zeros(6, np.int64)),
        (TABLE_OFFSETS, np.zeros(0, np.int64)),
        (TABLE_OFFSETS, np.zeros((7, 1), np.int64)),
        (TABLE_SCORES, np.zeros(6, np.float64)),
        (TABLE_SCORES, np.zeros(5, np.float32)),
    ],
)
def test_lists_of_another_shape_are_refused_by_name(saved: Path, name: str, array: np.ndarray):
    np.save(saved / name, array)
    put(saved, name, (saved / name).read_bytes())
    with pytest.raises(ArtifactError, match=rf"{name} holds {array.dtype} .* was expected"):
        load(saved)


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        (TABLE_OFFSETS, {0: 1}, "does not rise from 0"),
        (TABLE_OFFSETS, {1: 4}, "does not rise from 0"),
        (TABLE, {3: 6}, "rows that are not in 0 to 5"),
        (TABLE, {3: -1}, "rows that are not in 0 to 5"),
    ],
)
def test_lists_that_lead_nowhere_are_refused_by_name(
    saved: Path, name: str, change: dict[int, int], why: str
):
    array = np.load(saved / name)
    array[list(change)] = list(change.values())
    np.save(saved / name, array)
    put(saved, name, (saved / name).read_bytes())
    with pytest.raises(ArtifactError, match=f"{name} .*{why}"):
        load(saved)


def test_an_index_must_hold_every_item(saved: Path):
    index = cosine_index(make_artifact().input_vectors[:5], IndexConfig())
    put(saved, COSINE_INDEX, faiss.serialize_index(index).tobytes())
    with pytest.raises(ArtifactError, match=rf"{COSINE_INDEX} holds vectors \(5, 2\)"):
        load(saved)


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_format_version_is_refused(saved: Path, version: Any):
    edit_manifest(saved, format_version=version)
    with pytest.raises(ArtifactError, match=f"{MANIFEST} has format version {version}.*reads 1"):
        load(saved)


@pytest.mark.parametrize("content", ["[]", "null", "{}", '{"format_version": 1}', "no json"])
def test_a_manifest_that_is_none_is_refused(saved: Path, content: str):
    (saved / MANIFEST).write_text(content)
    with pytest.raises(ArtifactError, match=MANIFEST):
        read_manifest(saved)


def test_a_save_that_fails_leaves_nothing_under_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(artifacts.faiss, "write_index", full)
        with pytest.raises(OSError, match="disk full"):
            save(make_artifact(), tmp_path / "v1")
    assert [path.name for path in tmp_path.iterdir()] == [".partial-v1"]

    save(make_artifact(), tmp_path / "v1")
    assert [path.name for path in tmp_path.iterdir()] == ["v1"]


def test_a_saved_artifact_is_never_overwritten(saved: Path):
    with pytest.raises(OSError, match="not empty"):
        save(make_artifact("v2"), saved)
    assert load(saved).manifest.model_version == "v1"


def test_unit_vectors_have_length_one_and_a_zero_vector_stays_zero():
    vectors = np.array([[3, 4], [0, 0], [0, -2]], np.float32)
    units = unit(vectors)
    np.testing.assert_allclose(units, [[0.6, 0.8], [0, 0], [0, -1]])
    assert units.dtype == np.float32
    np.testing.assert_array_equal(vectors, [[3, 4], [0, 0], [0, -2]])  # not normalised in place
    np.testing.assert_allclose(unit(np.array([0, 5], np.float32)), [0, 1])
