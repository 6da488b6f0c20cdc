import errno
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest

from service.model import reader
from service.model.artifact import (
    COLUMN_CODES,
    COLUMN_LISTS,
    COLUMN_LISTS_OFFSETS,
    COLUMN_NUMBERS,
    COLUMN_TEXTS,
    COLUMN_TEXTS_OFFSETS,
    COSINE_INDEX,
    COUNTS,
    FILES,
    FORMAT_VERSION,
    ID_HASHES,
    ID_ROWS,
    INPUT_VECTORS,
    ITEM_IDS,
    ITEM_IDS_OFFSETS,
    MANIFEST,
    MANIFEST_CHECKSUM,
    METADATA,
    METADATA_OFFSETS,
    NEXT_FILES,
    OLDEST_FORMAT_VERSION,
    OUTPUT_VECTORS,
    RECENT_COUNTS,
    SEQUENCES,
    SEQUENCES_FILES,
    SEQUENCES_KEYS,
    SEQUENCES_OFFSETS,
    SEQUENCES_SHARES,
    TABLE,
    TABLE_OFFSETS,
    TABLE_SCORES,
    TITLES,
    TITLES_MISSING,
    TITLES_OFFSETS,
    WITHOUT_SEQUENCES,
)
from service.model.errors import ArtifactError, UnavailableError
from service.model.reader import load, read_manifest
from service.model.recommender import Recommender
from service.model.similarity import unit
from service.model.voices import VOICES
from service.model.writer import save
from tests.conftest import (
    make_artifact,
    make_artifact_with_next,
    make_artifact_with_voices,
    overwrite,
    plain_index,
    quantized_artifact,
    quantized_index,
)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """The directory of a saved fruit-and-tool model, which has a file of every name."""
    metadata = {
        "kind": ["fruit", "fruit", "fruit", "tool", "tool", "tool"],
        "price": [0.5, None, 0.3, 9, 7, 30],
        "tags": [["sweet"], ["sweet", "soft"], [], None, ["steel", "wood"], ["steel"]],
    }
    save(replace(make_artifact_with_voices(), metadata=metadata), tmp_path / "v1")
    return tmp_path / "v1"


def edit_manifest(directory: Path, **changes: Any) -> None:
    content = json.loads((directory / MANIFEST).read_text())
    put_manifest(directory, json.dumps(content | changes).encode())


def put_manifest(directory: Path, content: bytes) -> None:
    """Replaces the manifest and its checksum."""
    overwrite(directory / MANIFEST, content)
    line = f"{hashlib.sha256(content).hexdigest()}  {MANIFEST}\n"
    overwrite(directory / MANIFEST_CHECKSUM, line.encode())


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def put(directory: Path, name: str, content: bytes) -> None:
    """Replaces a file and makes the manifest agree with it."""
    overwrite(directory / name, content)
    sha256 = {**read_manifest(directory).sha256, name: hashlib.sha256(content).hexdigest()}
    edit_manifest(directory, sha256=sha256)


@pytest.mark.parametrize("large", [True, False])
@pytest.mark.parametrize("name", ["counts", "input_vectors", "output_vectors"])
def test_large_arrays_are_mapped_and_none_can_be_changed(
    saved: Path, name: str, large: bool, monkeypatch: pytest.MonkeyPatch
):
    if large:
        monkeypatch.setattr(reader, "COPIED_BYTES", 0)
    array = getattr(load(saved), name)
    assert isinstance(array.base, np.memmap) == large
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1


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
    overwrite(saved / name, damage((saved / name).read_bytes()))
    with pytest.raises(ArtifactError, match=name):
        load(saved)


@pytest.mark.parametrize("name", [*FILES, *NEXT_FILES, MANIFEST, MANIFEST_CHECKSUM])
def test_a_missing_file_may_be_late(saved: Path, name: str):
    content = (saved / name).read_bytes()
    (saved / name).unlink()
    with pytest.raises(UnavailableError, match=f"{name} cannot be read: No such file"):
        load(saved)
    overwrite(saved / name, content)
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
    other = tmp_path / "other" / "v1"
    save(make_artifact(vectors={"apple": [1.0, 0.0, 0.0], "saw": [0, 1, 0]}), other)
    put(saved, name, (other / name).read_bytes())
    with pytest.raises(ArtifactError, match=name):
        load(saved)


