import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from service.model.store import Store
from tests.conftest import make_artifact_with_next
from trainer.cli.options import flag_of, show_default
from trainer.config import sources as config

SETTINGS = """
[data]
paths = ["log.csv"]
session = "basket"
item = "item"
title = "title"
min_count = 1

[training]
vector_size = 16
epochs = 2
workers = 1
"""
MODELS = Path("models")
PROGRAM = Path(sys.executable).with_name("item2vec")


@pytest.fixture
def shop(tmp_path, monkeypatch) -> Path:
    """A directory with settings and a log: baskets of fruits and baskets of tools."""
    monkeypatch.chdir(tmp_path)
    lines = ["basket,item,title"]
    for basket in range(12):
        names = ("apple", "pear", "plum") if basket % 2 else ("hammer", "saw", "drill")
        lines += [f"b{basket},{name},A {name}" for name in names]
    Path("log.csv").write_text("\n".join(lines) + "\n")
    Path("item2vec.toml").write_text(SETTINGS)
    return tmp_path


@pytest.fixture
def published(shop, run) -> str:
    """The version that a first retraining has made current."""
    assert run("retrain").code == 0
    return Store(shop / MODELS).current()


@pytest.fixture
def guide(tmp_path, monkeypatch) -> Store:
    """The store of a model of fruits and tools that knows what comes next."""
    monkeypatch.chdir(tmp_path)
    store = Store(MODELS)
    store.promote(store.add(make_artifact_with_next).model_version)
    return store


# Help

COMMANDS = [
    "", "train", "retrain", "evaluate", "tune", "serve", "similar", "recommend", "analogy",
    "suggest", "replay", "hide", "show", "hidden", "items", "item", "explain", "gate", "export",
    "import",
    "config", "config show", "models", "models list", "models show", "models promote",
    "models rollback", "models prune", "models nights", "models push", "models pull",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(run, command):
    result = run(*command.split(), "--help")
    assert result.code == 0
    assert f"Usage: item2vec {command}".strip() in result.words
    assert result.err == ""


SHAPING = ("preset", "data.", "training.", "index.", "similar.", "next.")
TRAINING = ("models", *SHAPING, "items.", "map.", "run.", "stability.")
ASKING = (*SHAPING, "run.log_format", "run.quiet", "evaluation.")
TUNING = (
    *ASKING[:-1], "tuning.", "evaluation.split", "evaluation.test_", "evaluation.query",
    "evaluation.max_cases", "evaluation.exclude_seen",
)  # fmt: skip


@pytest.mark.parametrize(
    ("command", "known"),
    [
        ("train", TRAINING),
        ("retrain", (*TRAINING, "gate.", "publish.")),
        ("evaluate", (*ASKING, "items.")),
        ("tune", TUNING),
        ("config show", ""),
    ],
)
def test_help_lists_every_setting_of_the_command_with_its_default(run, monkeypatch, command, known):
    monkeypatch.setenv("COLUMNS", "250")
    output = run(*command.split(), "--help").words
    for name, field in config.settings():
        flag = flag_of(name)
        if not name.startswith(known):
            assert not re.search(rf"{flag}\b(?!-)", output)
            continue
        shown = {"none": "", "True": "on", "False": ""}.get(text := show_default(field), text)
        described = f"{field.description} [default: {shown}]" if shown else field.description
        typed = f"--(\\[no-\\])?{flag[2:]}"
        assert re.search(rf"{typed}\b.*?{re.escape(' '.join(described.split()))}", output), flag


@pytest.mark.parametrize("command", ["similar", "recommend", "analogy", "models list"])
def test_help_of_queries_names_the_default_store(run, monkeypatch, command):
    monkeypatch.setenv("COLUMNS", "250")
    assert "[default: models]" in run(*command.split(), "--help").words


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    "arguments",
    [
        ["nope"],
        ["retrain", "--size", "5"],
        ["similar"],
        ["similar", "x", "-k", "0"],
        ["similar", "x", "--relation", "previous"],
        ["recommend", "x", "--decay", "slow"],
    ],
)
def test_wrong_usage_exits_with_2(run, arguments):
    result = run(*arguments)
    assert result.code == 2
    assert "Usage: item2vec" in result.err


