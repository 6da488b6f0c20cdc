"""What a model in a notebook answers and shows."""

import sys
from mmap import mmap

import numpy as np
import pandas as pd
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import item2vec
from item2vec.rules import RuleKeywords
from service.model.queries import Rules
from service.model.recommender import Recommender
from tests.conftest import make_artifact, make_artifact_with_next


@pytest.fixture
def model():
    return item2vec.Model(make_artifact_with_next())


@pytest.fixture
def recommender():
    return Recommender(make_artifact_with_next())


def test_it_answers_as_the_service_does(model, recommender):
    assert model.similar("apple", k=2) == recommender.similar("apple", 2)
    assert model.next("apple") == recommender.similar("apple", 10, "next")
    assert (
        model.recommend(["apple", "saw"], 2) == recommender.recommend(["apple", "saw"], 2).neighbors
    )
    after = recommender.recommend(["apple"], relation="next").neighbors
    assert model.recommend(["apple"], relation="next") == after
    assert model.analogy(["apple", "saw"], ["hammer"]) == recommender.analogy(
        ["apple", "saw"], ["hammer"]
    )
    assert model.similarity("apple", "saw") == recommender.similarity("apple", "saw")
    assert model.item("apple") == recommender.item("apple")
    assert model.find("plu") == recommender.find("plu")


def test_one_id_is_a_list_of_one(model):
    assert model.recommend("apple", 2) == model.recommend(["apple"], 2)
    assert model.analogy("apple", "saw") == model.analogy(["apple"], ["saw"])
    assert model.similar("apple", exclude="pear") == model.similar("apple", exclude=["pear"])


def test_likes_have_weights_and_dislikes_count_against(model):
    assert model.recommend([("apple", 9.0), "saw"], 1).ids == ["pear"]
    assert model.recommend(["apple", item2vec.Liked("saw", 99.0)], 1).ids == ["drill"]
    without, against = model.recommend("pear"), model.recommend("pear", disliked=["saw", "apple"])
    assert without[0].item_id == "plum"
    assert against.ids != without.ids


def test_liked_items_come_back_if_they_may(model):
    assert model.recommend(["apple", "pear"], relation="next", decay=1).ids == ["plum", "hammer"]
    seen = model.recommend(["apple", "pear"], relation="next", decay=1, allow_seen=True)
    assert seen.ids == ["plum", "hammer", "pear"]
    assert model.recommend("apple", 1, allow_seen=True).ids == ["apple"]
    assert model.recommend("apple", 1, allow_seen=True, exclude="apple").ids == ["pear"]
    with pytest.raises(item2vec.InputError, match="allow_seen is not an argument of a query"):
        model.similar("apple", allow_seen=True)


def test_rules_are_keywords(model):
    assert model.similar("apple", k=2, filter="kind = 'tool'").ids == ["drill", "saw"]
    assert model.similar("apple", candidates=["saw"]).ids == ["saw"]
    assert "pear" not in model.recommend("apple", exclude=["pear"]).ids
    assert model.similar("apple", offset=1)[0] == model.similar("apple")[1]
    assert set(RuleKeywords.__annotations__) == set(Rules.__dataclass_fields__)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"topn": 3}, "topn is not an argument of a query; did you mean k?"),
        ({"filtre": "a"}, "filtre is not an argument of a query; did you mean filter?"),
        ({"zzz": 3}, "zzz is not an argument of a query; rules are exclude, candidates, filter"),
        ({"diversity": 7}, "diversity = 7 should be a number from 0 to 1"),
        ({"diversity": float("nan")}, "diversity = nan should be a number from 0 to 1"),
        ({"diversity": "much"}, "diversity = 'much' should be a number from 0 to 1"),
        ({"min_score": float("inf")}, "min_score = inf should be a number"),
        ({"min_score": "0.5"}, "min_score = '0.5' should be a number"),
        ({"min_count": 1.5}, "min_count = 1.5 should be a whole number of at least 1"),
        ({"min_count": None}, "min_count = None should be a whole number of at least 1"),
        ({"offset": -1}, "offset = -1 should be a whole number of at least 0"),
        ({"filter": 3}, "filter = 3 should be a text"),
        ({"exclude": None}, "exclude = None should be a list of ids; leave it out"),
        ({"k": -1}, "k = -1 should be a whole number of at least 1"),
        ({"k": 0}, "k = 0 should be a whole number of at least 1"),
        ({"k": "3"}, "k = '3' should be a whole number of at least 1"),
        ({"k": 2.0}, "k = 2.0 should be a whole number of at least 1"),
        ({"k": True}, "k = True should be a whole number of at least 1"),
        ({"filter": "colour = 1"}, "colour"),
    ],
)
def test_a_rule_that_means_nothing_is_refused(model, rule, words):
    with pytest.raises(item2vec.InputError) as error:
        model.similar("apple", **rule)
    assert words in str(error.value)


