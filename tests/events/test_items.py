"""What a file of items says of the items of a log."""

import json
from pathlib import Path

import polars as pl
import pytest

from service.model.errors import ConfigError, EventLogError
from tests.event_logs import write, write_events
from trainer.config.data import DataConfig, ItemsConfig
from trainer.config.sources import merge
from trainer.corpus import Dataset, ItemsReport
from trainer.events.dataset import read_dataset


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def dataset(
    file: str,
    log: tuple[str, ...] = ("a b", "a c"),
    *,
    data: dict | None = None,
    **columns: object,
) -> Dataset:
    """What is read of a log of sessions, and of a file of items."""
    items = ItemsConfig.model_validate({"paths": [file], "id": "id"} | columns)
    if data is None:
        write(Path("log.txt"), "".join(f"{line}\n" for line in log))
    return read_dataset(DataConfig(paths=["log.txt"], **(data or {})), items=items)


def described(found: Dataset) -> dict[str, object]:
    """The title of each item, and its metadata if there are any."""
    both = [
        (found.vocabulary.item_ids, found.titles, found.metadata),
        (found.untrained.item_ids, found.untrained.titles, found.untrained.metadata),
    ]
    return {
        item_id: (titles[row], *(values[row] for values in metadata.values()))
        for item_ids, titles, metadata in both
        for row, item_id in enumerate(item_ids)
    }


ROWS = [
    {"id": "a", "title": "An A", "price": 2.5},
    {"id": "b", "title": "A b", "price": None},
    {"id": "x", "title": "An X", "price": 7.0},
]


@pytest.mark.parametrize("name", ["i.csv", "i.csv.gz", "i.jsonl", "i.ndjson.gz", "i.parquet"])
@pytest.mark.usefixtures("here")
def test_any_kind_of_file_gives_titles_metadata_and_further_items(name):
    write_events(Path(name), ROWS)
    found = dataset(name, title="title", metadata=["price"])
    assert described(found) == {
        "a": ("An A", 2.5),
        "b": ("A b", None),
        "c": (None, None),
        "x": ("An X", 7),
    }
    assert list(found.vocabulary.item_ids) == ["a", "b", "c"]
    assert found.report.items_file == ItemsReport(3, 0, 0, 2, 1, "title")
    assert found.report.items == 3


@pytest.mark.usefixtures("here")
def test_a_file_of_items_is_written_as_it_likes_whatever_the_log_is():
    Path("i.dat").write_bytes("id\ttitle\nb\tBäume\n".encode())
    guessed = dataset("i.dat", title="title")
    assert described(guessed)["b"] == ("Bäume",)
    assert "file of items: columns are separated by tabs" in guessed.report.notes
    Path("i.csv").write_bytes("b::Bäume, große\n".encode("cp1252"))
    told = dataset(
        "i.csv", title="title", columns=["id", "title"], separator="::", encoding="cp1252"
    )
    assert described(told)["b"] == ("Bäume, große",)


@pytest.mark.usefixtures("here")
def test_a_text_of_several_values_is_a_list_where_its_separator_is_named():
    write(Path("i.csv"), "id,genres,maker\na,Crime| Drama||,x\nb,Drama,y\nc,,z\n")
    found = dataset("i.csv", metadata=["genres", "maker"], list_separator="|")
    assert list(found.metadata["genres"]) == [["Crime", "Drama"], ["Drama"], None]
    assert list(found.metadata["maker"]) == ["x", "y", "z"]


def test_standard_input_is_for_the_log():
    with pytest.raises(ConfigError, match="standard input is for the log"):
        merge({"flag": {"items": {"paths": ["-"]}, "data": {"session": "s"}}})


@pytest.mark.usefixtures("here")
def test_several_files_are_one():
    write_events(Path("i1.csv"), ROWS[:1])
    write_events(Path("i2.csv"), ROWS[1:])
    assert dataset("i*.csv", title="title").untrained.item_ids == ["x"]


@pytest.mark.usefixtures("here")
def test_the_last_row_of_an_item_counts_and_the_others_are_counted():
    lines = ["id,title,price", "a,Old,1", "b,B,2", ",Nobody,3", "x,X,4", "a,New,", "x,Newer,5"]
    write(Path("i.csv"), "\n".join(lines))
    found = dataset("i.csv", title="title", metadata=["price"])
    assert described(found)["a"] == ("New", None)
    assert described(found)["x"] == ("Newer", 5)
    assert found.report.items_file == ItemsReport(6, 1, 2, 2, 1, "title")


@pytest.mark.usefixtures("here")
def test_what_the_file_says_wins_over_the_log_and_the_log_fills_its_gaps():
    events = [
        {"session": session, "id": item, "name": f"log {item}", "color": "red"}
        for session, item in [("s", "a"), ("s", "b"), ("t", "a"), ("t", "c")]
    ]
    write_events(Path("log.csv"), events)
    write(Path("i.csv"), "id,title,size\na, file a ,1\nb,  ,2\n")
    data = {"paths": ["log.csv"], "item": "id", "session": "session", "title": "name"}
    found = read_dataset(
        DataConfig(**data, metadata=["color"]),
        items=ItemsConfig(paths=["i.csv"], title="title", metadata=["size"]),
    )
    assert described(found) == {
        "a": ("file a", "red", 1),
        "b": ("log b", "red", 2),
        "c": ("log c", "red", None),
    }