@pytest.mark.parametrize("name", [*FILES, *NEXT_FILES])
def test_nonsense_with_a_right_checksum_is_refused_by_name(saved: Path, name: str):
    for content in (b"", b"{}", (saved / name).read_bytes()[:-8]):
        put(saved, name, content)
        with pytest.raises(ArtifactError, match=name):
            load(saved)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        (ITEM_IDS, np.zeros(27, np.int8)),
        (ITEM_IDS, np.zeros(26, np.uint8)),
        (ITEM_IDS_OFFSETS, np.zeros(7, np.float64)),
        (ITEM_IDS_OFFSETS, np.array(7)),
        (ITEM_IDS_OFFSETS, np.zeros(6, np.int64)),
        (ID_HASHES, np.zeros(6, np.int64)),
        (ID_ROWS, np.zeros(6, np.int64)),
        (TITLES, np.zeros((18, 1), np.uint8)),
        (TITLES_MISSING, np.zeros(6, np.uint8)),
        (TITLES_MISSING, np.zeros(5, np.bool_)),
        (METADATA_OFFSETS, np.zeros(25, np.int64)),
        (COLUMN_NUMBERS, np.zeros((1, 6), np.float32)),
        (COLUMN_NUMBERS, np.zeros((2, 6), np.float64)),
        (COLUMN_CODES, np.zeros((2, 6), np.int64)),
        (COLUMN_CODES, np.zeros((1, 6), np.int32)),
        (COLUMN_LISTS, np.zeros(7, np.int64)),
        (COLUMN_LISTS, np.zeros(6, np.int32)),
        (COLUMN_LISTS_OFFSETS, np.zeros(7, np.int32)),
        (COLUMN_LISTS_OFFSETS, np.zeros(6, np.int64)),
        (COLUMN_TEXTS, np.zeros(43, np.int8)),
        (COLUMN_TEXTS, np.zeros(42, np.uint8)),
        (COLUMN_TEXTS_OFFSETS, np.zeros(9, np.int64)),
        (COLUMN_TEXTS_OFFSETS, np.zeros(0, np.int64)),
        (COUNTS, np.ones(6, np.float64)),
        (INPUT_VECTORS, np.ones((6, 2), np.float64)),
        (OUTPUT_VECTORS, np.ones(12, np.float32)),
    ],
)
def test_an_array_of_another_type_is_refused(saved: Path, name: str, array: np.ndarray):
    put(saved, name, npy(array))
    with pytest.raises(ArtifactError, match=f"{name} holds {array.dtype} .* was expected"):
        load(saved)


def test_a_manifest_from_before_there_was_next_is_read(tmp_path: Path):
    save(make_artifact(), tmp_path / "v1")
    content = json.loads((tmp_path / "v1" / MANIFEST).read_text())
    del content["next"]
    put_manifest(tmp_path / "v1", json.dumps(content).encode())
    assert load(tmp_path / "v1").continuations is None


