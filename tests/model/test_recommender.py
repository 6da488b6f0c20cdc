from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.model import index, reader
from service.model.answers import Neighbor
from service.model.artifact import Artifact
from service.model.errors import InputError, NoContinuationsError, UnknownItemError
from service.model.queries import decayed
from service.model.reader import load
from service.model.recommender import Recommender
from service.model.writer import save
from tests.conftest import (
    FRUITS,
    TOOLS,
    fruits_and_tools,
    make_artifact,
    make_artifact_with_next,
    plain_index,
    quantized_artifact,
)

COUNTS = {"apple": 60, "pear": 50, "plum": 40, "hammer": 30, "saw": 20, "drill": 10}


@pytest.fixture
def recommender() -> Recommender:
    return Recommender(make_artifact())


@pytest.fixture
def guide() -> Recommender:
    """A recommender that knows what comes next."""
    return Recommender(make_artifact_with_next())


def ids(neighbors: list[Neighbor]) -> list[str]:
    return [neighbor.item_id for neighbor in neighbors]


def scores(neighbors: list[Neighbor]) -> list[float]:
    return [neighbor.score for neighbor in neighbors]


def units(artifact: Artifact) -> dict[str, np.ndarray]:
    """Item id to its vector at length one."""
    vectors = zip(artifact.item_ids, artifact.input_vectors, strict=True)
    return {item_id: vector / np.linalg.norm(vector) for item_id, vector in vectors}


def ranked(artifact: Artifact, query: np.ndarray, without: set[str]) -> dict[str, float]:
    """Every item id by its cosine with the query, best first."""
    query = query / np.linalg.norm(query)
    cosines = {
        item_id: float(vector @ query)
        for item_id, vector in units(artifact).items()
        if item_id not in without
    }
    return dict(sorted(cosines.items(), key=lambda pair: -pair[1]))


# similar


def test_an_item_is_never_similar_to_itself():
    recommender = Recommender(make_artifact())
    neighbors = recommender.similar("apple", 10)
    assert "apple" not in [neighbor.item_id for neighbor in neighbors]
    assert len(neighbors) == 5


def test_similar_items_are_ordered_by_cosine_whatever_their_length():
    vectors = {"query": [1.0, 0.0], "long": [90.0, 90.0], "short": [0.02, 0.01]}
    neighbors = Recommender(make_artifact(vectors=vectors)).similar("query")
    assert ids(neighbors) == ["short", "long"]
    np.testing.assert_allclose(scores(neighbors), [2 / 5**0.5, 1 / 2**0.5], rtol=1e-6)


def test_neighbors_carry_their_titles(recommender: Recommender):
    titles = {neighbor.item_id: neighbor.title for neighbor in recommender.similar("apple")}
    assert titles["pear"] == "A pear"
    assert titles["saw"] is None


@pytest.mark.parametrize("k", [1, 2, 5, 6, 1000])
def test_k_items_come_back_where_there_are_so_many(recommender: Recommender, k: int):
    neighbors = recommender.similar("saw", k)
    assert neighbors == recommender.similar("saw", 5)[:k]
    assert len(neighbors) == min(k, 5)


def test_the_only_item_has_no_neighbors():
    assert Recommender(make_artifact(vectors={"apple": [1.0, 0.0]})).similar("apple") == []


def test_a_zero_vector_is_like_nothing():
    vectors = {"zero": [0.0, 0.0], "apple": [1.0, 0.0], "pear": [1.0, 0.1]}
    recommender = Recommender(make_artifact(vectors=vectors))
    assert scores(recommender.similar("zero")) == [0, 0]
    assert ids(recommender.similar("apple")) == ["pear", "zero"]


def test_an_unknown_item_is_named(recommender: Recommender):
    with pytest.raises(UnknownItemError, match="does not know item 'kiwi'"):
        recommender.similar("kiwi")


coordinates = st.integers(-3, 3)


