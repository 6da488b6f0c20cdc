"""How much the command line says, and in which form."""

import json
from pathlib import Path

import pytest

from service.model.store import Store
from tests.conftest import write_baskets

TRAIN = (
    "train", "--paths", "log.csv", "--session", "basket", "--item", "item", "--vector-size", "4",
    "--epochs", "1", "--workers", "1",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _log(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_baskets(Path("log.csv"))


def events(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("quiet", ["-q", "--quiet"])
def test_a_quiet_job_prints_its_result_alone(run, quiet):
    result = run(*TRAIN, quiet)
    assert result.code == 0
    assert result.err == ""
    assert result.out.startswith("trained version ")
    assert run(*TRAIN, "--no-quiet").err


def test_a_quiet_job_still_warns_and_fails_aloud(run, monkeypatch):
    monkeypatch.setattr("trainer.compiler.CACHE_IS_KEPT", False)
    assert run(*TRAIN, "-q").err.startswith("warning: kernels are compiled for this run alone")
    assert "gone.csv" in run(*TRAIN, "--paths", "gone.csv", "-q").error
    lines = run(*TRAIN, "-q", "--log-format", "json").err
    assert [line["event"] for line in events(lines)] == ["warning"]


def test_quiet_can_be_a_variable(run, monkeypatch):
    monkeypatch.setenv("ITEM2VEC_RUN__QUIET", "true")
    assert run(*TRAIN).err == ""


def test_a_job_prints_its_result_as_json_beside_lines_for_people(run):
    result = run(*TRAIN, "--json")
    [version] = Store(Path("models")).versions()
    assert result.json == {"event": "trained", "model_version": version}
    assert "events read" in result.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--paths", "gone.csv"], 2, "there is no file gone.csv"),
        (["--epochs", "x"], 2, "training.epochs = 'x' (flag): should be a whole number"),
        (["--epoch", "1"], 2, "No such option: --epoch"),
        (["--config", "gone.toml"], 2, "there is no configuration file gone.toml"),
        (["--models", "log.csv"], 1, "log.csv"),
    ],
)
@pytest.mark.parametrize("place", ["flag", "variable"])
def test_an_error_is_a_json_line_where_lines_are_json(
    run, monkeypatch, place, arguments, code, message
):
    flag = ["--log-format", "json"] if place == "flag" else []
    if place == "variable":
        monkeypatch.setenv("ITEM2VEC_RUN__LOG_FORMAT", "json")
    result = run(*TRAIN, *flag, *arguments)
    assert result.code == code
    assert result.out == ""
    last = events(result.err)[-1]
    assert last["event"] == "error"
    assert last["exit_code"] == code
    assert message in last["message"]


def test_the_file_decides_how_to_speak_as_well(run):
    Path("item2vec.toml").write_text('[run]\nlog_format = "json"')
    assert run("similar", "apple").err.startswith('{"event": "error"')
    [error] = events(run(*TRAIN, "--paths", "gone.csv").err)
    assert error["event"] == "error"
    result = run(*TRAIN, "--log-format", "text")
    assert result.out.startswith("trained version ")


def test_an_evaluation_is_one_object_where_lines_are_json(run):
    result = run("evaluate", *TRAIN[1:], "--no-baselines", "--log-format", "json")
    assert result.code == 0, result.err
    assert result.out.count("\n") == 1
    assert "held_out" in result.json
    assert events(result.err)


def test_notes_of_a_query_are_json_lines_too(run, publish, store, monkeypatch):
    publish()
    monkeypatch.setenv("ITEM2VEC_RUN__LOG_FORMAT", "json")
    result = run("recommend", "gold", "--models", store.directory)
    assert [line["event"] for line in events(result.err)] == ["unknown", "note", "note"]
    assert "apple" in result.out


# Files


@pytest.fixture
def published(run):
    """A current model."""
    assert run("retrain", *TRAIN[1:], "-q").code == 0


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(
    "arguments",
    [
        ["export", "mine.txt"],
        ["export", "mine.npy"],
        ["gate", "--report", "mine.html"],
        ["models", "show", "--report", "mine.html"],
        ["evaluate", *TRAIN[1:], "--no-baselines", "--report", "mine.html"],
        ["tune", *TRAIN[1:], "--out", "mine.txt"],
    ],
)
def test_a_file_that_is_there_is_replaced_only_by_force(run, arguments):
    files = [Path("mine.txt"), Path("mine.html"), Path("mine.items.json")]
    for file in files:
        file.write_text("mine")
    result = run(*arguments)
    assert result.code == 2
    assert "the file exists; name another one, or replace it with --force" in result.error
    assert {file.read_text() for file in files} == {"mine"}
    if arguments[0] != "tune":
        assert run(*arguments, "--force").code == 0


@pytest.mark.usefixtures("published")
def test_a_page_that_item2vec_has_written_is_replaced(run):
    for _ in range(2):
        assert run("gate", "--report", "page.html").code == 0
    assert run("evaluate", *TRAIN[1:], "--no-baselines", "--report", "page.html").code == 0
    assert run("models", "show", "--report", "page.html").code == 0


def test_a_page_ends_in_html(run):
    result = run("evaluate", *TRAIN[1:], "--report", "page.txt")
    assert result.error == "error: --report page.txt: name a file that ends in .html"
