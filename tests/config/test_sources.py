import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from service.model.errors import ConfigError
from service.model.expectations import expectation
from service.web.settings import Settings
from tests.conftest import KUBERNETES
from trainer.cli.options import flag_of
from trainer.config.data import DataConfig
from trainer.config.jobs import Config, PublishConfig
from trainer.config.presets import PRESETS
from trainer.config.sections import IndexConfig, TrainingConfig
from trainer.config.sources import RENAMED, environment_name, merge, read_layers, settings, source


@pytest.fixture(autouse=True)
def _directory(tmp_path, monkeypatch):
    """Without an item2vec.toml but for the one a test writes."""
    monkeypatch.chdir(tmp_path)


def write(content: str) -> None:
    Path("item2vec.toml").write_text(content)


def refusal(flags: dict | None = None, file: Path | None = None) -> str:
    """Why a configuration was refused: one line."""
    with pytest.raises(ConfigError) as caught:
        merge(read_layers(file, flags or {}))
    message = str(caught.value)
    assert "\n" not in message
    return message


# Which source counts


def test_a_flag_beats_the_environment_beats_the_file_beats_the_default(monkeypatch):
    write("[training]\nepochs = 2\nwindow = 3\nalpha = 0.5")
    monkeypatch.setenv("ITEM2VEC_TRAINING__EPOCHS", "4")
    monkeypatch.setenv("ITEM2VEC_TRAINING__WINDOW", "session")
    layers = read_layers(None, {"training": {"epochs": "6"}})
    training = merge(layers).training
    assert (training.epochs, training.window, training.alpha) == (6, "session", 0.5)
    assert training.negative == 10
    assert source(layers, "training.epochs") == "flag"
    assert source(layers, "training.window") == "environment"
    assert source(layers, "training.alpha") == "item2vec.toml"
    assert source(layers, "training.negative") == "default"
    assert source(layers, "data.paths") == "default"


def test_without_any_source_everything_has_its_default():
    assert merge(read_layers(None, {})) == Config()


def test_another_file_replaces_the_default_file(tmp_path):
    write("[training]\nepochs = 2")
    other = tmp_path / "other.toml"
    other.write_text("[training]\nwindow = 9")
    layers = read_layers(other, {})
    assert merge(layers).training.epochs == TrainingConfig().epochs
    assert source(layers, "training.window") == str(other)


def test_a_falsy_value_is_a_value(monkeypatch):
    write("[data]\ncollapse_repeats = true\n[training]\nsample = 0.1")
    monkeypatch.setenv("ITEM2VEC_TRAINING__SAMPLE", "0")
    layers = read_layers(None, {"data": {"collapse_repeats": False}})
    assert merge(layers).training.sample == 0
    assert merge(layers).data.collapse_repeats is False
    assert source(layers, "data.collapse_repeats") == "flag"


def test_an_empty_text_takes_back_what_a_weaker_source_has_set(monkeypatch):
    write('[data]\nsession = "basket"\nwhere = "n > 0"\nuser = "u"\ntime = "t"')
    monkeypatch.setenv("ITEM2VEC_DATA__WHERE", "")
    layers = read_layers(None, {"data": {"session": ""}})
    data = merge(layers).data
    assert (data.session, data.where, data.user) == (None, None, "u")
    assert source(layers, "data.session") == "flag"


def test_the_services_of_a_kubernetes_namespace_are_no_settings(monkeypatch):
    for name, value in KUBERNETES.items():
        monkeypatch.setenv(name, value)
    layers = read_layers(None, {})
    assert layers["environment"] == {}
    assert merge(layers) == Config()


def test_variables_of_other_programs_are_no_settings(monkeypatch):
    for name in Config.model_fields:
        monkeypatch.setenv(name.upper(), "next")
    assert Config().models == Path("models")
    assert Config() == merge(read_layers(None, {}))


def test_the_environment_is_read_whatever_its_case(monkeypatch):
    monkeypatch.setenv("item2vec_training__epochs", "4")
    assert merge(read_layers(None, {})).training.epochs == 4


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ('["a.csv", "b 1.csv"]', ["a.csv", "b 1.csv"]),
        ("a.csv", ["a.csv"]),
        ("logs/*,[ab].csv", ["logs/*,[ab].csv"]),
        ("[]", []),
    ],
)
def test_a_list_in_the_environment_is_json_or_its_one_element(monkeypatch, text, paths):
    monkeypatch.setenv("ITEM2VEC_DATA__PATHS", text)
    monkeypatch.setenv("ITEM2VEC_DATA__SESSION", "basket")
    assert merge(read_layers(None, {})).data.paths == paths


