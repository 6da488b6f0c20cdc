"""Training from whatever a notebook has at hand."""

import json
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from fastapi.testclient import TestClient

import item2vec
from service.model.store import Store
from service.web.app import create_app
from service.web.settings import Settings
from trainer.cli.app import main as command_line

QUICK = {"vector_size": 8, "window": 3, "epochs": 5, "workers": 1}
BY_COLUMN = {"item": "product", "session": "visit"}


def visits() -> list[list[str]]:
    """Forty visits: three of four fruits, or three of four tools."""
    sides = [cycle(["apple", "pear", "plum", "fig"]), cycle(["hammer", "saw", "drill", "file"])]
    return [list(islice(sides[visit % 2], 3)) for visit in range(40)]


def events() -> pl.DataFrame:
    """The same as a table, an hour between visits."""
    rows = [
        {"visit": f"v{visit}", "product": item, "name": f"A {item}", "hour": visit, "price": place}
        for visit, items in enumerate(visits())
        for place, item in enumerate(items)
    ]
    when = pl.datetime(2026, 1, 1) + pl.duration(hours=pl.col("hour"))
    return pl.DataFrame(rows).with_columns(when.alias("when")).drop("hour")


class ArrowOnly:
    """A table of some other library, which offers Arrow's interface and nothing else."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema=None):
        return self._frame.__arrow_c_stream__(requested_schema)


def as_csv(frame: pl.DataFrame, directory: Path) -> str:
    frame.write_csv(directory / "events.csv")
    return str(directory / "*.csv")


LOGS = {
    "polars": lambda frame, _: frame,
    "lazy polars": lambda frame, _: frame.lazy(),
    "pandas": lambda frame, _: pd.DataFrame(frame.to_dict(as_series=False)),
    "arrow": lambda frame, _: ArrowOnly(frame),
    "a glob": as_csv,
    "paths": lambda frame, directory: [Path(as_csv(frame, directory)).with_name("events.csv")],
}


@pytest.mark.parametrize("kind", LOGS)
def test_the_same_events_give_the_same_model_however_they_are_handed_over(kind, tmp_path):
    expected = item2vec.train(visits(), **QUICK)
    model = item2vec.train(LOGS[kind](events(), tmp_path), **BY_COLUMN, **QUICK)
    assert model.ids == expected.ids
    assert np.array_equal(model.vectors, expected.vectors)
    assert model.similar("apple", k=3) == expected.similar("apple", k=3)


def test_sessions_may_come_from_a_generator_and_hold_numbers():
    model = item2vec.train(((number, 2, 3) for number in (1, 4, 5)), **QUICK)
    assert set(model.ids) == {"1", "2", "3", "4", "5"}
    assert 4 in model
    assert np.int64(4) in model
    assert np.array_equal(model[np.int64(4)], model["4"])
    assert model.similar(4, k=1) == model.similar("4", k=1)


def test_missing_values_in_sessions_are_no_items():
    missing = [None, float("nan"), np.float32("nan"), pd.NA, pd.NaT]
    model = item2vec.train([[item, *missing, "pear"] for item in visits()[0]], **QUICK)
    assert set(model.ids) == {"apple", "pear", "plum"}
    assert model.manifest.data["events_without_item"] == 3 * len(missing)


def test_whole_numbers_in_sessions_are_the_same_ids_however_they_are_stored():
    sessions = [[1, 2.0, np.float64(3)], [1.0, np.int32(2), np.float32(3)], [2, 3, 0.5]]
    model = item2vec.train(sessions, **QUICK)
    assert set(model.ids) == {"1", "2", "3", "0.5"}


def test_sessions_may_be_a_column_of_lists():
    expected = item2vec.train(visits(), **QUICK)
    for column in (pl.Series(visits()), pd.Series(visits())):
        assert np.array_equal(item2vec.train(column, **QUICK).vectors, expected.vectors)


def test_neighbours_are_of_the_same_kind():
    model = item2vec.train(visits(), vector_size=8, epochs=50, sample=0, workers=1)
    assert set(model.similar("apple", k=3).ids) == {"pear", "plum", "fig"}
    assert set(model.next("saw", k=2).ids) <= {"hammer", "drill", "file"}


@pytest.mark.parametrize("as_argument", [str, Path, lambda path: [path]])
def test_a_file_of_items_brings_titles_and_metadata(as_argument, tmp_path):
    file = tmp_path / "products.csv"
    file.write_text("code,label,color\napple,An apple,red\n")
    columns = {"items_id": "code", "items_title": "label", "items_metadata": ["color"]}
    model = item2vec.train(visits(), items=as_argument(file), **columns, **QUICK)
    assert model.item("apple").title == "An apple"
    assert model.item("apple").metadata == {"color": "red"}


def test_a_table_is_cleaned_filtered_and_counted_as_a_file_is():
    frame = pl.concat([events(), events().head(1).with_columns(product=pl.lit(None, pl.String))])
    model = item2vec.train(
        frame,
        **BY_COLUMN,
        time="when",
        title="name",
        metadata=["price"],
        where="price < 2 or product is null",
        **QUICK,
    )
    data = model.manifest.data
    assert data["events_read"] == 121
    assert data["events_filtered"] == 40
    assert data["events_without_item"] == 1
    assert data["first_event"] == "2026-01-01 00:00:00"
    assert model.item("apple").title == "A apple"
    assert model.item("apple").metadata["price"] in (0, 1)


def test_an_event_weighs_by_its_type():
    frame = events().with_columns(kind=pl.when(pl.col("price") == 0).then(pl.lit("buy")))
    plain, weighed = (
        item2vec.train(frame, **BY_COLUMN, event="kind", weights=weights, **QUICK)
        for weights in ({}, {"buy": 4})
    )
    assert not np.array_equal(plain.vectors, weighed.vectors)


def test_a_configuration_is_weaker_than_keywords_and_read_only_if_it_is_named(
    tmp_path, monkeypatch
):
    file = tmp_path / "item2vec.toml"
    file.write_text('[data]\nitem = "product"\nsession = "visit"\n[training]\nvector_size = 4\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ITEM2VEC_TRAINING__VECTOR_SIZE", "5")
    small = {"epochs": 1, "workers": 1}
    assert item2vec.train(visits(), **small).vectors.shape[1] == 100
    assert item2vec.train(events(), config=file, **small).vectors.shape[1] == 4
    assert item2vec.train(events(), config=file, vector_size=6, **small).vectors.shape[1] == 6
    assert item2vec.train(visits(), config=file, **small).vectors.shape[1] == 4
    as_mapping = {"data": BY_COLUMN, "training": {"vector_size": 7}}
    assert item2vec.train(events(), config=as_mapping, **small).vectors.shape[1] == 7
    paths = {"data": {**BY_COLUMN, "paths": [as_csv(events(), tmp_path)]}}
    assert len(item2vec.train(config=paths, preset="next", **small)) == 8


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ({"epoch": 3}, "epoch is not a setting; here it is epochs"),
        ({"size": 3}, "size is not a setting; here it is vector_size"),
        ({"vector_sise": 3}, "vector_sise is not a setting; did you mean vector_size?"),
        ({"items": events()}, "items is a file with a row for each item, or several, and not Data"),
        ({"items": "a.csv", "items_paths": "b.csv"}, "items and items_paths mean the same"),
        ({"window": "wide"}, "training.window = 'wide' (argument)"),
        ({"epochs": 0}, "training.epochs = 0 (argument)"),
        ({"keep": 3}, "keep (publish.keep) has no meaning here"),
        ({"sentences": []}, "sentences: hand over the log as the first argument"),
        ({"item": "product"}, "item: lists of item ids have no columns"),
        ({"config": {"training": {"epoch": 1}}}, "training.epoch (config) is not a setting"),
        ({"config": "absent.toml"}, "there is no configuration file absent.toml"),
    ],
)
def test_a_setting_that_is_wrong_is_named_with_its_remedy(call, words):
    with pytest.raises(item2vec.ConfigError) as error:
        item2vec.train(visits(), **call)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("log", "columns", "words"),
    [
        (3, {}, "a log is a data frame, a list of sessions or a path, and not int"),
        (
            {"product": ["apple"]},
            {},
            "a log is a data frame, a list of sessions or a path, and not dict",
        ),
        (None, {"session": "visit"}, "no log is named"),
        ([], {}, "the list of sessions: the event log is empty"),
        ([["a", "b"], "cd"], {}, "session 2 is 'cd', not a list of item ids"),
        ([["a", "b"], ["a", b"b"]], {}, "session 2 holds b'b', not an item id"),
        ([["a", "b"], ["a", ["b"]]], {}, "session 2 holds ['b'], not an item id"),
        ([["a", "b"], 7], {}, "session 2 is 7, not a list of item ids"),
        ([["a", "b"], ["c"]], {}, "too few to learn from"),
        (visits(), {"items": "absent.csv"}, "[items] there is no file absent.csv"),
        ("absent.csv", BY_COLUMN, "there is no file absent.csv"),
        (events(), {}, "name the `session` column, or `user` and `time`"),
        (events(), {"session": "visit"}, "the data frame has no column 'item_id'"),
        (
            events(),
            {**BY_COLUMN, "where": "price > 9"},
            "the data frame: none of 120 events meets the condition 'price > 9'",
        ),
        (
            events().with_columns(when=pl.lit("01/02/2026")),
            {**BY_COLUMN, "time": "when"},
            "the data frame: row 1: column 'when': '01/02/2026' is not an ISO 8601 time",
        ),
        (
            events().with_columns(product=pl.lit([["a"]])),
            BY_COLUMN,
            "the data frame: column 'product' holds List(List(String)), not one value per row",
        ),
        (
            pd.DataFrame([[1, 2]], columns=["a", "a"]),
            BY_COLUMN,
            "the data frame cannot be read: ",
        ),
    ],
)
def test_a_log_that_cannot_be_used_is_explained(log, columns, words):
    with pytest.raises(item2vec.Item2VecError) as error:
        item2vec.train(log, **columns)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_a_saved_model_is_the_version_that_a_retraining_writes(tmp_path, monkeypatch):
    log = as_csv(events(), tmp_path)
    columns = {**BY_COLUMN, "time": "when", "title": "name"}
    item2vec.train(log, **columns, **QUICK).save(tmp_path / "models")
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in (columns | QUICK).items()]
    monkeypatch.setattr("sys.argv", ["item2vec", "retrain", "--paths", log, *flags])
    monkeypatch.chdir(tmp_path / "models")
    with pytest.raises(SystemExit) as ended:
        command_line()
    assert not ended.value.code
    mine, its = (Store(tmp_path / place) for place in ("models", "models/models"))
    files = [
        {path.name: path for path in store.path(store.current()).iterdir()} for store in (mine, its)
    ]
    assert files[0].keys() == files[1].keys() - {"report.html"}
    differing = {"manifest.json", "manifest.sha256"}
    for name in files[0].keys() - differing:
        assert files[0][name].read_bytes() == files[1][name].read_bytes(), name
    manifests = [json.loads(each["manifest.json"].read_text()) for each in files]
    assert manifests[0].keys() == manifests[1].keys()
    for section in ("data", "training", "next", "similar"):
        assert manifests[0]["config"][section] == manifests[1]["config"][section]
    assert manifests[0]["data"] == manifests[1]["data"]


def test_the_service_serves_what_was_saved_and_loading_it_gives_it_back(tmp_path):
    model = item2vec.train(events(), **BY_COLUMN, title="name", **QUICK)
    version = model.save(tmp_path / "models")
    with TestClient(create_app(Settings(models=tmp_path / "models"))) as client:
        answer = client.get("/similar/apple?k=3").json()
    assert answer["model_version"] == version
    assert [item["item_id"] for item in answer["items"]] == model.similar("apple", k=3).ids
    again = item2vec.load(tmp_path / "models")
    assert again.version == version
    assert again.similar("apple") == model.similar("apple")
    assert again.next("apple") == model.next("apple")
    assert again.item("apple") == model.item("apple")


def test_a_version_can_be_saved_without_being_published(tmp_path):
    model = item2vec.train(visits(), **QUICK)
    first = model.save(str(tmp_path))
    second = model.save(tmp_path, promote=False)
    assert item2vec.load(tmp_path).version == first
    assert item2vec.load(tmp_path, second).version == second
    with pytest.raises(item2vec.InputError, match="there is no version 'third'"):
        item2vec.load(tmp_path, "third")


def test_what_is_hidden_in_a_store_is_in_no_answer(tmp_path, run):
    item2vec.train(visits(), **QUICK).save(tmp_path)
    assert "pear" in item2vec.load(tmp_path).similar("apple").ids
    assert run("hide", "pear", "--models", tmp_path).code == 0
    assert "pear" not in item2vec.load(tmp_path).similar("apple").ids
