import json
import tomllib
from pathlib import Path

import optuna
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.jobs.conftest import DATA
from trainer.config.jobs import Config
from trainer.config.sources import merge, read_layers
from trainer.jobs import tune as tuning
from trainer.tuning.findings import Trial, TuningResult
from trainer.tuning.space import TABLE, TRAINING, Dimension, settings_of, space, with_settings
from trainer.view.bars import Bars
from trainer.word2vec.training import DivergenceError

SETTINGS = f"""{DATA}
[training]
vector_size = 8
epochs = 4
alpha = 0.1
sample = 0
workers = 1
"""
QUICK = ("--trials", "3")


@pytest.fixture
def unread(monkeypatch):
    """Fails where the log is read."""

    def fail(*_):
        raise AssertionError("read in vain")

    monkeypatch.setattr(tuning, "read_log", fail)


def without_trying(monkeypatch, figures: dict[int, float]) -> None:
    """Trials train nothing: the figure of trial n is looked up, .5 where it is not there."""
    numbers = iter(range(1, 1000))
    monkeypatch.setattr(tuning._Experiment, "measure_initial", lambda _: 0.5)
    monkeypatch.setattr(tuning._Experiment, "measure", lambda *_: figures.get(next(numbers), 0.5))


def figures(result) -> list[str]:
    """The lines that tell of trials."""
    return [line for line in result.err.splitlines() if line.startswith(("as given", "trial"))]


# What comes out


@pytest.mark.parametrize("relation", ["next", "similar"])
def test_the_best_settings_are_told_and_written_with_both_figures(run, relation):
    result = run("tune", *QUICK, "--relation", relation, "--metric", "HR@2", "--json")
    assert result.code == 0, result.err
    told = result.json
    lines = figures(result)
    assert len(lines) == 4
    assert lines[0].startswith("as given: HR@2 ")
    assert lines[1].endswith(" s left")
    assert "left" not in lines[-1]
    assert "trains the settings as given, then tries 3 others; at last trains both" in result.err
    assert told["validation"]["tuned"] >= told["validation"]["given"]
    test = told["test"]
    assert set(test) == {"given", "tuned", "difference", "words"}
    assert test["difference"]["value"] == pytest.approx(
        test["tuned"]["value"] - test["given"]["value"]
    )
    content = Path("tuned.toml").read_text()
    assert f"--relation {relation}` in 3 trials" in content
    assert f"validation: {told['validation']['given']:.4f} as given" in content
    assert f"test: {test['given']['value']:.4f} as given" in content


def test_the_file_is_all_that_train_needs(run, monkeypatch):
    without_trying(monkeypatch, {2: 0.75})
    told = run("tune", *QUICK, "--min-count", "2", "--out", "best.toml", "--json").json
    Path("item2vec.toml").unlink()
    assert run("train", "--config", "best.toml").code == 0
    config = merge(read_layers(Path("best.toml"), {}))
    assert settings_of(config, TABLE) == {
        name: value for name, value in told["settings"].items() if name != "next.next_decay"
    }
    assert (config.training.epochs, config.data.min_count) == (4, 2)
    assert config.next.prior_mass != Config().next.prior_mass


def test_what_was_not_set_is_not_written(run, monkeypatch):
    without_trying(monkeypatch, {})
    assert run("tune", *QUICK).code == 0
    written = tomllib.loads(Path("tuned.toml").read_text())
    assert set(written) == {"data", "training", "next"}
    assert "negative" not in written["training"]
    assert not {"tuning", "run"} & set(written)


def test_where_nothing_is_better_the_given_settings_stay(run, monkeypatch):
    without_trying(monkeypatch, {1: 0.25, 2: 0.5, 3: None})
    result = run("tune", *QUICK, "--prior-mass", "7")
    assert "next.prior_mass 7 7" in result.words
    assert merge(read_layers(Path("tuned.toml"), {})).next.prior_mass == 7


def test_values_of_every_kind_survive_the_file():
    data = {
        "paths": ['a "b"\\.txt', "\x7fé\n😀.csv"],
        "session": "s",
        "event": "kind",
        "weights": {"add to = cart": 1.5, "é": 2},
        "collapse_repeats": True,
        "user": "",
    }
    evaluation = {"test_from": "2026-01-02T03:04:05+01:00"}
    config = merge({"file": {"preset": "next", "data": data, "evaluation": evaluation}})
    given = Trial(0, {}, 0.5, True)
    tuned = TuningResult(
        with_settings(config, {"training.sample": 1e-06, "training.window": "session"}),
        given, given, 1, "",
    )  # fmt: skip
    read = merge({"file": tomllib.loads(tuned.as_toml())})
    assert read == tuned.config
    assert (read.training.sample, read.training.window) == (1e-06, "session")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