def test_one_path_needs_no_brackets():
    write('[data]\npaths = "log.csv"\nsession = "basket"')
    assert merge(read_layers(None, {})).data.paths == ["log.csv"]


def test_settings_of_the_service_are_left_to_the_service(monkeypatch):
    monkeypatch.setenv("ITEM2VEC_PORT", "80")
    monkeypatch.setenv("ITEM2VEC_MODELS", "elsewhere")
    layers = read_layers(None, {}, Settings.model_fields)
    assert merge(layers).models == Path("elsewhere")


# Presets


def test_a_preset_is_weaker_than_the_file_and_stronger_than_the_default():
    write('preset = "next"\n[training]\nepochs = 2')
    layers = read_layers(None, {})
    config = merge(layers)
    assert config.preset == "next"
    assert (config.training.epochs, config.training.window) == (2, 5)
    assert source(layers, "preset") == source(layers, "training.epochs") == "item2vec.toml"
    assert source(layers, "training.window") == "preset next"
    assert source(layers, "training.alpha") == "default"


def test_the_strongest_source_names_the_preset(monkeypatch):
    write('preset = "next"')
    monkeypatch.setenv("ITEM2VEC_PRESET", "similar")
    assert merge(read_layers(None, {})).next.continuations == 0
    assert merge(read_layers(None, {"preset": "balanced"})) == Config()


@pytest.mark.parametrize("preset", ["fast", "", 5, ["next"]])
def test_an_unknown_preset_is_refused(preset):
    message = refusal({"preset": preset})
    assert message.startswith(f"preset = {preset!r} (flag): ")
    assert "`balanced`, `similar` or `next`" in message


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_possible_and_changes_only_how_a_model_is_made(preset):
    layers = read_layers(None, {"preset": preset})
    changed = {name for name, _ in settings() if source(layers, name) == f"preset {preset}"}
    assert bool(changed) == (preset != "balanced")
    assert all(name.startswith(("training.", "next.")) for name in changed)
    assert merge(layers).preset == preset


def test_the_preset_of_a_file_is_shown_as_a_source(run):
    write('preset = "similar"')
    lines = run("config", "show").out.splitlines()
    row = next(line.split() for line in lines if "next.continuations" in line)
    assert row[:4] == ["next.continuations", "0", "preset", "similar"]


# Weights of events

WEIGHTS = {"purchase": 4.0, "add to cart": 1.5}


def weights(flags: list[str] | None = None) -> dict[str, float]:
    flag = {} if flags is None else {"weights": flags}
    return merge(read_layers(None, {"data": flag | {"session": "s", "event": "kind"}})).data.weights


@pytest.mark.parametrize(
    "content",
    [
        "[data.weights]\npurchase = 4\n'add to cart' = 1.5",
        "[data]\nweights = { purchase = 4, 'add to cart' = 1.5 }",
        "[data]\nweights = ['purchase=4', 'add to cart=1.5']",
    ],
)
def test_weights_are_a_table_of_the_file(content):
    write(content)
    assert weights() == WEIGHTS


def test_weights_are_a_flag_repeated():
    assert weights(["purchase=4", "add to cart=1.5"]) == WEIGHTS
    assert weights(["a=b=2"]) == {"a=b": 2}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"purchase": 4, "add to cart": 1.5}', WEIGHTS),
        ('["purchase=4", "add to cart=1.5"]', WEIGHTS),
        ("purchase=4", {"purchase": 4}),
        ("{}", {}),
        ("", {}),
    ],
)
def test_weights_in_the_environment_are_json_or_one_pair(monkeypatch, text, expected):
    write("[data.weights]\nclick = 9")
    monkeypatch.setenv("ITEM2VEC_DATA__WEIGHTS", text)
    assert weights() == expected


def test_the_strongest_source_has_all_the_weights():
    write("[data.weights]\npurchase = 4\nclick = 2")
    assert weights(["click=3"]) == {"click": 3}
    assert weights([""]) == {}