@settings(max_examples=60)
@given(
    vectors=st.lists(st.tuples(coordinates, coordinates, coordinates), min_size=1, max_size=12),
    k=st.integers(1, 15),
    data=st.data(),
)
def test_similar_is_what_brute_force_finds(
    vectors: list[tuple[int, ...]], k: int, data: st.DataObject
):
    matrix = np.array(vectors, np.float64)
    norms = np.linalg.norm(matrix, axis=1)
    matrix[norms > 0] /= norms[norms > 0, None]
    row = data.draw(st.integers(0, len(vectors) - 1))
    cosines = dict(enumerate((matrix @ matrix[row]).tolist()))
    del cosines[row]

    named = {str(row): [float(x) for x in vector] for row, vector in enumerate(vectors)}
    neighbors = Recommender(make_artifact(vectors=named)).similar(str(row), k)

    assert len(set(ids(neighbors))) == len(neighbors) == min(k, len(cosines))
    best = sorted(cosines.values(), reverse=True)[:k]
    np.testing.assert_allclose(scores(neighbors), best, atol=1e-6)
    theirs = [cosines[int(neighbor.item_id)] for neighbor in neighbors]  # ties in any order
    np.testing.assert_allclose(theirs, best, atol=1e-6)


# recommend


def test_a_taste_is_the_mean_of_unit_vectors(recommender: Recommender):
    units_of = units(recommender.artifact)
    taste = (units_of["pear"] + units_of["hammer"]) / 2  # pear's vector is twice as long
    expected = ranked(recommender.artifact, taste, without={"pear", "hammer"})

    found = recommender.recommend(["pear", "hammer"])

    assert ids(found.neighbors) == list(expected)
    np.testing.assert_allclose(scores(found.neighbors), list(expected.values()), rtol=1e-5)
    assert found.unknown_items == []
    assert found.fallback_used is None


def test_an_item_liked_twice_weighs_twice(recommender: Recommender):
    units_of = units(recommender.artifact)
    taste = 2 * units_of["apple"] + units_of["hammer"]
    expected = ranked(recommender.artifact, taste, without={"apple", "hammer"})
    found = recommender.recommend(["apple", "hammer", "apple"]).neighbors
    assert ids(found) == list(expected)
    np.testing.assert_allclose(scores(found), list(expected.values()), rtol=1e-5)


def test_liked_and_excluded_items_are_never_recommended_and_k_still_are(recommender: Recommender):
    found = recommender.recommend(["apple", "plum"], k=3, exclude=["pear", "apple", "kiwi"])
    assert sorted(ids(found.neighbors)) == sorted(TOOLS)


def test_fewer_than_k_come_back_only_where_no_more_are_allowed(recommender: Recommender):
    found = recommender.recommend(["apple"], k=4, exclude=["pear", "plum", "saw"])
    assert sorted(ids(found.neighbors)) == ["drill", "hammer"]
    assert recommender.recommend(["apple"], exclude=COUNTS).neighbors == []


def test_unknown_liked_items_are_listed_and_the_others_decide(recommender: Recommender):
    found = recommender.recommend(["kiwi", "apple", "fig", "kiwi"])
    assert found.unknown_items == ["kiwi", "fig", "kiwi"]
    assert found.neighbors == recommender.recommend(["apple"]).neighbors
    assert found.fallback_used is None


@pytest.mark.parametrize("liked", [[], ["kiwi"]])
def test_popular_items_answer_where_no_liked_item_is_known(
    recommender: Recommender, liked: list[str]
):
    found = recommender.recommend(liked, k=3, exclude=["pear", "kiwi"])
    assert found.fallback_used == "popularity"
    assert found.unknown_items == liked
    assert ids(found.neighbors) == ["apple", "plum", "hammer"]
    assert scores(found.neighbors) == [60 / 210, 40 / 210, 30 / 210]
    assert found.neighbors[0].title == "A apple"


def test_popular_items_end_where_the_catalogue_ends(recommender: Recommender):
    assert ids(recommender.recommend([], k=1000).neighbors) == [*FRUITS, *TOOLS]


def test_an_item_liked_earlier_weighs_less_by_every_step_back(recommender: Recommender):
    units_of = units(recommender.artifact)
    taste = 0.25 * units_of["apple"] + 0.5 * units_of["hammer"] + units_of["drill"]
    expected = ranked(recommender.artifact, taste, without={"apple", "hammer", "drill"})
    found = recommender.recommend(["apple", "hammer", "drill"], decay=0.5).neighbors
    assert ids(found) == list(expected)
    np.testing.assert_allclose(scores(found), list(expected.values()), rtol=1e-5)