@example("\"quoted\" 'twice' \\")
@example("".join(map(chr, [*range(32), 127, 128, 0x2028, 0xFEFF, 0x1F600])))
@example('[run]\nmodels = "elsewhere" # = {}')
def test_any_text_survives_the_file(text):
    data = {"paths": [text], "session": text, "event": text, "weights": {text: 2}, "where": text}
    config = merge({"file": {"data": data}})
    trial = Trial(0, {}, 0.5, True)
    content = TuningResult(config, trial, trial, 7, "").as_toml()
    assert content.startswith("# Found by `item2vec tune --relation next` in 7 trials.\n")
    assert tomllib.loads(content) == {"data": data}


# The test part


def test_the_test_part_is_looked_at_once_after_the_search(run, monkeypatch):
    asked, evaluate = [], tuning.evaluate

    def watched(rankers, cases, *rest):
        asked.append((list(rankers), len(cases)))
        return evaluate(rankers, cases, *rest)

    read = []
    hold_out = tuning.hold_out
    monkeypatch.setattr(tuning, "evaluate", watched)
    monkeypatch.setattr(
        tuning, "hold_out", lambda *all_: read.append(len(asked)) or hold_out(*all_)
    )
    assert run("tune", *QUICK, "--test-share", "0.25").code == 0
    # 10 of 40 sessions are the test; 8 of the 30 before them (.25, rounded to even) the validation
    assert asked == [(["tuned"], 16)] * 4 + [(["tuned", "as given"], 20)]
    assert read == [4]


def test_the_search_does_not_depend_on_the_test_part(run):
    first = run("tune", *QUICK)
    lines = Path("log.csv").read_text().splitlines()
    changed = [
        line.replace("fig", "apple") if int(line[1:3].strip(",")) > 35 else line
        for line in lines[1:]
    ]
    Path("log.csv").write_text("\n".join([lines[0], *changed]) + "\n")
    again = run("tune", *QUICK, "--force")
    assert figures(first) == figures(again)
    assert len(figures(first)) == 4


def test_vectors_are_trained_once_for_the_search_and_once_for_the_test(run, monkeypatch):
    trained, train = [], tuning.train_unweighed
    monkeypatch.setattr(
        tuning, "train_unweighed", lambda *all_: trained.append(all_[1].training) or train(*all_)
    )
    assert run("tune", *QUICK).code == 0
    assert len(trained) == 2


# Budget


def test_no_trial_begins_after_the_minutes_are_over(run):
    result = run("tune", "--minutes", "1e-9")
    assert result.code == 0
    assert len(figures(result)) == 1
    assert "others, of which none begins after 1e-09 minutes;" in result.err


def test_a_share_of_the_sessions_is_enough_for_the_search(run):
    result = run("tune", *QUICK, "--share", "0.5", "--log-format", "json")
    told = [json.loads(line) for line in result.err.splitlines()]
    data = next(one for one in told if one["event"] == "data")
    assert (data["sessions"], data["events_kept"], data["events_held_out"]) == (16, 48, 72)
    trials = [one for one in told if one["event"] == "trial"]
    assert [one["number"] for one in trials] == [0, 1, 2, 3]
    assert all(one["best"] >= one["value"] for one in trials)


def test_a_trial_that_begins_worse_than_the_others_is_given_up(run, monkeypatch):
    """From the sixth trial on: one that is behind the median after a quarter of its epochs."""
    values = iter([*[0.5] * 5, 0.25, 0.75])

    def measure(_trier, _settings, early):
        first = next(values)
        return None if early(first) else first

    monkeypatch.setattr(tuning._Experiment, "measure_initial", lambda _: 0.5)
    monkeypatch.setattr(tuning._Experiment, "measure", measure)
    lines = figures(run("tune", "--trials", "7"))
    assert [", given up" in line for line in lines] == [False] * 6 + [True, False]
    assert lines[6].startswith("trial 6/7: MRR@20 0.2500, given up, best 0.5000")
    assert lines[7] == "trial 7/7: MRR@20 0.7500, best 0.7500 (trial 7)"


def test_a_first_figure_is_of_a_quarter_of_the_epochs(run, monkeypatch):
    trained, train = [], tuning.train_unweighed
    monkeypatch.setattr(
        tuning,
        "train_unweighed",
        lambda *all_: trained.append(all_[1].training.epochs) or train(*all_),
    )
    assert run("tune", "--relation", "similar", "--trials", "1").code == 0
    first, whole = trained[1:3]  # after the given settings
    assert first == whole // 4 > 0