def test_weights_need_to_know_where_the_type_is():
    message = refusal({"data": {"session": "s", "weights": ["purchase=4"]}})
    assert message == "[data] `weights` are by the type of an event: name its column as `event`"


@pytest.mark.parametrize(
    ("typed", "named", "reason"),
    [
        ("purchase", "['purchase']", "type=weight, such as purchase=4"),
        ("purchase=lots", "'lots'", "a number from 0 to 100"),
        ("purchase=-1", "'-1'", "a number from 0 to 100"),
        ("purchase=101", "'101'", "a number from 0 to 100"),
        ("purchase=inf", "'inf'", "a number from 0 to 100"),
        ("purchase=nan", "'nan'", "a number from 0 to 100"),
    ],
)
def test_an_impossible_weight_is_named(typed, named, reason):
    message = refusal({"data": {"session": "s", "event": "kind", "weights": [typed]}})
    assert message.startswith(f"data.weights = {named} (flag): ")
    assert reason in message


@pytest.mark.parametrize("value", ["5", "[5]", "{purchase = []}"])
def test_weights_must_be_a_mapping(value):
    write(f"[data]\nsession = 's'\nevent = 'kind'\nweights = {value}")
    assert refusal().startswith("data.weights = ")


# Unknown settings


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "[training]\nepochz = 5",
            "training.epochz (item2vec.toml) {}; did you mean training.epochs?",
        ),
        ("epochs = 5", "epochs (item2vec.toml) {}; did you mean training.epochs?"),
        ("[data]\nwindow = 5", "data.window (item2vec.toml) {}; did you mean training.window?"),
        ("[trainig]\nepochs = 5", "trainig (item2vec.toml) {}; did you mean [training]?"),
        (
            "[training]\nqqq = 5",
            "training.qqq (item2vec.toml) {}; `item2vec config show` lists them all",
        ),
    ],
)
def test_an_unknown_key_in_the_file_is_refused_with_a_hint(content, message):
    write(content)
    assert refusal() == message.format("is not a setting")


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("ITEM2VEC_TRAINING__EPOCH_S", "did you mean ITEM2VEC_TRAINING__EPOCHS?"),
        ("ITEM2VEC_TRAINING__SIZE", "here it is vector_size"),
        ("ITEM2VEC_DATA__EPOCHS", "did you mean ITEM2VEC_TRAINING__EPOCHS?"),
        ("item2vec_x__window", "did you mean ITEM2VEC_TRAINING__WINDOW?"),
        ("ITEM2VEC_TRAINING__", "`item2vec config show` lists them all"),
    ],
)
def test_an_unknown_variable_is_refused_with_a_hint(monkeypatch, name, hint):
    monkeypatch.setenv(name, "5")
    assert refusal() == f"{name} in the environment is not a setting; {hint}"


@pytest.mark.parametrize("name", RENAMED)
def test_a_name_of_earlier_programs_is_refused_with_the_new_name(monkeypatch, name):
    write(f"[training]\n{name} = 1")
    assert refusal() == (
        f"training.{name} (item2vec.toml) is not a setting; here it is {RENAMED[name]}"
    )
    Path("item2vec.toml").unlink()
    monkeypatch.setenv(environment_name(f"training.{name}"), "1")
    assert refusal().endswith(f"here it is {RENAMED[name]}")


def test_the_new_names_are_settings():
    known = {name.rpartition(".")[2] for name, _ in settings()}
    assert {new.split()[0] for new in RENAMED.values()} <= known
    assert not set(RENAMED) & known


# Impossible values


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("training", "epochs", "0"),
        ("training", "epochs", "many"),
        ("training", "vector_size", "5000"),
        ("training", "window", "0"),
        ("training", "window", "-1"),
        ("training", "window", "all"),
        ("training", "alpha", "0"),
        ("training", "alpha", "inf"),
        ("training", "min_alpha", "nan"),
        ("training", "sample", "-1"),
        ("training", "workers", "0"),
        ("training", "max_contexts", "1"),
        ("training", "ns_exponent", "nan"),
        ("training", "objective", "hs"),
        ("training", "architecture", "1"),
        ("training", "shrink_windows", "maybe"),
        ("data", "session_gap", "0"),
        ("data", "session_gap", "inf"),
        ("data", "min_count", "0"),
        ("data", "item", ""),
        ("index", "search", "fast"),
        ("publish", "keep", "0"),
    ],
)
def test_an_impossible_value_is_named_with_its_setting_and_its_source(
    monkeypatch, section, key, value
):
    assert refusal({section: {key: value}}).startswith(f"{section}.{key} = {value!r} (flag): ")
    monkeypatch.setenv(environment_name(f"{section}.{key}"), value)
    assert refusal().startswith(f"{section}.{key} = {value!r} (environment): ")