def test_an_unknown_liked_item_takes_no_step(recommender: Recommender):
    found = recommender.recommend(["apple", "kiwi", "saw", "fig"], decay=0.5)
    assert found.neighbors == recommender.recommend(["apple", "saw"], decay=0.5).neighbors


def test_without_memory_the_newest_liked_item_decides(recommender: Recommender):
    found = recommender.recommend(["saw", "apple"], decay=0.0).neighbors
    assert found == [one for one in recommender.similar("apple") if one.item_id != "saw"]


@pytest.mark.parametrize("decay", [-0.1, 1.1, float("nan")])
@pytest.mark.parametrize("liked", ["apple", "kiwi"])
def test_a_decay_that_is_no_share_is_refused(recommender: Recommender, liked: str, decay: float):
    with pytest.raises(InputError, match=f"decay: {decay} is not between 0 and 1"):
        recommender.recommend([liked], decay=decay)


# what comes next


def test_what_comes_after_an_item_is_what_followed_it(guide: Recommender):
    neighbors = guide.similar("apple", relation="next")
    assert ids(neighbors) == ["hammer", "pear"]
    assert scores(neighbors) == pytest.approx([0.75, 0.25])
    assert [neighbor.title for neighbor in neighbors] == [None, "A pear"]


def test_similar_items_are_the_same_whether_what_comes_next_is_known_or_not(
    recommender: Recommender, guide: Recommender
):
    assert guide.similar("apple") == recommender.similar("apple", relation="similar")
    assert guide.recommend(["apple", "saw"]) == recommender.recommend(["apple", "saw"])


def test_what_comes_next_depends_on_the_order_of_the_liked_items(guide: Recommender):
    # apple weighs .5, hammer 1: of 1.5 votes saw has .75, drill .25 and pear .125
    found = guide.recommend(["apple", "hammer"], relation="next").neighbors
    assert ids(found) == ["saw", "drill", "pear"]
    assert scores(found) == pytest.approx([1 / 2, 1 / 6, 1 / 12])
    turned = guide.recommend(["hammer", "apple"], relation="next").neighbors
    assert turned == guide.recommend(["hammer", "apple"], relation="next", decay=0.5).neighbors
    assert ids(turned) == ["saw", "pear", "drill"]


def test_the_decay_of_what_comes_next_can_be_chosen(guide: Recommender):
    newest = guide.recommend(["hammer", "apple"], relation="next", decay=0).neighbors
    assert ids(newest) == ["pear"]  # of apple's votes the hammer is liked already
    plain = guide.recommend(["hammer", "apple"], relation="next", decay=1).neighbors
    turned = guide.recommend(["apple", "hammer"], relation="next", decay=1).neighbors
    assert plain == turned


def test_the_usual_decay_is_that_of_the_relation(guide: Recommender):
    assert (guide.default_decay("similar"), guide.default_decay("next")) == (1.0, 0.5)


def test_liked_and_excluded_items_never_come_next(guide: Recommender):
    everything = ids(guide.recommend(["apple", "hammer"], 6, relation="next").neighbors)
    assert not {"apple", "hammer"} & set(everything)
    found = guide.recommend(["apple", "hammer"], 2, ["saw", "kiwi"], relation="next").neighbors
    assert ids(found) == ["drill", "pear"]


def test_fewer_than_k_come_next_where_no_more_have_a_vote(guide: Recommender):
    assert ids(guide.similar("pear", 5, "next")) == ["plum"]
    assert guide.similar("plum", 5, "next") == []


def test_popular_items_come_next_where_no_liked_item_is_known(guide: Recommender):
    found = guide.recommend(["kiwi"], k=2, exclude=["apple"], relation="next")
    assert found.fallback_used == "popularity"
    assert found.unknown_items == ["kiwi"]
    assert ids(found.neighbors) == ["pear", "plum"]


def test_an_unknown_item_has_no_vote_and_takes_no_step(guide: Recommender):
    found = guide.recommend(["apple", "kiwi", "hammer", "fig"], relation="next")
    assert found.unknown_items == ["kiwi", "fig"]
    assert found.neighbors == guide.recommend(["apple", "hammer"], relation="next").neighbors
    with pytest.raises(UnknownItemError, match="kiwi"):
        guide.similar("kiwi", relation="next")