def test_settings_that_diverge_are_given_up(run, monkeypatch):
    def measure(*_):
        raise DivergenceError("away")

    monkeypatch.setattr(tuning._Experiment, "measure", measure)
    result = run("tune", *QUICK)
    assert result.code == 0
    assert figures(result)[1].startswith("trial 1/3: MRR@20 none, given up, best ")


@pytest.mark.parametrize("stays", [2, 0])
def test_settings_that_diverge_on_all_sessions_make_room_for_the_next_best(run, monkeypatch, stays):
    without_trying(monkeypatch, {1: 0.75, 2: 0.625, 3: 0.25})
    judge, judged = tuning._judge, []

    def diverging(given, settings, *rest):
        judged.append(settings)
        if len(judged) == 1 or (stays == 0 and len(judged) == 2):
            raise DivergenceError("away")
        return judge(given, settings, *rest)

    monkeypatch.setattr(tuning, "_judge", diverging)
    result = run("tune", *QUICK, "--json")
    assert "trial 1 is discarded: away" in result.err
    assert ("trial 2 is discarded: away" in result.err) == (stays == 0)
    assert result.json["validation"]["tuned"] == (0.625 if stays else 0.5)
    written = merge(read_layers(Path("tuned.toml"), {}))
    assert settings_of(written, space(written)) == result.json["settings"]


def test_given_settings_that_diverge_are_refused(run):
    result = run("tune", "--relation", "similar", "--alpha", "1e30", "--epochs", "30")
    assert result.code == 1
    assert "training diverged" in result.error
    assert not Path("tuned.toml").exists()


# Studies


def test_a_study_continues_as_if_it_had_not_ended(run):
    whole = run("tune", "--trials", "4")
    run("tune", "--trials", "2", "--study", "tune.db", "--force")
    rest = run("tune", "--trials", "4", "--study", "tune.db", "--force")
    assert figures(rest)[0].startswith("as given")
    assert [line.partition(",")[0] for line in figures(rest)[1:]] == [
        line.partition(",")[0] for line in figures(whole)[3:]
    ]
    assert rest.out == whole.out


@pytest.mark.parametrize("name", ["a?b.db", "50% é#.db"])
def test_a_study_lies_where_it_was_asked_for(run, monkeypatch, name):
    without_trying(monkeypatch, {})
    assert run("tune", *QUICK, "--study", name).code == 0
    assert Path(name).exists()
    assert len(figures(run("tune", *QUICK, "--study", name, "--force"))) == 1


def test_a_study_that_is_complete_tries_nothing_more(run):
    run("tune", *QUICK, "--study", "tune.db")
    again = run("tune", *QUICK, "--study", "tune.db", "--force")
    assert again.code == 0
    assert len(figures(again)) == 1


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        (["--relation", "similar"], "tuning.relation = 'next', not 'similar'"),
        (["--metric", "HR@5"], "tuning.metric = 'MRR@20', not 'HR@5'"),
        (["--alpha", "0.2"], "training.alpha = 0.1, not 0.2"),
        (["--share", "0.5"], "other data"),
        (["--where", "item <> 'fig'"], "other data"),
    ],
)
def test_a_study_of_another_search_is_refused(run, arguments, culprit):
    run("tune", "--trials", "1", "--study", "tune.db")
    result = run("tune", "--study", "tune.db", "--out", "other.toml", *arguments)
    assert result.code == 2
    assert f"tuning.study = 'tune.db': it was begun with {culprit}; name another file" in (
        result.error
    )
    assert not Path("other.toml").exists()


def test_a_file_that_is_no_study_is_refused(run):
    Path("tune.db").write_text("nothing of the kind, and longer than a header " * 10)
    result = run("tune", "--study", "tune.db")
    assert result.code == 2
    assert "tuning.study = 'tune.db': it holds no study" in result.error


# Interruptions


def interrupt_after(monkeypatch, trials: int) -> None:
    measure = tuning._Experiment.measure
    numbers = iter(range(100))

    def interrupted(*all_):
        if next(numbers) == trials:
            raise KeyboardInterrupt
        return measure(*all_)

    monkeypatch.setattr(tuning._Experiment, "measure", interrupted)


def test_ctrl_c_ends_the_search_and_keeps_the_best(run, monkeypatch):
    interrupt_after(monkeypatch, 2)
    result = run("tune", "--trials", "9", "--study", "tune.db", "--json")
    assert result.code == 0
    assert result.json["trials"] == 2
    assert result.json["test"] is not None
    assert "in 2 trials" in Path("tuned.toml").read_text()
    assert not optuna.load_study(study_name="item2vec", storage="sqlite:///tune.db").get_trials(
        states=[optuna.trial.TrialState.RUNNING]
    )