@pytest.mark.parametrize(("written", "value"), [("0", "0"), ('"foo"', "'foo'"), ("2.5", "2.5")])
def test_an_impossible_value_in_the_file_is_named_as_it_was_written(written, value):
    write(f"[training]\nwindow = {written}")
    assert refusal() == (
        f"training.window = {value} (item2vec.toml): should be a whole number from 1 to "
        "1,000,000, or `session`"
    )


@pytest.mark.parametrize("metric", ["foo", "HR", "HR@0", "MRR@1001", "hr@20"])
def test_an_impossible_metric_is_told_how_metrics_are_written(metric):
    assert refusal({"tuning": {"metric": metric}}) == (
        f"tuning.metric = {metric!r} (flag): should be HR@k, NDCG@k or MRR@k, k from 1 to "
        "1000, such as MRR@20"
    )


@pytest.mark.parametrize(
    ("section", "line"),
    [
        ("training", "epochs = true"),
        ("training", "alpha = true"),
        ("training", "seed = false"),
        ("evaluation", "cutoffs = [5, true]"),
        ("tuning", "minutes = true"),
    ],
)
def test_a_truth_value_is_no_number(section, line):
    write(f"[{section}]\n{line}")
    name, value = line.split(" = ")
    written = value.replace("true", "True").replace("false", "False")
    assert refusal() == (
        f"{section}.{name} = {written} (item2vec.toml): should not be true or false"
    )


def test_a_truth_value_is_no_weight(monkeypatch):
    monkeypatch.setenv("ITEM2VEC_DATA__WEIGHTS", '{"buy": true}')
    assert "(environment): should not be true or false" in refusal({"data": {"event": "e"}})


def test_numbers_may_be_written_as_text_and_truth_values_as_usual(monkeypatch):
    monkeypatch.setenv("ITEM2VEC_TRAINING__EPOCHS", "7")
    monkeypatch.setenv("ITEM2VEC_TRAINING__SHRINK_WINDOWS", "false")
    training = merge(read_layers(None, {"training": {"alpha": "0.5", "cbow_mean": False}})).training
    assert (training.epochs, training.alpha) == (7, 0.5)
    assert (training.shrink_windows, training.cbow_mean) == (False, False)


@pytest.mark.parametrize(
    ("section", "key"),
    [
        ("training", "epochs"),
        ("training", "seed"),
        ("training", "workers"),
        ("training", "window"),
        ("data", "min_count"),
        ("index", "stored_neighbors"),
        ("publish", "keep"),
        ("evaluation", "max_cases"),
        ("tuning", "trials"),
    ],
)
@pytest.mark.parametrize("value", [10**26, str(10**26)])
def test_a_number_beyond_all_measure_is_refused(section, key, value):
    assert refusal({section: {key: value}}).startswith(f"{section}.{key} = {value!r} (flag): ")


def test_an_impossible_value_that_is_overruled_does_no_harm():
    write("[training]\nepochs = 0")
    assert merge(read_layers(None, {"training": {"epochs": "3"}})).training.epochs == 3


def test_a_section_must_be_a_table():
    write("training = 5")
    assert refusal().startswith("training = 5 (item2vec.toml): ")


@pytest.mark.parametrize("value", ["5", '["a.csv", 5]'])
def test_paths_must_be_texts(monkeypatch, value):
    monkeypatch.setenv("ITEM2VEC_DATA__PATHS", value)
    monkeypatch.setenv("ITEM2VEC_DATA__SESSION", "basket")
    assert refusal().startswith("data.paths = 5 (environment): ")


# Contradictions


def test_the_learning_rate_cannot_rise():
    message = refusal({"training": {"min_alpha": "0.5"}})
    assert message == "[training] `min_alpha` 0.5 is above `alpha` 0.05"


