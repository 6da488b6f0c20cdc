"""A broken night is refused by a sentence that says why, and the model stays; a good one passes."""

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from service.model.store import Store
from tests.gate.conftest import HOURS, Shop

Night = Callable[[pl.DataFrame], pl.DataFrame]


def respelled(spelling: pl.Expr) -> Night:
    return lambda log: log.with_columns(item=spelling)


def moved(hours: int) -> Night:
    return lambda log: log.with_columns(pl.col("time") + pl.duration(hours=hours))


def without_hour(log: pl.DataFrame, day: int) -> pl.DataFrame:
    """Without the third opening hour of a day, counted back from the last one."""
    begin = log["time"].max() - timedelta(days=day, hours=HOURS - 2)
    begin = begin.replace(minute=0, second=0, microsecond=0)
    hour = (pl.col("time") >= begin) & (pl.col("time") < begin + timedelta(hours=1))
    return log.filter(~hour)


def with_bot(log: pl.DataFrame) -> pl.DataFrame:
    """One user more, with three tenths of all events."""
    events = log.head(int(len(log) * 0.3 / 0.7))
    return pl.concat([log, events.with_columns(user=pl.lit("bot"), session=pl.lit("bot"))])


def titles_swapped(log: pl.DataFrame) -> pl.DataFrame:
    items = log["item"].unique().sort()
    titles = (items.gather(range(1, len(items))).append(items[:1])).to_list()
    return log.with_columns(
        title=pl.col("item").replace_strict(items.to_list(), [f"Item {one}" for one in titles])
    )


