import json
from pathlib import Path

import pytest

from tests.jobs.conftest import DATA
from trainer.jobs import evaluate as trial

SETTINGS = f"""{DATA}title = "title"
min_count = 1

[training]
vector_size = 8
epochs = 5
alpha = 0.3
sample = 0
workers = 1
"""
MODELS = [
    "item2vec next", "item2vec similar", "word2vec next score", "popularity", "Markov chain",
    "sequential rules", "co-occurrence", "item-kNN", "V-SKNN",
]  # fmt: skip


@pytest.fixture
def untrained(monkeypatch):
    """Fails where a model is trained."""

    def fail(*_):
        raise AssertionError("trained in vain")

    monkeypatch.setattr(trial, "train_model", fail)


def test_the_model_is_compared_with_all_baselines_in_a_table(run):
    result = run("evaluate")
    assert result.code == 0, result.err
    lines = result.out.splitlines()
    assert lines[0] == (
        "4 of 40 sessions are held out: those that began at 2026-01-02T12:00:00 or later"
    ).replace("T", " ")
    assert [name for line in lines for name in MODELS if line.startswith(f"{name}  ")] == MODELS
    assert "8 cases from 4 sessions" in result.out
    assert "held out for tests 12" in " ".join(result.err.split())
    assert "evaluated V-SKNN: 8 of 8 cases" in result.err
    assert "epoch 5/5, 100%" in result.err


def test_nothing_is_published(run):
    before = set(Path().iterdir())
    assert run("evaluate", "--no-baselines", "--epochs", "1").code == 0
    assert set(Path().iterdir()) == before


def test_json_has_everything_that_was_measured(run):
    told = run("evaluate", "--json", "--cutoffs", "3", "--cutoffs", "1", "--seed", "4").json
    evaluation = told["evaluation"]
    assert list(evaluation["models"]) == MODELS
    assert evaluation["protocol"]["ks"] == [1, 3]
    assert evaluation["protocol"]["seed"] == told["config"]["training"]["seed"] == 4
    assert (evaluation["cases"], evaluation["sessions"]) == (8, 4)
    assert set(evaluation["differences"]) == set(MODELS[1:])
    assert evaluation["models"]["item2vec similar"]["estimates"]["HR@3"]["value"] == 1
    assert evaluation["models"]["popularity"]["estimates"]["HR@3"]["value"] < 1
    assert told["held_out"].startswith("4 of 40 sessions are held out")
    assert told["data"]["events_kept"] == 108
    assert len(told["training"]["epoch_losses"]) == 5


def test_the_same_seed_gives_the_same_figures(run):
    first, again = (run("evaluate", "--json", "--max-cases", "5").json for _ in range(2))
    assert first["evaluation"] == again["evaluation"]
    assert first["evaluation"]["cases"] == 5


def test_all_cases_are_asked_on_request(run):
    assert run("evaluate", "--json", "--max-cases", "0").json["evaluation"]["cases"] == 8


def test_baselines_can_be_left_out(run):
    told = run("evaluate", "--json", "--no-baselines").json
    assert list(told["evaluation"]["models"]) == MODELS[:2]
    assert list(told["evaluation"]["differences"]) == MODELS[1:2]


def test_the_last_item_of_each_session_can_be_asked_for(run):
    told = run("evaluate", "--json", "--split", "last-item").json
    assert told["held_out"] == "the last item of 40 of 40 sessions is held out"
    assert told["evaluation"]["cases"] == 40


def test_the_query_can_be_the_last_item_alone(run):
    Path("log.csv").write_text(Path("log.csv").read_text().replace("plum", "apple"))
    shares = [
        run("evaluate", "--json", "--query", query).json["evaluation"]["repeated"]
        for query in ("session", "last")
    ]
    assert shares[0] > shares[1] == 0


def test_items_of_the_query_can_be_allowed(run):
    alike = run("evaluate", "--json", "--no-exclude-seen", "--cutoffs", "1").json
    assert alike["evaluation"]["models"]["item2vec similar"]["estimates"]["HR@1"]["value"] == 0


def test_the_page_is_written(run):
    result = run("evaluate", "--report", "page.html")
    assert result.code == 0, result.err
    page = Path("page.html").read_text(encoding="utf-8")
    assert "4 of 40 sessions are held out" in page
    assert "A [apple]" in page
    assert all(name in page for name in MODELS)
    assert "page: page.html" in result.err


def test_a_log_of_lines_is_split_by_its_order(run):
    Path("log.txt").write_text("a b c\nc b a\n" * 10)
    Path("item2vec.toml").unlink()
    result = run("evaluate", "--paths", "log.txt", "--vector-size", "8", "--epochs", "1")
    assert result.code == 0, result.err
    assert result.out.startswith(
        "the log has no times: the last 2 of 20 sessions in its order are held out\n"
    )


@pytest.mark.usefixtures("untrained")
@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        (["--split", "random"], "evaluation.split = 'random' (flag)"),
        (["--test-share", "1"], "evaluation.test_share = '1' (flag)"),
        (["--test-share", "0"], "evaluation.test_share = '0' (flag)"),
        (["--test-from", "soon"], "evaluation.test_from = 'soon' (flag)"),
        (["--test-from", "2025-01-01"], "0 sessions with 0 items are left of 120 events"),
        (["--test-from", "2027-01-01"], "log.csv: no test case is left (0 of 40 sessions"),
        (["--time", "", "--test-from", "2026-01-02"], "the log has no times"),
        (["--query", "all"], "evaluation.query = 'all' (flag)"),
        (["--query-decay", "1.5"], "evaluation.query_decay = '1.5' (flag)"),
        (["--cutoffs", "0"], "evaluation.cutoffs = '0' (flag)"),
        (["--cutoffs", "ten"], "evaluation.cutoffs = 'ten' (flag)"),
        (["--max-cases", "-1"], "evaluation.max_cases = '-1' (flag)"),
        (["--report", "gone/page.html"], "'gone/page.html': there is no directory gone"),
        (["--report", "."], "evaluation.report = '.': is a directory"),
        (["--where", "item = 'gold'"], "none of 120 events meets the condition"),
        (["--item", "nothing"], "0 sessions with 0 items are left of 120 events"),
        (["--item", "nothing", "--time", ""], "dropped: 120 without item"),
        (["--where", "basket = 'b1'"], "0 sessions with 0 items are left of 120 events"),
        (["--min-count", "100"], "108 of items under min_count = 100"),
    ],
)
def test_what_cannot_be_done_is_refused_before_training(run, arguments, culprit):
    result = run("evaluate", *arguments)
    assert result.code == 2
    assert culprit in result.error
    assert result.out == ""


@pytest.mark.parametrize("flag", ["--keep", "--resume", "--models"])
def test_settings_of_publishing_are_no_flags_here(run, flag):
    result = run("evaluate", flag)
    assert result.code == 2
    assert f"No such option: {flag}" in " ".join(result.err.split())


def test_the_log_for_machines_is_one_object_a_line(run, monkeypatch):
    monkeypatch.setenv("ITEM2VEC_EVALUATION__TEST_SHARE", "0.2")
    result = run("evaluate", "--log-format", "json", "--epochs", "1", "--no-baselines")
    events = [json.loads(line) for line in result.err.splitlines()]
    assert [event["event"] for event in events] == ["data", "training", "asking", "asking"]
    assert events[0]["events_held_out"] == 24