# Training


@pytest.mark.usefixtures("shop")
def test_retraining_reports_the_data_and_publishes(run):
    result = run("retrain")
    version = Store(MODELS).current()
    assert result.code == 0
    assert result.out == f"published version {version}\n"
    told = " ".join(result.err.split())
    assert "reading log.csv" in told
    assert "events read 36" in told
    assert "kept 36" in told
    assert "items 6" in told
    assert "sessions 12" in told
    assert "epoch 2/2, 100%" in told
    assert list(Store(MODELS).load().item_ids) == [
        "apple",
        "drill",
        "hammer",
        "pear",
        "plum",
        "saw",
    ]


@pytest.mark.usefixtures("shop")
def test_the_report_of_a_training_shows_only_what_training_does(run):
    err = run("train").err
    assert "held out" not in err
    assert "counting what comes next" in err
    err = run("evaluate", "--split", "last-item", "--no-baselines").err
    assert re.search(r"held out for tests +12 ", err)
    assert "counting" not in run("train", "--preset", "similar", "--epochs", "1").err


def test_a_manifest_holds_the_settings_that_were_used(published, run):
    manifest = run("models", "show").json
    assert manifest["model_version"] == published
    assert manifest["config"]["training"]["vector_size"] == 16
    assert manifest["config"]["data"]["paths"] == ["log.csv"]
    assert manifest["data"]["events_kept"] == 36
    assert len(manifest["metrics"]["epoch_losses"]) == 2


def test_training_adds_a_version_without_making_it_current(published, run):
    result = run("train", "--epochs", "1")
    assert result.code == 0
    assert Store(MODELS).current() == published
    assert len(Store(MODELS).versions()) == 2
    assert f"item2vec models promote {Store(MODELS).versions()[-1]}" in result.out


@pytest.mark.usefixtures("shop")
def test_one_worker_and_one_seed_give_the_same_vectors(run):
    for _ in range(2):
        assert run("train", "--seed", "3").code == 0
    first, second = (Store(MODELS).load(version) for version in Store(MODELS).versions())
    assert first.input_vectors.tobytes() == second.input_vectors.tobytes()


@pytest.mark.usefixtures("shop")
def test_retraining_keeps_as_many_versions_as_told(run):
    results = [run("retrain", "--keep", "2", "--epochs", "1") for _ in range(3)]
    assert [result.code for result in results] == [0, 0, 0]
    kept = Store(MODELS).versions()
    assert len(kept) == 2
    assert Store(MODELS).current() == kept[-1]
    assert "deleted version" in results[-1].err


@pytest.mark.usefixtures("shop")
def test_metadata_of_every_kind_can_be_published(run):
    log = Path("log.csv").read_text().splitlines()
    days = [f"{line},2026-01-{n:02},{n}" for n, line in enumerate(log[1:13], 1)]
    Path("log.csv").write_text("\n".join([f"{log[0]},day,n", *days]) + "\n")
    result = run("retrain", "--metadata", "day", "--metadata", "n")
    assert result.code == 0, result.err
    metadata = Store(MODELS).load().metadata
    assert metadata["day"][0] == "2026-01-04"
    assert metadata["n"][0] == 4


# What is refused


