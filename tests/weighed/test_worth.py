"""What an evaluation says of weights."""

import json
from typing import Any

import numpy as np
import pytest

import item2vec
from item2vec.evaluation import Evaluation
from service.model.voice_groups import GROUPS, group_of
from tests.weighed.conftest import SETTINGS, settings_of, visits
from trainer.config.jobs import Config
from trainer.evaluation.bootstrap import Estimate, compare_means, group_means
from trainer.evaluation.weighed import Weighed, silenced
from trainer.view.page.charts.calibration import calibration_chart
from trainer.view.page.charts.gains import gain_chart

TABLE = "next, table alone"


@pytest.fixture(scope="module")
def evaluation(model: item2vec.Model) -> Evaluation:
    """Lists of ten at most: with forty items, more would hit anyway."""
    return model.evaluate(cutoffs=[5, 10], progress=False)


@pytest.fixture(scope="module")
def weighed(evaluation: Evaluation) -> Weighed:
    assert evaluation.run.weighed is not None
    return evaluation.run.weighed


def test_the_calibration_error_is_how_far_shares_are_from_probabilities(
    evaluation: Evaluation, weighed: Weighed
):
    found = weighed.calibration
    assert sum(one.cases for one in found.bins) == found.cases
    # Those whose answer was in the session could not be answered.
    repeated = evaluation.run.evaluation.repeated
    assert 0 < found.cases == round(len(evaluation.run.cases) * (1 - repeated))
    off = [one.cases * abs(one.share.value - one.probability) for one in found.bins]
    assert found.error == pytest.approx(sum(off) / found.cases, abs=1e-6)
    probabilities = [one.probability for one in found.bins]
    assert probabilities == sorted(probabilities)
    assert all(one.share.low <= one.share.value <= one.share.high for one in found.bins)
    sizes = {one.cases for one in found.bins}
    assert max(sizes) - min(sizes) <= 1
    # The log is of one piece, so that what is fitted holds.
    assert found.bins[-1].share.value > 2 * found.bins[0].share.value
    assert found.by_chance > 0.02
    assert found.error < 4 * found.by_chance


def test_the_gain_of_all_parts_together_is_the_difference_of_the_models(
    evaluation: Evaluation, weighed: Weighed
):
    judged = evaluation.run.evaluation
    for metric in ("HR@10", "MRR@10"):
        total = sum(part.cases * part.gain[metric].value for part in weighed.by_length)
        behind = judged.differences[TABLE][metric]
        assert total / judged.cases == pytest.approx(behind.value, abs=1e-9)
        assert behind.low > 0
    assert [part.name for part in weighed.by_length] == ["1", "2", "3", "4", "5-6"]
    assert [part.name for part in weighed.by_decile] == [str(tenth) for tenth in range(1, 11)]
    assert [part.cases for part in weighed.by_decile] == judged.cases_by_decile
    ours, table = (judged.models[name].hits_by_decile for name in ("item2vec next", TABLE))
    gains = [part.gain["HR@10"].value for part in weighed.by_decile]
    expected = [one - other for one, other in zip(ours, table, strict=True)]
    assert gains == pytest.approx(expected, abs=1e-9)


def test_weights_gain_where_there_are_two_items_to_go_by(weighed: Weighed):
    one, *more = weighed.by_length
    assert all(part.gain["MRR@10"].low > one.gain["MRR@10"].value for part in more[:2])


def test_the_voice_that_was_planted_is_missed_most(weighed: Weighed, evaluation: Evaluation):
    falls = {group: fall["MRR@10"].value for group, fall in weighed.silent.items()}
    assert max(falls, key=lambda group: falls[group]) == "after the last items"
    assert weighed.silent["after the last items"]["HR@10"].low > 0
    # What cannot be answered has no say.
    assert set(falls) == set(GROUPS) - {"repeats in the session"}
    assert weighed.silent_cases == evaluation.run.evaluation.cases


def test_only_the_silent_voices_lose_their_weights(model: item2vec.Model):
    logit = settings_of(model).logit
    assert logit is not None
    heard = logit.weights(2, allow_seen=True)
    for group in GROUPS:
        quiet = silenced(logit, group).weights(2, allow_seen=True)
        is_silent = np.array([group_of(name) == group for name in logit.names])
        assert is_silent.any()
        assert not quiet[is_silent].any()
        np.testing.assert_array_equal(quiet[~is_silent], heard[~is_silent])
    np.testing.assert_array_equal(logit.weights(2, allow_seen=True), heard)


