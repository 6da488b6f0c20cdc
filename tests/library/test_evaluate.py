"""Judging the settings of a model from a notebook."""

import pandas as pd
import polars as pl
import pytest

import item2vec
from tests.conftest import make_artifact
from tests.library.test_train import BY_COLUMN, QUICK, events, visits

FEW = {"baselines": False, "cutoffs": [3], "test_share": 0.25}


@pytest.fixture(scope="module")
def of_sessions():
    return item2vec.train(visits(), **QUICK)


@pytest.fixture(scope="module")
def evaluation(of_sessions):
    return of_sessions.evaluate(**FEW)


def test_a_model_is_judged_on_the_newest_part_of_the_log_it_was_trained_on(evaluation):
    assert list(evaluation.metrics) == ["item2vec next", "item2vec similar"]
    hits = evaluation.metrics["item2vec next"]
    assert list(hits) == ["HR@3", "NDCG@3", "MRR@3"]
    assert hits["HR@3"] > 0.9
    assert "the last 10 of 40 sessions in its order are held out" in repr(evaluation)
    assert "<pre>the log has no times" in evaluation._repr_html_()


def test_its_figures_are_a_frame(evaluation):
    frame = evaluation.to_frame()
    assert frame.columns == ["model", "metric", "value", "low", "high"]
    assert frame.height == 6
    first = frame.row(0, named=True)
    assert first["value"] == evaluation.metrics[first["model"]][first["metric"]]
    assert first["low"] <= first["value"] <= first["high"]
    pd.testing.assert_frame_equal(
        evaluation.to_frame("pandas"), pd.DataFrame(frame.to_dict(as_series=False))
    )


def test_its_text_has_no_colors_even_where_a_kernel_asks_for_them(evaluation, monkeypatch):
    plain = repr(evaluation)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert repr(evaluation) == plain
    assert "\x1b" not in plain


def test_its_page_is_written(evaluation, tmp_path):
    evaluation.save(tmp_path / "report.html")
    assert "item2vec next" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_loaded_model_is_judged_on_a_log_that_is_handed_over(of_sessions, tmp_path):
    of_sessions.save(tmp_path)
    model = item2vec.load(tmp_path)
    with pytest.raises(item2vec.InputError, match="trained on the list of sessions, which is not"):
        model.evaluate()
    assert model.evaluate(visits(), **FEW).metrics.keys() == {"item2vec next", "item2vec similar"}
    judged = model.evaluate(events(), **BY_COLUMN, time="when", epochs=1, **FEW)
    assert judged.run.holdout.report.first_event == "2026-01-01 00:00:00"
    assert judged.run.model.recommender.artifact.manifest.config["training"]["epochs"] == 1


def test_a_loaded_model_knows_the_columns_of_its_log(tmp_path):
    item2vec.train(events(), **BY_COLUMN, time="when", **QUICK).save(tmp_path)
    judged = item2vec.load(tmp_path).evaluate(events().lazy(), **FEW)
    assert judged.run.holdout.report.first_event == "2026-01-01 00:00:00"


def test_a_model_of_a_table_is_judged_on_lists_of_sessions_which_have_no_columns():
    frame = events().with_columns(kind=pl.lit("view"), plays=pl.lit(2))
    columns = {**BY_COLUMN, "time": "when", "title": "name", "metadata": ["price"]}
    weights = {"event": "kind", "weights": {"view": 2}}
    model = item2vec.train(frame, **columns, **weights, where="price < 9", min_count=2, **QUICK)
    judged = model.evaluate([*visits(), ["once", "apple", "pear"]], **FEW)
    assert "the last 10 of 41 sessions in its order are held out" in repr(judged)
    config = judged.run.model.recommender.artifact.manifest.config["data"]
    assert (config["time"], config["min_count"]) == (None, 2)


def test_a_model_of_files_finds_them_again(tmp_path):
    events().write_csv(tmp_path / "events.csv")
    item2vec.train(tmp_path / "events.csv", **BY_COLUMN, **QUICK).save(tmp_path)
    assert "item2vec next" in item2vec.load(tmp_path).evaluate(**FEW).metrics


def test_what_cannot_be_judged_is_explained(of_sessions, tmp_path):
    with pytest.raises(
        item2vec.ConfigError, match=r"cutoff is not a setting; did you mean cutoffs"
    ):
        of_sessions.evaluate(cutoff=3)
    item2vec.Model(make_artifact()).export(tmp_path / "vectors.txt")
    with pytest.raises(item2vec.InputError, match="was imported, so nothing is known of how"):
        item2vec.load(tmp_path / "vectors.txt").evaluate(visits())
