"""Ids, titles and metadata as buffers: every character survives, every id is found again."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.model import item_ids, strings
from service.model.artifact import Artifact
from service.model.errors import InputError
from service.model.item_ids import ItemIds
from service.model.reader import load, most_frequent_item
from service.model.recommender import Recommender
from service.model.strings import Strings
from service.model.writer import save
from tests.conftest import make_artifact

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NAMES = ["apple", "pear", "plum", "hammer", "saw", "drill"]


def reloaded(artifact: Artifact) -> Recommender:
    with tempfile.TemporaryDirectory() as directory:
        save(artifact, Path(directory) / "v1")
        return Recommender(load(Path(directory) / "v1"))


@settings(max_examples=30)
@given(
    st.lists(TEXTS, min_size=6, max_size=6, unique=True),
    st.lists(st.none() | TEXTS, min_size=6, max_size=6),
)
def test_any_text_is_an_id_or_a_title(names: list[str], titles: list[str | None]):
    recommender = reloaded(replace(make_artifact(), item_ids=names, titles=titles))
    found = [recommender.item(name) for name in names]
    assert [(item.item_id, item.title) for item in found] == list(zip(names, titles, strict=True))
    assert recommender.similar(names[0], 1)[0].item_id == names[1]


@given(st.lists(TEXTS, max_size=20), st.integers(1, 9))
def test_a_column_is_a_sequence(texts: list[str], rows_at_once: int):
    column = Strings.of(texts, "the text")
    assert list(column) == texts
    assert column[1:-1] == texts[1:-1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strings, "ROWS_AT_ONCE", rows_at_once)
        assert column.is_utf8()
    if texts:
        assert column[-1] == texts[-1]
    with pytest.raises(IndexError):
        column[len(texts)]


@settings(max_examples=30)
@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
            lambda values: st.lists(values) | st.dictionaries(TEXTS, values),
            max_leaves=5,
        ),
        min_size=6,
        max_size=6,
    )
)
def test_metadata_is_what_it_was(values: list[Any]):
    columns = {"a": values, "b": values[::-1], "": [None] * 6}
    recommender = reloaded(replace(make_artifact(), metadata=columns))
    assert recommender.item("pear").metadata == {"a": values[1], "b": values[4], "": None}


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"item_ids": ["a", "b\ud800", "c", "d", "e", "f"]}, r"the item id 'b\\ud800' holds half"),
        ({"titles": [None, "\udfff", None, None, None, None]}, r"the title '\\udfff' holds half"),
        ({"metadata": {"kind": ["\ud800"] * 6}}, "the metadata .* holds half"),
    ],
)
def test_half_a_character_is_refused_by_name(tmp_path: Path, change: dict[str, Any], name: str):
    with pytest.raises(InputError, match=name):
        save(replace(make_artifact(), **change), tmp_path / "v1")
    assert list(tmp_path.iterdir()) == []


def test_half_a_character_is_no_item():
    recommender = Recommender(make_artifact())
    assert "\ud800" not in recommender
    assert recommender.recommend(["\ud800", "pear"]).unknown_items == ["\ud800"]


def test_ids_of_one_hash_are_told_apart(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(item_ids, "hash_of", lambda _: 7)
    recommender = reloaded(make_artifact())
    assert [recommender.item(name).item_id for name in NAMES] == NAMES
    assert "kiwi" not in recommender
    assert not ItemIds.of(NAMES).has_duplicates()
    assert ItemIds.of([*NAMES, "pear"]).has_duplicates()


def test_a_hash_is_the_same_for_ever():
    assert item_ids.hash_of(b"apple") == 0xDFAEF547A0B50E96


def test_the_most_frequent_item_is_told_without_loading_the_rest(tmp_path: Path):
    save(make_artifact(), tmp_path / "v1")
    assert most_frequent_item(tmp_path / "v1") == "apple"
