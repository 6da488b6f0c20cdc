"""Items that are known from elsewhere than the log are found, and never answered."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.model import reader
from service.model.artifact import (
    COLUMN_CODES,
    COUNTS,
    FORMAT_VERSION,
    ID_HASHES,
    INPUT_VECTORS,
    ITEM_IDS,
    MANIFEST,
    METADATA_OFFSETS,
    SEARCH,
    TITLES_OFFSETS,
)
from service.model.errors import ArtifactError, InputError, UnknownItemError, UntrainedItemError
from service.model.queries import Rules, Taste
from service.model.reader import load
from service.model.recommender import Recommender
from service.model.search import database
from service.model.untrained import Untrained
from service.model.writer import save
from tests.conftest import FRUITS, TOOLS, make_artifact_with_next, with_untrained
from tests.model.test_reader import edit_manifest, npy, put, put_manifest

UNTRAINED = ["kiwi", "kettle"]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """The directory of a model of six items that knows two more."""
    save(with_untrained(make_artifact_with_next()), tmp_path / "v1")
    return tmp_path / "v1"


@pytest.fixture(params=["made", "read", "mapped"])
def recommender(request, saved, monkeypatch) -> Recommender:
    if request.param == "made":
        return Recommender(with_untrained(make_artifact_with_next()))
    if request.param == "mapped":
        monkeypatch.setattr(reader, "COPIED_BYTES", 0)
    return Recommender(load(saved))


# They are found


def test_an_untrained_item_is_found_after_the_trained_ones(recommender):
    found = recommender.find("a", 10)
    assert [item.item_id for item in found] == ["apple", "pear", "plum", "kiwi"]
    assert [item.trained for item in found] == [True, True, True, False]
    assert [item.item_id for item in recommender.find("", 10)] == FRUITS + TOOLS + UNTRAINED
    assert [item.item_id for item in recommender.find("kiwl", 10)] == ["kiwi"]


def test_a_filter_on_what_is_found_sees_untrained_items(recommender):
    def found(condition: str) -> list[str]:
        return [item.item_id for item in recommender.find("", 10, condition)]

    assert found("kind = 'tool'") == [*TOOLS, "kettle"]
    assert found("count = 0") == UNTRAINED
    assert found("count = 0 and title is missing") == ["kettle"]


def test_what_is_known_of_an_untrained_item_is_told(recommender):
    item = recommender.item("kiwi")
    assert (item.title, item.count, item.metadata, item.trained) == (
        "A kiwi", 0, {"kind": "fruit"}, False,
    )  # fmt: skip
    assert recommender.item("apple").trained
    assert recommender.knows("kiwi")
    assert "kiwi" not in recommender
    with pytest.raises(UnknownItemError, match="does not know item 'fig'"):
        recommender.item("fig")


def test_a_hidden_untrained_item_is_not_found_and_changes_no_answer(recommender):
    before = recommender.recommend(["apple"], 10).neighbors
    recommender.hidden = recommender.rows_of(["kiwi"])
    assert recommender.find("kiwi") == []
    assert recommender.recommend(["apple"], 10).neighbors == before
    assert recommender.similar("apple", 10, "next")
    assert len(recommender.recommend(["fig"], 10).neighbors) == 6
    assert recommender.state != recommender.version


# They are never answered, nor asked about


@pytest.mark.parametrize(
    "ask",
    [
        lambda model: model.similar("kiwi"),
        lambda model: model.similar("kiwi", relation="next"),
        lambda model: model.analogy(["apple", "kiwi"]),
        lambda model: model.similarity("apple", "kiwi"),
        lambda model: model.vector("kiwi"),
        lambda model: model.explain(model.query(["apple"], 3), "kiwi"),
    ],
)
def test_a_question_about_an_untrained_item_says_that_it_is_untrained(recommender, ask):
    with pytest.raises(UntrainedItemError, match="item 'kiwi' is known, but untrained"):
        ask(recommender)


def test_a_liked_untrained_item_is_listed_as_unknown(recommender):
    answer = recommender.recommend(["kiwi", "apple", "fig"], 3)
    assert answer.unknown_items == ["kiwi", "fig"]
    assert answer.neighbors == recommender.recommend(["apple"], 3).neighbors
    assert recommender.recommend(["kiwi"], 3).fallback_used == "popularity"


@cache
def pair() -> tuple[Recommender, Recommender]:
    """A model, and the same that knows ten times as many untrained items."""
    artifact = make_artifact_with_next()
    names = [f"new-{row}" for row in range(60)]
    kinds = ["fruit", "tool", "toy", None] * 15
    untrained = Untrained(names, [f"A {name}" for name in names], {"kind": kinds})
    return Recommender(artifact), Recommender(replace(artifact, untrained=untrained))


trained = st.sampled_from(FRUITS + TOOLS)
ids = st.one_of(trained, st.integers(0, 60).map("new-{}".format))
some_ids = st.lists(ids, max_size=6)
conditions = st.sampled_from(
    [
        *("kind = 'fruit'", "kind = 'toy'", "kind is missing", "not kind = 'tool'", "count < 30"),
        *("title >= 'A n'", "title is missing", "count = 0", "not count = 0"),
    ]
)
rules = st.builds(
    Rules,
    exclude=some_ids,
    candidates=st.one_of(st.none(), some_ids),
    filter=st.one_of(st.none(), conditions),
    min_count=st.sampled_from([1, 20, 100]),
    min_score=st.one_of(st.none(), st.sampled_from([-1.0, 0.5])),
    diversity=st.sampled_from([0.0, 0.4]),
    offset=st.sampled_from([0, 2]),
)
tastes = st.builds(Taste, some_ids, some_ids, most=st.sampled_from([1, 2]))


@given(tastes, rules, st.sampled_from(["similar", "next"]), st.sets(ids), st.integers(1, 80))
def test_whatever_is_asked_untrained_items_change_no_answer(taste, rules, relation, hidden, k):
    answers = []
    for model in pair():
        model.hidden = model.rows_of(hidden)
        answers.append(model.recommend(taste, k, relation=relation, rules=rules))
    assert answers[0] == answers[1]
    assert not [one for one in answers[1].neighbors if one.item_id.startswith("new")]


@given(trained, rules, st.sampled_from(["similar", "next"]), st.sets(ids), st.integers(1, 80))
def test_nor_what_is_similar_next_popular_or_an_analogy(item, rules, relation, hidden, k):
    answers = []
    for model in pair():
        model.hidden = model.rows_of(hidden)
        query = model.query((), k, rules=rules)
        answers.append(
            (
                model.similar(item, k, relation, rules),
                model.similar(item, k),
                model.popular(query),
                model.short_because(query, 0),
                model.analogy([item, "apple"], ["saw"], k, rules),
                model.explain(model.query(["apple", "saw"], k, rules=rules), item),
            )
        )
    assert answers[0] == answers[1]


# They are stored


def test_a_model_from_before_untrained_items_is_read(tmp_path):
    save(make_artifact_with_next(), tmp_path / "v1")
    manifest = json.loads((tmp_path / "v1" / MANIFEST).read_text())
    del manifest["untrained"]
    for version in (4, 5):
        put_manifest(tmp_path / "v1", json.dumps(manifest | {"format_version": version}).encode())
        model = Recommender(load(tmp_path / "v1"))
        assert model.artifact.manifest.known == model.artifact.manifest.items == 6
        assert model.item("apple").trained
        assert [one.item_id for one in model.similar("apple", 1)] == ["pear"]


def test_saving_what_was_read_keeps_the_untrained_items(saved):
    manifest = save(load(saved), saved.with_name("again"))
    assert manifest.untrained == 2
    assert manifest.format_version == FORMAT_VERSION
    before = load(saved).manifest.sha256
    assert {name for name in before if before[name] != manifest.sha256[name]} <= {SEARCH}


def test_an_id_cannot_be_of_a_trained_and_an_untrained_item(tmp_path):
    twice = Untrained(["apple"], [None], {"kind": [None]})
    save(replace(make_artifact_with_next(), untrained=twice), tmp_path / "v1")
    with pytest.raises(ArtifactError, match=f"{ITEM_IDS} names an item twice"):
        load(tmp_path / "v1")


def test_an_id_that_utf8_cannot_hold_is_named(tmp_path):
    half = Untrained(["\ud800"], [None], {"kind": [None]})
    with pytest.raises(InputError, match=r"item id .* lone surrogate"):
        save(replace(make_artifact_with_next(), untrained=half), tmp_path / "v1")


@pytest.mark.parametrize("untrained", [0, 1, 3, 10**12])
def test_another_number_of_untrained_items_is_refused(saved, untrained):
    edit_manifest(saved, untrained=untrained)
    with pytest.raises(ArtifactError, match=r"\.npy holds"):
        load(saved)


@pytest.mark.parametrize("untrained", [-1, "2", True, None])
def test_a_number_of_untrained_items_that_is_none_is_refused(saved, untrained):
    edit_manifest(saved, untrained=untrained)
    with pytest.raises(ArtifactError, match="untrained: Input should be"):
        load(saved)


@pytest.mark.parametrize(
    ("name", "rows", "why"),
    [
        (COUNTS, 6, r"int64 \(6,\)"),
        (COLUMN_CODES, 6, r"int32 \(2, 6\)"),
        (TITLES_OFFSETS, 7, r"int64 \(7,\)"),
        (METADATA_OFFSETS, 7, r"int64 \(7,\)"),
        (ID_HASHES, 6, r"uint64 \(6,\)"),
    ],
)
def test_a_file_without_the_untrained_items_is_refused(saved, name, rows, why):
    put(saved, name, npy(np.load(saved / name)[..., :rows].copy()))
    with pytest.raises(ArtifactError, match=f"{name} holds {why}"):
        load(saved)


def test_vectors_of_untrained_items_are_refused(saved):
    put(saved, INPUT_VECTORS, npy(np.ones((8, 2), np.float32)))
    with pytest.raises(ArtifactError, match=rf"{INPUT_VECTORS} holds float32 \(8, 2\)"):
        load(saved)


def test_counts_of_untrained_items_are_refused(saved):
    put(saved, COUNTS, npy(np.array([60, 50, 40, 30, 20, 10, 0, 1])))
    with pytest.raises(ArtifactError, match=f"{COUNTS} holds counts of untrained items"):
        load(saved)


def test_a_search_index_without_them_is_refused(saved):
    put(saved, SEARCH, database(["apple"] * 6))
    with pytest.raises(ArtifactError, match="has 6 items where 8 were expected"):
        load(saved)


def test_a_newer_format_is_said_to_be_newer(saved):
    put_manifest(saved, f'{{"format_version": {FORMAT_VERSION + 1}}}'.encode())
    with pytest.raises(ArtifactError, match="a newer release"):
        load(saved)