@pytest.mark.parametrize("decay", [None, 0.5, 1.0])
def test_liked_items_too_far_back_to_have_a_vote_are_listed_in_the_order_given(
    guide: Recommender, decay: float | None
):
    liked = ["apple", "pear", "hammer", *["hammer"] * 20]
    found = guide.recommend(liked, relation="next", decay=decay)
    assert found.ignored_items == ["apple", "pear"]
    assert ids(found.neighbors) == ["saw", "drill"]
    assert guide.recommend(liked[3:], relation="next").ignored_items == []
    assert guide.recommend(liked, decay=decay).ignored_items == []


@pytest.mark.parametrize(
    "ask",
    [
        lambda recommender: recommender.similar("apple", relation="next"),
        lambda recommender: recommender.recommend(["apple"], relation="next"),
        lambda recommender: recommender.recommend(["apple"], relation="next", decay=0.5),
        lambda recommender: recommender.recommend(["kiwi"], relation="next", decay=0.5),
        lambda recommender: recommender.default_decay("next"),
    ],
)
def test_a_model_that_does_not_know_what_comes_next_says_what_to_do(
    recommender: Recommender, ask: Callable[[Recommender], object]
):
    with pytest.raises(NoContinuationsError, match="v1 does not know what comes next: train"):
        ask(recommender)


def test_a_mapped_artifact_knows_what_comes_next_as_one_in_memory(
    tmp_path: Path, guide: Recommender
):
    save(guide.artifact, tmp_path / "v1")
    found = Recommender(load(tmp_path / "v1")).recommend(["apple", "hammer"], relation="next")
    assert found == guide.recommend(["apple", "hammer"], relation="next")


# many tastes at once


@pytest.mark.parametrize("items_at_once", [1, 3, 1000])
def test_many_tastes_are_ranked_as_one_by_one(
    monkeypatch: pytest.MonkeyPatch, recommender: Recommender, items_at_once: int
):
    monkeypatch.setattr("service.model.ranker.ITEMS_PER_BLOCK", items_at_once)
    tastes = [["apple", "saw"], [], ["drill"], ["pear", "plum", "pear", "hammer"], []]
    rows = np.array([list(COUNTS).index(item) for taste in tastes for item in taste])
    offsets = np.concatenate([[0], np.cumsum([len(taste) for taste in tastes])])

    found, cosines = recommender.rank(rows, offsets, decayed(offsets, 0.5), k=6)

    assert found.shape == cosines.shape == (5, 6)
    for taste, row, cosine in zip(tastes, found.tolist(), cosines.tolist(), strict=True):
        if not taste:
            assert row == [-1] * 6
            continue
        expected = recommender.recommend(taste, decay=0.5).neighbors
        unseen = [
            (list(COUNTS)[item], pytest.approx(score, abs=1e-6))
            for item, score in zip(row, cosine, strict=True)
            if list(COUNTS)[item] not in taste
        ]
        assert [(one.item_id, one.score) for one in expected] == unseen


def test_what_comes_next_is_ranked_for_many_as_one_by_one(guide: Recommender):
    rows, offsets = np.array([0, 3, 2, 4]), np.array([0, 2, 2, 3, 4])
    weights = decayed(offsets, 0.5)

    found, votes = guide.rank(rows, offsets, weights, k=4, relation="next")

    for taste, (row, vote) in enumerate(zip(found, votes, strict=True)):
        part = slice(offsets[taste], offsets[taste + 1])
        items, expected = fruits_and_tools().votes(rows[part], weights[part])
        n = min(len(items), 4)
        assert row.tolist() == items[:n].tolist() + [-1] * (4 - n)
        assert vote.tolist() == expected[:n].tolist() + [-np.inf] * (4 - n)
    assert found[1].tolist() == [-1] * 4  # a taste of no items
    assert (found[2] >= 0).sum() == 0  # nothing follows a plum


def test_no_more_items_are_ranked_than_there_are(recommender: Recommender):
    found, _ = recommender.rank(np.array([0]), np.array([0, 1]), np.ones(1, np.float32), k=1000)
    assert sorted(found[0].tolist()) == list(range(6))


# analogy