BAD = {
    "half of the log is missing": (lambda log: log.gather_every(2), "times the"),
    "500 rows": (lambda log: log.head(500), "500 events"),
    "every id has a suffix": (
        respelled(pl.col("item") + "-00"),
        "the log no longer has 40 of the current version's items, such as '001', with 100.0%",
    ),
    "ids lose their leading zeros": (
        respelled(pl.col("item").str.strip_chars_start("0")),
        "differing in leading zeros alone",
    ),
    "another column is the item": (respelled(pl.col("number")), "100.0% of the events are of 40"),
    "every event twice": (lambda log: pl.concat([log, log]), "2.06 times"),
    "times a day early": (moved(-24), "has moved, appeared or vanished"),
    "times two days early": (moved(-48), "hours earlier"),
    "times a day late": (moved(24), "ahead of the clock"),
    "times two hours late": (moved(2), "has moved, appeared or vanished"),
    "an hour that was there is missing": (lambda log: without_hour(log, 3), "were active, now 0"),
    "an hour of the last day is missing": (
        lambda log: without_hour(log, 0),
        "1 of 23 new hours are empty, between busy ones, in which 20 or more are usually active",
    ),
    "titles are swapped": (titles_swapped, "100.0% of the known items have another title"),
    "a bot has three tenths of the events": (with_bot, "one user, or one session, has 30.0%"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_broken_log_is_refused_before_anything_is_trained(shop: Shop, name: str):
    break_, sentence = BAD[name]
    versions, current = shop.store.versions(), shop.store.current()
    result = shop.retrain(break_(shop.log))
    assert result.code == 3
    assert "error: refused: " in result.error
    assert sentence in result.error
    assert f"version {current} stays" in result.error
    assert "retrain --force" in result.error
    assert (shop.store.versions(), shop.store.current()) == (versions, current)
    last = shop.run("gate", "--json", "--models", shop.store.directory).json
    assert last["outcome"] == "refused"
    assert [one["sentence"] for one in last["checks"] if one["passed"] is False]


def test_an_empty_night_is_said_and_nothing_changes(shop: Shop):
    current = shop.store.current()
    result = shop.retrain(shop.log.clear())
    assert result.code == 2
    assert "log.parquet" in result.error
    assert shop.store.current() == current


def test_another_schema_is_said_and_nothing_changes(shop: Shop):
    current = shop.store.current()
    result = shop.retrain(shop.log.rename({"item": "product"}))
    assert result.code == 2
    assert "has no column 'item'" in result.error
    assert shop.store.current() == current


def shuffled(log: pl.DataFrame) -> pl.DataFrame:
    """A join went wrong: everything is as it was, but items are in any session."""
    return log.with_columns(pl.struct("item", "title").shuffle(seed=1).struct.unnest())


def test_sessions_that_are_noise_are_refused_by_the_comparison(shop: Shop, tmp_path: Path):
    current = shop.store.current()
    result = shop.retrain(shuffled(shop.log), "--least-coverage", 0)
    assert result.code == 3
    assert "lead of next" in result.error
    refused = shop.store.versions()[-1]
    assert f"item2vec models promote {refused}" in result.error
    assert shop.store.current() == current
    manifest = shop.store.manifest(refused)
    assert manifest.gate is not None
    assert (manifest.refused, manifest.gate.outcome) == (True, "refused")
    assert {check.kind for check in manifest.gate.failed} == {"comparison"}
    assert manifest.gate.evaluations["next beside simple models"]["models"]["co-occurrence"]
    listed = shop.run("models", "list", "--models", shop.store.directory)
    assert listed.words.count("refused") == 1

    page = tmp_path / "page.html"
    arguments = ("models", "show", refused, "--models", shop.store.directory, "--report", page)
    assert shop.run(*arguments).code == 0
    assert "Verdict: refused" in page.read_text()
    assert shop.run("models", "promote", refused, "--models", shop.store.directory).code == 0
    assert shop.store.current() == refused


def test_a_good_night_passes_and_says_what_was_compared(shop: Shop):
    before = shop.store.current()
    result = shop.retrain(shop.log, "--held-out-sessions", 60)
    assert result.code == 0, result.err
    manifest = shop.store.manifest(shop.store.current())
    assert manifest.gate is not None
    assert manifest.model_version != before
    assert (manifest.gate.outcome, manifest.gate.compared_with) == ("passed", before)
    made = {check.name for check in manifest.gate.checks if check.passed}
    assert {"events", "lost items", "past hours", "silent hours", "freshness", "norms"} <= made
    beside = manifest.gate.evaluations["next beside the current version"]["models"]
    assert set(beside) == {"candidate", "current"}
    assert "sessions are held out: those since the current version" in result.err
    assert "judged; training again with all sessions, to publish" in result.err
    assert manifest.data["events_held_out"] == 0


def test_the_report_shows_drift_and_chance(shop: Shop, tmp_path: Path):
    page = tmp_path / "page.html"
    assert shop.retrain(shop.log, "--measure-noise", "--checks", "guards").code == 0
    assert shop.run("models", "show", "--models", shop.store.directory, "--report", page).code == 0
    assert "Drift since version" in page.read_text()
    assert "was measured with version" in page.read_text()


def test_too_few_new_sessions_leave_it_to_the_guards(shop: Shop):
    assert shop.retrain(shop.log).code == 0
    checks = shop.run("gate", "--json", "--models", shop.store.directory).json["checks"]
    [check] = [one for one in checks if one["name"] == "next beside the current version"]
    assert check["passed"] is None
    assert "sessions are new to the current version, too few to compare" in check["sentence"]


def test_without_a_refit_the_judged_model_is_published(shop: Shop):
    assert shop.retrain(shop.log, "--no-refit").code == 0
    assert shop.store.manifest(shop.store.current()).data["events_held_out"] > 0


def test_force_publishes_what_the_gate_refuses(shop: Shop):
    result = shop.retrain(shop.log.head(500), "--force")
    assert result.code == 0
    manifest = shop.store.manifest(shop.store.current())
    assert manifest.items <= 40
    assert manifest.verdict.startswith("published all the same: ")
    assert "500 events" in manifest.verdict


def test_without_checks_everything_is_published(shop: Shop):
    assert shop.retrain(shop.log.head(500), "--checks", "none").code == 0
    assert shop.store.manifest(shop.store.current()).gate is None


def test_after_so_many_refusals_by_the_comparison_the_next_is_published(shop: Shop):
    before = shop.store.current()
    bad = shuffled(shop.log)
    flags = ("--publish-after", 2, "--least-coverage", 0)
    for _ in range(2):
        assert shop.retrain(bad, *flags).code == 3
        assert shop.store.current() == before
    last = shop.retrain(bad, *flags)
    assert last.code == 0, last.err
    manifest = shop.store.manifest(shop.store.current())
    assert manifest.gate is not None
    assert (manifest.gate.outcome, manifest.gate.refusals) == ("forced", 3)


def test_refused_versions_do_not_push_out_published_ones(shop: Shop):
    before = shop.store.current()
    bad = shuffled(shop.log)
    for _ in range(3):
        assert shop.retrain(bad, "--keep", 1, "--keep-refused", 2).code == 3
    assert shop.store.current() == before
    assert len(shop.store.versions()) == 3


def test_another_log_is_not_compared_with_the_current_version(shop: Shop):
    changed = shop.log.filter(pl.col("item") > "020")
    result = shop.retrain(changed, "--where", "item > '020'")
    assert result.code == 0
    assert "the log is another than that of version" in result.err
    assert "data.where" in result.err


def test_a_refusal_names_the_version_that_stays_where_nothing_is_compared(shop: Shop):
    current = shop.store.current()
    bad = shuffled(shop.log).filter(pl.col("item") > "003")
    result = shop.retrain(bad, "--where", "item > '003'")
    assert result.code == 3
    assert f"version {current} stays" in result.error


def test_a_store_whose_current_version_is_gone_goes_on(shop: Shop):
    shutil.rmtree(shop.store.path(shop.store.current()))
    result = shop.retrain(shop.log)
    assert result.code == 0
    assert "nothing to follow" in result.err


def test_a_window_that_moves_every_night_is_the_same_log(shop: Shop):
    assert shop.retrain(shop.log, "--where", "time > DATE '2026-01-01'", "--force").code == 0
    result = shop.retrain(shop.log.head(500), "--where", "time > DATE '2026-01-02'")
    assert result.code == 3
    assert "500 events" in result.error


def test_a_run_that_was_interrupted_in_its_first_training_is_not_resumed_without_one(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch:
        patch.setattr("trainer.jobs.gate.Comparison", interrupt)
        assert shop.retrain(shop.log, *CHECKPOINTS).code == 130
    for other in (("--force",), ("--checks", "guards")):
        result = shop.retrain(shop.log, *CHECKPOINTS, "--resume", *other)
        assert result.code == 2
        assert "resume it without --force" in result.error
    assert (shop.store.directory / "checkpoint-judged.npz").exists()


def test_json_lines_hold_every_check(shop: Shop):
    result = shop.retrain(shop.log.head(500), "--log-format", "json")
    assert result.code == 3
    lines = [json.loads(line) for line in result.err.splitlines() if line.startswith("{")]
    [verdict] = [line for line in lines if line["event"] == "verdict"]
    assert verdict["outcome"] == "refused"
    events = next(check for check in verdict["checks"] if check["name"] == "events")
    assert (events["passed"], events["least"], events["most"]) == (False, 0.7, 1.5)


def test_gate_explains_itself_and_names_every_setting(shop: Shop):
    result = shop.run("gate", "--explain")
    assert "gate.lost_items" in result.out
    assert "exit code 3" in result.words


def test_the_page_of_the_last_verdict_is_never_that_of_another(shop: Shop, tmp_path: Path):
    page = tmp_path / "last.html"
    models = ("--models", shop.store.directory)
    assert shop.retrain(shop.log).code == 0
    assert shop.run("gate", *models, "--report", page).code == 0
    assert "Next beside simple models" in page.read_text()
    assert shop.retrain(shop.log.head(500)).code == 3
    assert shop.run("gate", *models, "--report", page).code == 0
    assert "Verdict: refused" in page.read_text()
    other = shop.run("models", "show", *models, "--report", tmp_path / "log.parquet")
    assert (other.code, "ends in .html" in other.error) == (2, True)


def test_gate_says_when_nothing_was_judged_yet(tmp_path: Path, run):
    result = run("gate", "--models", tmp_path / "none")
    assert result.code == 1
    assert "no retraining has been judged yet" in result.error


def test_a_first_version_is_judged_beside_simple_models_alone(published: Path):
    manifest = Store(published).manifest(Store(published).current())
    assert manifest.gate is not None
    assert manifest.gate.compared_with is None
    names = [check.name for check in manifest.gate.checks if check.kind == "comparison"]
    assert set(names) == {
        *("similar beside simple models", "lead of similar"),
        *("next beside simple models", "lead of next"),
    }
    assert np.isfinite([check.seen or 0 for check in manifest.gate.checks]).all()


CHECKPOINTS = ("--checkpoint-every", 0.00001)


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_run_interrupted_after_the_comparison_goes_on_behind_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch:
        patch.setattr(Store, "add", interrupt)
        assert shop.retrain(shop.log, *CHECKPOINTS).code == 130
    assert (shop.store.directory / "checkpoint.npz").exists()
    with monkeypatch.context() as patch:
        patch.setattr("trainer.jobs.gate.Comparison", interrupt)
        result = shop.retrain(shop.log, *CHECKPOINTS, "--resume")
    assert result.code == 0, result.err
    manifest = shop.store.manifest(shop.store.current())
    assert manifest.gate is not None
    assert {check.name for check in manifest.gate.checks if check.kind == "comparison"} >= {
        "next beside simple models"
    }
    left = {path.name for path in shop.store.directory.iterdir()}
    assert left.isdisjoint({"checkpoint.npz", "checkpoint-judged.npz", "judged.json"})


def test_a_run_interrupted_before_the_comparison_makes_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch:
        patch.setattr("trainer.jobs.gate.Comparison", interrupt)
        assert shop.retrain(shop.log, *CHECKPOINTS).code == 130
    assert (shop.store.directory / "checkpoint-judged.npz").exists()
    assert shop.retrain(shop.log, *CHECKPOINTS, "--resume").code == 0
    manifest = shop.store.manifest(shop.store.current())
    assert manifest.gate is not None
    assert "next beside simple models" in manifest.gate.evaluations
