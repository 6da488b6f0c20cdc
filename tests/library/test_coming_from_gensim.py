"""The page for users of gensim: both halves run, and do the same."""

import inspect
import re

import numpy as np
import pytest

import item2vec
from tests.shell import ROOT
from trainer.config.cores import usable_cores
from trainer.config.sources import merge, settings

PAGE = (ROOT / "docs" / "coming-from-gensim.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n# (\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| `(\w+)` \| `(.*)` \| `(\w+)` \| `?(.*?)`? \|$", re.MULTILINE)
RESULTS = {"similar", "analogy", "cosine", "following", "best", "score", "ids"} | {
    "vector", "known", "size", "matrix", "keys", "count", "again", "plain",
}  # fmt: skip


def run_half(program, directory):
    """What the blocks of one program, and those of both, have set at their end."""
    names = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(directory)
        exec("".join(code for of, code in BLOCKS if of in (program, "both")), names)
    return names


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    return run_half("item2vec", tmp_path_factory.mktemp("item2vec"))


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    pytest.importorskip("gensim", reason="gensim has no wheel for this Python")
    return run_half("gensim", tmp_path_factory.mktemp("gensim"))


def test_every_block_belongs_to_a_program():
    assert PAGE.count("```python\n") == len(BLOCKS)
    assert {program for program, _ in BLOCKS} == {"both", "gensim", "item2vec"}


def test_our_half_does_what_it_says(ours):
    assert ours.keys() >= RESULTS
    assert set(ours["ids"]) == {"pear", "plum", "fig"}
    assert set(ours["following"].ids) == {"plum", "fig"} | set(ours["following"].ids[2:])
    assert ours["frame"]["item_id"].to_list() == ours["ids"]
    assert np.array_equal(ours["again"].vectors, ours["matrix"])
    assert np.array_equal(ours["plain"].vectors, ours["matrix"])
    assert ours["again"].similar("apple", k=3) == ours["similar"]


def test_their_half_gives_the_same(ours, theirs):
    assert theirs.keys() >= RESULTS
    assert set(theirs["ids"]) == set(ours["ids"])
    assert {key for key, _ in theirs["following"]} >= set(ours["following"].ids[:2])
    assert theirs["cosine"] == pytest.approx(ours["cosine"], abs=0.2)
    assert len(theirs["analogy"]) == len(ours["analogy"])
    assert theirs["known"] is ours["known"] is True
    assert theirs["size"] == ours["size"]
    assert theirs["matrix"].shape == ours["matrix"].shape
    assert theirs["vector"].shape == ours["vector"].shape
    assert set(theirs["keys"]) == set(ours["keys"])
    assert theirs["count"] == ours["count"]


def test_each_reads_the_vectors_of_the_other_and_finds_the_same(theirs, ours, tmp_path):
    theirs["model"].wv.save_word2vec_format(tmp_path / "theirs.txt")
    model = item2vec.load(tmp_path / "theirs.txt")
    assert np.array_equal(model.vectors, theirs["matrix"])
    for query in theirs["keys"]:
        expected = theirs["model"].wv.most_similar(query, topn=3)
        answer = model.similar(query, k=3)
        assert answer.ids == [key for key, _ in expected]
        assert [item.score for item in answer] == pytest.approx([score for _, score in expected])
    expected = theirs["model"].wv.most_similar(["apple", "saw"], ["pear"], topn=3)
    assert model.analogy(["apple", "saw"], ["pear"], k=3).ids == [key for key, _ in expected]
    ours["model"].export(tmp_path / "ours.txt.gz")
    again = theirs["KeyedVectors"].load_word2vec_format(tmp_path / "ours.txt.gz")
    assert np.array_equal(again.vectors, ours["matrix"])


def test_the_defaults_of_the_table_are_those_of_both():
    gensim = pytest.importorskip("gensim.models", reason="gensim has no wheel for this Python")
    theirs = inspect.signature(gensim.Word2Vec.__init__).parameters
    names = {name.rpartition(".")[2]: name for name, _ in settings()}
    ours = merge({}).model_dump()
    rows = ROW.findall(PAGE)
    assert len(rows) == 15
    for their_name, their_default, our_name, our_default in rows:
        assert repr(theirs[their_name].default) == their_default, their_name
        section, leaf = names[our_name].split(".")
        value = ours[section][leaf]
        if our_default == "all cores":
            assert value == usable_cores()
        else:
            assert str(value) == our_default.strip('"')