@pytest.mark.parametrize("paths", [["log.csv"], ["log.txt", "log.csv"]])
def test_a_log_needs_a_way_to_sessions(paths):
    data = {"paths": paths}
    assert "name the `session` column, or `user` and `time`" in refusal({"data": data})
    for enough in ({"session": "s"}, {"user": "u", "time": "t"}, {"user": "u"}):
        assert merge(read_layers(None, {"data": data | enough})).data.paths == paths


def test_a_scale_needs_numbers():
    message = refusal({"data": {"session": "s", "weight_scale": "sqrt"}})
    assert message == "[data] `weight_scale` is of numbers: name their column as `weight`"


# Addresses of databases

TABLE = "postgresql://shop@host:5432/db?table=events"
EXAMPLE = "postgresql://user@host"


@pytest.mark.parametrize(
    ("paths", "more", "reason"),
    [
        (["a.csv", TABLE], {}, "`paths` are either files or addresses of databases, not both"),
        ([TABLE.partition("?")[0]], {}, "`?table=` and `sql`, none of them names what to read"),
        ([TABLE], {"sql": "SELECT 1"}, "`?table=` and `sql`, both name what to read: give one"),
        ([TABLE + "&table=more"], {}, "an address names one table; give an address for each"),
        (["a.csv"], {"sql": "SELECT 1"}, f"address as `paths`, such as {EXAMPLE}"),
        ([TABLE], {"sql": "DELETE FROM events"}, "`sql` should be a SELECT, such as"),
        (["mysql://host/db"], {}, f"of addresses, only {EXAMPLE}/database?table=events is known"),
    ],
)
def test_what_a_database_is_asked_is_said_once(paths, more, reason):
    assert reason in refusal({"data": {"paths": paths, "session": "s"} | more})


@pytest.mark.parametrize(
    "sql", ["SELECT 1", " -- all\n(/* * */ select 1)", "with a as (b) table a"]
)
def test_a_query_is_a_select(sql):
    data = {"paths": TABLE.partition("?")[0], "session": "s", "sql": sql}
    assert merge(read_layers(None, {"data": data})).data.sql == sql


@pytest.mark.parametrize(
    "address",
    [
        TABLE.replace("@", ":s3cret@"),
        TABLE.replace("@", ":s3%40cret@"),
        TABLE.replace("@", ":s3@cret@"),
        TABLE + "&password=s3cret",
        TABLE.replace("?", "?password=s3cret&"),
    ],
)
def test_an_address_is_shown_without_its_password(address):
    data = merge(read_layers(None, {"data": {"paths": address, "session": "s"}})).data
    assert data.paths == [TABLE]
    assert data.model_dump(mode="json")["paths"] == [TABLE]
    assert "cret" not in f"{data!r} {data.model_dump_json()}"
    assert "s3" in data.paths[0].uri
    assert "table=" not in data.paths[0].uri


@pytest.mark.parametrize("password", ["s3/cret", "s3#cret", "[s3cret", "s3 cret"])
def test_a_password_that_breaks_an_address_is_not_repeated(password):
    address = TABLE.replace("@", f":{password}@")
    message = refusal({"data": {"paths": address, "session": "s"}})
    assert "with %40 for an @ in a password, %2F for a /, %23 for a #" in message
    assert "cret" not in message


@pytest.mark.parametrize("paths", [[], ["log.txt"], ["a.txt", "LOG.TXT.GZ"]])
def test_a_session_a_line_needs_no_column(paths):
    assert merge(read_layers(None, {"data": {"paths": paths}})).data.session is None


# Files


@pytest.mark.parametrize("content", [b"x = = 3", b"[training]\nepochs = 1\nepochs = 2", b"\xff"])
def test_a_file_that_is_no_toml_is_named(content):
    Path("item2vec.toml").write_bytes(content)
    assert refusal().startswith("item2vec.toml is not valid TOML: ")


def test_a_file_may_begin_with_the_mark_of_its_encoding():
    Path("item2vec.toml").write_bytes(b"\xef\xbb\xbf[training]\nepochs = 2")
    assert merge(read_layers(None, {})).training.epochs == 2


@pytest.mark.parametrize("name", ["none.toml", "."])
def test_a_file_that_was_asked_for_must_be_there(name):
    assert refusal(file=Path(name)) == f"there is no configuration file {Path(name)}"


def test_the_file_of_this_project_is_valid():
    file = Path(__file__).parents[2] / "item2vec.toml"
    assert merge(read_layers(file, {})).data.session == "InvoiceNo"