def test_ctrl_c_while_the_test_part_is_looked_at_leaves_the_validation_figure(run, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(tuning, "_judge", interrupted)
    result = run("tune", *QUICK)
    assert result.code == 130
    content = Path("tuned.toml").read_text()
    assert "# MRR@20, test: not looked at" in content
    assert merge(read_layers(Path("tuned.toml"), {})).data.session == "basket"


def test_ctrl_c_before_there_is_anything_leaves_nothing(run, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(tuning._Experiment, "measure_initial", interrupted)
    assert run("tune").code == 130
    assert not Path("tuned.toml").exists()


# Refusals


@pytest.mark.usefixtures("unread")
@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        (["--out", "item2vec.toml"], "--out item2vec.toml: the file exists; name another one"),
        (["--out", "."], "--out .: is a directory"),
        (["--out", "gone/a.toml", "--force"], "--out gone/a.toml: there is no directory gone"),
        (["--continuations", "0"], "next.continuations = 0: nothing is learned"),
        (["--preset", "similar"], "next.continuations = 0: nothing is learned"),
        (["--metric", "MRR"], "tuning.metric = 'MRR' (flag)"),
        (["--metric", "HR@0"], "tuning.metric = 'HR@0' (flag)"),
        (["--metric", "HR@1001"], "tuning.metric = 'HR@1001' (flag)"),
        (["--trials", "0"], "tuning.trials = '0' (flag)"),
        (["--share", "0"], "tuning.share = '0' (flag)"),
        (["--relation", "both"], "tuning.relation = 'both' (flag)"),
    ],
)
def test_what_cannot_be_done_is_refused_before_the_log_is_read(run, arguments, culprit):
    result = run("tune", *arguments)
    assert result.code == 2
    assert culprit in result.error


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [
        (["--split", "last-item"], "evaluation.split = 'last-item': settings are chosen on"),
        (["--test-from", "2027-01-01"], "log.csv: no test case is left (0 of 40 sessions"),
        (["--test-from", "2025-01-01"], "0 sessions with 0 items are left of 120 events"),
        (["--share", "0.001"], "0 sessions with 0 items are left of 120 events"),
        (["--item", "nothing"], "log.csv: no test case is left"),
        (["--study", "gone/a.db"], "tuning.study = 'gone/a.db': there is no directory gone"),
        (["--study", "."], "tuning.study = '.': is a directory"),
    ],
)
def test_what_cannot_be_done_is_refused_before_training(run, arguments, culprit, monkeypatch):
    monkeypatch.setattr(tuning, "train_unweighed", None)
    result = run("tune", *arguments)
    assert result.code == 2
    assert culprit in result.error
    assert not Path("tuned.toml").exists()


# What is searched


@pytest.mark.parametrize("dimension", [*TRAINING, *TABLE])
def test_every_value_that_is_drawn_is_a_setting_and_can_be_told_to_the_sampler(
    dimension: Dimension,
):
    sampler = optuna.samplers.RandomSampler(seed=1)
    study = optuna.create_study(sampler=sampler)
    for _ in range(8):
        trial = study.ask()
        value = dimension.draw(trial)
        assert dimension.parameters(value) == pytest.approx(trial.params, rel=0.005, abs=0)
        assert isinstance(value, str) or len(f"{value:g}".strip("0.").split("e")[0]) <= 4
        assert set(trial.params) <= set(dimension.distributions())
        config = with_settings(Config(), {dimension.name: value})
        assert settings_of(config, (dimension,)) == {dimension.name: value}


def test_a_value_beyond_the_ends_cannot_be_told_to_the_sampler():
    window = next(one for one in TRAINING if one.name == "training.window")
    assert window.parameters(31) is None
    assert window.parameters("session") == {"training.window = session": True}


def test_a_last_item_alone_has_no_decay_to_search():
    def names(**changed):
        return {one.name for one in space(with_settings(Config(), changed))}

    assert "next.next_decay" in names()
    assert "next.next_decay" not in names(**{"evaluation.query": "last"})


def test_noise_is_searched_only_where_it_is_sampled():
    noise = {"training.ns_exponent", "training.negative"}
    similar = {"tuning.relation": "similar"}
    sampled = similar | {"training.objective": "negative-sampling"}
    assert noise.isdisjoint(one.name for one in space(with_settings(Config(), similar)))
    assert noise < {one.name for one in space(with_settings(Config(), sampled))}


def test_a_bar_shows_the_trials_on_a_terminal():
    from io import StringIO

    from rich.console import Console

    stream = StringIO()
    console = Console(file=stream, force_terminal=True, width=100)
    tuning_settings = Config().tuning
    with Bars(console).searching(tuning_settings) as on_trial:
        on_trial(Trial(7, {}, 0.25, True), Trial(3, {}, 0.5, True))
    assert "trial 7/50: MRR@20 0.2500, best 0.5000 (trial 3)" in stream.getvalue()
