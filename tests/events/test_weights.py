"""Numbers as weights: `weight` and `weight_scale`."""

import numpy as np
import pytest

from service.model.errors import EventLogError
from tests.event_logs import refusal, write, write_events
from trainer.config.data import DataConfig
from trainer.corpus import Dataset
from trainer.events.dataset import read_dataset


def plays(*numbers: object) -> list[dict]:
    """Two sessions of two items, and how often they were played."""
    rows = [("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")]
    return [
        {"session": session, "item": item, "kind": "buy" if item == "y" else "view", "n": number}
        for (session, item), number in zip(rows, numbers, strict=True)
    ]


def dataset(tmp_path, *numbers: object, kind: str = "parquet", **settings) -> Dataset:
    log = write_events(tmp_path / f"log.{kind}", plays(*numbers))
    columns = {"session": "session", "item": "item", "weight": "n"}
    return read_dataset(DataConfig(paths=[str(log)], **columns | settings))


def weights(tmp_path, *numbers: object, **settings) -> list[float]:
    return np.round(dataset(tmp_path, *numbers, **settings).sessions.weights, 4).tolist()


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize(
    ("scale", "expected"),
    [("log", [0.25, 0.5, 1.0, 2.25]), ("sqrt", [0.1557, 0.2697, 0.603, 2.9716]),
     ("linear", [0.0069, 0.0207, 0.1034, 3.869])],
)  # fmt: skip
def test_numbers_weigh_events_by_their_scale_and_one_on_average(tmp_path, kind, scale, expected):
    """Logarithms to base 2 of 1 + n: 1, 2, 4 and 9."""
    found = weights(tmp_path, 1, 3, 15, 511, kind=kind, weight_scale=scale)
    if scale != "log":
        scaled = np.array([1, 3, 15, 511]) ** (0.5 if scale == "sqrt" else 1)
        expected = (scaled / scaled.mean()).round(4).tolist()
    assert found == pytest.approx(expected, abs=2e-4)
    assert np.mean(found) == pytest.approx(1, abs=1e-3)


def test_texts_of_numbers_weigh_as_numbers(tmp_path):
    found = weights(tmp_path, "1", " 3", "1.0", "3", kind="csv")
    assert found == pytest.approx([2 / 3, 4 / 3] * 2, abs=1e-4)


def test_a_missing_number_is_one_and_noted(tmp_path):
    found = dataset(tmp_path, None, 1, 3, float("nan"))
    assert found.sessions.weights.tolist() == pytest.approx([0.8, 0.8, 1.6, 0.8])
    assert "2 events have no number in column 'n': it is taken for 1" in found.report.notes


def test_the_weights_of_type_and_number_are_multiplied(tmp_path):
    settings = {"event": "kind", "weights": {"buy": 4, "view": 0.5}}
    assert weights(tmp_path, 1, 1, 3, 3, **settings) == pytest.approx(
        [1 / 3, 8 / 3, 2 / 3, 16 / 3], abs=1e-4
    )


def test_no_event_weighs_more_than_a_hundred(tmp_path):
    settings = {"event": "kind", "weights": {"buy": 100}}
    assert weights(tmp_path, 1, 1, 1, 3, **settings)[1::2] == [80, 100]


def test_events_that_are_filtered_have_no_say_in_the_average(tmp_path):
    found = weights(tmp_path, 1, 1, 1, 10**9, where="n < 10", min_session_length=1)
    assert found == [1, 1, 1]


def test_the_report_says_what_the_lightest_and_the_heaviest_event_weigh(tmp_path):
    assert (
        "the numbers in column 'n' weigh events from 0.25 to 2.2, 1 on average "
        "(weight_scale = 'log')"
    ) in dataset(tmp_path, 1, 3, 15, 511).report.notes


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_negative_number_is_refused_with_its_row_unless_it_is_left_out(tmp_path, kind):
    log = write_events(tmp_path / f"log.{kind}", plays(1, 2, -3, 4))
    message = refusal(log, weight="n")
    assert f"log.{kind}: row 3: column 'n': -3 is not a number from 0 on" in message
    assert "leave such events out with `where`" in message
    config = {"session": "session", "item": "item", "weight": "n", "where": "n >= 0"}
    found = read_dataset(DataConfig(paths=[str(log)], min_session_length=1, **config))
    assert found.report.events_kept == 3


@pytest.mark.parametrize("number", ["many", "1,5", "inf"])
def test_what_is_no_number_is_refused_with_its_row(tmp_path, number):
    log = write_events(tmp_path / "log.parquet", plays("1", "2", number, "4"))
    assert f"row 3: column 'n': {number!r} is not a number" in refusal(log, weight="n")


def test_what_can_be_no_number_is_refused_by_its_type(tmp_path):
    log = write_events(tmp_path / "log.parquet", plays(True, True, False, True))
    assert "column 'n' holds Boolean, not numbers" in refusal(log, weight="n")


def test_a_log_of_zeros_is_refused(tmp_path):
    with pytest.raises(EventLogError, match="every remaining event weighs 0") as caught:
        dataset(tmp_path, 0, 0, 0, 0)
    assert "weight = 'n'" in str(caught.value)


@pytest.mark.parametrize("heavy", ["fruit", "tool"])
def test_what_is_played_often_shapes_the_neighbors(run, tmp_path, monkeypatch, heavy):
    """A radio is played beside fruits as often as beside tools, but one of them is played more."""
    monkeypatch.chdir(tmp_path)
    lines = ["session,item,plays"]
    for session in range(200):
        kind = "fruit" if session % 2 else "tool"
        names = [f"{kind}-{session % 3}", "radio", f"{kind}-{(session + 1) % 3}"]
        lines += [f"{session},{name},{100 if kind == heavy else 1}" for name in names]
    write(tmp_path / "log.csv", "\n".join(lines) + "\n")
    flags = ["--session", "session", "--item", "item", "--weight", "plays", "--workers", "1"]
    more = ["--weight-scale", "linear", "--sample", "0", "--epochs", "10", "--no-align"]
    assert run("retrain", "--paths", "log.csv", *flags, *more).code == 0
    answer = run("similar", "radio", "-k", "3", "--json").json
    answer = answer["items"] if isinstance(answer, dict) else answer
    assert {item["item_id"].partition("-")[0] for item in answer} == {heavy}