# The settings themselves


@pytest.mark.parametrize("name", dict(settings()))
def test_every_setting_says_what_it_is(name):
    description = dict(settings())[name].description
    assert description
    assert not description.endswith(".")


def test_every_setting_has_a_name_of_its_own_for_a_flag():
    flags = [flag_of(name) for name, _ in settings()]
    assert len(set(flags)) == len(flags)


@pytest.mark.parametrize(
    "section", [DataConfig, TrainingConfig, IndexConfig, PublishConfig, Config]
)
def test_a_configuration_cannot_be_changed(section: type[BaseModel]):
    name = next(iter(section.model_fields))
    with pytest.raises(ValueError, match="frozen"):
        setattr(section(), name, None)


def test_the_whole_configuration_survives_json():
    assert Config.model_validate(Config().model_dump(mode="json")) == Config()


@pytest.mark.parametrize("name", dict(settings()))
def test_what_a_setting_may_be_is_said_in_plain_words(name):
    expected = expectation(dict(settings())[name])
    assert re.fullmatch(r"[a-zA-Z0-9 ,.:`=-]+", expected)


@pytest.mark.parametrize(
    ("section", "key", "value", "expected"),
    [
        ("training", "epochs", "x", "a whole number from 1 to 1,000,000,000"),
        ("training", "epochs", 2.5, "a whole number from 1 to 1,000,000,000"),
        ("training", "sample", "-1", "a number of at least 0"),
        ("training", "alpha", "nan", "a number above 0"),
        ("training", "objective", "hs", "`negative-sampling` or `hierarchical-softmax`"),
        ("gate", "confidence", "1", "a number of at least 0.9 and below 1"),
        ("similar", "answer_shrinkage", "2e9", "a number from 0 to 1,000,000,000"),
        ("stability", "align", "maybe", "true or false"),
        ("data", "item", "", "a text that is not empty"),
        ("data", "metadata", [5], "texts"),
        ("notify", "on", ["never"], "some of published, refused, failed"),
        ("evaluation", "cutoffs", ["0"], "whole numbers from 1 to 1,000, at least one"),
        ("evaluation", "cutoffs", [], "whole numbers from 1 to 1,000, at least one"),
        (
            "evaluation",
            "test_from",
            "tomorrow",
            "a time such as 2026-01-31 or 2026-01-31T12:00:00Z",
        ),
    ],
)
def test_an_impossible_value_is_told_what_is_possible(section, key, value, expected):
    assert refusal({section: {key: value}}).endswith(f" (flag): should be {expected}")


def test_a_section_that_is_no_table_is_said_to_be_one():
    assert refusal({"training": 5}).endswith("should be a table of settings")


def test_settings_made_of_settings_keep_the_password_of_an_address():
    log = DataConfig(paths=["postgresql://me:secret@db/shop?table=log"], session="s")
    again = DataConfig(**log.model_dump())
    assert again.paths[0].uri == "postgresql://me:secret@db/shop"
    assert "secret" not in again.model_dump_json()


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://shop@tenant:s3cret@h/d?table=e",
        "postgresql+psycopg2://u:s3cret@h/d?table=e",
        "jdbc:postgresql://u:s3cret@h/d",
        "postgresql:/u:s3cret@h/d",
        " postgresql://u:s3cret@h/d?table=e",
        "postgresql://u@h/d?password=a's3cret&table=e",
        "postgresql://u@h/d?p%61ssword=s3cret&table=e",
        "postgresql://u@h/d?PASSWORD=s3cret&table=e",
        "mysql://u@tenant:s3cret@h/d",
    ],
)
def test_no_spelling_of_an_address_shows_its_password(address):
    try:
        data = merge(read_layers(None, {"data": {"paths": address, "session": "s"}})).data
    except ConfigError as error:
        shown = str(error)
    else:
        shown = f"{data!r} {data.model_dump_json()}"
    assert "s3cret" not in shown


def test_an_address_in_the_place_of_a_setting_shows_no_password():
    assert "s3cret" not in refusal({"data": {"postgresql://u:s3cret@h/d": "x"}})


def test_a_drive_is_no_address():
    assert merge(read_layers(None, {"data": {"paths": "C:/log.txt"}})).data.paths == ["C:/log.txt"]