def test_every_query_checks_how_many_it_is_asked_for(model):
    for ask in (model.similar, model.next, model.recommend, model.analogy, model.find):
        with pytest.raises(item2vec.InputError, match="k = -1 should be a whole number"):
            ask("apple", k=-1)
        assert len(ask("apple", k=np.int64(1))) == 1


def test_optional_rules_may_be_none(model):
    none = {"filter": None, "candidates": None, "min_score": None}
    assert model.similar("apple", k=3, **none) == model.similar("apple", k=3)


@pytest.mark.parametrize(
    ("taste", "words"),
    [
        ({"liked": [("apple", "much")]}, "weight = 'much' should be a number from 0 to 1e+06"),
        ({"liked": [("apple", float("nan"))]}, "weight = nan should be a number from 0"),
        ({"liked": [("apple", float("inf"))]}, "weight = inf should be a number from 0"),
        ({"disliked": [("apple", -1)]}, "weight = -1 should be a number from 0"),
        ({"liked": item2vec.Liked("apple", 0)}, "weight = 0 should be above 0"),
        ({"liked": [("apple", "pear", "plum")]}, "('apple', 'pear', 'plum') should be an id or a"),
        ({"liked": "apple", "decay": "slow"}, "decay = 'slow' should be a number from 0 to 1"),
        ({"liked": "apple", "allow_seen": 1}, "allow_seen = 1 should be True or False"),
        ({"liked": "apple", "decay": float("nan")}, "decay = nan should be a number from 0 to 1"),
    ],
)
def test_a_taste_that_means_nothing_is_refused(model, taste, words):
    with pytest.raises(item2vec.InputError) as error:
        model.recommend(**taste)
    assert words in str(error.value)


def test_what_is_found_is_a_text(model):
    with pytest.raises(item2vec.InputError, match="text = None should be a text"):
        model.find(None)


def test_ids_that_are_numbers_may_have_weights():
    vectors = {"1": [1.0, 0.0], "2": [1.0, 0.1], "3": [0.0, 1.0], "4": [0.1, 1.0]}
    model = item2vec.Model(make_artifact(vectors=vectors))
    expected = model.recommend([("1", 2.0)])
    assert model.recommend([(1, 2.0)]) == model.recommend([(np.int64(1), 2)]) == expected
    assert model.recommend(item2vec.Liked(1)).ids == model.recommend("1").ids
    assert model.recommend([item2vec.Liked(1, 2.0), 3]) == model.recommend([("1", 2.0), "3"])
    assert model.recommend([(9, 2.0)]).unknown_items == ["9"]


def test_a_relation_that_is_none_is_refused(model, recommender):
    for ask in (model.recommend, recommender.recommend):
        with pytest.raises(item2vec.InputError) as error:
            ask(["apple"], relation="nxt")
        assert str(error.value) == "relation = 'nxt' should be similar or next"
    with pytest.raises(item2vec.InputError, match="relation = 'nxt' should be similar or next"):
        recommender.similar("apple", relation="nxt")


def test_an_answer_says_what_it_is_not(model):
    popular = model.recommend(["no-such-item"], 2)
    assert popular.unknown_items == ["no-such-item"]
    assert popular.fallback_used == "popularity"
    assert "most popular" in repr(popular)
    assert model.similar("apple", k=5).short_because is None
    short = model.similar("apple", k=9)
    assert (len(short), short.short_because) == (5, "catalogue")
    assert "no more items: the model has no more" in repr(short)
    assert model.similar("apple", k=5, filter="kind = 'tool'").short_because == "rules"
    assert model.next("apple", k=5).short_because == "votes"
    partly = model.recommend(["apple", "x"], 2)
    assert partly.unknown_items == ["x"]
    assert "1 item of the query is unknown: see .unknown_items" in partly._repr_html_()
    assert "2 items of the query are unknown" in repr(model.recommend(["apple", "x", "y"]))
    assert partly.ignored_items == []
    far = model.recommend(["apple", *["saw"] * 20], relation="next")
    assert far.ignored_items == ["apple"]
    assert "1 item of the query is too far back: see .ignored_items" in repr(far)


