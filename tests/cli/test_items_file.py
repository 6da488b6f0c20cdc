"""A file of items from the command line to HTTP."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from fastapi.testclient import TestClient

from service.model.store import Store
from service.web.app import create_app
from service.web.settings import Settings
from tests.conftest import Result

SETTINGS = """
[data]
paths = ["log.csv"]
session = "basket"
item = "item"

[training]
vector_size = 8
epochs = 1
workers = 1
"""
ITEMS = """
[items]
paths = ["items.csv"]
title = "name"
metadata = ["price", "stock"]
"""
ROWS = """item,name,price,stock
apple,An apple,0.5,true
pear,A pear,0.7,false
plum,A plum,0.3,true
saw,An old saw,9,true
saw,A saw,8,true
,Nothing,1,true
kiwi,A kiwi,0.9,true
kettle,A kettle,20,false
"""
Run = Callable[..., Result]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """An empty store beside settings, a log of baskets and a file of items."""
    monkeypatch.chdir(tmp_path)
    lines = ["basket,item"]
    for basket in range(12):
        names = ("apple", "pear", "plum") if basket % 2 else ("hammer", "saw", "drill")
        lines += [f"b{basket},{name}" for name in names]
    Path("log.csv").write_text("\n".join(lines) + "\n")
    Path("items.csv").write_text(ROWS)
    Path("item2vec.toml").write_text(SETTINGS + ITEMS)
    return Store(Path("models"))


@pytest.fixture
def night(store: Store, run: Run) -> Result:  # noqa: ARG001 - it runs where the store is
    """What was said of a first night."""
    result = run("retrain")
    assert result.code == 0, result.err
    return result


def test_every_row_of_the_file_is_in_the_report(night, store):
    words = " ".join(night.err.split())
    assert "reading items.csv, log.csv" in words
    assert (
        "rows in the file of items 8 without id 1 replaced by a later row 1 of items of the log 4 "
        "of other items, untrained 2"
    ) in words
    manifest = store.manifest(store.current())
    assert (manifest.items, manifest.untrained) == (6, 2)
    assert manifest.data["items_file"] == {
        "rows": 8, "without_id": 1, "replaced": 1, "trained": 4, "untrained": 2, "title": "name",
    }  # fmt: skip


@pytest.mark.usefixtures("night")
def test_the_service_answers_with_the_titles_and_prices_of_the_file(store):
    with TestClient(create_app(Settings(models=store.directory))) as client:
        saw = client.get("/items/saw").json()
        assert (saw["title"], saw["metadata"]) == ("A saw", {"price": 8.0, "stock": True})
        cheap = client.get("/similar/plum", params={"filter": "price < 1 and stock = true"}).json()
        assert [item["title"] for item in cheap["items"]] == ["An apple"]
        found = client.get("/items", params={"q": "k"}).json()["items"]
        assert [(item["item_id"], item["trained"]) for item in found] == [
            ("kiwi", False),
            ("kettle", False),
        ]
        assert client.get("/similar/kiwi").status_code == 404
        assert client.get("/popular?k=10").json()["returned"] == 6


@pytest.mark.usefixtures("night")
def test_commands_know_an_untrained_item_and_say_why_it_has_no_answer(run):
    result = run("similar", "kiwi")
    assert result.code == 2
    assert result.error.startswith("error: item 'kiwi' is known, but untrained: ")
    assert "it knows" not in result.error
    assert run("similar", "a kettle").error.startswith("error: the model does not know item 'a k")
    assert "unknown: kiwi" in run("recommend", "kiwi", "apple").err
    assert "unknown" not in run("hide", "kiwi").err


@pytest.mark.usefixtures("night")
def test_an_export_has_the_items_with_vectors(run):
    assert run("export", "v.parquet").code == 0
    table = pl.read_parquet("v.parquet")
    assert sorted(table["item_id"]) == ["apple", "drill", "hammer", "pear", "plum", "saw"]
    for name in ("v.txt", "v.npy"):
        assert run("export", name).code == 0
    assert run("import", "v.txt").code == 0


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "[items] there is no file items.csv"),
        ("item,price\nsaw,1\n", "[items] items.csv has no column 'name'"),
        (f"{ROWS}axe,An axe,1,true,false\n", "[items] items.csv: line 10 has 5 fields"),
    ],
)
@pytest.mark.usefixtures("night")
def test_a_night_with_a_broken_file_changes_nothing(run, store, content, why):
    Path("items.csv").unlink()
    if content is not None:
        Path("items.csv").write_text(content)
    version = store.current()
    result = run("retrain")
    assert result.code == 2
    assert why in result.error
    assert store.versions() == [version]
    assert Store(store.directory).current() == version


@pytest.mark.usefixtures("night")
def test_a_file_that_is_named_later_makes_another_model_and_no_other_log(run, store):
    Path("item2vec.toml").write_text(SETTINGS)
    assert run("retrain", "--epochs", "1").code == 0
    assert store.manifest(store.current()).untrained == 0
    Path("item2vec.toml").write_text(SETTINGS + ITEMS)
    result = run("retrain", "--if-changed")
    assert result.code == 0
    assert "training again: items.paths was [], is ['items.csv'] (item2vec.toml)" in result.err
    assert "compared with no other version" not in result.err
    assert store.manifest(store.current()).untrained == 2
    assert run("retrain", "--if-changed").out.endswith("it was trained with these settings\n")


@pytest.mark.usefixtures("night")
def test_titles_are_compared_where_they_come_from_the_same_column(run, store):
    def titles(*flags: object) -> tuple[bool | None, str]:
        run("retrain", *flags)
        checks = store.manifest(store.versions()[-1]).gate.checks
        [check] = [one for one in checks if one.name == "titles"]
        return check.passed, check.sentence

    assert titles()[0] is True
    assert titles("--items-title", "item") == (
        None,
        "titles come from column 'item' of the file of items, those of the current version from "
        "column 'name' of the file of items",
    )
    Path("items.csv").write_text(ROWS.replace("item,name", "name,item"))
    refused = run("retrain", "--items-title", "item", "--items-id", "name")
    assert refused.code == 3
    assert "have another title, such as 'apple', now 'An apple'" in refused.err


@pytest.mark.usefixtures("night")
def test_a_file_that_was_cut_short_is_refused(run, store):
    version = store.current()
    Path("items.csv").write_text("".join(ROWS.splitlines(keepends=True)[:2]))
    refused = run("retrain", "--changed-titles", 1)
    assert refused.code == 3
    assert "1 described items, 0.25 times the 4 of the current version" in refused.error
    assert Store(store.directory).current() == version


def test_flags_of_the_file_begin_with_its_section(run, store):
    Path("item2vec.toml").write_text(SETTINGS)
    flags = ["--items-paths", "items.csv", "--items-title=name", "--items-metadata", "price"]
    assert run("train", *flags).code == 0
    assert store.manifest(store.versions()[0]).untrained == 2


@pytest.mark.usefixtures("store")
def test_evaluation_reads_the_file_as_well(run):
    result = run("evaluate", "--json", "--no-baselines", "--test-share", "0.3")
    assert result.code == 0, result.err
    assert result.json["data"]["items_file"]["rows"] == 8


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ('[items]\npathz = "x"', "items.pathz (item2vec.toml) is not a setting; {} items.paths?"),
        ('[data]\npathz = "x"', "data.pathz (item2vec.toml) is not a setting; {} data.paths?"),
        ('pathz = "x"', "pathz (item2vec.toml) is not a setting; {} data.paths?"),
    ],
)
def test_a_misspelt_setting_is_told_that_of_its_section(run, wrong, hint):
    Path("item2vec.toml").write_text(wrong)
    assert hint.format("did you mean") in run("config", "show").error


@pytest.mark.usefixtures("store")
def test_a_misspelt_variable_is_told_that_of_its_section(run, monkeypatch):
    monkeypatch.setenv("ITEM2VEC_ITEMS__TITEL", "name")
    assert "did you mean ITEM2VEC_ITEMS__TITLE?" in run("config", "show").error