def bad_files() -> None:
    Path("one.txt").write_text("apple pear plum apple\n")
    Path("ragged.csv").write_text("basket,item,title\nb1,apple,An apple\nb1,pear,A pear, green\n")
    Path("broken.jsonl").write_text('{"basket": "b1", "item": "apple", "title": "x"}\n{"basket"\n')
    Path("garbage.parquet").write_bytes(b"not parquet at all")
    Path("empty.csv").write_text("")


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        (["--item", "sku"], "log.csv has no column 'sku' (named as `item`)"),
        (["--where", "item = 'gold'"], "none of 36 events meets the condition \"item = 'gold'\""),
        (["--where", "price > 3"], "there is no column 'price'"),
        (["--min-count", "100"], "36 of items under min_count = 100"),
        (["--paths", "one.txt"], "one.txt: all 4 events belong to one session"),
        (["--paths", "gone.csv"], "there is no file gone.csv"),
        (["--paths", "."], ". is a directory"),
        (["--paths", "ragged.csv"], "ragged.csv: line 3 has 4 fields"),
        (["--paths", "broken.jsonl"], "broken.jsonl: line 2 is not JSON"),
        (["--paths", "garbage.parquet"], "garbage.parquet: "),
        (["--paths", "empty.csv"], "empty.csv: the file is empty"),
        (["--time", "title"], "log.csv: row 1: column 'title': 'A hammer' is not"),
        (["--session", ""], "name the `session` column"),
        (["--epochs", "0"], "training.epochs = '0' (flag)"),
        (["--min-alpha", "1"], "`min_alpha` 1.0 is above `alpha`"),
        (["--config", "gone.toml"], "there is no configuration file gone.toml"),
    ],
)
def test_a_retraining_that_fails_names_the_culprit_and_changes_nothing(
    published, run, arguments, culprit
):
    bad_files()
    result = run("retrain", *arguments)
    assert result.code == 2
    assert culprit in result.error
    assert result.out == ""
    assert Store(MODELS).versions() == [published]
    assert Store(MODELS).load().manifest.model_version == published


def test_a_second_retraining_at_the_same_time_is_refused(published, run):
    with Store(MODELS).job():
        for command in ("retrain", "train"):
            result = run(command)
            assert result.code == 1
            assert "another retraining job is running" in result.error
    assert Store(MODELS).versions() == [published]
    assert run("retrain").code == 0


@pytest.mark.usefixtures("shop")
def test_models_cannot_be_written_into_a_file(run):
    Path("taken").write_text("")
    result = run("retrain", "--models", "taken")
    assert result.code == 1
    assert "taken" in result.error


@pytest.mark.parametrize(
    "arguments",
    [
        ["models", "show", "v9"],
        ["models", "promote", "v9"],
        ["similar", "apple", "--version", "v9"],
        ["recommend", "apple", "--version", "v9"],
        ["analogy", "apple", "--version", "v9"],
    ],
)
def test_an_unknown_version_is_named_with_those_known(published, run, arguments):
    result = run(*arguments)
    assert result.code == 2
    assert "there is no version 'v9'" in result.error
    assert published in result.error


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(
    "arguments", [["similar", "gold"], ["analogy", "gold"], ["analogy", "apple", "-n", "gold"]]
)
def test_an_unknown_item_is_named(run, arguments):
    result = run(*arguments)
    assert result.code == 2
    assert "does not know item 'gold'" in result.error


@pytest.mark.usefixtures("published")
def test_who_types_a_title_is_told_its_id(run):
    assert run("similar", "a SAW").error.endswith("item 'a SAW'; it knows saw (A saw)")
    assert run("analogy", "a saw").error.endswith("item 'a saw'; it knows saw (A saw)")
    assert run("recommend", "a saw").err.startswith("unknown: a saw; it knows saw (A saw)")
    assert run("similar", "gold").error.endswith(
        "; `item2vec items WORDS` finds items by their titles"
    )


@pytest.mark.usefixtures("published")
def test_an_analogy_needs_an_item(run):
    result = run("analogy")
    assert result.code == 2
    assert "at least one" in result.error


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("arguments", [["similar", "apple"], ["models", "show"]])
def test_a_store_without_models_says_what_to_do(run, arguments):
    result = run(*arguments)
    assert result.code == 1
    assert "item2vec retrain" in result.error


@pytest.mark.usefixtures("shop")
def test_a_wrong_setting_in_the_environment_is_named(run, monkeypatch):
    monkeypatch.setenv("ITEM2VEC_TRAINING__SIZE", "100")
    result = run("retrain")
    assert result.code == 2
    assert result.error == (
        "error: ITEM2VEC_TRAINING__SIZE in the environment is not a setting; here it is vector_size"
    )