@pytest.mark.parametrize(
    ("name", "array"),
    [
        (TABLE, np.zeros(6, np.int64)),
        (TABLE, np.zeros(5, np.int32)),
        (TABLE_OFFSETS, np.zeros(6, np.int64)),
        (TABLE_OFFSETS, np.zeros(0, np.int64)),
        (TABLE_OFFSETS, np.zeros((7, 1), np.int64)),
        (TABLE_OFFSETS, np.full(7, np.nan)),
        (TABLE_OFFSETS, np.full(7, "many")),
        (TABLE_OFFSETS, np.zeros(7, "datetime64[s]")),
        (TABLE_OFFSETS, np.zeros(7, [("from", np.int64)])),
        (TABLE_SCORES, np.zeros(6, np.float64)),
        (TABLE_SCORES, np.zeros(5, np.float32)),
        (SEQUENCES_KEYS, np.arange(18, dtype=np.int32)),
        (SEQUENCES_KEYS, np.zeros((18, 1), np.int64)),
        (SEQUENCES_KEYS, np.array(7)),
        (SEQUENCES_OFFSETS, np.zeros(18, np.int64)),
        (SEQUENCES_OFFSETS, np.zeros(0, np.int64)),
        (SEQUENCES_OFFSETS, np.full(19, np.nan)),
        (SEQUENCES, np.zeros(18, np.int64)),
        (SEQUENCES, np.zeros(17, np.int32)),
        (SEQUENCES_SHARES, np.zeros(18, np.float64)),
        (SEQUENCES_SHARES, np.zeros(19, np.float32)),
        (RECENT_COUNTS, np.zeros(6, np.int64)),
        (RECENT_COUNTS, np.zeros(5, np.int32)),
        (RECENT_COUNTS, np.zeros(0, np.int32)),
        (RECENT_COUNTS, np.zeros((6, 1), np.int32)),
        (RECENT_COUNTS, np.array(7, np.int32)),
    ],
)
def test_lists_of_another_shape_are_refused_by_name(saved: Path, name: str, array: np.ndarray):
    put(saved, name, npy(array))
    with pytest.raises(
        ArtifactError, match=rf"{name} holds {re.escape(str(array.dtype))} .* was expected"
    ):
        load(saved)


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        (ITEM_IDS_OFFSETS, {0: 1}, "does not rise from 0"),
        (ITEM_IDS_OFFSETS, {1: -1}, "does not rise from 0"),
        (TITLES_OFFSETS, {1: 14}, "does not rise from 0"),
        (METADATA_OFFSETS, {6: 5}, "does not rise from 0"),
        (ITEM_IDS, {3: 0xFF}, "not UTF-8"),
        (TITLES, {3: 0x80}, "not UTF-8"),
        (METADATA, {3: 0xC3}, "not UTF-8"),
        (COLUMN_CODES, {(1, 0): -2}, "codes below -1"),
        (COLUMN_LISTS, {0: -2}, "codes below -1"),
        (COLUMN_LISTS_OFFSETS, {0: 1}, "does not rise from 0"),
        (COLUMN_LISTS_OFFSETS, {2: 0}, "does not rise from 0"),
        (COLUMN_TEXTS_OFFSETS, {2: 0}, "does not rise from 0"),
        (COLUMN_TEXTS, {3: 0x80}, "not UTF-8"),
        (COLUMN_TEXTS, {0: ord("z")}, "do not ascend"),
        (ID_HASHES, {5: 0}, "do not ascend"),
        (ID_HASHES, {5: 2**64 - 1}, "of other ids"),
        (ID_ROWS, {0: 6}, "not name every row once"),
        (ID_ROWS, {0: -1}, "not name every row once"),
        (ID_ROWS, {0: 3, 1: 3}, "not name every row once"),
        (TABLE_OFFSETS, {0: 1}, "does not rise from 0"),
        (TABLE_OFFSETS, {1: 4}, "does not rise from 0"),
        (TABLE, {3: 6}, "rows that are not in 0 to 5"),
        (TABLE, {3: -1}, "rows that are not in 0 to 5"),
        (TABLE_SCORES, {0: -0.5}, "negative or not finite"),
        (TABLE_SCORES, {5: np.nan}, "negative or not finite"),
        (TABLE_SCORES, {5: np.inf}, "negative or not finite"),
        (SEQUENCES_KEYS, {0: -1}, "keys that are not in 0 to 107"),
        (SEQUENCES_KEYS, {17: 108}, "keys that are not in 0 to 107"),
        (SEQUENCES_KEYS, {3: 2}, "do not ascend"),
        (SEQUENCES_KEYS, {0: 4}, "do not ascend"),
        (SEQUENCES_OFFSETS, {0: 1}, "does not rise from 0"),
        (SEQUENCES_OFFSETS, {1: 4}, "does not rise from 0"),
        (SEQUENCES_OFFSETS, {1: -1}, "does not rise from 0"),
        (SEQUENCES, {3: 6}, "rows that are not in 0 to 5"),
        (SEQUENCES, {3: -1}, "rows that are not in 0 to 5"),
        (SEQUENCES_SHARES, {0: -0.5}, "shares that are not in 0 to 1"),
        (SEQUENCES_SHARES, {0: 1.5}, "shares that are not in 0 to 1"),
        (SEQUENCES_SHARES, {5: np.nan}, "shares that are not in 0 to 1"),
        (SEQUENCES_SHARES, {5: np.inf}, "shares that are not in 0 to 1"),
        (RECENT_COUNTS, {2: -1}, "counts below 0"),
        (COUNTS, {5: 0}, "counts below 1"),
        (COUNTS, {0: -1}, "counts below 1"),
        (INPUT_VECTORS, {2: np.nan}, "not finite"),
        (INPUT_VECTORS, {2: -np.inf}, "not finite"),
        (OUTPUT_VECTORS, {0: np.inf}, "not finite"),
    ],
)
def test_numbers_that_mean_nothing_are_refused_by_name(
    saved: Path, name: str, change: dict[Any, int], why: str
):
    array = np.load(saved / name)
    for place, value in change.items():
        array[place] = value
    put(saved, name, npy(array))
    with pytest.raises(ArtifactError, match=f"{name} .*{why}"):
        load(saved)


