import json

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console
from scipy import sparse

from trainer.evaluation.attributes import Cosine, SameValue, attributes_of, title_words
from trainer.evaluation.interchangeability import frequent_items, judge_neighbors
from trainer.evaluation.ranking import Ranked
from trainer.evaluation.splits import Cases
from trainer.view.tables import neighborhood_table

# A world of eight items; the four most frequent ones are the queries.
COUNTS = np.array([9, 8, 7, 6, 5, 4, 3, 2])


class Lists:
    """Knows the neighbours of each item, best first."""

    def __init__(self, *neighbors: list[int]) -> None:
        self.neighbors = neighbors

    def rank(self, cases: Cases, k: int) -> Ranked:
        items = np.full((len(cases), k), -1, np.int32)
        for row, item in enumerate(cases.prefixes().items.tolist()):
            best = self.neighbors[item][:k] if item < len(self.neighbors) else []
            items[row, : len(best)] = best
        return Ranked(items, np.where(items < 0, -np.inf, 1).astype(np.float32))


def pairs(*pairs: tuple[int, int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    items, neighbors = zip(*pairs, strict=True)
    return np.array(items), np.array(neighbors)


# what two items have in common


def test_titles_agree_by_their_words():
    words = title_words(["Red tea-cup, RED", "red cup", "blue plate", None, "!"])
    assert words.known.tolist() == [True, True, True, False, False]
    cosines = words.agreement(*pairs((0, 1), (1, 0), (0, 2), (1, 1), (0, 3), (0, 4)))
    two_of_three = pytest.approx(2 / np.sqrt(2 * 3))
    assert cosines.tolist() == [two_of_three, two_of_three, 0, pytest.approx(1), 0, 0]


@pytest.mark.parametrize("form", [np.array, sparse.csr_array, sparse.coo_array])
def test_tags_agree_by_the_cosine_of_their_rows(form: type):
    tags = Cosine("tags", form([[3.0, 4.0], [8.0, 6.0], [0.0, 0.0], [-4.0, 3.0]]))
    assert (tags.name, tags.meaning) == ("tags", "mean cosine of tags")
    assert tags.known.tolist() == [True, True, False, True]
    cosines = tags.agreement(*pairs((0, 1), (0, 2), (0, 3), (1, 3)))
    assert cosines.tolist() == pytest.approx([0.96, 0, 0, -0.28])


def test_many_pairs_are_compared_in_blocks(monkeypatch: pytest.MonkeyPatch):
    tags = Cosine("tags", np.random.default_rng(0).normal(size=(9, 3)))
    items, neighbors = np.divmod(np.arange(81), 9)
    whole = tags.agreement(items, neighbors)
    monkeypatch.setattr("trainer.evaluation.attributes.PAIRS_PER_BLOCK", 7)
    assert tags.agreement(items, neighbors).tolist() == whole.tolist()


@pytest.mark.parametrize(
    ("one", "other", "share"),
    [
        ("tea", "tea", 1),
        ("tea", "Tea", 0),
        ("tea", None, 0),
        (0, 0, 1),
        (False, False, 1),
        (1.5, 2.5, 0),
        (["a", "b"], ["b", "c"], 1 / 3),
        (["a", "b", "a"], ["b", "a"], 1),
        (["a", None], ["a"], 1),
        (["a"], [], 0),
        ([["a"]], [["a"], ["b"]], 1 / 2),
        ({"x": 1, "y": 2}, {"y": 2, "x": 1}, 1),
        ({"x": 1}, {"x": 2}, 0),
    ],
)
def test_values_agree_by_the_share_they_share(one: object, other: object, share: float):
    same = SameValue("kind", ["else", one, other])
    assert same.agreement(*pairs((1, 2))).tolist() == [pytest.approx(share)]
    assert same.agreement(*pairs((1, 0))).tolist() == [0]


def test_nothing_is_no_value():
    assert SameValue("kind", [None, [], [None], 0, ""]).known.tolist() == [False] * 3 + [True] * 2


# what is asked


@pytest.mark.parametrize(("items", "queries"), [(1, 1), (3, 1), (8, 4), (1999, 999), (3000, 1000)])
def test_the_more_frequent_half_is_asked_at_most_a_thousand(items: int, queries: int):
    counts = np.arange(items) + 1
    assert frequent_items(counts).tolist() == list(range(items))[::-1][:queries]


# what is told


def test_a_query_counts_by_the_mean_over_its_neighbours():
    kinds = ["a", "a", None, "b", "a", "b", None, "c"]
    model = Lists([1, 4, 3, 2], [0, 7], [3], [])
    found = judge_neighbors({"ours": model}, [SameValue("kind", kinds)], COUNTS)
    figures = found.models["ours"]
    # Item 2 has no kind: it is left out, and matches nothing. Item 3 has no neighbours.
    assert found.columns["same kind"].queries == 3
    assert figures["same kind"].value == pytest.approx((2 / 4 + 1 / 2 + 0) / 3)
    assert figures["same kind"].low < figures["same kind"].value < figures["same kind"].high
    # Items 5 to 7 were seen fewer than five times.
    assert found.columns["seen < 5"].queries == 4
    assert figures["seen < 5"].value == pytest.approx((0 + 1 / 2 + 0 + 0) / 4)
    assert found.differences == {}


def test_the_item_itself_is_none_of_its_ten_neighbours():
    kinds = ["tea"] * 21 + ["cup"] * 3
    model = Lists(*[[item, *range(12, 23)] for item in range(12)])
    counts = np.arange(24, 0, -1)
    found = judge_neighbors({"ours": model}, [SameValue("kind", kinds)], counts)
    # Of items 12 to 21, the last one is a cup; item 22 would be the eleventh.
    assert found.models["ours"]["same kind"].value == pytest.approx(9 / 10)


def test_the_others_are_compared_with_the_first():
    titles = ["red cup", "red cup", "blue cup", "blue cup", *["plate"] * 4]
    models = {
        "ours": Lists([1], [0], [3], [2]),
        "same": Lists([1], [0], [3], [2]),
        "worse": Lists([4], [5], [6], [7]),
    }
    found = judge_neighbors(models, [title_words(titles)], COUNTS)
    assert list(found.differences) == ["same", "worse"]
    same, worse = (found.differences[name]["title words"] for name in ("same", "worse"))
    assert (same.low, same.value, same.high) == (0, 0, 0)
    assert (worse.low, worse.value, worse.high) == pytest.approx((1, 1, 1))
    # The neighbours 5, 6 and 7 are rare: three of four.
    assert found.differences["worse"]["seen < 5"].value == pytest.approx(-3 / 4)


def test_a_lead_that_is_the_same_for_each_query_is_certain():
    kinds = ["tea"] * 6 + ["cup"] * 2
    models = {
        "ours": Lists([4, 5], [4, 6], [4, 5], [4, 6]),
        "worse": Lists([4, 6], [6, 7], [4, 6], [6, 7]),
    }
    found = judge_neighbors(models, [SameValue("kind", kinds)], COUNTS)
    ours, lead = found.models["ours"]["same kind"], found.differences["worse"]["same kind"]
    assert (ours.low, ours.value, ours.high) == (0.5, 0.75, 1)
    assert (lead.low, lead.value, lead.high) == (0.5, 0.5, 0.5)


@pytest.mark.parametrize("titles", [[None] * 8, [*[None] * 4, "a", "a", "b", "b"]])
def test_what_no_query_has_is_left_out(titles: list[str | None]):
    found = judge_neighbors(
        {"ours": Lists([1]), "other": Lists()},
        attributes_of(titles, {"empty": [None] * 8, "kind": list("aabbccdd")}),
        COUNTS,
    )
    assert list(found.columns) == ["same kind", "seen < 5"]
    assert list(found.models["other"]) == list(found.differences["other"]) == list(found.columns)


def test_a_single_item_has_no_neighbours():
    found = judge_neighbors({"ours": Lists([0])}, attributes_of(["tea"], {}), np.array([3]))
    assert (found.queries, found.models["ours"]["title words"].value) == (1, 0)
    assert found.models["ours"]["seen < 5"].value == 0


def test_all_of_it_is_json():
    titles = ["red cup", None, "cup", *["plate"] * 5]
    found = judge_neighbors({"ours": Lists([2])}, attributes_of(titles, {}), COUNTS)
    told = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert told["columns"]["title words"] == {"meaning": "mean cosine of title words", "queries": 3}
    assert told["models"]["ours"]["title words"]["value"] == pytest.approx(1 / np.sqrt(2) / 3)


def test_the_table_marks_what_is_higher_or_lower_than_the_first():
    kinds = ["tea", "tea", "cup", "cup"] * 2
    models = {
        "ours": Lists([1, 2], [0, 2], [3, 0], [2, 0]),
        "higher [b]": Lists([1], [0], [3], [2]),
        "lower": Lists([2], [2], [0], [0]),
    }
    console = Console(width=60)
    with console.capture() as capture:
        found = judge_neighbors(models, [SameValue("[kind]", kinds)], COUNTS)
        console.print(neighborhood_table(found))
    lines = capture.get().splitlines()
    assert lines[0].split() == ["model", "same", "[kind]", "seen", "<", "5"]
    assert [" ".join(line.split()) for line in lines[2:8:2]] == [
        "ours 0.5000 0.0000",
        "higher [b] ▲ 1.0000 0.0000",
        "lower ▼ 0.0000 0.0000",
    ]
    assert (
        "10 neighbours of each of the 4 most frequent items: share with the same [kind], share of "
        "answers seen fewer than five times; 95 % intervals; ▲ higher, ▼ lower than the first"
    ) in " ".join(capture.get().split())