# Queries


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (["similar", "apple"], {"apple"}),
        (["recommend", "apple", "saw"], {"apple", "saw"}),
        (["recommend", "apple", "--exclude", "pear", "--exclude", "saw"], {"apple", "pear", "saw"}),
        (["recommend", "apple", "saw", "--allow-seen"], set()),
        (["recommend", "apple", "saw", "--allow-seen", "--exclude", "saw"], {"saw"}),
        (["recommend", "apple", "saw", "--allow-seen", "--dislike", "saw"], {"saw"}),
        (["analogy", "apple", "saw", "-n", "pear"], {"apple", "saw", "pear"}),
        (["analogy", "-n", "pear"], {"pear"}),
    ],
)
def test_answers_are_json_on_request(run, arguments, absent):
    result = run(*arguments, "--json")
    assert result.code == 0
    everything = {"apple", "pear", "plum", "hammer", "saw", "drill"}
    items = result.json["items"]
    assert {neighbor["item_id"] for neighbor in items} == everything - absent
    scores = [neighbor["score"] for neighbor in items]
    assert scores == sorted(scores, reverse=True)
    assert {neighbor["title"] for neighbor in items} <= {f"A {name}" for name in everything}
    assert len(run(*arguments, "--json", "-k", "1").json["items"]) == 1


@pytest.mark.usefixtures("published")
def test_answers_are_a_table_otherwise(run):
    result = run("similar", "apple", "-k", "2")
    lines = [line.split() for line in result.out.splitlines() if line.strip()]
    assert lines[0] == ["item", "title", "score"]
    assert len(lines) == 4
    item, _, title, score = lines[-1]
    assert item == title
    assert re.fullmatch(r"-?\d\.\d{3}", score)


@pytest.mark.usefixtures("published")
def test_unknown_liked_items_are_told_and_the_popular_ones_fall_in(run):
    some = run("recommend", "gold", "apple", "--json", "-k", "5")
    assert some.err == "unknown: gold\n"
    assert some.json["unknown_items"] == ["gold"]
    assert some.json["returned"] == 5
    none = run("recommend", "gold", "nope", "--json")
    assert "most popular" in none.err
    assert none.json["fallback_used"] == "popularity"
    assert none.json["returned"] == 6
    assert "the most popular items" in run("recommend", "gold", "nope").out


@pytest.mark.usefixtures("guide")
@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["similar", "apple"], ["hammer", "pear"]),
        (["recommend", "apple", "hammer"], ["saw", "drill", "pear"]),
        (["recommend", "hammer", "apple", "--decay", "0"], ["pear"]),
        (["recommend", "apple", "hammer", "--exclude", "saw", "-k", "1"], ["drill"]),
    ],
)
def test_what_comes_next_can_be_asked(run, arguments, found):
    result = run(*arguments, "--relation", "next", "--json")
    assert [neighbor["item_id"] for neighbor in result.json["items"]] == found


@pytest.mark.usefixtures("guide")
def test_the_decay_and_the_order_decide_what_is_recommended(run):
    def ask(*arguments):
        return run("recommend", *arguments, "--json").json

    for relation in ("similar", "next"):
        of_relation = ("--relation", relation)
        alike = ask("apple", "saw", *of_relation, "--decay", "1")
        assert alike == ask("saw", "apple", *of_relation, "--decay", "1")
        assert alike != ask("apple", "saw", *of_relation, "--decay", ".7")
    assert ask("apple", "saw") == ask("apple", "saw", "--decay", "1")


@pytest.mark.usefixtures("guide")
def test_liked_items_too_far_back_to_have_a_vote_are_noted(run):
    result = run("recommend", "apple", "pear", *["hammer"] * 20, "--relation", "next", "-k", "2")
    assert result.err == "note: too far back to have a vote: apple, pear\n"
    few = run("recommend", "apple", *["hammer"] * 19, "--relation", "next", "-k", "2")
    assert few.err == ""


@pytest.mark.usefixtures("guide")
@pytest.mark.parametrize("decay", ["-0.1", "1.5", "nan"])
def test_a_decay_that_is_no_share_is_named(run, decay):
    result = run("recommend", "apple", "--decay", decay)
    assert result.code == 2
    assert result.error == f"error: decay: {decay} is not between 0 and 1"


@pytest.mark.parametrize("arguments", [["similar", "apple"], ["recommend", "apple", "kiwi"]])
def test_a_model_that_does_not_know_what_comes_next_says_what_to_do(
    publish, tmp_path, run, monkeypatch, arguments
):
    version = publish()
    monkeypatch.chdir(tmp_path)
    result = run(*arguments, "--relation", "next")
    assert result.code == 2
    assert result.error.startswith(f"error: model {version} does not know what comes next: train")