def test_an_index_must_hold_every_item(saved: Path):
    index = plain_index(make_artifact().input_vectors[:5])
    put(saved, COSINE_INDEX, faiss.serialize_index(index).tobytes())
    with pytest.raises(ArtifactError, match=rf"{COSINE_INDEX} holds vectors \(5, 3\)"):
        load(saved)


@pytest.mark.parametrize(
    ("version", "why"),
    [
        (
            OLDEST_FORMAT_VERSION - 1,
            "written by an older release .format 3.*reads formats 4 to 8: train again",
        ),
        (
            FORMAT_VERSION + 1,
            "written by a newer release .format 9.*reads formats 4 to 8: upgrade",
        ),
        (str(FORMAT_VERSION), "format_version: Input should be a valid integer"),
        (True, "format_version: Input should be a valid integer"),
        (None, "format_version: Input should be a valid integer"),
    ],
)
def test_another_format_version_is_refused_with_what_to_do(saved: Path, version: Any, why: str):
    edit_manifest(saved, format_version=version, invented_later={})
    with pytest.raises(ArtifactError, match=f"{MANIFEST} .*{why}"):
        load(saved)


def test_a_version_from_before_vector_spaces_is_read_as_a_space_of_its_own(saved: Path):
    manifest = json.loads((saved / MANIFEST).read_text())
    for later in ("vector_space_id", "alignment", "drift"):
        del manifest[later]
    del manifest["next"]["logit"]
    put_manifest(saved, json.dumps(manifest | {"format_version": 4}).encode())
    assert load(saved).manifest.vector_space == "v1"


@pytest.mark.parametrize("version", range(OLDEST_FORMAT_VERSION, WITHOUT_SEQUENCES + 1))
def test_a_version_from_before_there_were_voices_answers_by_its_table(tmp_path: Path, version: int):
    save(make_artifact_with_next(), tmp_path / "v1")
    for name in SEQUENCES_FILES:
        (tmp_path / "v1" / name).unlink()
    manifest = json.loads((tmp_path / "v1" / MANIFEST).read_text())
    for later in ("logit", "fit"):
        del manifest["next"][later]
    sha256 = {name: one for name, one in manifest["sha256"].items() if name not in SEQUENCES_FILES}
    manifest |= {"format_version": version, "sha256": sha256}
    put_manifest(tmp_path / "v1", json.dumps(manifest).encode())
    answer = Recommender(load(tmp_path / "v1")).recommend(["apple"], relation="next").neighbors
    assert [(one.item_id, one.score) for one in answer] == [("hammer", 0.75), ("pear", 0.25)]


def test_a_version_from_before_there_were_maps_has_none(tmp_path: Path):
    save(make_artifact_with_next(), tmp_path / "v1")
    manifest = json.loads((tmp_path / "v1" / MANIFEST).read_text())
    del manifest["map"]
    put_manifest(tmp_path / "v1", json.dumps(manifest | {"format_version": 7}).encode())
    assert load(tmp_path / "v1").map is None


