import json
from pathlib import Path

import pytest

from tests.jobs.conftest import DATA
from trainer.config.sections import TrainingConfig
from trainer.jobs import evaluate as trial
from trainer.word2vec.objectives import OBJECTIVES
from trainer.word2vec.training import DivergenceError

SETTINGS = f"""{DATA}title = "title"
min_count = 1

[training]
vector_size = 8
epochs = 5
alpha = 0.3
sample = 0
workers = 1
"""
OTHER = next(name for name in OBJECTIVES if name != TrainingConfig().objective)
MODELS = [
    "item2vec next", "item2vec similar", f"similar, {OTHER}", "word2vec next score", "popularity",
    "Markov chain", "sequential rules", "co-occurrence", "item-kNN", "V-SKNN", "STAN",
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
    # Of a name that is too long for its column, the first line.
    names = [name.replace(f" {OTHER}", "") for name in MODELS]
    shown = [name for line in lines for name in names if line.startswith(f"{name}  ")]
    assert shown == [*names, names[1], names[0], *names[2:]]
    assert f"\n{OTHER} " in result.out
    assert "8 cases from 4 sessions" in result.out
    assert "held out for tests 12" in " ".join(result.err.split())
    assert "evaluated V-SKNN: 8 of 8 cases" in result.err
    assert result.err.count("epoch 5/5, 100%") == 2
    assert "trains 2 models, 5 epochs over 108 events each; then asks all models" in result.err
    assert f"note: training again, with {OTHER}, to compare: about as long as the" in result.err


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
    assert list(told["interchangeability"]["columns"]) == ["title words", "seen < 5"]
    assert told["weighed"] is None


def test_the_same_seed_gives_the_same_figures(run):
    first, again = (run("evaluate", "--json", "--max-cases", "5").json for _ in range(2))
    assert first["evaluation"] == again["evaluation"]
    assert first["interchangeability"] == again["interchangeability"]
    assert first["evaluation"]["cases"] == 5


def test_all_cases_are_asked_on_request(run):
    assert run("evaluate", "--json", "--max-cases", "0").json["evaluation"]["cases"] == 8


@pytest.fixture
def trained(monkeypatch):
    """The settings of each training run."""
    runs, train_model = [], trial.train_model

    def noted(dataset, config, display):
        runs.append(config)
        return train_model(dataset, config, display)

    monkeypatch.setattr(trial, "train_model", noted)
    return runs


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_other_objective_is_trained_with_the_same_settings(run, trained, objective):
    models = run("evaluate", "--json", "--objective", objective).json["evaluation"]["models"]
    ours, theirs = trained
    (other,) = set(OBJECTIVES) - {objective}
    assert list(models)[1:3] == ["item2vec similar", f"similar, {other}"]
    assert (ours.training.objective, theirs.training.objective) == (objective, other)
    assert theirs.training.model_copy(update={"objective": objective}) == ours.training
    assert theirs.next == ours.next.model_copy(update={"continuations": 0})
    assert ours.next.continuations > 0


@pytest.mark.parametrize(
    ("flags", "models"),
    [([], MODELS[:2]), (["--continuations", "0"], MODELS[1:2])],
)
def test_without_baselines_one_model_is_trained(run, trained, flags, models):
    told = run("evaluate", "--json", "--no-baselines", *flags).json
    assert len(trained) == 1
    assert list(told["evaluation"]["models"]) == models
    assert set(told["interchangeability"]["models"]) == set(models)


def test_an_objective_that_diverges_is_left_out(run, monkeypatch):
    train_model = trial.train_model

    def diverging(dataset, config, display):
        if config.training.objective == OTHER:
            raise DivergenceError("vectors are not finite")
        return train_model(dataset, config, display)

    monkeypatch.setattr(trial, "train_model", diverging)
    result = run("evaluate", "--json")
    assert list(result.json["evaluation"]["models"]) == [*MODELS[:2], *MODELS[3:]]
    assert f"warning: {OTHER} is left out: vectors are not finite" in result.err


def test_neighbours_are_judged_by_titles_and_metadata(run):
    lines = Path("log.csv").read_text().replace("nothing", "kind").splitlines()
    tools = ("hammer", "saw", "drill", "file")
    rows = [line + ("tool" if any(name in line for name in tools) else "fruit") for line in lines]
    Path("log.csv").write_text("\n".join([lines[0], *rows[1:]]) + "\n")
    found = run("evaluate", "--json", "--metadata", "kind").json["interchangeability"]
    assert list(found["models"]) == ["item2vec similar", "item2vec next", *MODELS[2:]]
    assert list(found["differences"]) == list(found["models"])[1:]
    # The other seven of eight items are the neighbours; "A [fig]" shares one of two words with each
    # of them, and three of the seven are of the same kind.
    assert (found["queries"], found["neighbors"]) == (4, 10)
    ours = found["models"]["item2vec similar"]
    assert {name: figure["value"] for name, figure in ours.items()} == {
        "title words": pytest.approx(1 / 2),
        "same kind": pytest.approx(3 / 7),
        "seen < 5": 0,
    }
    # Counting knows no more than the items of the same island.
    assert found["models"]["Markov chain"]["same kind"]["value"] == 1
    assert found["differences"]["Markov chain"]["same kind"]["high"] < 0


def test_the_neighbours_are_a_second_table(run):
    result = run("evaluate", "--no-baselines", "--title", "")
    table = result.out[result.out.index("\n\n") :]
    assert table.split()[:4] == ["model", "seen", "<", "5"]
    assert "title words" not in result.out
    assert (
        "10 neighbours of each of the 4 most frequent items: share of answers seen fewer than five "
        "times; 95 % intervals;"
    ) in " ".join(table.split())


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
    assert "<th>title words</th>" in page
    assert "10 neighbours of each of the 4 most frequent items: mean cosine of title words" in page
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
        (["--report", "gone/page.html"], "--report gone/page.html: there is no directory gone"),
        (["--report", "."], "--report .: name a file that ends in .html"),
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
    assert [event["event"] for event in events] == ["data", "note", "training", "asking", "asking"]
    assert events[0]["events_held_out"] == 24