def test_help_tells_the_order_of_liked_items(run):
    words = run("recommend", "--help").words
    assert "the oldest first, the newest last" in words


def test_an_earlier_version_can_be_asked(published, run):
    run("retrain", "--seed", "7")
    now, earlier = (
        run("similar", "apple", "--json", *version).json
        for version in ([], ["--version", published])
    )
    assert now != earlier


@pytest.mark.usefixtures("shop")
def test_ids_and_titles_are_printed_to_the_letter(run):
    log = Path("log.csv").read_text()
    Path("log.csv").write_text(log.replace("apple", "[red]:cat:").replace("pear", r"\[/b]"))
    assert run("retrain").code == 0
    result = run("similar", "[red]:cat:")
    assert r"\[/b]" in result.out
    assert r"A \[/b]" in result.out
    assert "[red]:cat:" in run("recommend", r"\[/b]").out
    assert r"item '[nope]'" in run("similar", "[nope]").error


@pytest.mark.usefixtures("shop")
def test_what_would_steer_the_terminal_is_escaped(run):
    log = Path("log.csv").read_text()
    Path("log.csv").write_text(log.replace("apple", "\x1b[31mapple"))
    assert run("retrain").code == 0
    answer = run("similar", "pear")
    unknown = run("recommend", "\x1b[31mX", "pear", "-k", "5")
    typed = run("similar", "a")
    assert r"A \x1b[31mapple" in answer.out
    assert unknown.err == "unknown: \\x1b[31mX\n"
    for result in (answer, unknown, typed):
        assert "\x1b" not in result.out + result.err


# Versions


@pytest.mark.usefixtures("published")
def test_versions_are_listed_for_machines(run):
    run("train")
    listed = run("models", "list", "--json").json
    assert [version["model_version"] for version in listed] == Store(MODELS).versions()
    assert [version["current"] for version in listed] == [True, False]
    assert listed[0]["data"]["events_kept"] == 36


def test_a_model_that_was_not_trained_here_has_no_loss(publish, tmp_path, monkeypatch, run):
    publish()
    monkeypatch.chdir(tmp_path)
    assert " - current" in run("models", "list").words


def test_prune_keeps_as_many_versions_as_a_retraining_does(publish, tmp_path, monkeypatch, run):
    versions = [publish() for _ in range(4)]
    monkeypatch.chdir(tmp_path)
    Path("item2vec.toml").write_text("[publish]\nkeep = 3")
    assert run("models", "prune").out == f"deleted 1: {versions[0]}\n"
    assert run("models", "prune", "--keep", "2").out == f"deleted 1: {versions[1]}\n"


def test_versions_are_listed_promoted_rolled_back_and_pruned(published, run):
    run("train")
    run("train")
    _, second, third = Store(MODELS).versions()
    listed = [line for line in run("models", "list").out.splitlines() if "2" in line]
    assert [line.split()[0] for line in listed] == [published, second, third]
    assert ["current" in line for line in listed] == [True, False, False]

    assert run("models", "promote", second).out == f"current version: {second}\n"
    assert run("models", "promote", third).out == f"current version: {third}\n"
    assert run("models", "rollback").out == f"current version: {second}\n"
    assert run("models", "rollback").out == f"current version: {published}\n"
    result = run("models", "rollback")
    assert result.code == 2
    assert "no earlier version" in result.error

    run("models", "promote", third)
    assert run("models", "prune", "--keep", "1").out == f"deleted 2: {published}, {second}\n"
    assert run("models", "prune").out == "nothing to delete\n"
    assert Store(MODELS).versions() == [third]
    assert Store(MODELS).current() == third


@pytest.mark.usefixtures("shop")
def test_the_store_can_be_named(run):
    assert run("retrain", "--models", "elsewhere").code == 0
    assert not MODELS.exists()
    assert run("similar", "apple", "--models", "elsewhere", "--json").code == 0
    assert run("models", "show", "--models", "elsewhere").json["items"] == 6
    assert "current" in run("models", "list", "--models", "elsewhere").out


# Settings