def test_repeats_count_where_they_may_be_answered(model: item2vec.Model):
    told = model.evaluate(
        cutoffs=[10], exclude_seen=False, max_cases=300, baselines=False, progress=False
    ).run
    assert told.weighed is not None
    assert set(told.weighed.silent) == set(GROUPS)
    assert told.weighed.silent["repeats in the session"]["HR@10"].value > 0
    assert told.weighed.calibration.cases == told.weighed.silent_cases == 300
    # The table alone was not asked.
    assert told.weighed.by_length == told.weighed.by_decile == []
    assert "Where do they help?" not in told.page()
    assert "could not be answered" not in told.page()


def test_json_and_page_have_all_of_it(evaluation: Evaluation, weighed: Weighed):
    run = evaluation.run
    body: dict[str, Any] = json.loads(json.dumps(run.as_dict(Config()), allow_nan=False))["weighed"]
    assert body["calibration"]["error"] == weighed.calibration.error
    assert body["by_length"][0]["gain"]["HR@10"].keys() == {"value", "low", "high"}
    assert body["silent"].keys() == weighed.silent.keys()
    page = run.page()
    assert "<h2>What the weights are worth</h2>" in page
    assert f"{weighed.calibration.error:.4f} apart" in page
    assert "set to 0" in page
    assert 'class="curve perfect"' in page
    assert page.count('class="zero"') == 4
    for name in (*weighed.silent, "HR@10 by items so far", "MRR@10 by popularity of the answer"):
        assert f">{name}<" in page
    assert "how probably it comes next" in page


def test_where_the_table_alone_answers_nothing_is_said_of_weights():
    model = item2vec.train(visits()[:200], **SETTINGS)
    run = model.evaluate(baselines=False, progress=False).run
    assert run.weighed is None
    assert "weights are worth" not in run.page()
    assert "a share of the votes" in run.page()


def test_means_of_groups_are_those_of_each_group_alone():
    random = np.random.default_rng(0)
    values, session = random.normal(size=300), np.repeat(np.arange(100), 3)
    groups = session % 3 - 1  # whole sessions
    first, second = group_means(values, groups, session, 500, 1)
    for group, found in enumerate((first, second)):
        kept = groups == group
        alone, _ = compare_means({"": {"": values[kept]}}, session[kept], 500, 1)
        expected = alone[""][""]
        assert found.value == pytest.approx(values[kept].mean())
        assert found.low == pytest.approx(expected.low, abs=0.06)
        assert found.high == pytest.approx(expected.high, abs=0.06)
    middle, empty, last = group_means(values[:4], np.array([0, 2, 2, 0]), session[:4], 50, 1)
    assert np.isnan(empty.value)
    assert (middle.value, last.value) == pytest.approx((values[[0, 3]].mean(), values[1:3].mean()))


def test_differences_lie_on_both_sides_of_zero_and_are_coloured_if_sure():
    parts = {
        "ahead": Estimate(0.2, 0.1, 0.3),
        "open": Estimate(0.05, -0.05, 0.2),
        "behind": Estimate(-0.1, -0.2, -0.05),
    }
    chart = gain_chart("HR@10", parts)
    ahead, even, behind = chart.gains
    assert [one.kind for one in chart.gains] == ["better", "of-model", "worse"]
    assert behind.high < chart.zero < ahead.low
    assert even.low < chart.zero < even.high
    assert all(0 <= one.low <= one.value <= one.high <= 100 for one in chart.gains)
    assert chart.top < ahead.y < even.y < behind.y < chart.bottom
    assert "0" in [tick.label for tick in chart.ticks]


def test_a_perfect_bin_lies_on_the_line(weighed: Weighed):
    chart = calibration_chart(weighed.calibration)
    start, end = chart.perfect
    assert (start.value, end.value) == (chart.frame.values[0], chart.frame.values[-1])
    slope = (end.y - start.y) / (end.x - start.x)
    for dot in chart.dots:
        on_line = start.y + slope * (dot.point.x - start.x)
        is_above = dot.point.y < on_line
        assert is_above == (dot.point.value > dot.probability)
        assert dot.high <= dot.point.y <= dot.low
