"""Items are found by words, beginnings of words and misspelt words; no text is syntax."""

import shutil
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.model.artifact import SEARCH
from service.model.errors import UnavailableError
from service.model.reader import load
from service.model.recommender import Recommender
from service.model.search import Search
from service.model.writer import save
from tests.conftest import make_artifact

TITLES = ["Café crème", "tea-pot, blue", "blue teacup", "GROẞE Straße", 'a "quoted" OR', None]


def model(titles: list[str | None] = TITLES) -> Recommender:
    vectors = {f"id_{row}": [1.0, row] for row in range(len(titles))}
    return Recommender(replace(make_artifact(vectors=vectors), titles=titles, metadata={}))


def found(text: str, k: int = 10) -> list[str]:
    return [item.item_id for item in model().find(text, k)]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("cafe", [0]),
        ("CAFÉ CRÈ", [0]),
        ("blue", [1, 2]),
        ("blue tea", [1, 2]),
        ("tea blue", [1]),
        ("tea-pot", [1]),
        ("blue tea cu", [2]),
        ("te acup", []),
        ("grosse strasse", [3]),
        ("id", [0, 1, 2, 3, 4, 5]),
        ("id_5", [5]),
        ("", [0, 1, 2, 3, 4, 5]),
        ("  ", [0, 1, 2, 3, 4, 5]),
        ("?!", []),
        ('"', []),
        ("or quoted", [4]),
        ("OR", [4]),
        ("blue AND tea", []),
        ("blue OR cafe", []),
        ("tea*", [1, 2]),
        ("text:blue", []),
        ("-blue", [1, 2]),
    ],
)
def test_every_word_counts_whatever_its_case_and_accents(text: str, rows: list[int]):
    assert found(text) == [f"id_{row}" for row in rows]


SHORT = st.sampled_from(["red", "re", "tea", "cup", "c"])  # too short to be misspelt
ITEMS = st.lists(st.tuples(st.lists(SHORT, max_size=3), st.integers(0, 9)), min_size=1, max_size=40)


@given(ITEMS, st.lists(SHORT, min_size=1, max_size=2), st.integers(0, 10), st.integers(1, 8))
def test_a_filter_lets_pass_what_a_loop_over_the_catalogue_does(
    items: list[tuple[list[str], int]], words: list[str], price: int, k: int
):
    titles = [" ".join(title) for title, _ in items]
    vectors = {str(row): [1.0, row] for row in range(len(items))}
    artifact = replace(make_artifact(vectors=vectors), titles=titles)
    artifact = replace(artifact, metadata={"price": [price for _, price in items]})
    hidden = frozenset(range(0, len(items), 5))
    shop = Recommender(artifact)
    shop.hidden = hidden
    *whole, last = words
    expected = [
        str(row)
        for row, (title, cost) in enumerate(items)
        if set(whole) <= set(title)
        and any(word.startswith(last) for word in title)
        and cost < price
        and row not in hidden
    ]
    found = shop.find(" ".join(words), k, f"price < {price}")
    assert [item.item_id for item in found] == expected[:k]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("teacpu", [2]),  # two letters swapped
        ("teacop", [2]),  # another letter
        ("teaup", [2]),  # a letter too few
        ("teacxup", [2]),  # a letter too many
        ("bleu", [1, 2]),
        ("bleu teacup", [2]),
        ("blue taecup", [2]),
        ("qouted or", [4]),
        ("teakop", []),  # two other letters
        ("baleus", []),
        ("blue crème", []),  # spelt right, and no item has both
        ("id_7", []),  # numbers are not corrected
    ],
)
def test_a_misspelt_word_is_corrected_if_nothing_else_is_found(text: str, rows: list[int]):
    assert found(text) == [f"id_{row}" for row in rows]


def test_the_most_frequent_items_come_first_and_k_at_most():
    assert found("id", 2) == ["id_0", "id_1"]
    assert found("", 2) == ["id_0", "id_1"]


@given(st.text(), st.integers(1, 9))
def test_no_text_fails(text: str, k: int):
    assert len(FIXED.find(text, k)) <= k


FIXED = model()


@given(st.lists(st.text(st.characters(categories=["Ll", "Lu"]), min_size=1), min_size=1))
def test_a_title_is_found_by_its_own_words(words: list[str]):
    title = " ".join(words)
    assert [item.title for item in model([title]).find(title)] == [title]


def test_an_item_is_found_by_a_long_word_before_those_that_only_begin_like_it():
    recommender = model(["abcdefghijklm", "abcdefghijxyz", "ABCDEFGHIJ", "abcdefghi"])
    for text, rows in (
        ("abcdefghij", [0, 1, 2]),
        ("abcdefghijxyz", [1, 0, 2]),
        ("id abcdefghijxyz", [1, 0, 2]),
        ("abcdefghijx", [0, 1, 2]),
    ):
        assert [item.item_id for item in recommender.find(text)] == [f"id_{row}" for row in rows]
    assert [item.item_id for item in recommender.find("abcdefghijxyz", 1)] == ["id_1"]


def test_only_the_first_words_of_a_long_text_count():
    assert found(" ".join(["blue"] * 12 + ["nowhere"])) == ["id_1", "id_2"]


def test_threads_share_a_mapped_index(tmp_path: Path):
    save(make_artifact(), tmp_path / "v1")
    recommender = Recommender(load(tmp_path / "v1"))
    answers: list[list[str]] = []

    def ask() -> None:
        for _ in range(20):
            answers.append([item.item_id for item in recommender.find("a p")])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [["pear", "plum"]] * 80
    assert sorted(path.name for path in (tmp_path / "v1").glob("search*")) == [SEARCH]


def test_a_path_may_hold_what_an_address_may_not(tmp_path: Path):
    save(make_artifact(), tmp_path / "a?b#c %41" / "v1")
    recommender = Recommender(load(tmp_path / "a?b#c %41" / "v1"))
    assert [item.item_id for item in recommender.find("saw")] == ["saw"]


def test_an_index_that_fails_is_named():
    search = Search(sqlite3.connect(":memory:"), "the index")
    with pytest.raises(UnavailableError, match="the index cannot be read: no such table: items"):
        search.find("a", 1)


def test_a_version_that_is_deleted_answers_on_in_every_thread(tmp_path: Path):
    save(make_artifact(), tmp_path / "v1")
    recommender = Recommender(load(tmp_path / "v1"))
    shutil.rmtree(tmp_path / "v1")
    with ThreadPoolExecutor(2) as threads:
        for found in threads.map(recommender.find, ["saw"] * 4):
            assert [item.item_id for item in found] == ["saw"]


def test_counts_are_those_of_the_item():
    assert [item.count for item in model().find("blue")] == (np.arange(6, 0, -1) * 10)[1:3].tolist()
