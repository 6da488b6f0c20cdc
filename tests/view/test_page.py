import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.model.recommender import Recommender
from tests.conftest import make_artifact
from tests.worlds import cases_of
from trainer.evaluation.attributes import attributes_of
from trainer.evaluation.baselines import Popularity
from trainer.evaluation.bootstrap import Estimate
from trainer.evaluation.comparison import EvaluationProtocol, evaluate
from trainer.evaluation.interchangeability import judge_neighbors
from trainer.evaluation.served import Served
from trainer.evaluation.splits import Cases
from trainer.view.page import PageContent, page_content, render_page
from trainer.view.page.charts.axes import round_values
from trainer.view.page.charts.intervals import interval_chart
from trainer.view.page.charts.item_map import map_chart
from trainer.view.page.charts.lengths import length_bins
from trainer.view.page.content import ItemMap, plane

HOSTILE = "<script>alert('x')</script> & \"quotes\" </svg>"


class Reader(HTMLParser):
    """Which elements a page has, what they refer to, and its words."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[str] = []
        self.references: list[str] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.references += [f"{name}={value}" for name, value in attrs if name in ("src", "href")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def content(
    title: str = "A pear",
    losses: tuple[float, ...] = (2.0, 1.5, 1.4),
    model: str = "ours",
    column: str = "kind",
) -> PageContent:
    artifact = make_artifact()
    manifest = artifact.manifest.model_copy(update={"metrics": {"epoch_losses": list(losses)}})
    titles = ["Apple", title, None, None, None, None]
    served = Served(Recommender(replace(artifact, manifest=manifest, titles=titles)))
    known = cases_of([1, 2], [3], [-1], [4, 3, 1])
    answers = np.array([0, 4, 2, -1], np.int32)
    cases = Cases(known.items, known.starts, known.stops, answers, known.session)
    rankers = {model: served, "popularity": Popularity(artifact.counts)}
    evaluation = evaluate(
        rankers, cases, artifact.counts, EvaluationProtocol(ks=(2, 3), resamples=50)
    )
    attributes = attributes_of(titles, {column: artifact.metadata["kind"]})
    neighbors = judge_neighbors(rankers, attributes, artifact.counts, resamples=50)
    lengths = np.array([2, 2, 3, 40, 7])
    return page_content(evaluation, neighbors, served, cases, lengths, "Asked <once>.")


def test_a_page_is_whole_and_loads_nothing():
    page = render_page(content())
    read = Reader(page)
    assert read.open == []
    assert not {"script", "link", "img", "iframe", "object"} & set(read.elements)
    assert read.references == []
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page


def test_a_page_shows_every_model_and_chart():
    page = render_page(content())
    assert "Asked &lt;once&gt;. 4 cases" in page
    for heading in (
        "Ranking the whole catalogue",
        "Compared with every baseline",
        "Neighbours, judged by what training does not see",
        "Hit rate by popularity of the answer",
        "Loss",
        "Session lengths",
        "Map of the items",
        "Sample queries",
    ):
        assert f"<h2>{heading}</h2>" in page
    assert Reader(page).elements.count("svg") == 3 + 1 + 2 + 1
    for words in ("ours", "popularity", "HR@3", "NDCG@3", "MRR@2", "title words", "same kind"):
        assert words in Reader(page).words


def test_hostile_names_are_words_and_nothing_else():
    hostile = content(title=HOSTILE, model=HOSTILE, column=HOSTILE)
    page = Reader(render_page(replace(hostile, title=HOSTILE, about=HOSTILE)))
    tame = Reader(render_page(content()))
    assert page.elements == tame.elements
    assert page.open == []
    assert page.attributes == tame.attributes
    # The headline and the title above it; the item's dot; the model in the table and the key.
    assert page.words.count(HOSTILE) >= 4
    parts = (f"{HOSTILE} 4 cases", f"{HOSTILE} minus", f"{HOSTILE}: 0.", f"same {HOSTILE}")
    for part in parts:
        assert any(text.startswith(part) for text in page.words)


def test_an_imported_model_has_no_losses_to_show():
    page = render_page(content(losses=()))
    assert "<h2>Loss</h2>" not in page
    assert "<h2>Session lengths</h2>" in page


@pytest.mark.parametrize("losses", [(1.5,), (1.5, 1.5), (2.0, 0.0), (3e-7, 2e-7), (1e9, 1.0)])
def test_any_losses_can_be_drawn(losses: tuple[float, ...]):
    page = render_page(content(losses=losses))
    heights = [float(y) for y in re.findall(r'cy="([^"]+)"[^>]*><title>epoch', page)]
    assert len(heights) == len(losses)
    assert all(0 <= height <= 240 for height in heights)
    assert heights == sorted(heights)


def test_sample_queries_are_readable_cases():
    samples = content().samples
    assert [(one.query, one.answer) for one in samples] == [
        (["A pear", "plum"], "Apple"),
        (["hammer"], "saw"),
    ]
    assert samples[0].rank == 0
    assert samples[0].recommended[0] == "Apple"
    assert "A pear" not in samples[0].recommended


def test_the_plane_keeps_the_directions_in_which_vectors_differ_most():
    random = np.random.default_rng(0)
    vectors = random.normal(size=(200, 4)) * [0.1, 5, 0.1, 2] + 7
    places = plane(vectors.astype(np.float32))
    for column, direction in ((0, 1), (1, 3)):
        correlation = np.corrcoef(places[:, column], vectors[:, direction])[0, 1]
        assert abs(correlation) > 0.99


@pytest.mark.parametrize("vectors", [np.ones((1, 3)), np.ones((4, 1)), np.ones((3, 3))])
def test_vectors_that_hardly_differ_have_a_plane_too(vectors: np.ndarray):
    places = plane(vectors.astype(np.float32))
    assert places.shape == (len(vectors), 2)
    chart = map_chart(ItemMap(["x"] * len(vectors), np.ones(len(vectors), np.int64), places))
    assert all(0 < dot.x < chart.width and 0 < dot.y < chart.height for dot in chart.dots)


def test_names_on_the_map_do_not_overlap():
    random = np.random.default_rng(0)
    names = [f"item of the name {item}" for item in range(300)]
    places = random.normal(size=(300, 2))
    labels = map_chart(ItemMap(names, np.arange(300, 0, -1), places)).labels
    boxes = [(one.x, one.y, one.x + 6 * len(one.name), one.y + 12) for one in labels]
    assert len(boxes) > 10
    for place, one in enumerate(boxes):
        for other in boxes[:place]:
            assert one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]


@given(low=st.floats(-1e6, 1e6), reach=st.floats(1e-9, 1e6), most=st.integers(2, 10))
def test_values_on_an_axis_are_few_and_enclose_those_drawn(low: float, reach: float, most: int):
    values = round_values(low, low + reach, most)
    assert 2 <= len(values) <= most + 2
    assert values[0] <= low + 1e-6 * reach + 1e-9 * abs(low)
    assert values[-1] >= low + reach - 1e-6 * reach - 1e-9 * abs(low)


def test_a_dot_lies_on_its_interval_and_the_better_model_further_right():
    estimates = {"ours": Estimate(0.2, 0.1, 0.25), "theirs": Estimate(0.1, 0.1, 0.1)}
    ours, theirs = interval_chart("HR@3", estimates).intervals
    assert ours.low < ours.value < ours.high
    assert theirs.low == theirs.value == theirs.high == ours.low
    assert ours.y < theirs.y


@pytest.mark.parametrize("longest", [1, 2, 3, 7, 7983])
def test_every_length_has_one_bin(longest: int):
    edges = length_bins(longest)
    assert edges[0] == 1
    assert edges == sorted(set(edges))
    assert edges[-1] <= longest
    assert len(edges) < 30