@pytest.mark.parametrize("copied", [0, reader.COPIED_BYTES])
def test_a_table_alone_has_no_sequences_and_is_read_all_the_same(
    tmp_path: Path, copied: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reader, "COPIED_BYTES", copied)
    save(make_artifact_with_next(), tmp_path / "v1")
    next_ = load(tmp_path / "v1").continuations
    assert next_ is not None
    assert [len(one) for one in (*next_.sequences, next_.recent)] == [0, 1, 0, 0, 0]


def edit_logit(directory: Path, **changes: Any) -> None:
    next_ = json.loads((directory / MANIFEST).read_text())["next"]
    edit_manifest(directory, next=next_ | {"logit": next_["logit"] | changes})


@pytest.mark.parametrize(
    ("names", "which"),
    [
        ([*VOICES[1:], "moon"], f"moon, {VOICES[0]}"),
        ([*VOICES[1:], VOICES[0]], f"{VOICES[1]}, .*{VOICES[0]}"),
    ],
)
def test_weights_of_other_voices_are_refused_with_what_to_do(
    saved: Path, names: list[str], which: str
):
    edit_logit(saved, names=names)
    with pytest.raises(
        ArtifactError, match=f"{MANIFEST} ranks .*other voices.*{which}.*train again"
    ):
        load(saved)


@pytest.mark.parametrize("weight", ["NaN", "Infinity", "-Infinity", "1e31", "1e400", "null", '"1"'])
@pytest.mark.parametrize("place", ["voices", "others"])
def test_weights_that_are_no_numbers_are_refused(saved: Path, place: str, weight: str):
    rows = {"voices": [[0.0] * len(VOICES)], "others": [[0.0] * 3]}
    rows[place][0][1] = 12345.0
    edit_logit(saved, unseen=rows)
    content = (saved / MANIFEST).read_bytes()
    put_manifest(saved, content.replace(b"12345.0", weight.encode()))
    with pytest.raises(ArtifactError, match=f"{MANIFEST} is damaged: next.logit.unseen.{place}"):
        load(saved)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"lengths": []}, "lengths"),
        ({"lengths": [1, 2]}, "every class of length needs weights"),
        ({"lengths": [2]}, "the lengths must rise from 1"),
        ({"names": list(VOICES[1:])}, "every voice needs a weight"),
        ({"candidates": {"newest": 0}}, "candidates.newest"),
        ({"invented": 1}, "invented"),
    ],
)
def test_weights_that_do_not_fit_together_are_refused(
    saved: Path, change: dict[str, Any], why: str
):
    edit_logit(saved, **change)
    with pytest.raises(ArtifactError, match=f"{MANIFEST} is damaged: next.logit.*{why}"):
        load(saved)


@pytest.mark.parametrize(
    "content", ["[]", "null", "{}", f'{{"format_version": {FORMAT_VERSION}}}', "no json"]
)
def test_a_manifest_that_is_none_is_refused_in_one_line(saved: Path, content: str):
    put_manifest(saved, content.encode())
    with pytest.raises(ArtifactError, match=f"^.*{MANIFEST} is damaged.*$") as raised:
        read_manifest(saved)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("items", "6"),
        ("items", 6.0),
        ("items", 0),
        ("vector_size", True),
        ("output", "trees"),
        ("output", None),
        ("created", 1.5),
        ("created", "2026-01-02T03:04:05"),
        ("next", {"decay": "0.5"}),
        ("metadata", {"kind": "texts"}),
        ("verdict", None),
        ("invented", 1),
    ],
)
def test_a_field_that_is_not_what_was_written_is_refused_by_name(
    saved: Path, field: str, value: Any
):
    edit_manifest(saved, **{field: value})
    with pytest.raises(ArtifactError, match=rf"{MANIFEST} is damaged: {field}"):
        load(saved)


@pytest.mark.parametrize("depth", [400, 3_000, 100_000])
def test_a_manifest_nested_too_deep_is_refused(saved: Path, depth: int):
    deep = b"[" * depth + b"]" * depth
    content = (saved / MANIFEST).read_bytes()
    put_manifest(saved, content.replace(b'"config": {', b'"config": {"deep": ' + deep))
    with pytest.raises(ArtifactError, match=f"{MANIFEST} is damaged"):
        load(saved)