def test_an_answer_is_a_list_a_text_a_page_and_a_frame(model):
    answer = model.similar("apple", k=2)
    assert [(item_id, title) for item_id, title, _ in answer] == [
        ("pear", "A pear"),
        ("plum", "A plum"),
    ]
    assert repr(answer).splitlines() == [
        "item_id  title   score",
        f"pear     A pear  {answer[0].score:.3f}",
        f"plum     A plum  {answer[1].score:.3f}",
    ]
    columns = {
        "item_id": ["pear", "plum"],
        "title": ["A pear", "A plum"],
        "score": [item.score for item in answer],
    }
    assert_frame_equal(answer.to_frame(), pl.DataFrame(columns))
    pd.testing.assert_frame_equal(answer.to_frame("pandas"), pd.DataFrame(columns))
    assert answer._repr_html_().count("<tr>") == 3


def test_an_answer_without_items_has_the_same_columns(model):
    empty = model.next("plum")
    assert empty == []
    assert empty.to_frame().schema == model.next("apple").to_frame().schema
    assert list(empty.to_frame("pandas")) == ["item_id", "title", "score"]
    assert repr(empty).splitlines()[0].split() == ["item_id", "title", "score"]
    with pytest.raises(item2vec.InputError, match="to_frame\\('arrow'\\): name 'polars' or"):
        empty.to_frame("arrow")


def test_a_page_shows_ids_as_they_are():
    model = item2vec.Model(make_artifact(vectors={"<b>": [1.0, 0.0], "a\nb": [1.0, 0.1]}))
    assert "<td>&lt;b&gt;</td>" in model.similar("a\nb")._repr_html_()
    assert len(repr(model.similar("<b>", k=1)).splitlines()) == 2


def test_it_is_a_mapping_of_ids_to_vectors(model):
    assert len(model) == 6
    assert list(model) == model.ids == ["apple", "pear", "plum", "hammer", "saw", "drill"]
    assert "apple" in model
    assert "fig" not in model
    assert None not in model
    assert model["saw"].tolist() == model.vectors[4].tolist()
    with pytest.raises(item2vec.UnknownItemError, match="does not know item 'fig'"):
        model["fig"]


def test_vectors_are_those_of_the_artifact_and_cannot_be_written(model):
    assert np.shares_memory(model.vectors, model.artifact.input_vectors)
    assert np.shares_memory(model["saw"], model.artifact.input_vectors)
    for array in (model.vectors, model["saw"]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    assert model.artifact.input_vectors.flags.writeable  # its owner may still


def test_vectors_of_a_loaded_model_are_mapped(store, publish, monkeypatch):
    monkeypatch.setattr("service.model.reader.COPIED_BYTES", 0)
    publish()
    model = item2vec.load(store.directory)
    owner = model.vectors
    while isinstance(owner, np.ndarray):
        owner = owner.base
    assert isinstance(owner, mmap)
    assert model["apple"].tolist() == [1.0, 0.0]


def test_a_glance_at_a_model_is_one_line_or_one_small_table(model):
    assert repr(model) == "<item2vec.Model v1: 6 items, 2 dimensions, answers similar and next>"
    page = model._repr_html_()
    assert "A apple, A pear, A plum, hammer, saw" in page
    assert page.count("<tr>") <= 12
    assert repr(model.artifact) == "<Artifact v1: 6 items>"


def test_a_model_is_exported_to_a_file_and_loaded_from_it(tmp_path):
    model = item2vec.Model(make_artifact())
    for name in ("vectors.txt.gz", "vectors.bin"):
        model.export(tmp_path / name)
        again = item2vec.load(tmp_path / name)
        assert again.ids == model.ids
        assert np.array_equal(again.vectors, model.vectors)
        assert again.similar("apple", k=1).ids == ["pear"]
    again.save(tmp_path / "models")
    assert item2vec.load(tmp_path / "models").similar("apple") == again.similar("apple")
    model.export(tmp_path / "output.parquet", "output")
    assert pl.read_parquet(tmp_path / "output.parquet").height == 6
    with pytest.raises(item2vec.InputError, match="no format has this ending"):
        model.export(tmp_path / "vectors.doc")


def test_vectors_that_are_none_are_not_exported(model, tmp_path):
    with pytest.raises(item2vec.InputError) as error:
        model.export(tmp_path / "vectors.txt", "outputs")
    assert str(error.value) == "vectors = 'outputs' should be input, output or average"
    assert not list(tmp_path.iterdir())


def test_a_package_that_an_export_needs_is_named(model, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    model.export(tmp_path / "vectors.txt")
    with pytest.raises(item2vec.MissingPackageError, match="polars is not installed: pip install"):
        model.export(tmp_path / "vectors.parquet")
    assert [file.name for file in tmp_path.iterdir()] == ["vectors.txt"]


def test_what_cannot_be_loaded_is_explained(tmp_path):
    with pytest.raises(item2vec.NoModelError, match="no model is published in"):
        item2vec.load(tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("hello\n")
    with pytest.raises(item2vec.InputError, match=r"notes\.txt"):
        item2vec.load(tmp_path / "notes.txt")
