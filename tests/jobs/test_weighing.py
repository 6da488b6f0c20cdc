"""Trainings in which more than the table gets a say in what comes next, through the jobs."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import item2vec
from service.model.artifact import SEQUENCES_FILES, Manifest
from service.model.store import Store
from tests.conftest import Result
from tests.worlds import wandering_sessions
from trainer.config.jobs import Config
from trainer.config.sources import merge, nest, read_layers
from trainer.jobs import tune as tuning
from trainer.jobs.retrain import retrain, train_version
from trainer.view.display import Silent
from trainer.word2vec.training import OnSnapshot

EPOCHS = 10
AHEAD = 2  # a quarter of them, rounded
# So few sessions are enough if many of them are weighed on.
SETTINGS = f"""
[data]
paths = ["visits.csv"]
session = "visit"
item = "item"
time = "time"

[training]
vector_size = 8
window = 2
epochs = {EPOCHS}
sample = 0
workers = 1

[next]
fit_share = 0.3
fit_cases = 1000

[gate]
held_out_sessions = 50
"""
VISITS = 1_100
Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def _visits(_shop: None) -> None:
    """A log of visitors who come back to what they saw two steps before."""
    lines = ["visit,item,time"]
    noon = datetime(2026, 1, 1, 12)
    for visit, items in enumerate(wandering_sessions(VISITS, again=0.5, chance=0.7, length=10)):
        for step, item in enumerate(items):
            when = noon + timedelta(minutes=visit, seconds=step)
            lines.append(f"v{visit},i{item:02},{when.isoformat()}")
    Path("visits.csv").write_text("\n".join(lines) + "\n")


class StoppedError(Exception):
    """Somebody ended a job."""


class Counting(Silent):
    """Counts trainings, and ends a job in one of them."""

    def __init__(self, stop_in: int | None = None) -> None:
        self.trainings: list[int] = []  # the epochs of each
        self.notes: list[str] = []
        self._stop_in = stop_in

    @contextmanager
    def training(self) -> Iterator[OnSnapshot]:
        self.trainings.append(0)

        def show(snapshot: object) -> None:
            self.trainings[-1] = max(self.trainings[-1], snapshot.epoch)  # type: ignore[attr-defined]
            if len(self.trainings) == self._stop_in and self.trainings[-1] > 2:
                raise StoppedError

        yield show

    def note(self, message: str) -> None:
        self.notes.append(message)


def config(**settings: object) -> Config:
    return merge(read_layers(Path("item2vec.toml"), nest(settings)))


def served(manifest: Manifest) -> Manifest:
    """The manifest, once the version is known to load."""
    artifact = Store(Path("models")).load(manifest.model_version)
    assert artifact.continuations is not None
    assert (artifact.continuations.settings.logit is None) == (
        not artifact.continuations.recent.size
    )
    return artifact.manifest


def weighed(manifest: Manifest) -> bool:
    """Whether the voices have a say where items of the session may come next."""
    settings = served(manifest).next
    assert settings is not None
    assert settings.fit is not None
    is_weighed = settings.logit is not None and settings.logit.speaks(allow_seen=True)
    assert is_weighed == (settings.fit.seen is not None and settings.fit.seen.wins)
    return is_weighed


# How many trainings it takes


def test_a_shorter_training_goes_ahead_without_the_newest_sessions():
    display = Counting()
    manifest = train_version(config(), display)
    assert display.trainings == [AHEAD, EPOCHS]
    assert any("training ahead for 2 epochs, without the newest" in note for note in display.notes)
    assert weighed(manifest)
    assert manifest.next is not None
    assert manifest.next.fit is not None
    assert manifest.next.fit.seen is not None
    assert manifest.next.fit.seen.mrr > manifest.next.fit.seen.table_mrr
    assert manifest.next.fit.description.startswith("on the newest 30% of the sessions (")
    path = Store(Path("models")).path(manifest.model_version) / "manifest.json"
    told = json.loads(path.read_text())["next"]
    assert set(told["fit"]["seen"]) == {
        "cases", "table_hit_rate", "hit_rate", "table_mrr", "mrr", "calibration_error", "wins",
    }  # fmt: skip


def test_what_is_weighed_for_the_model_that_the_gate_judges_serves_the_published_one_as_well():
    display = Counting()
    assert weighed(retrain(config(), display))
    assert display.trainings == [AHEAD, EPOCHS, EPOCHS]


@pytest.mark.parametrize("job", [train_version, retrain])
def test_the_table_alone_needs_no_training_ahead_and_no_sequences(
    job: Callable[[Config, Silent], Manifest],
):
    display = Counting()
    manifest = job(config(**{"next.ranker": "table"}), display)
    assert display.trainings == [EPOCHS] * (1 if job is train_version else 2)
    settings = served(manifest).next
    assert settings is not None
    assert (settings.logit, settings.fit) == (None, None)
    directory = Store(Path("models")).path(manifest.model_version)
    assert all((directory / name).stat().st_size < 200 for name in SEQUENCES_FILES)


def test_of_too_few_sessions_nothing_is_weighed_and_that_is_said():
    display = Counting()
    manifest = train_version(config(**{"next.fit_share": 0.05}), display)
    assert display.trainings == [EPOCHS]
    settings = served(manifest).next
    assert settings is not None
    assert settings.logit is None
    assert settings.fit is not None
    why = settings.fit.description
    assert why.startswith("the newest 5% of the sessions have ")
    assert why.endswith(" items to foretell, too few to weigh anything (from 1,000 on)")
    assert f"what comes next is ranked by the table alone: {why}" in display.notes


# A job that is interrupted

CHECKPOINTS = {"run.checkpoint_every": 1e-9}


@pytest.mark.parametrize(
    ("stop_in", "trainings"),
    [
        (2, [AHEAD, EPOCHS, EPOCHS]),  # the training that is judged
        (3, [AHEAD, EPOCHS]),  # the one to publish: the voices are weighed again
    ],
)
def test_a_retraining_goes_on_in_the_training_it_was_interrupted_in(
    stop_in: int, trainings: list[int]
):
    with pytest.raises(StoppedError):
        retrain(config(**CHECKPOINTS), Counting(stop_in))
    display = Counting()
    assert weighed(retrain(config(**{"run.resume": True}), display))
    assert display.trainings == trainings


def test_a_judged_model_is_published_with_its_weights_also_if_its_training_was_interrupted():
    alone = {"gate.refit": False}
    display = Counting()
    whole = retrain(config(**alone), display)
    assert weighed(whole)
    assert display.trainings == [AHEAD, EPOCHS]
    with pytest.raises(StoppedError):
        retrain(config(**CHECKPOINTS, **alone), Counting(stop_in=2))
    resumed = retrain(config(**{"run.resume": True}, **alone), Silent())
    assert resumed.next == whole.next


def test_a_training_is_resumed_behind_the_one_that_went_ahead_and_ends_in_the_same_files():
    whole = train_version(config(), Silent())
    with pytest.raises(StoppedError):
        train_version(config(**CHECKPOINTS), Counting(stop_in=2))
    resumed = train_version(config(**{"run.resume": True}), Silent())
    assert resumed.sha256 == whole.sha256
    assert resumed.next == whole.next


# Through other doors


def test_an_evaluation_shows_the_weighed_ranker_beside_the_table(
    run: Run, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("ITEM2VEC_EVALUATION__TEST_SHARE", "0.2")
    result = run("evaluate", "--json", "--no-exclude-seen", "--epochs", 2)
    assert result.code == 0, result.err
    models = result.json["evaluation"]["models"]
    mrr = {name: one["estimates"]["MRR@20"]["value"] for name, one in models.items()}
    assert mrr["item2vec next"] > mrr["next, table alone"] + 0.01


def test_an_evaluation_without_the_voices_shows_no_table_beside_itself(run: Run):
    result = run("evaluate", "--json", "--ranker", "table", "--epochs", 1)
    assert result.code == 0, result.err
    assert "item2vec next" in result.json["evaluation"]["models"]
    assert "next, table alone" not in result.json["evaluation"]["models"]


def test_tuning_weighs_for_every_trial_and_trains_ahead_once_for_the_search(
    run: Run, monkeypatch: pytest.MonkeyPatch
):
    weighed: list[int] = []
    weigh = tuning.weigh
    monkeypatch.setattr(tuning, "weigh", lambda *all_: weighed.append(1) or weigh(*all_))
    result = run("tune", "--relation", "next", "--trials", 1, "--json", "--epochs", 4)
    assert result.code == 0, result.err
    assert 1 <= result.err.count("training ahead for 1 epochs") <= 2
    assert len(weighed) >= 2  # as given, and the trial


def test_the_library_weighs_what_comes_next_and_keeps_it(tmp_path: Path):
    names = [
        [f"i{item:02}" for item in one] for one in wandering_sessions(VISITS, again=0.5, chance=1)
    ]
    model = item2vec.train(names, fit_share=0.4, fit_cases=1000, epochs=2, vector_size=8, workers=1)
    session = ["i07", "i31"]
    again = model.recommend(session, relation="next", allow_seen=True, k=30)
    usual = model.recommend(session, relation="next", k=30)
    assert "i07" in [one.item_id for one in again][:3]
    assert not {*session} & {one.item_id for one in usual}
    assert all(0 <= one.score <= 1 for one in (*again, *usual))
    assert sum(one.score for one in again) <= 1 + 1e-5
    model.save(tmp_path / "store")
    loaded = item2vec.load(tmp_path / "store")
    assert list(loaded.recommend(session, relation="next", allow_seen=True, k=30)) == list(again)