@pytest.mark.parametrize(
    "version", ["a\r\nSet-Cookie: b", "a\n", "é", "", "..", ".v1", "a/b", "v" * 101]
)
def test_a_version_that_is_no_safe_name_is_refused(saved: Path, version: str):
    edit_manifest(saved, model_version=version)
    with pytest.raises(ArtifactError, match=f"{MANIFEST} is damaged: model_version"):
        load(saved)


def test_every_single_bit_of_the_manifest_counts(saved: Path):
    content = (saved / MANIFEST).read_bytes()
    for place in range(len(content)):
        flip = bytes([content[place] ^ 1])
        overwrite(saved / MANIFEST, content[:place] + flip + content[place + 1 :])
        with pytest.raises(ArtifactError, match=MANIFEST):
            read_manifest(saved)


def test_a_directory_that_bears_another_name_is_refused(saved: Path):
    copy = saved.with_name("backup")
    shutil.copytree(saved, copy)
    with pytest.raises(ArtifactError, match=r"backup holds version v1.*rename"):
        load(copy)
    load(saved)


# Content that no checksum covers


ROWS = np.column_stack([unit(make_artifact().input_vectors), np.zeros(6, np.float32)])


def filled(index: faiss.Index, vectors: np.ndarray | None = None) -> faiss.Index:
    index.add(ROWS if vectors is None else vectors)
    return index


NANS = np.full((6, 3), np.nan, np.float32)
WRONG_INDEXES = {
    "distances": (lambda: filled(faiss.IndexFlatL2(3)), "IndexFlatL2 of metric 1, not IndexFlatIP"),
    "a graph": (
        lambda: filled(faiss.IndexHNSWFlat(3, 8, faiss.METRIC_INNER_PRODUCT)),
        "IndexHNSWFlat of metric 0, not IndexFlatIP",
    ),
    "an approximation": (
        lambda: filled(faiss.IndexScalarQuantizer(3, faiss.ScalarQuantizer.QT_fp16)),
        "IndexScalarQuantizer of metric 1, not IndexFlatIP",
    ),
    "no numbers": (lambda: filled(faiss.IndexFlatIP(3), NANS), "vectors that are not finite"),
}


@pytest.mark.parametrize("wrong", WRONG_INDEXES)
def test_an_index_that_would_answer_nonsense_is_refused(saved: Path, wrong: str):
    build, why = WRONG_INDEXES[wrong]
    put(saved, COSINE_INDEX, faiss.serialize_index(build()).tobytes())
    with pytest.raises(ArtifactError, match=f"{COSINE_INDEX} .*{why}"):
        load(saved)


def narrow(index: faiss.Index) -> None:
    other = quantized_index(np.eye(40, 2, dtype=np.float32)[:, :1])
    replace_codes(index, other.base_index)


def replace_codes(index: faiss.Index, codes: faiss.Index) -> None:
    codes = faiss.clone_index(codes)
    codes.this.disown()
    index.base_index = codes


def few(index: faiss.Index) -> None:
    index.base_index.ntotal = 39


def cut_short(index: faiss.Index) -> None:
    faiss.downcast_index(index.base_index).codes.resize(32)


def no_numbers(index: faiss.Index) -> None:
    centroids = faiss.downcast_index(index.base_index).pq.centroids
    faiss.copy_array_to_vector(np.full(centroids.size(), np.nan, np.float32), centroids)


def other_codes(index: faiss.Index) -> None:
    rows = faiss.downcast_index(index.refine_index).reconstruct_n(0, 40)
    replace_codes(index, filled(faiss.IndexFlatIP(3), rows))


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (narrow, "holds codes "),
        (few, "holds items 39 where items 40 was expected"),
        (cut_short, "holds codes 32 where codes 128 was expected"),
        (no_numbers, "holds centroids that are not finite"),
        (other_codes, "has codes of IndexFlatIP, not IndexPQFastScan"),
    ],
)
def test_codes_that_would_crash_a_search_are_refused(
    tmp_path: Path, damage: Callable[[faiss.Index], None], why: str
):
    artifact = quantized_artifact()
    save(artifact, tmp_path / "v1")
    damage(artifact.cosine_index)
    put(tmp_path / "v1", COSINE_INDEX, faiss.serialize_index(artifact.cosine_index).tobytes())
    with pytest.raises(ArtifactError, match=f"{COSINE_INDEX} {why}"):
        load(tmp_path / "v1")


