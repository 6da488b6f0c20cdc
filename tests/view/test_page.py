import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import __version__
from service.model.recommender import Recommender
from tests.conftest import make_artifact
from tests.worlds import cases_of
from trainer.config.jobs import Config
from trainer.evaluation.attributes import attributes_of
from trainer.evaluation.baselines import Popularity
from trainer.evaluation.bootstrap import Estimate
from trainer.evaluation.comparison import Evaluation, EvaluationProtocol, Scores, evaluate
from trainer.evaluation.interchangeability import judge_neighbors
from trainer.evaluation.served import Served
from trainer.evaluation.splits import Cases
from trainer.view.page import PageContent, page_content, render_page
from trainer.view.page.charts.axes import round_values
from trainer.view.page.charts.intervals import interval_chart
from trainer.view.page.charts.item_map import map_chart
from trainer.view.page.charts.labels import shorten
from trainer.view.page.charts.lengths import length_bins
from trainer.view.page.facts import facts_of
from trainer.view.page.groups import Groups, groups_of
from trainer.view.page.headline import headline
from trainer.view.page.places import ItemMap, plane
from trainer.view.page.samples import Answer

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
    log: str = "shop.csv",
) -> PageContent:
    artifact = make_artifact()
    manifest = artifact.manifest.model_copy(
        update={
            "metrics": {"epoch_losses": list(losses)},
            "config": {"data": {"paths": [f"logs/{log}"]}},
        }
    )
    titles = ["Apple", title, None, None, None, None]
    recommender = Recommender(replace(artifact, manifest=manifest, titles=titles))
    served = Served(recommender)
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
    return page_content(evaluation, neighbors, {model: served}, cases, lengths, "held <out>")


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
    assert "<h1>Evaluation: shop.csv</h1>" in page
    assert "<dd>held &lt;out&gt;</dd>" in page
    for heading in (
        "Compared with every model",
        "Every figure",
        "Neighbours, judged by what training does not see",
        "Hit rate by popularity of the answer",
        "Loss",
        "Session lengths",
        "Map of the items",
        "Sample queries",
    ):
        assert f"<h2>{heading}</h2>" in page
    assert Reader(page).elements.count("svg") == 3 + 2 + 1
    for words in ("ours", "popularity", "HR@3", "NDCG@3", "MRR@2", "title words", "same kind"):
        assert words in Reader(page).words


def test_charts_are_as_wide_as_the_page_and_their_text_is_not_scaled():
    page = render_page(content())
    assert 'name="viewport" content="width=device-width' in page
    assert "viewBox" not in page
    across = re.findall(r' (?:x|x1|x2|cx|width)="([^"]+)"', page)
    assert len(across) > 50
    assert all(place.endswith("%") and 0 <= float(place[:-1]) <= 100 for place in across)


def test_hostile_names_are_words_and_nothing_else():
    hostile = content(title=HOSTILE, model=HOSTILE, column=HOSTILE, log=HOSTILE)
    page = Reader(render_page(hostile))
    tame = Reader(render_page(content(title="A long and tame name".ljust(len(HOSTILE), "."))))
    assert page.elements == tame.elements
    assert page.open == []
    assert page.attributes == tame.attributes
    # The model in three charts, in tables and beside its answers.
    assert page.words.count(HOSTILE) >= 8
    parts = (f"{HOSTILE} cannot be told", f"{HOSTILE} minus", f"{HOSTILE}: 0.", f"same {HOSTILE}")
    for part in parts:
        assert any(text.startswith(part) for text in page.words)
    # Of a path, what is behind the last slash.
    assert any(text.startswith("Evaluation: svg>") for text in page.words)


# The verdict on top


def judged(*ahead: Estimate) -> Evaluation:
    """An evaluation of a model that is ahead of others so far."""
    scores = Scores({"HR@20": Estimate(0.3, 0.2, 0.4)}, {}, 0.0, [])
    names = ["ours", *(f"model {place}" for place, _ in enumerate(ahead))]
    return Evaluation(
        cases=1,
        sessions=1,
        unseen=0.0,
        repeated=0.0,
        protocol=EvaluationProtocol(),
        cases_by_decile=[],
        models=dict.fromkeys(names, scores),
        differences={
            name: {"HR@20": estimate} for name, estimate in zip(names[1:], ahead, strict=True)
        },
    )


