"""Metadata by columns: of which kind each is, and that a stored model has the same."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.model import reader
from service.model.artifact import COLUMN_TEXTS, Artifact
from service.model.errors import ArtifactError, InputError
from service.model.filters import Filter
from service.model.reader import load
from service.model.writer import save
from tests.conftest import make_artifact

NAMES = ["apple", "pear", "plum", "hammer", "saw", "drill"]


def of(**metadata: list[Any]) -> Artifact:
    return replace(make_artifact(), metadata=metadata)


def passing(artifact: Artifact, text: str) -> list[str]:
    """The ids that a filter lets pass."""
    mask = Filter.parse(text).mask(artifact.columns)
    return [name for name, passes in zip(NAMES, mask, strict=True) if passes]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, 2.5, True, None, 10**400, float("nan")], "number"),
        ([None, None, None, None, None, True], "number"),
        (["a", None, "", "b", "b", "b"], "text"),
        ([1, "1", None, [1], {"a": 1}, False], "text"),
        ([["a"], "a", None, None, None, None], "text"),
        ([["a"], [], None, ["a", 1], [None], [["b"]]], "list"),
        ([None] * 6, "text"),
    ],
)
def test_a_column_is_of_the_kind_that_all_of_its_values_have(
    tmp_path: Path, values: list[Any], kind: str
):
    manifest = save(of(column=values, other=["x"] * 6), tmp_path / "v1")
    assert manifest.metadata == {"column": kind, "other": "text"}
    assert load(tmp_path / "v1").manifest.metadata == manifest.metadata


def test_what_is_no_text_is_asked_for_by_its_json_text():
    artifact = of(
        size=["XL", 42, 4.5, True, None, {"b": ["ä"]}],
        tags=[["a"], [42, "b"], [None], [True], None, [["x"]]],
    )
    assert passing(artifact, "size in ('XL', '42', '4.5')") == ["apple", "pear", "plum"]
    assert passing(artifact, "size = 'true' or size is missing") == ["hammer", "saw"]
    assert passing(artifact, """size = '{"b": ["ä"]}'""") == ["drill"]
    assert passing(artifact, "tags any ('42', 'null', 'true')") == ["pear", "plum", "hammer"]
    assert passing(artifact, """tags any ('["x"]')""") == ["drill"]


def test_an_empty_list_is_not_missing_and_holds_nothing():
    artifact = of(tags=[["a"], [], None, ["a", "b"], ["c", "c"], []])
    assert passing(artifact, "tags none ('a')") == ["pear", "saw", "drill"]
    assert passing(artifact, "tags is missing") == ["plum"]
    assert passing(artifact, "not tags any ('a')") == ["pear", "plum", "saw", "drill"]


def test_titles_and_counts_are_columns_and_hide_metadata_of_their_names():
    artifact = of(title=["x"] * 6, count=["x"] * 6, x=[1] * 6)
    assert passing(artifact, "title = 'A pear' or count = 60") == ["apple", "pear"]
    assert passing(artifact, "title is missing and count >= 20") == ["hammer", "saw"]
    assert passing(artifact, "title != 'A pear' and x = true") == ["apple", "plum"]


@pytest.mark.parametrize("copied", [0, 1 << 20])
def test_a_stored_model_has_the_columns_of_the_one_it_was_made_of(
    tmp_path: Path, copied: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reader, "COPIED_BYTES", copied)
    artifact = of(
        tags=[["a"], [], None, ["b", "a"], ["c"], None],
        price=[1, None, 3, 10**400, True, 0.5],
        kind=["x", None, "y", "", "ä", "x"],
        more=[None, None, None, ["d"], ["a"], ["a"]],
    )
    save(artifact, tmp_path / "v1")
    loaded = load(tmp_path / "v1")
    for text in (
        "tags any ('a')",
        "tags is missing",
        "more all ('a') or more all ('d')",
        "more is missing",
        "price <= 3",
        "kind < 'y'",
        "title > 'A'",
    ):
        assert passing(loaded, text) == passing(artifact, text) != []
    arrays = [loaded.columns.numbers, loaded.columns.codes, loaded.columns.list_codes]
    for array in arrays:
        assert isinstance(array.base, np.memmap) == (not copied)
        assert not array.flags.writeable


def test_a_text_that_utf_8_cannot_hold_is_refused_by_name():
    with pytest.raises(InputError, match=r"the metadata .* holds half"):
        _ = of(tags=[["\ud800"]] * 6).columns


def test_texts_of_no_item_are_refused(tmp_path: Path):
    artifact = of(kind=["x"] * 6)
    titled = replace(artifact, titles=["A"] * 6)
    columns = replace(titled.columns, codes=np.zeros((2, 6), np.int32))
    save(replace(titled, stored_columns=columns), tmp_path / "v1")
    with pytest.raises(ArtifactError, match=f"{COLUMN_TEXTS[:-4]}_offsets.npy holds int64"):
        load(tmp_path / "v1")