@pytest.mark.usefixtures("shop")
def test_every_setting_is_shown_with_its_value_its_source_and_its_variable(run, monkeypatch):
    monkeypatch.setenv("ITEM2VEC_DATA__WHERE", "item <> 'saw'")
    result = run(
        "config", "show", "--epochs", "7", "--event=kind", "--weights=buy=4", "--weights=view=.5"
    )
    lines = {line.split()[0]: line for line in result.out.splitlines() if line.strip()}
    for name, _ in config.settings():
        assert config.environment_name(name) in lines[name]
    assert lines["training.epochs"].split()[1:3] == ["7", "flag"]
    assert "item <> 'saw'" in lines["data.where"]
    assert "environment" in lines["data.where"]
    assert "buy=4, view=0.5 " in lines["data.weights"]
    assert lines["training.vector_size"].split()[1:3] == ["16", "item2vec.toml"]
    assert lines["training.negative"].split()[1:3] == ["10", "default"]


# As a program


@pytest.mark.usefixtures("shop")
def test_piped_output_folds_no_id():
    long = "apple-" + 300 * "x"
    Path("log.csv").write_text(Path("log.csv").read_text().replace("apple", long))
    subprocess.run([PROGRAM, "retrain"], check=True, capture_output=True)
    done = subprocess.run([PROGRAM, "similar", "pear"], capture_output=True, text=True, check=True)
    assert long in [line.split()[0] for line in done.stdout.splitlines() if line.strip()]


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_retraining_exits_quietly_and_changes_nothing(published, stop, code):
    program = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    program += "; from trainer.__main__ import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", program, "retrain", "--epochs", "100000000"],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        next(line for line in process.stderr if line.startswith("epoch 1/"))
        process.send_signal(stop)
        try:
            assert process.wait(timeout=30) == code
        finally:
            process.kill()
        said = process.stderr.read()
        assert said.endswith("note: stopped, nothing published\n")
        assert "Traceback" not in said
    assert Store(MODELS).versions() == [published]
    with Store(MODELS).job():
        pass


def test_a_killed_training_resumes_to_the_same_bytes(shop, run):
    long = ["--epochs", "400"]
    often = ["--checkpoint-every", "0.0002"]
    with subprocess.Popen([PROGRAM, "train", *long, *often], stderr=subprocess.DEVNULL) as process:
        while not (checkpoint := shop / MODELS / "checkpoint.npz").exists():
            assert process.poll() is None
            time.sleep(0.002)
        process.kill()
    resumed = run("train", *long, "--resume")
    assert resumed.code == 0, resumed.err
    assert not checkpoint.exists()
    assert run("train", *long).code == 0
    first, second = (Store(shop / MODELS).load(version) for version in Store(MODELS).versions())
    assert first.input_vectors.tobytes() == second.input_vectors.tobytes()


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("objective", "output"), [("negative-sampling", "items"), ("hierarchical-softmax", "nodes")]
)
def test_a_model_tells_whose_its_output_vectors_are(run, objective, output):
    run("retrain", "--objective", objective)
    assert run("models", "show").json["output"] == output
    assert run("export", "v.bin", "--vectors", "output").code == (0 if output == "items" else 2)


def test_resuming_without_a_checkpoint_names_the_file(published, run):
    assert "there is no checkpoint models/checkpoint.npz" in run("retrain", "--resume").error
    assert Store(MODELS).current() == published


def test_a_warm_start_begins_from_the_current_model(published, run):
    settings = ("--alpha", "1e-9", "--min-alpha", "0", "--warm-start", "current")
    assert run("retrain", *settings).code == 0
    old, new = Store(MODELS).load(published), Store(MODELS).load()
    assert new.input_vectors == pytest.approx(old.input_vectors, abs=1e-6)
    assert new.output_vectors == pytest.approx(old.output_vectors, abs=1e-6)


@pytest.mark.usefixtures("shop")
def test_a_first_run_starts_cold_from_current(run):
    assert run("retrain", "--warm-start", "current").code == 0


@pytest.mark.usefixtures("published")
def test_a_warm_start_of_another_size_is_refused(run):
    result = run("retrain", "--warm-start", "current", "--vector-size", "20")
    assert result.code == 2
    assert "16 numbers, vector_size = 20" in result.error


