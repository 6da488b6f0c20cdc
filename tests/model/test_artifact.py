from dataclasses import replace
from pathlib import Path

import numpy as np

from service.model.artifact import FILES, TABLE
from service.model.index import is_quantized
from service.model.reader import load
from service.model.similarity import unit
from service.model.writer import save
from tests.conftest import fruits_and_tools, make_artifact, quantized_artifact


def test_what_is_saved_is_what_is_loaded(tmp_path: Path):
    artifact = make_artifact()
    manifest = save(artifact, tmp_path / "v1")
    loaded = load(tmp_path / "v1")
    assert loaded.manifest == manifest
    assert loaded.manifest.model_copy(update={"sha256": {}}) == artifact.manifest
    assert list(loaded.item_ids) == artifact.item_ids
    assert list(loaded.titles) == artifact.titles
    assert {name: list(values) for name, values in loaded.metadata.items()} == artifact.metadata
    np.testing.assert_array_equal(loaded.counts, artifact.counts)
    np.testing.assert_array_equal(loaded.input_vectors, artifact.input_vectors)
    np.testing.assert_array_equal(loaded.output_vectors, artifact.output_vectors)
    stored = loaded.cosine_index.reconstruct_n(0, 6)
    np.testing.assert_array_equal(stored[:, :-1], unit(artifact.input_vectors))
    np.testing.assert_array_equal(stored[:, -1], 0)


def test_ids_and_titles_keep_every_character(tmp_path: Path):
    odd = ["a/b", "100 %", 'quo"te', "näive ☕", "line\nbreak", "\x00"]
    save(replace(make_artifact(), item_ids=odd, titles=odd), tmp_path / "v1")
    loaded = load(tmp_path / "v1")
    assert (list(loaded.item_ids), list(loaded.titles)) == (odd, odd)


def test_metadata_without_a_number_is_loaded(tmp_path: Path):
    values = [float("nan"), float("inf"), None, 1, "one", {"nested": [1]}]
    save(replace(make_artifact(), metadata={"mixed": values}), tmp_path / "v1")
    assert repr(load(tmp_path / "v1").metadata["mixed"][:]) == repr(values)


def test_an_index_with_codes_survives_the_round_trip(tmp_path: Path):
    artifact = quantized_artifact()
    save(artifact, tmp_path / "v1")
    loaded, index = load(tmp_path / "v1").cosine_index, artifact.cosine_index
    assert is_quantized(loaded)
    query = np.eye(1, 3, dtype=np.float32)
    for found, expected in zip(loaded.search(query, 6), index.search(query, 6), strict=True):
        np.testing.assert_array_equal(found, expected)


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
    for part in ("items", "offsets"):
        array = getattr(found.table, part)
        np.testing.assert_array_equal(array, getattr(expected.table, part))
        assert not array.flags.writeable


def test_a_model_that_does_not_know_what_comes_next_has_no_files_of_it(tmp_path: Path):
    manifest = save(make_artifact(), tmp_path / "v1")
    assert manifest.next is None
    assert sorted(manifest.sha256) == sorted(FILES)
    assert not (tmp_path / "v1" / TABLE).exists()
    assert load(tmp_path / "v1").continuations is None