AHEAD, EVEN = Estimate(0.1, 0.05, 0.15), Estimate(0.01, -0.01, 0.03)
BEHIND, FAR_AHEAD = Estimate(-0.1, -0.2, -0.05), Estimate(0.2, 0.15, 0.25)


def test_a_model_that_is_surely_ahead_of_all_others_beats_them():
    found = headline(judged(FAR_AHEAD, AHEAD), [])
    assert found.outcome == "better"
    assert found.sentence == (
        "ours beats all 2 models it was compared with: HR@20 0.300, +0.100 against model 1 "
        "(95% interval +0.050 to +0.150)."
    )


def test_a_model_that_may_be_no_better_does_not_beat():
    found = headline(judged(FAR_AHEAD, EVEN, AHEAD), [])
    assert found.outcome == "open"
    assert found.sentence.startswith("ours cannot be told from model 1: HR@20 0.300, +0.010 aga")
    assert found.sentence.endswith("; it beats 2 of 3 models.")


def test_a_model_that_is_surely_behind_loses():
    found = headline(judged(BEHIND, EVEN), [])
    assert found.outcome == "worse"
    assert found.sentence.startswith("ours loses to model 0: HR@20 0.300, -0.100 against model 0")
    assert "beats" not in found.sentence


def test_the_other_relation_is_not_to_be_beaten():
    assert headline(judged(BEHIND, AHEAD), ["ours", "model 0"]).outcome == "better"
    alone = headline(judged(BEHIND), ["ours", "model 0"])
    assert alone.sentence == "ours was compared with no other model: HR@20 0.300."


# What was evaluated


def test_the_page_says_what_was_evaluated_and_which_settings_were_changed():
    config = Config.model_validate(
        {
            "data": {"paths": ["a.csv", "b.csv"], "session": "visit", "where": "price > 0"},
            "training": {"window": 3, "ns_exponent": -0.5, "workers": 7},
        }
    )
    manifest = make_artifact().manifest.model_copy(
        update={
            "config": config.model_dump(mode="json"),
            "data": {"sessions": 1200, "events_kept": 5000, "first_event": "A", "last_event": "B"},
        }
    )
    facts = facts_of(manifest, "the newest tenth is held out")
    assert facts["log"] == "a.csv, b.csv"
    assert facts["condition"] == "price > 0"
    assert facts["time of training"] == "A to B"
    assert facts["trained on"] == "1,200 sessions, 5,000 events, 6 items"
    assert facts["held out"] == "the newest tenth is held out"
    assert "window 3, epochs 20" in facts["model"]
    assert facts["changed settings"] == "training.ns_exponent -0.5"
    assert facts["program"] == f"item2vec {__version__}"
    assert facts["date"] == "2026-01-02 03:04 UTC"


# Charts and samples


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
    answer = samples[0].answers["ours"]
    assert answer.rank == 0
    assert [item.is_hit for item in answer.items] == [True, False, False, False]
    assert answer.items[0].name == "Apple"
    assert answer.items[0].score > answer.items[1].score
    assert "A pear" not in [item.name for item in answer.items]


def test_answers_of_both_relations_stand_side_by_side():
    one = content()
    sample = one.samples[0]
    both = replace(sample, answers={"next": sample.answers["ours"], "similar": Answer([], None)})
    words = Reader(render_page(replace(one, samples=[both]))).words
    assert [word for word in words if word in ("next", "similar")] == ["next", "similar"]
    assert "hit, place 1" in words
    assert "beyond 3" in words


def one_group(items: int) -> Groups:
    return Groups("all", ["all"], np.zeros(items, np.int64))


def test_the_plane_keeps_the_directions_in_which_vectors_differ_most():
    random = np.random.default_rng(0)
    vectors = random.normal(size=(200, 4)) * [0.1, 5, 0.1, 2] + 7
    places = plane(vectors.astype(np.float32), one_group(200).members)
    for column, direction in ((0, 1), (1, 3)):
        correlation = np.corrcoef(places[:, column], vectors[:, direction])[0, 1]
        assert abs(correlation) > 0.99