def test_an_analogy_adds_and_subtracts_unit_vectors(recommender: Recommender):
    units_of = units(recommender.artifact)
    query = units_of["pear"] + units_of["saw"] - units_of["apple"]
    expected = ranked(recommender.artifact, query, without={"pear", "saw", "apple"})
    found = recommender.analogy(["pear", "saw"], ["apple"])
    assert ids(found) == list(expected)
    np.testing.assert_allclose(scores(found), list(expected.values()), rtol=1e-5)


def test_an_analogy_of_one_item_is_what_is_similar(recommender: Recommender):
    assert recommender.analogy(["plum"], k=3) == recommender.similar("plum", k=3)


def test_an_analogy_may_have_negative_items_only(recommender: Recommender):
    found = recommender.analogy([], ["apple"])
    similar = recommender.similar("apple")
    assert sorted(scores(found)) == sorted(-score for score in scores(similar))


def test_the_items_of_an_analogy_are_never_its_answer(recommender: Recommender):
    found = recommender.analogy(["apple", "hammer"], ["saw", "saw"], k=3)
    assert sorted(ids(found)) == ["drill", "pear", "plum"]


def test_an_analogy_of_nothing_is_refused(recommender: Recommender):
    with pytest.raises(InputError, match="at least one"):
        recommender.analogy([])


@pytest.mark.parametrize(("positive", "negative"), [(["kiwi"], []), (["apple"], ["kiwi"])])
def test_an_analogy_with_an_unknown_item_names_it(
    recommender: Recommender, positive: list[str], negative: list[str]
):
    with pytest.raises(UnknownItemError, match="kiwi"):
        recommender.analogy(positive, negative)


# items


def test_an_item_is_described_by_title_count_and_metadata(recommender: Recommender):
    item = recommender.item("pear")
    assert (item.item_id, item.title, item.count) == ("pear", "A pear", 50)
    assert item.metadata == {"kind": "fruit"}
    assert "pear" in recommender
    assert "kiwi" not in recommender
    with pytest.raises(UnknownItemError):
        recommender.item("kiwi")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("p", ["pear", "plum"]),
        ("a", ["apple", "pear", "plum"]),
        ("PEAR", ["pear"]),
        ("a P", ["pear", "plum"]),  # every word, in id or title
        ("pear a", ["pear"]),
        ("ham a", []),  # only the last word may be a beginning
        ("mmer", []),
        ("hammer saw", []),
        ("kiwi", []),
    ],
)
def test_items_are_found_by_words_of_their_id_or_title_most_frequent_first(
    recommender: Recommender, text: str, found: list[str]
):
    assert [item.item_id for item in recommender.find(text)] == found


def test_a_title_is_found_whatever_its_case():
    titles = ["GROẞE Straße", "teapot", None]
    artifact = make_artifact(vectors={"1": [1.0, 0.0], "2": [1.0, 0.0], "3": [0.0, 1.0]})
    recommender = Recommender(replace(artifact, titles=titles))
    assert [item.item_id for item in recommender.find("grosse STRASSE")] == ["1"]


def test_k_items_are_found_at_most(recommender: Recommender):
    assert [item.item_id for item in recommender.find("a", k=2)] == ["apple", "pear"]


# any index, memory or disk


@pytest.mark.parametrize(
    "ask",
    [
        lambda recommender: recommender.similar("item-3", 5),
        lambda recommender: recommender.similar("item-3", 12),
        lambda recommender: recommender.recommend(["item-2", "item-7"], 2, ["item-5"]).neighbors,
        lambda recommender: recommender.analogy(["item-2", "item-9"], ["item-30"]),
    ],
)
def test_exact_search_and_codes_and_a_mapped_artifact_answer_alike(
    tmp_path: Path,
    ask: Callable[[Recommender], list[Neighbor]],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(reader, "COPIED_BYTES", 0)
    monkeypatch.setattr(index, "LEAST_GAIN", 0)
    quantized = quantized_artifact()
    exact = replace(quantized, cosine_index=plain_index(quantized.input_vectors))
    expected = ask(Recommender(exact))
    for name, artifact in (("exact", exact), ("quantized", quantized)):
        save(artifact, tmp_path / name / "v1")
        for same in (artifact, load(tmp_path / name / "v1")):
            found = ask(Recommender(same))
            assert ids(found) == ids(expected)
            np.testing.assert_allclose(scores(found), scores(expected), rtol=1e-6)