@pytest.mark.usefixtures("shop")
def test_the_log_for_machines_is_one_object_a_line(run):
    result = run("retrain", "--log-format", "json", "--keep", "1")
    assert result.json == {"event": "published", "model_version": Store(MODELS).current()}
    lines = [json.loads(line) for line in result.err.splitlines()]
    events = [line["event"] for line in lines]
    assert events == ["note", "data", "note", "training", "training", "verdict"]
    assert lines[1]["events_kept"] == 36
    assert lines[4]["items_done"] == lines[4]["items_total"] == 72
    assert {"loss", "alpha", "items_per_second", "pairs_per_second", "seconds_left"} <= set(
        lines[4]
    )
    assert lines[5]["outcome"] == "passed"
    again = run("train", "--log-format", "json")
    assert again.json == {"event": "trained", "model_version": Store(MODELS).versions()[-1]}
    pruned = run("retrain", "--log-format", "json", "--keep", "1").err.splitlines()
    assert "deleted version" in json.loads(pruned[-2])["message"]


@pytest.mark.usefixtures("shop")
def test_progress_manifest_and_list_tell_the_same_loss(run):
    lines = [json.loads(line) for line in run("retrain", "--log-format", "json").err.splitlines()]
    metrics = run("models", "show").json["metrics"]
    last = [line["loss"] for line in lines if line["event"] == "training"][-1]
    assert last == metrics["epoch_losses"][-1] == metrics["epochs"][-1]["loss"]
    assert f" {last:.4f} " in run("models", "list").out


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("name", ["ITEM2VEC_TYPO", "ITEM2VEC_EPOCHS"])
def test_an_unknown_variable_is_refused_by_every_command(run, monkeypatch, name):
    monkeypatch.setenv(name, "1")
    for command in ("retrain", "config show", "models list"):
        result = run(*command.split())
        assert result.code == 2
        assert f"{name} in the environment is not a setting" in result.error


@pytest.mark.usefixtures("shop")
def test_the_service_serves_from_the_directory_of_the_configuration(run, monkeypatch):
    Path("item2vec.toml").write_text('models = "elsewhere"\n' + SETTINGS)
    assert run("retrain").code == 0
    started = []
    monkeypatch.setattr(os, "execv", lambda *command: started.append(command))
    for name in ("ITEM2VEC_MODELS", "ITEM2VEC_PORT"):
        monkeypatch.setenv(name, "")  # so that it is put back afterwards
        monkeypatch.delenv(name)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    output = run("serve", "--port", port)
    assert started
    assert os.environ["ITEM2VEC_MODELS"] == "elsewhere"
    assert "/similar/" in output.out


def test_no_flag_of_the_service_holds_a_key(run):
    flags = set(re.findall(r"--[a-z-]+", run("serve", "--help").out))
    assert flags >= {"--api-keys-file", "--admin-key-file", "--cors-origins", "--read-seconds"}
    assert not flags & {"--api-keys", "--admin-key"}


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_port_that_is_taken_is_all_that_is_said(publish, tmp_path, monkeypatch, run, host):
    publish()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "execv", lambda *_: pytest.fail("the service was started"))
    for name in ("ITEM2VEC_MODELS", "ITEM2VEC_HOST", "ITEM2VEC_PORT"):
        monkeypatch.setenv(name, "")  # so that it is put back afterwards
        monkeypatch.delenv(name)
    with socket.create_server(
        (host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET
    ) as taken:
        port = taken.getsockname()[1]
        result = run("serve", "--host", host, "--port", port)
    assert result.code == 1
    assert result.error == (
        f"error: {host}:{port}: Address already in use; name another --port or --host"
    )
    assert result.out == ""


def test_a_damaged_manifest_does_not_hide_the_other_versions(published, run):
    assert run("train").code == 0
    other = next(version for version in Store(MODELS).versions() if version != published)
    (MODELS / "versions" / other / "manifest.json").write_text("{")
    result = run("models", "list")
    assert result.code == 0
    assert published in result.out
    assert other in result.err


@pytest.mark.usefixtures("shop")
def test_the_program_exits_with_the_code_of_the_error():
    done = subprocess.run([PROGRAM, "similar", "x"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: no model is published")
    assert done.stderr.count("\n") == 1