def test_an_index_with_ids_of_its_own_is_refused(saved: Path):
    index = faiss.IndexIDMap(faiss.IndexFlatIP(3))
    index.add_with_ids(ROWS, np.arange(100, 106))
    put(saved, COSINE_INDEX, faiss.serialize_index(index).tobytes())
    with pytest.raises(ArtifactError, match=f"{COSINE_INDEX} is IndexIDMap.* not IndexFlatIP"):
        load(saved)


def test_an_item_named_twice_is_refused(tmp_path: Path):
    names = ["apple", "pear", "plum", "hammer", "saw", "apple"]
    save(replace(make_artifact(), item_ids=names), tmp_path / "v1")
    with pytest.raises(ArtifactError, match=f"{ITEM_IDS} names an item twice"):
        load(tmp_path / "v1")


def test_ids_cut_within_a_character_are_refused(tmp_path: Path):
    names = ["é", "e", "a", "b", "c", "d"]
    save(replace(make_artifact(), item_ids=names), tmp_path / "v1")
    put(tmp_path / "v1", ITEM_IDS_OFFSETS, npy(np.array([0, 1, 3, 4, 5, 6, 7])))
    with pytest.raises(ArtifactError, match=f"{ITEM_IDS} holds a text that is not UTF-8"):
        load(tmp_path / "v1")


# Failures that may pass


@pytest.mark.parametrize("code", [errno.EMFILE, errno.EIO, errno.ESTALE, errno.EACCES])
@pytest.mark.parametrize("name", [*FILES, *NEXT_FILES, MANIFEST, MANIFEST_CHECKSUM])
def test_a_file_that_cannot_be_read_now_is_not_called_damaged(
    saved: Path, name: str, code: int, monkeypatch: pytest.MonkeyPatch
):
    opened = io.open

    def failing(path: Any, *arguments: Any, **options: Any) -> Any:
        if Path(path).name == name:
            raise OSError(code, os.strerror(code), str(path))
        return opened(path, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(io, "open", failing)
        with pytest.raises(UnavailableError, match=f"{name} .*{os.strerror(code)}") as raised:
            load(saved)
    assert isinstance(raised.value.__cause__, OSError)
    assert raised.value.__cause__.errno == code
    load(saved)


def test_too_little_memory_is_not_called_damage(saved: Path, monkeypatch: pytest.MonkeyPatch):
    def exhausted(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(reader.faiss, "read_index", exhausted)
    with pytest.raises(UnavailableError, match=f"{COSINE_INDEX} cannot be read: not enough memory"):
        load(saved)


ROOT = Path(__file__).parents[2]
LOAD_WITHOUT_ROOM = """
import resource, sys
from pathlib import Path
from service.model import reader
from service.model.errors import UnavailableError

reader.COPIED_BYTES = int(sys.argv[3])
read_index = reader.faiss.read_index

def without_room(*arguments):
    limit, hard = resource.getrlimit(getattr(resource, sys.argv[2]))
    resource.setrlimit(getattr(resource, sys.argv[2]), (1, hard))
    try:
        return read_index(*arguments)
    finally:
        resource.setrlimit(getattr(resource, sys.argv[2]), (limit, hard))

reader.faiss.read_index = without_room
try:
    reader.load(Path(sys.argv[1]))
except UnavailableError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits differ")
@pytest.mark.parametrize(
    ("limit", "copied", "why"),
    [
        ("RLIMIT_NOFILE", 1 << 20, "Too many open files"),
        ("RLIMIT_NOFILE", 0, "Too many open files"),
        ("RLIMIT_AS", 0, "Cannot allocate memory"),
    ],
)
def test_an_index_without_room_for_it_is_not_called_damaged(
    saved: Path, limit: str, copied: int, why: str
):
    command = [sys.executable, "-c", LOAD_WITHOUT_ROOM, str(saved), limit, str(copied)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert f"{COSINE_INDEX} cannot be read: could not" in result.stdout
    assert why in result.stdout