def test_the_plane_sets_groups_apart_before_all_else():
    random = np.random.default_rng(0)
    members = np.repeat([0, 1], 100)
    vectors = random.normal(size=(200, 4)) * [0.5, 0.3, 0.01, 0.01]
    vectors[:, 2] += members
    places = plane(vectors.astype(np.float32), members)
    assert abs(np.corrcoef(places[:, 0], members)[0, 1]) > 0.9
    assert abs(np.corrcoef(places[:, 1], vectors[:, 0])[0, 1]) > 0.9


@pytest.mark.parametrize("vectors", [np.ones((1, 3)), np.ones((4, 1)), np.ones((3, 3))])
def test_vectors_that_hardly_differ_have_a_plane_too(vectors: np.ndarray):
    groups = one_group(len(vectors))
    places = plane(vectors.astype(np.float32), groups.members)
    assert places.shape == (len(vectors), 2)
    items = ItemMap(["x"] * len(vectors), np.ones(len(vectors), np.int64), places, groups)
    chart = map_chart(items)
    dots = chart.groups[0].dots
    assert len(dots) == len(vectors)
    assert all(0 < dot.x < 100 and 0 < dot.y < chart.height for dot in dots)


def test_a_column_of_few_values_colors_the_map():
    metadata = {
        "price": [1.5, 2.5, 3.5, 4.5],
        "kind": ["fruit", None, "tool", "fruit"],
    }
    groups = groups_of(metadata, [], np.eye(4))
    assert groups.kind == "the values of kind"
    assert groups.names == ["fruit", "tool", "other"]
    assert groups.members.tolist() == [0, 2, 1, 0]


def test_of_many_values_the_rarest_share_a_color():
    values = [f"kind {number}" for number in range(12) for _ in range(20 - number)]
    groups = groups_of({"kind": values}, [], np.eye(2))
    assert groups.names == [*(f"kind {number}" for number in range(7)), "other"]
    assert groups.members.max() == 7
    assert values[int(np.flatnonzero(groups.members == 7)[0])] == "kind 7"


def test_without_such_a_column_clusters_of_the_vectors_do_and_words_name_them():
    random = np.random.default_rng(0)
    corners = np.repeat(np.eye(4)[:2], 30, axis=0)
    units = (corners + random.normal(size=(60, 4)) * 0.01).astype(np.float32)
    names = [f"{kind} number {n}" for kind in ("apple", "hammer") for n in range(30)]
    ids = {"id": [str(number) for number in range(60)]}
    groups = groups_of(ids, names, units)
    assert sorted(groups.names) == ["apple", "hammer"]
    assert [groups.names[group] for group in groups.members] == ["apple"] * 30 + ["hammer"] * 30


def test_names_are_cut_between_words_where_that_leaves_enough():
    assert shorten("red retrospot lunch bag", 30) == "red retrospot lunch bag"
    assert shorten("red retrospot lunch bag", 22) == "red retrospot lunch…"
    assert shorten("red retrospot lunch bag", 20) == "red retrospot lunch…"
    assert shorten("a Brobdingnagianlyoversized word", 20) == "a Brobdingnagianlyo…"


@pytest.mark.parametrize(("layout", "width"), [("labels", 900), ("narrow_labels", 270)])
def test_names_on_the_map_do_not_overlap(layout: str, width: int):
    random = np.random.default_rng(0)
    names = [f"item of the name {item}" for item in range(300)]
    places = random.normal(size=(300, 2))
    chart = map_chart(ItemMap(names, np.arange(300, 0, -1), places, one_group(300)))
    labels = getattr(chart, layout)
    boxes = [(one.start, one.y, one.end, one.y + 12) for one in labels]
    assert len(boxes) > 10
    assert all(box[0] >= 0 and box[2] <= width for box in boxes)
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
    assert 0 <= ours.low < ours.high <= 100


@pytest.mark.parametrize("longest", [1, 2, 3, 7, 7983])
def test_every_length_has_one_bin(longest: int):
    edges = length_bins(longest)
    assert edges[0] == 1
    assert edges == sorted(set(edges))
    assert edges[-1] <= longest
    assert len(edges) < 30
