"""`retrain --if-changed`: what makes another model, and what does not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from service.model.store import Store
from tests.conftest import make_artifact
from trainer.config.changes import changed_settings
from trainer.config.sources import merge

SETTINGS = """
[data]
paths = ["log.txt"]
[training]
vector_size = 4
epochs = 1
workers = 1
"""
STORE = Store(Path("models"))


@pytest.fixture
def trained(tmp_path, monkeypatch, run) -> str:
    """The version that was trained with the settings of item2vec.toml."""
    monkeypatch.chdir(tmp_path)
    Path("log.txt").write_text("apple pear plum\nhammer saw drill\n" * 5)
    Path("item2vec.toml").write_text(SETTINGS)
    assert run("retrain", "--if-changed").code == 0
    return STORE.current()


def test_a_model_of_the_same_settings_stays(trained, run):
    result = run("retrain", "--if-changed")
    assert result.code == 0
    assert result.out == f"version {trained} stays: it was trained with these settings\n"
    assert STORE.versions() == [trained]


def test_another_setting_trains_again_and_is_named(trained, run):
    Path("item2vec.toml").write_text(SETTINGS.replace("epochs = 1", "epochs = 2"))
    result = run("retrain", "--if-changed")
    assert result.code == 0
    assert "training again: training.epochs was 1, is 2 (item2vec.toml)" in result.err
    assert STORE.versions() == [trained, STORE.current()]
    assert run("retrain", "--if-changed").out.startswith(f"version {STORE.current()} stays")


def test_a_line_that_was_taken_out_is_a_change(trained, run):
    Path("item2vec.toml").write_text(SETTINGS.replace("vector_size = 4", ""))
    result = run("retrain", "--if-changed", "--epochs", "1")
    assert "training.vector_size was 4, is 100 (default)" in result.err
    assert STORE.current() != trained


def test_a_log_that_is_not_there_is_an_error(trained, run):
    Path("item2vec.toml").write_text(SETTINGS.replace("log.txt", "gone.txt"))
    result = run("retrain", "--if-changed")
    assert result.code == 2
    assert "there is no file gone.txt" in result.error
    assert STORE.current() == trained


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(
    "flags", [["--workers", "2"], ["--keep", "9"], ["--scratch", "."], ["--log-format", "json"]]
)
def test_what_makes_no_other_model_does_not_count(run, flags):
    result = run("retrain", "--if-changed", *flags)
    assert result.code == 0
    assert len(STORE.versions()) == 1


def test_for_machines_the_result_is_an_object(trained, run):
    said = run("retrain", "--if-changed", "--log-format", "json").json
    assert said == {"event": "unchanged", "model_version": trained}


@pytest.mark.usefixtures("trained")
def test_an_imported_model_stays(run):
    def imported(version):
        artifact = make_artifact(version)
        config = {"imported": {"file": "v.bin"}}
        return replace(artifact, manifest=artifact.manifest.model_copy(update={"config": config}))

    STORE.promote(STORE.add(imported).model_version)
    assert run("retrain", "--if-changed").code == 0
    assert len(STORE.versions()) == 2


def config(**training):
    return merge({"flag": {"training": training}})


def dump(config) -> dict:
    return json.loads(config.model_dump_json())


def test_a_default_that_an_upgrade_changed_is_a_change():
    earlier = dump(config())
    earlier["training"]["negative"] = 5
    assert changed_settings(earlier, config()) == [("training.negative", "5", "10")]


def test_a_setting_that_an_upgrade_added_is_one_only_where_it_is_used():
    earlier = dump(config())
    del earlier["training"]["ns_exponent"], earlier["next"]
    assert changed_settings(earlier, config()) == []
    changes = changed_settings(earlier, config(ns_exponent="0.5"))
    assert changes == [("training.ns_exponent", "0.75", "0.5")]


def test_a_setting_that_an_upgrade_removed_does_not_count():
    earlier = dump(config())
    earlier["training"]["compute_loss"] = True
    assert changed_settings(earlier, config()) == []