@pytest.mark.usefixtures("here")
def test_a_rare_item_of_the_log_is_untrained():
    write_events(Path("i.csv"), ROWS)
    write(Path("log.txt"), "a c\na c\nb\n")
    found = dataset("i.csv", title="title", data={"min_count": 2})
    assert found.untrained.item_ids == ["b", "x"]


@pytest.mark.parametrize("kind", [pl.Float64, pl.Int32, pl.String])
@pytest.mark.usefixtures("here")
def test_an_id_is_the_same_number_in_any_type(kind):
    pl.DataFrame({"id": pl.Series([17, 23]).cast(kind)}).with_columns(
        pl.col("id").str.replace(r"\.0$", "") if kind == pl.String else "id"
    ).write_parquet("i.parquet")
    found = dataset("i.parquet", ("17 5", "17 6"))
    assert found.report.items_file == ItemsReport(2, 0, 0, 1, 1)
    assert found.untrained.item_ids == ["23"]


@pytest.mark.usefixtures("here")
def test_a_text_keeps_its_zeros_and_capitals():
    write(Path("i.csv"), "id\n007\nA\n17.0\n")
    assert dataset("i.csv", ("7 a", "17 7")).untrained.item_ids == ["007", "A", "17.0"]


@pytest.mark.parametrize("name", ["i.jsonl", "i.parquet"])
@pytest.mark.usefixtures("here")
def test_lists_stay_lists_and_truth_values_stay_true(name):
    rows = [
        {"id": "a", "tags": ["new", "sale"], "there": True},
        {"id": "b", "tags": [], "there": None},
        {"id": "x", "tags": None, "there": False},
    ]
    if name.endswith("parquet"):
        pl.DataFrame(rows).write_parquet(name)
    else:
        write(Path(name), "".join(json.dumps(row) + "\n" for row in rows))
    found = dataset(name, metadata=["tags", "there"])
    assert described(found) == {
        "a": (None, ["new", "sale"], True),
        "b": (None, [], None),
        "c": (None, None, None),
        "x": (None, None, False),
    }


@pytest.mark.usefixtures("here")
def test_ids_that_hardly_match_are_said_with_examples_of_both_spellings():
    write(Path("i.csv"), "id\nsku-a\nsku-b\n")
    found = dataset("i.csv")
    assert found.report.notes == (
        "ONLY 0 of 3 items are in the file of items: are ids spelled alike? The log has 'a', the "
        "file 'sku-a'",
    )
    write(Path("i.csv"), "id\nc\n")
    assert dataset("i.csv").report.notes == (
        "ONLY 1 of 3 items are in the file of items: the log has 'a', the file does not",
    )
    write(Path("i.csv"), "id\nc\nb\nz\n")
    assert dataset("i.csv").report.notes == ()


@pytest.mark.parametrize(
    ("name", "content", "columns", "why"),
    [
        ("i.csv", None, {}, "there is no file i.csv"),
        ("i.csv", "", {}, "i.csv: the file is empty"),
        ("i.csv", "id,title\n", {}, "i.csv: it has no items"),
        ("i.csv", "no,title\n1,2\n", {}, r"i.csv has no column 'id' .named as `id`.*'title'"),
        ("i.csv", "id\n1\n", {"title": "t"}, "has no column 't' .named as `title`"),
        ("i.csv", "id\n1\n", {"metadata": "m"}, "has no column 'm' .named as `metadata`"),
        ("i.csv", "id,title\na,b,c\n", {}, "line 2 has 3 fields, the header has 2"),
        ("i.jsonl", '{"id": "a"}\n{"id": \n', {}, "line 2 is not JSON"),
        ("i.jsonl", '{"id": ["a"]}\n', {}, "'id' holds List.String., not one value"),
        ("i.jsonl", '{"id": 1, "m": {"a": 1}}\n', {"metadata": "m"}, "'m' holds Struct"),
        ("i.parquet", "PAR1", {}, "i.parquet"),
        ("i.txt", "a b\n", {}, "a .txt file holds sessions"),
        ("i.xml", "<a/>", {}, "i.xml: unknown kind of file"),
    ],
)
@pytest.mark.usefixtures("here")
def test_a_file_that_cannot_be_used_is_named_with_its_section(name, content, columns, why):
    if content is not None:
        write(Path(name), content)
    with pytest.raises(EventLogError, match=rf"^\[items\] .*{why}"):
        dataset(name, **columns)


@pytest.mark.usefixtures("here")
def test_columns_that_differ_from_file_to_file_are_refused():
    write(Path("i1.jsonl"), '{"id": "a", "tags": ["new"]}\n')
    write(Path("i2.jsonl"), '{"id": "b", "tags": "new"}\n')
    with pytest.raises(EventLogError, match=r"\[items\] a column differs from file to file"):
        dataset("i*.jsonl", metadata=["tags"])


def test_columns_without_a_file_are_refused():
    with pytest.raises(ConfigError, match=r"^\[items\] columns of a file .* set its `paths`"):
        merge({"flag": {"items": {"title": "name"}}})


@pytest.mark.usefixtures("here")
def test_without_a_file_nothing_is_said_of_it():
    write(Path("log.txt"), "a b\na c\n")
    found = read_dataset(DataConfig(paths=["log.txt"]))
    assert found.report.items_file is None
    assert len(found.untrained) == 0
